//! The queue before the worker slots has no end and no age limit, and works off requests whose clients have
//! long given up.

use super::Weakness;
use crate::plan::Discipline;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "unbounded-queue",
    summary: "an endless queue without age-out, leavers included",
    caught_by: "spike, burst-patterns: C4, A7, F6",
    weaken: |policy| {
        policy.admission.discipline =
            Discipline::Queue { length_max: None, age_max: None, serves_leavers: true };
        policy.admission.in_flight_max = None;
    },
};
