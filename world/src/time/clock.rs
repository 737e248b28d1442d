//! The clock of a world and its timers.
//!
//! Virtual time runs on tokio's paused clock at one tokio millisecond per virtual microsecond: tokio's
//! timer wheel has millisecond slots, and a drill needs microseconds. Hence the rule that nothing outside
//! this file may touch tokio's timers. The wheel spans 2^36 slots (19 virtual hours); a
//! longer wait takes several turns of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pin_project_lite::pin_project;

use super::{HyperTimer, Instant};

/// What the virtual clock says the date is when a run begins: 2026-01-01T00:00:00Z.
pub const VIRTUAL_EPOCH_UNIX_S: u64 = 1_767_225_600;

/// Tells the time of one run and waits for it. Cheap to copy; all copies of a world agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: tokio::time::Instant,
    unix_start_micros: u64,
    is_virtual: bool,
}

impl Clock {
    /// A clock that starts now, on the runtime that this is called in.
    pub(crate) fn start(is_virtual: bool) -> Self {
        let unix_start_micros = if is_virtual {
            VIRTUAL_EPOCH_UNIX_S * 1_000_000
        } else {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
        };
        Self { start: tokio::time::Instant::now(), unix_start_micros, is_virtual }
    }

    /// Whether time is virtual.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.is_virtual
    }

    /// The present instant of the run.
    #[must_use]
    pub fn now(&self) -> Instant {
        let passed = self.start.elapsed();
        let micros = if self.is_virtual { passed.as_millis() } else { passed.as_micros() };
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Microseconds since the Unix epoch; virtual runs begin at [`VIRTUAL_EPOCH_UNIX_S`].
    #[must_use]
    pub fn unix_micros(&self) -> u64 {
        self.unix_start_micros.saturating_add(self.now().as_micros())
    }

    /// Microseconds since the Unix epoch at the beginning of the run.
    #[must_use]
    pub fn unix_start_micros(&self) -> u64 {
        self.unix_start_micros
    }

    /// Waits for `duration`.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Waits until `deadline`; at once if that has passed.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { timer: Box::pin(tokio::time::sleep_until(self.tokio(deadline))), clock: *self }
    }

    /// Runs `future` for at most `limit` from now.
    ///
    /// # Errors
    /// [`Elapsed`] when the limit passed first; the future is dropped.
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        self.timeout_at(self.now() + limit, future)
    }

    /// Runs `future` until `deadline` at the latest. A result at the deadline itself counts.
    ///
    /// # Errors
    /// [`Elapsed`] when the deadline passed first; the future is dropped.
    pub fn timeout_at<F: Future>(&self, deadline: Instant, future: F) -> Timeout<F> {
        Timeout { limited: tokio::time::timeout_at(self.tokio(deadline), future) }
    }

    /// The timer that hyper's connections use.
    #[must_use]
    pub fn hyper_timer(&self) -> HyperTimer {
        HyperTimer::new(*self)
    }

    fn tokio(&self, instant: Instant) -> tokio::time::Instant {
        // A year: whoever waits longer waits for ever, and the sum must not overflow.
        let micros = instant.as_micros().min(1 << 45);
        self.start
            + if self.is_virtual { Duration::from_millis(micros) } else { Duration::from_micros(micros) }
    }
}

/// The time limit of a [`Clock::timeout`] passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time limit passed")]
pub struct Elapsed;

pin_project! {
    /// A future with a deadline: of [`Clock::timeout`].
    // Not an `async fn`, which would keep the future twice: as its argument, and as what it waits for.
    #[derive(Debug)]
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        limited: tokio::time::Timeout<F>,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().limited.poll(context).map_err(|_| Elapsed)
    }
}

/// A timer: completes when its deadline has come.
#[derive(Debug)]
pub struct Sleep {
    timer: Pin<Box<tokio::time::Sleep>>,
    clock: Clock,
}

impl Sleep {
    /// Moves the deadline, also of a timer that has completed.
    pub fn reset(&mut self, deadline: Instant) {
        let deadline = self.clock.tokio(deadline);
        self.timer.as_mut().reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().poll(context)
    }
}
