//! A quota is about one model under one key; this gateway leaves the whole provider alone for it.

use super::Weakness;
use crate::plan::CooldownScope;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "wide-cooldown",
    summary: "one model's `Retry-After` cools the whole provider",
    caught_by: "rate-limit-cascade: C1",
    weaken: |policy| policy.cooldown.scope = CooldownScope::Provider,
};
