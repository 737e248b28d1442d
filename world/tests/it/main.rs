//! One suite, run against both worlds: what holds for sockets must hold for pipes.

mod connections;
mod http;
mod http2;
mod spurious;
mod support;
mod timing;
mod tls;
