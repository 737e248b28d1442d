//! A count that starts again at every full minute of the run.

use world::Instant;

const WINDOW_MICROS: u64 = 60_000_000;

/// Uses counted in fixed one-minute windows.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    limit: u64,
    /// Which minute of the run is being counted.
    ordinal: u64,
    used: u64,
}

impl Window {
    /// At most `limit` a minute.
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, ordinal: 0, used: 0 }
    }

    /// Whether `amount` more fits into the minute of `now`.
    pub(crate) fn holds(&mut self, amount: u64, now: Instant) -> bool {
        self.turn(now);
        self.used.checked_add(amount).is_some_and(|used| used <= self.limit)
    }

    /// Counts `amount` in the minute of `now`, beyond the limit if need be.
    pub(crate) fn count(&mut self, amount: u64, now: Instant) {
        self.turn(now);
        self.used = self.used.saturating_add(amount);
    }

    fn turn(&mut self, now: Instant) {
        let ordinal = now.as_micros() / WINDOW_MICROS;
        if ordinal > self.ordinal {
            *self = Self { limit: self.limit, ordinal, used: 0 };
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
                    *admitted.entry(now / WINDOW_MICROS).or_default() += amount;
                }
            }
            prop_assert!(admitted.values().all(|sum| *sum <= limit), "{:?}", admitted);
        }
    }
}
