//! Connections: addresses, listeners, the virtual pipe and the real socket behind one type, and the
//! handle by which a fault takes hold of a connection below HTTP.

mod address;
mod connection;
mod handle;
mod network;
mod pipe;

pub use address::{Address, BaseUrl, BaseUrlError};
pub use connection::Connection;
pub use handle::ConnectionHandle;
pub(crate) use handle::Ending;
pub use network::{Listener, Network};
pub use pipe::RECEIVE_WINDOW;
