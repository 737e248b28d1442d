//! A failed attempt is repeated at the same target until half a minute has passed, whatever the breaker, the
//! budget or a throttle would say.

use std::time::Duration;

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "retry-unlimited",
    summary: "retries until the deadline, without breaker or budget",
    caught_by: "provider-failure: R2; rate-limit-cascade: R1, R2, C5",
    weaken: |policy| {
        policy.breaker = None;
        policy.retry_budget = None;
        policy.cooldown.assumed = None;
        policy.attempts.max = u32::MAX;
        policy.attempts.same_target_first = u32::MAX;
        policy.attempts.give_up_after = Some(Duration::from_secs(30));
    },
};
