//! Requests wait in front of an open breaker instead of going elsewhere, and all go at once when it closes.

use super::Weakness;
use crate::plan::WhenBlocked;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "herd-on-close",
    summary: "requests park before an open breaker and return without a ramp",
    caught_by: "provider-failure, rate-limit-cascade: C3",
    weaken: |policy| {
        if let Some(breaker) = &mut policy.breaker {
            breaker.when_blocked = WhenBlocked::Park;
            breaker.ramp = None;
        }
    },
};
