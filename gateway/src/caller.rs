//! Who asks.

use world::{ConnectionHandle, Instant};

use crate::admission::InFlight;
use crate::billing::Account;

/// A request that was let in and whose caller is known.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    /// Keys every draw about this request.
    pub(crate) identity: u64,
    /// When it came.
    pub(crate) began: Instant,
    /// Over the connection that it came by.
    pub(crate) connection: ConnectionHandle,
    /// Its place among those in flight.
    pub(crate) _in_flight: InFlight,
}
