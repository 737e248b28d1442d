//! A provider that is down is called again for every request.

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-breaker",
    summary: "there is no circuit breaker",
    caught_by: "provider-failure: F3, F4",
    weaken: |policy| policy.breaker = None,
};
