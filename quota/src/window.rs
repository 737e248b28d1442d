//! A count that starts again whenever a fixed length of time, such as a minute, of the run is over.

use std::time::Duration;

use world::Instant;

use crate::level::Level;

const MINUTE: Duration = Duration::from_secs(60);

/// Uses counted in fixed windows, which begin with the run.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    limit: u64,
    length_micros: u64,
    /// Which window of the run is being counted.
    ordinal: u64,
    used: u64,
}

impl Window {
    /// At most `limit` a minute.
    pub(crate) fn new(limit: u64) -> Self {
        Self::every(MINUTE, limit)
    }

    /// At most `limit` in each window of `length`.
    pub(crate) fn every(length: Duration, limit: u64) -> Self {
        let length_micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { limit, length_micros, ordinal: 0, used: 0 }
    }

    /// Whether `amount` more fits into the window of `now`.
    pub(crate) fn holds(&mut self, amount: u64, now: Instant) -> bool {
        self.turn(now);
        self.used.checked_add(amount).is_some_and(|used| used <= self.limit)
    }

    /// Counts `amount` in the window of `now`, beyond the limit if need be.
    pub(crate) fn count(&mut self, amount: u64, now: Instant) {
        self.turn(now);
        self.used = self.used.saturating_add(amount);
    }

    /// How it stands at `now`.
    pub(crate) fn standing(&mut self, now: Instant) -> Level {
        self.turn(now);
        let remaining = self.limit.saturating_sub(self.used);
        Level { limit: self.limit, remaining, reset: self.rest(now) }
    }

    /// From `now` until a new window begins.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        Duration::from_micros(self.length_micros - now.as_micros() % self.length_micros)
    }

    fn turn(&mut self, now: Instant) {
        let ordinal = now.as_micros() / self.length_micros;
        if ordinal > self.ordinal {
            (self.ordinal, self.used) = (ordinal, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_minute_of_the_run_decides() {
        let mut window = Window::new(10);
        window.count(10, Instant::from_micros(59_999_999));
        assert!(!window.holds(1, Instant::from_micros(59_999_999)));
        assert!(window.holds(10, Instant::from_secs(60)), "two bursts may meet at the turn of a minute");
    }

    #[test]
    fn what_was_counted_late_still_counts() {
        let mut window = Window::new(10);
        window.count(15, Instant::from_secs(1));
        assert!(!window.holds(0, Instant::from_secs(2)));
        assert!(window.holds(0, Instant::from_secs(61)));
    }

    proptest! {
        #[test]
        fn no_minute_admits_more_than_the_limit(
            limit in 0_u64..2_000,
            asks in prop::collection::vec((0_u64..20_000_000, 0_u64..300), 1..200),
        ) {
            let mut window = Window::new(limit);
            let mut now = 0;
            let mut admitted = std::collections::BTreeMap::<u64, u64>::new();
            for (gap, amount) in asks {
                now += gap;
                let at = Instant::from_micros(now);
                if window.holds(amount, at) {
                    window.count(amount, at);
                    *admitted.entry(now / 60_000_000).or_default() += amount;
                }
            }
            prop_assert!(admitted.values().all(|sum| *sum <= limit), "{:?}", admitted);
        }
    }
}
