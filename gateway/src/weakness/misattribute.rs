//! The failures of the first target are booked on the one that finally answered, whose breaker then opens:
//! a failing provider takes a healthy one down with it.

use super::Weakness;
use crate::plan::Blame;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "misattribute",
    summary: "failures are booked on the target that answered in the end",
    caught_by: "provider-failure: C1",
    weaken: |policy| policy.attempts.blame = Blame::Answerer,
};
