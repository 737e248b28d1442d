//! The clock in the forms that two libraries ask for: hyper's timer and governor's clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use governor::clock::Reference;
use governor::nanos::Nanos;

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

/// governor's [`Clock`](governor::clock::Clock) on the world's clock.
#[derive(Debug, Clone, Copy)]
pub struct GovernorClock(Clock);

impl GovernorClock {
    pub(super) fn new(clock: Clock) -> Self {
        Self(clock)
    }
}

impl governor::clock::Clock for GovernorClock {
    type Instant = Instant;
    fn now(&self) -> Instant {
        self.0.now()
    }
}

impl std::ops::Add<Nanos> for Instant {
    type Output = Self;
    fn add(self, nanos: Nanos) -> Self {
        self + Duration::from(nanos)
    }
}

impl Reference for Instant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.saturating_since(earlier).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        *self - Duration::from(duration)
    }
}
