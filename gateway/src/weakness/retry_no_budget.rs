//! Five retries at every target, throttled or not, and nothing that limits what they add to the load.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "retry-no-budget",
    summary: "five retries a target, without a budget",
    caught_by: "provider-failure: R2; rate-limit-cascade: R1, R2, C5",
    weaken: |policy| {
        policy.retry_budget = None;
        policy.cooldown.assumed = None;
        policy.attempts.max = 12;
        policy.attempts.same_target_first = 5;
    },
};
