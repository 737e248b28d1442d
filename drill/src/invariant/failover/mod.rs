//! F, failing over and coming back: how soon, how completely, at what price, and who is said to have
//! answered.
//!
//! `tally` counts while the run goes on; the checks are in `leave` (F1 to F4, F7: while the fault is
//! on), `back` (F5: afterwards) and `attribution` (F8, F9).

mod attribution;
mod back;
mod leave;
mod tally;

pub(crate) use tally::{ATTEMPT_STEP_US, Tally};

use super::finding::Evaluation;
use crate::demand::{Expectation, Invariant};
use crate::invariant::Case;

/// How long availability has to be good for, when failover is timed.
const F1_WINDOW_US: u64 = 5_000_000;

impl Tally {
    pub(crate) fn evaluate(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        match expectation.invariant {
            Invariant::F1 => leave::time_to_failover(case),
            Invariant::F2 => leave::failover_share(self, case, expectation),
            Invariant::F3 => leave::probe_discipline(self, case),
            Invariant::F4 => leave::latency_cost(self, case),
            Invariant::F5 => back::fail_back(self, case, expectation),
            Invariant::F7 => leave::flapping(self, case),
            Invariant::F8 => attribution::attribution(self),
            _ => attribution::embedding_stability(self),
        }
    }
}

#[cfg(test)]
mod tests;
