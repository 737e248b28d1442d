//! Once open, the breaker never sends a probe: the provider is lost until a restart.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "sticky-breaker",
    summary: "the breaker never half-opens",
    caught_by: "provider-failure: F5",
    weaken: |policy| {
        if let Some(breaker) = &mut policy.breaker {
            breaker.half_opens = false;
        }
    },
};
