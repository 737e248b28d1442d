//! A provider, a proxy in front of it, a client, and the records that the proxy wrote.

mod client;
mod provider;
mod stage;

pub(crate) use client::{Close, Seen};
pub(crate) use provider::{EVENTS, plain_body, stream_bytes};
pub(crate) use stage::{Stage, both, chat_body};
