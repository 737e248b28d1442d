//! Time: an instant of the run, the clock that tells it, and the timers that wait for it.

mod clock;
mod hyper_timer;
mod instant;

pub use clock::{Clock, Elapsed, Sleep, Timeout, VIRTUAL_EPOCH_UNIX_S};
pub use hyper_timer::HyperTimer;
pub use instant::Instant;
