//! A request that the provider refused for its own sake is sent again.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "retry-permanent",
    summary: "400 and its like are retried",
    caught_by: "provider-failure: R5",
    weaken: |policy| policy.attempts.retries_permanent = true,
};
