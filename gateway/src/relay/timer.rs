//! The time limits of a running stream: silence between events, and its length in all.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use world::{Clock, Instant, Sleep};

use crate::failure::{Cause, Failure};
use crate::plan::DeadlinePolicy;

/// Watches one stream.
#[derive(Debug)]
pub(super) struct StreamTimer {
    clock: Clock,
    idle: Option<Duration>,
    ends_at: Option<Instant>,
    /// When the last event came.
    last: Instant,
    sleep: Option<Sleep>,
}

impl StreamTimer {
    pub(super) fn new(clock: Clock, policy: &DeadlinePolicy, began: Instant) -> Self {
        let longest = policy.stream_max.into_iter().chain(policy.total).min();
        let ends_at = longest.map(|longest| began + longest);
        Self { clock, idle: policy.idle, ends_at, last: clock.now(), sleep: None }
    }

    /// An event came.
    pub(super) fn touch(&mut self) {
        self.last = self.clock.now();
    }

    /// Completes when a limit has passed.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let Some(due) = self.due() else { return Poll::Pending };
        // The timer is moved only when it fires: most events come long before.
        let clock = self.clock;
        let sleep = self.sleep.get_or_insert_with(|| clock.sleep_until(due));
        loop {
            ready!(Pin::new(&mut *sleep).poll(context));
            if clock.now() >= due {
                return Poll::Ready(self.failure());
            }
            sleep.reset(due);
        }
    }

    fn due(&self) -> Option<Instant> {
        let idle = self.idle.map(|idle| self.last + idle);
        idle.into_iter().chain(self.ends_at).min()
    }

    fn failure(&self) -> Failure {
        if self.ends_at.is_some_and(|end| self.clock.now() >= end) {
            Failure::new(Cause::OutOfTime, "the stream took longer than is allowed")
        } else {
            Failure::new(Cause::TimedOut { is_scaled: false }, "the provider fell silent")
        }
    }
}
