//! A bucket of tokens that fills continuously and of which tokens can be reserved, returned and overdrawn.
//!
//! `governor`'s buckets cannot be given anything back, which reservation and settlement need.

use std::time::Duration;

use world::Instant;

use crate::level::Level;

/// A bucket of whole tokens. Its arithmetic is exact: the level is counted in tokens × microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// Tokens that it holds when full.
    capacity: u64,
    /// Tokens that flow in during `period`.
    refill: u64,
    period_micros: u64,
    /// In tokens × `period_micros`; below zero when overdrawn.
    level: i128,
    seen: Instant,
}

impl Bucket {
    /// A full bucket of `capacity` tokens into which `refill` tokens flow per `period`.
    pub(crate) fn new(capacity: u64, refill: u64, period: Duration) -> Self {
        let period_micros = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
        let level = i128::from(capacity) * i128::from(period_micros);
        Self { capacity, refill, period_micros, level, seen: Instant::ZERO }
    }

    /// Whether `tokens` can be taken at `now` without overdrawing.
    pub(crate) fn holds(&mut self, tokens: u64, now: Instant) -> bool {
        self.fill(now);
        self.level >= self.scaled(tokens)
    }

    /// Takes `tokens`, below zero if need be: what was used was used.
    pub(crate) fn take(&mut self, tokens: u64) {
        self.level -= self.scaled(tokens);
    }

    /// Takes `tokens`, or what is left of them: no debt is kept.
    pub(crate) fn take_what_is_left(&mut self, tokens: u64) {
        self.level = (self.level - self.scaled(tokens)).max(self.level.min(0));
    }

    /// Takes as many of `tokens` as there are at `now`, and says how many.
    pub(crate) fn take_up_to(&mut self, tokens: u64, now: Instant) -> u64 {
        let taken = tokens.min(u64::try_from(self.level(now)).unwrap_or(0));
        self.take(taken);
        taken
    }

    /// Puts `tokens` back, up to the capacity.
    pub(crate) fn give_back(&mut self, tokens: u64) {
        self.level = (self.level + self.scaled(tokens)).min(self.scaled(self.capacity));
    }

    /// Whole tokens in the bucket at `now`; negative when overdrawn.
    pub(crate) fn level(&mut self, now: Instant) -> i64 {
        self.fill(now);
        let tokens = self.level.div_euclid(i128::from(self.period_micros));
        i64::try_from(tokens).unwrap_or(if tokens < 0 { i64::MIN } else { i64::MAX })
    }

    /// What it holds when full.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// From `now` until it holds `tokens`; until it is full when it never holds that many.
    pub(crate) fn wait_for(&mut self, tokens: u64, now: Instant) -> Duration {
        self.fill(now);
        let missing = self.scaled(tokens.min(self.capacity)) - self.level;
        if missing <= 0 {
            return Duration::ZERO;
        }
        let inflow = i128::from(self.refill.max(1));
        let micros = (missing + inflow - 1) / inflow;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How it stands at `now`.
    pub(crate) fn standing(&mut self, now: Instant) -> Level {
        let remaining = u64::try_from(self.level(now)).unwrap_or(0);
        Level { limit: self.capacity, remaining, reset: self.wait_for(self.capacity, now) }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_since(self.seen).as_micros();
        self.seen = self.seen.max(now);
        let inflow = i128::try_from(passed).unwrap_or(i128::MAX).saturating_mul(i128::from(self.refill));
        self.level = self.level.saturating_add(inflow).min(self.scaled(self.capacity));
    }

    fn scaled(&self, tokens: u64) -> i128 {
        i128::from(tokens) * i128::from(self.period_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn fills_to_the_microsecond() {
        let mut bucket = Bucket::new(600, 600, MINUTE); // ten a second
        bucket.take(600);
        assert!(!bucket.holds(1, Instant::from_micros(99_999)));
        assert!(bucket.holds(1, Instant::from_micros(100_000)));
        assert_eq!(bucket.level(Instant::from_secs(1)), 10);
        assert_eq!(bucket.level(Instant::from_secs(3_600)), 600, "never above its capacity");
    }

    #[test]
    fn a_debt_is_paid_off_by_the_inflow() {
        let mut bucket = Bucket::new(60, 60, MINUTE);
        bucket.take(90);
        assert_eq!(bucket.level(Instant::ZERO), -30);
        assert!(!bucket.holds(0, Instant::from_secs(29)), "a debt admits nothing, not even nothing");
        assert!(bucket.holds(0, Instant::from_secs(30)));
    }

    #[test]
    fn says_how_long_to_wait_to_the_microsecond() {
        let mut bucket = Bucket::new(600, 600, MINUTE);
        bucket.take(600);
        assert_eq!(bucket.wait_for(1, Instant::ZERO), Duration::from_millis(100));
        assert_eq!(bucket.wait_for(601, Instant::ZERO), MINUTE, "never held: until it is full");
        let at = Instant::from_secs(30);
        assert_eq!(bucket.standing(at), Level { limit: 600, remaining: 300, reset: Duration::from_secs(30) });
    }

    #[test]
    fn without_debts_it_stops_at_zero() {
        let mut bucket = Bucket::new(60, 60, MINUTE);
        bucket.take_what_is_left(1_000);
        assert_eq!(bucket.level(Instant::ZERO), 0);
        bucket.give_back(7);
        assert_eq!(bucket.level(Instant::ZERO), 7);
        assert_eq!(bucket.take_up_to(9, Instant::from_secs(1)), 8, "one has flowed in");
        assert_eq!(bucket.take_up_to(9, Instant::from_secs(1)), 0);
    }

    proptest! {
        #[test]
        fn no_interval_admits_more_than_burst_and_inflow(
            capacity in 1_u64..5_000,
            asks in prop::collection::vec((0_u64..3_000_000, 0_u64..400), 1..200),
        ) {
            let mut bucket = Bucket::new(capacity, capacity, MINUTE);
            let mut now = 0;
            let mut admitted = Vec::new();
            for (gap, tokens) in asks {
                now += gap;
                if bucket.holds(tokens, Instant::from_micros(now)) {
                    bucket.take(tokens);
                    admitted.push((now, tokens));
                }
            }
            for (first, (start, _)) in admitted.iter().enumerate() {
                let mut sum = 0;
                for (end, tokens) in &admitted[first..] {
                    sum += tokens;
                    let inflow = u128::from(end - start) * u128::from(capacity);
                    let allowed = u128::from(capacity) * 60_000_000 + inflow;
                    prop_assert!(u128::from(sum) * 60_000_000 <= allowed);
                }
            }
        }
    }
}
