//! A provider with the fault layer around it, and a client that writes down what it sees.

mod answers;
mod client;
mod stage;

pub(crate) use answers::{NONCE, TOKENS};
pub(crate) use client::{Close, Seen};
pub(crate) use stage::{Noted, Play, both, in_virtual_time};
