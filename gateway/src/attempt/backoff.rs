//! Waits before retries at the same target: exponential, with full jitter.
//!
//! The draw is a keyed hash of the request and the retry: the same request waits the same time whatever
//! else is going on.

use std::time::Duration;
use world::Domain;

use crate::plan::BackoffPolicy;

/// The wait before retry `retry` (from 0) of the request `identity`.
#[must_use]
pub(crate) fn wait(policy: &BackoffPolicy, domain: &Domain, identity: u64, retry: u32) -> Duration {
    let doubled = policy.base.saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX));
    let upper = doubled.min(policy.cap);
    if !policy.jitter {
        return upper;
    }
    let upper_us = u64::try_from(upper.as_micros()).unwrap_or(u64::MAX);
    let mut draws = domain.draws(&[&identity.to_le_bytes(), &retry.to_le_bytes()]);
    Duration::from_micros(draws.below(upper_us.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Policy;
    use world::Seed;

    fn domain() -> Domain {
        Seed(7).domain("test")
    }

    fn waits(retry: u32) -> Vec<u64> {
        let policy = Policy::default().backoff;
        (0..2_000)
            .map(|identity| wait(&policy, &domain(), identity, retry).as_micros().try_into().unwrap_or(0))
            .collect()
    }

    #[test]
    fn upper_ends_double_up_to_the_cap() {
        let policy = BackoffPolicy { jitter: false, ..Policy::default().backoff };
        let ends: Vec<_> = (0..7).map(|retry| wait(&policy, &domain(), 1, retry).as_millis()).collect();
        assert_eq!(ends, [50, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(wait(&policy, &domain(), 1, 200).as_millis(), 1_000);
    }

    #[test]
    fn full_jitter_spreads_from_zero_to_the_end() {
        for (retry, end) in [(0, 50_000), (4, 800_000)] {
            let waits = waits(retry);
            let mean = waits.iter().sum::<u64>() / waits.len() as u64;
            assert!(waits.iter().all(|wait| *wait <= end));
            assert!(
                waits.iter().any(|wait| *wait < end / 20) && waits.iter().any(|wait| *wait > end / 20 * 19)
            );
            assert!((end * 48 / 100..end * 52 / 100).contains(&mean), "{mean}");
        }
    }

    #[test]
    fn a_request_draws_the_same_again() {
        assert_eq!(waits(2), waits(2));
        assert_ne!(waits(2), waits(3));
    }
}
