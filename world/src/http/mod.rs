//! HTTP over the connections of either world: a body type, a server, a pooled client.
//!
//! Thin on purpose: hyper does the protocol. What is added is what faults and determinism need: the
//! connection's handle in every handler, no `Date` from the machine's clock, a pool without
//! randomness, and a connection that closes when its caller loses interest.

mod body;
mod client;
mod server;
mod serving;
mod spurious;

pub use body::{Body, BodyError, BodySender, CollectError, collect};
pub use client::{Client, SendError, Sending};
pub use server::{Abort, Connections, Handler, Server, serve, serve_tls};
pub use serving::Deadline;
