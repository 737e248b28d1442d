//! Everyone is let in at once, and everyone gets slower.

use super::Weakness;
use crate::plan::Discipline;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-shedding",
    summary: "nothing is turned away; what is in service shares the slots",
    caught_by: "stress: A7, A5",
    weaken: |policy| {
        policy.admission.discipline = Discipline::Sharing;
        policy.admission.in_flight_max = None;
    },
};
