//! The results of the last moments, in buckets that fall out one by one.

use std::time::Duration;
use world::Instant;

/// Buckets of a window.
const BUCKETS: usize = 20;

/// Counts of successes and failures over a sliding window.
#[derive(Debug)]
pub(super) struct Window {
    bucket_us: u64,
    buckets: [Bucket; BUCKETS],
    /// The number of the newest bucket since the run began.
    newest: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    failed: u32,
    all: u32,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        Self { bucket_us: (micros / BUCKETS as u64).max(1), buckets: Default::default(), newest: 0 }
    }

    pub(super) fn add(&mut self, now: Instant, succeeded: bool) {
        let slot = self.advance(now);
        let bucket = &mut self.buckets[slot];
        bucket.all += 1;
        bucket.failed += u32::from(!succeeded);
    }

    /// Failures and all results in the window.
    pub(super) fn counts(&mut self, now: Instant) -> (u32, u32) {
        self.advance(now);
        self.buckets.iter().fold((0, 0), |(failed, all), bucket| (failed + bucket.failed, all + bucket.all))
    }

    pub(super) fn clear(&mut self) {
        self.buckets = Default::default();
    }

    /// Empties the buckets that time has passed over; the slot of the present one.
    fn advance(&mut self, now: Instant) -> usize {
        let present = (now.as_micros() / self.bucket_us).max(self.newest);
        let passed = (present - self.newest).min(BUCKETS as u64);
        for step in 0..passed {
            self.buckets[slot(present - step)] = Bucket::default();
        }
        self.newest = present;
        slot(present)
    }
}

fn slot(number: u64) -> usize {
    usize::try_from(number % BUCKETS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(ms * 1_000)
    }

    #[test]
    fn results_fall_out_after_the_window() {
        let mut window = Window::new(Duration::from_secs(2));
        window.add(at(50), false);
        window.add(at(150), true);
        assert_eq!(window.counts(at(1_999)), (1, 2));
        assert_eq!(window.counts(at(2_000)), (0, 1), "the bucket of 0-100 ms is two seconds old");
        assert_eq!(window.counts(at(2_100)), (0, 0));
    }

    #[test]
    fn a_long_pause_empties_it() {
        let mut window = Window::new(Duration::from_secs(2));
        window.add(at(50), false);
        assert_eq!(window.counts(at(3_600_000)), (0, 0));
    }
}
