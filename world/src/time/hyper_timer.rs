//! The clock in the form that hyper asks for.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Clock, Instant, Sleep};

/// Where hyper's `std` instants are anchored. Only differences to it are ever used, so its value,
/// which no run can control, never shows.
fn anchor() -> std::time::Instant {
    static ANCHOR: OnceLock<std::time::Instant> = OnceLock::new();
    *ANCHOR.get_or_init(std::time::Instant::now)
}

/// hyper's [`Timer`](hyper::rt::Timer) on the world's clock.
#[derive(Debug, Clone, Copy)]
pub struct HyperTimer(Clock);

impl HyperTimer {
    pub(super) fn new(clock: Clock) -> Self {
        Self(clock)
    }
}

struct HyperSleep(Sleep);

impl Future for HyperSleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl hyper::rt::Sleep for HyperSleep {}

impl hyper::rt::Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(HyperSleep(self.0.sleep(duration)))
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let deadline = Instant::from(deadline.saturating_duration_since(anchor()));
        Box::pin(HyperSleep(self.0.sleep_until(deadline)))
    }

    fn now(&self) -> std::time::Instant {
        anchor() + self.0.now().as_duration()
    }
}
