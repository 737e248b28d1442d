//! A bucket of tokens that fills continuously and of which tokens can be reserved, settled and overdrawn.
//!
//! The field's limiters (`governor` and its like) take nothing back, which reservation and settlement need.

use std::time::Duration;

use world::Instant;

use crate::level::Level;
use crate::taken::Taken;

/// A bucket of whole tokens. Its arithmetic is exact: it is counted in tokens × microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// Tokens that it holds when full.
    capacity: u64,
    /// Tokens that flow in during `period`.
    refill: u64,
    period_micros: u64,
    /// In tokens × `period_micros`; more than the capacity when overdrawn.
    taken: Taken,
    seen: Instant,
}

/// Tokens that are held until it is known how many of them were used.
#[derive(Debug)]
pub(crate) struct Held {
    number: u64,
    tokens: u64,
}

impl Bucket {
    /// A full bucket of `capacity` tokens into which `refill` tokens flow per `period`.
    pub(crate) fn new(capacity: u64, refill: u64, period: Duration) -> Self {
        let period_micros = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { capacity, refill, period_micros, taken: Taken::default(), seen: Instant::ZERO }
    }

    /// A full bucket of `limit` tokens into which as many flow per `period`; `None` without a limit.
    pub(crate) fn per(period: Duration, limit: Option<u64>) -> Option<Self> {
        limit.map(|limit| Self::new(limit, limit, period))
    }

    /// Whether `tokens` can be taken at `now` without overdrawing.
    pub(crate) fn holds(&mut self, tokens: u64, now: Instant) -> bool {
        self.fill(now);
        self.taken.missing() + self.scaled(tokens) <= self.scaled(self.capacity)
    }

    /// Takes `tokens` for good, more than there are if need be: what was used was used.
    pub(crate) fn take(&mut self, tokens: u64) {
        self.taken.take(self.scaled(tokens));
    }

    /// The same at `now`, which a bucket that nobody has just asked has to be told.
    pub(crate) fn take_at(&mut self, tokens: u64, now: Instant) {
        self.fill(now);
        self.take(tokens);
    }

    /// Takes `tokens`, or what is left of them: no debt is kept.
    pub(crate) fn take_what_is_left(&mut self, tokens: u64, now: Instant) {
        self.fill(now);
        let left = self.scaled(self.capacity) - self.taken.missing();
        self.taken.take(self.scaled(tokens).min(left.max(0)));
    }

    /// Takes `tokens` until it is known how many of them were used.
    pub(crate) fn reserve(&mut self, tokens: u64) -> Held {
        Held { number: self.taken.reserve(self.scaled(tokens)), tokens }
    }

    /// Ends a reservation of which `used` tokens were needed; what is beyond it is taken at `now`.
    pub(crate) fn settle(&mut self, Held { number, tokens }: Held, used: u64, now: Instant) {
        self.fill(now);
        self.taken.settle(number, self.scaled(used));
        self.take(used.saturating_sub(tokens));
    }

    /// Whole tokens in the bucket at `now`; negative when overdrawn.
    pub(crate) fn level(&mut self, now: Instant) -> i64 {
        self.fill(now);
        let level = self.scaled(self.capacity) - self.taken.missing();
        let tokens = level.div_euclid(i128::from(self.period_micros));
        i64::try_from(tokens).unwrap_or(if tokens < 0 { i64::MIN } else { i64::MAX })
    }

    /// What it holds when full.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// From `now` until it holds `tokens`; until it is full when it never holds that many.
    pub(crate) fn wait_for(&mut self, tokens: u64, now: Instant) -> Duration {
        self.fill(now);
        let wanted = self.scaled(tokens.min(self.capacity));
        let short = (self.taken.missing() + wanted - self.scaled(self.capacity)).max(0);
        let inflow = i128::from(self.refill.max(1));
        let micros = (short + inflow - 1) / inflow;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How it stands at `now`.
    pub(crate) fn standing(&mut self, now: Instant) -> Level {
        let remaining = u64::try_from(self.level(now)).unwrap_or(0);
        Level { limit: self.capacity, remaining, reset: self.wait_for(self.capacity, now) }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_since(self.seen).as_micros();
        if passed > 0 {
            self.seen = now;
            let passed = i128::try_from(passed).unwrap_or(i128::MAX);
            self.taken.refill(passed.saturating_mul(i128::from(self.refill)));
        }
    }

    fn scaled(&self, tokens: u64) -> i128 {
        i128::from(tokens) * i128::from(self.period_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        bucket.take_what_is_left(1_000, Instant::ZERO);
        assert_eq!(bucket.level(Instant::ZERO), 0);
        bucket.take(7);
        bucket.take_what_is_left(1_000, Instant::ZERO);
        assert_eq!(bucket.level(Instant::ZERO), -7, "nor is one repaid");
        bucket.take_at(9, Instant::from_secs(15));
        assert_eq!(bucket.level(Instant::from_secs(15)), -1, "fifteen have flowed in");
    }

    #[test]
    fn a_reservation_returns_what_it_did_not_use_and_owes_what_it_used_beyond() {
        let mut bucket = Bucket::new(600, 600, MINUTE);
        let (short, long) = (bucket.reserve(300), bucket.reserve(200));
        assert_eq!(bucket.level(Instant::ZERO), 100);
        bucket.settle(short, 120, Instant::ZERO);
        assert_eq!(bucket.level(Instant::ZERO), 280);
        bucket.settle(long, 500, Instant::ZERO);
        assert_eq!(bucket.level(Instant::ZERO), -20);
    }

    #[test]
    fn a_reservation_that_outlives_the_refill_is_not_paid_twice() {
        let mut bucket = Bucket::new(600, 600, MINUTE);
        let long = bucket.reserve(600);
        let later = Instant::from_secs(60);
        assert!(bucket.holds(600, later));
        bucket.take(600);
        bucket.settle(long, 0, later);
        assert!(!bucket.holds(1, later), "two buckets in one instant");
    }
}
