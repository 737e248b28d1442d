//! Time: an instant of the run, the clock that tells it, and the timers that wait for it.

mod adapters;
mod clock;
mod instant;

pub use adapters::{GovernorClock, HyperTimer};
pub use clock::{Clock, Elapsed, Sleep, VIRTUAL_EPOCH_UNIX_S};
pub use instant::Instant;
