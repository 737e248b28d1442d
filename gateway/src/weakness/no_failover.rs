//! Requests stay with the first target of their alias, however it fares.

use super::Weakness;
use crate::plan::Failover;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-failover",
    summary: "only the first target of an alias is ever tried",
    caught_by: "provider-failure: A1, F1",
    weaken: |policy| policy.attempts.failover = Failover::Never,
};
