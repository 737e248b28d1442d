//! Every retry waits one second exactly, so that requests that failed together come back together.

use std::time::Duration;

use super::Weakness;
use crate::plan::BackoffPolicy;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-jitter",
    summary: "retries wait a fixed second",
    caught_by: "rate-limit-cascade: R3",
    weaken: |policy| {
        let second = Duration::from_secs(1);
        policy.backoff = BackoffPolicy { base: second, cap: second, jitter: false };
    },
};
