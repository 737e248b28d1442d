//! One suite, run against both worlds: what holds for sockets must hold for pipes.
#![expect(missing_docs, reason = "tests document themselves by name")]

mod connections;
mod http;
mod support;
mod timing;
