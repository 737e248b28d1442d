//! The retry budget: a token bucket that requests and time fill and retries at the same target empty.
//!
//! In a total outage it bounds the load that retries add to its share of the requests, however many
//! requests there are.

use world::Instant;

use crate::plan::BudgetPolicy;

/// One retry, in the millionths in which tokens are counted.
const RETRY: u64 = 1_000_000;

/// The budget of one provider.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    policy: BudgetPolicy,
    /// Saved tokens, in millionths.
    saved: u64,
    counted_until: Instant,
}

impl RetryBudget {
    /// A full budget, so that the first request of a quiet gateway may be retried.
    #[must_use]
    pub(crate) fn new(policy: BudgetPolicy) -> Self {
        let saved = u64::from(policy.saved_max) * RETRY;
        Self { policy, saved, counted_until: Instant::ZERO }
    }

    /// A request was sent for the first time.
    pub(crate) fn deposit(&mut self, now: Instant) {
        self.refill(now);
        self.add(u64::from(self.policy.percent_of_requests) * (RETRY / 100));
    }

    /// Takes one retry out, if there is one.
    pub(crate) fn withdraw(&mut self, now: Instant) -> bool {
        self.refill(now);
        let left = self.saved.checked_sub(RETRY);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }

    /// Whole retries that are saved.
    pub(crate) fn retries(&mut self, now: Instant) -> u64 {
        self.refill(now);
        self.saved / RETRY
    }

    /// A token a second is a millionth a microsecond.
    fn refill(&mut self, now: Instant) {
        let passed = u64::try_from((now - self.counted_until).as_micros()).unwrap_or(u64::MAX);
        self.counted_until = self.counted_until.max(now);
        self.add(passed.saturating_mul(u64::from(self.policy.per_second)));
    }

    fn add(&mut self, tokens: u64) {
        self.saved = self.saved.saturating_add(tokens).min(u64::from(self.policy.saved_max) * RETRY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> RetryBudget {
        RetryBudget::new(BudgetPolicy { percent_of_requests: 10, per_second: 1, saved_max: 10 })
    }

    fn empty_at_zero() -> RetryBudget {
        let mut budget = budget();
        while budget.withdraw(Instant::ZERO) {}
        budget
    }

    #[test]
    fn begins_full() {
        let mut budget = budget();
        assert_eq!((0..20).filter(|_| budget.withdraw(Instant::ZERO)).count(), 10);
    }

    #[test]
    fn ten_requests_pay_for_one_retry() {
        let mut budget = empty_at_zero();
        (0..9).for_each(|_| budget.deposit(Instant::ZERO));
        assert!(!budget.withdraw(Instant::ZERO));
        budget.deposit(Instant::ZERO);
        assert!(budget.withdraw(Instant::ZERO));
        assert!(!budget.withdraw(Instant::ZERO));
    }

    #[test]
    fn a_second_pays_for_one_retry() {
        let mut budget = empty_at_zero();
        assert!(!budget.withdraw(Instant::from_micros(999_999)));
        assert!(budget.withdraw(Instant::from_micros(1_000_000)));
    }

    #[test]
    fn saves_no_more_than_its_limit() {
        let mut budget = empty_at_zero();
        assert_eq!(budget.retries(Instant::from_secs(3_600)), 10);
    }

    #[test]
    fn two_hundred_requests_a_second_allow_twenty_one_retries_a_second() {
        let mut budget = empty_at_zero();
        let mut retries = 0;
        for n in 1..=2_000_u64 {
            let now = Instant::from_micros(n * 5_000);
            budget.deposit(now);
            retries += u64::from(budget.withdraw(now));
        }
        assert_eq!(retries, 210, "10 s at 200/s");
    }
}
