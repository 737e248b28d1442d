//! The provider says when to come back, and the retry comes at once.

use std::time::Duration;

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "ignore-retry-after",
    summary: "retries at once, whatever `Retry-After` says",
    caught_by: "rate-limit-cascade: R4",
    weaken: |policy| {
        policy.cooldown.honours_retry_after = false;
        policy.backoff.base = Duration::ZERO;
    },
};
