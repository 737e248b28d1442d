//! One suite, run against both worlds: what holds for sockets must hold for pipes.

mod connections;
mod http;
mod support;
mod timing;
