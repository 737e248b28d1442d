//! What a run has to hold: the checks of the catalogue, what a drill demands of each, and what was declared about
//! the run. It is known before the run begins.

mod catalogue;
mod defaults;
mod plan;
mod subject;
mod threshold;

pub use catalogue::{Invariant, UnknownInvariant, Weight};
pub use plan::{Breaker, Expectation, FaultWindow, JudgePlan, KindPlan, Policy, Span, TimeBasis};
pub use subject::{Figure, Measure, Scope, Statistic, Subject};
pub(crate) use threshold::ONE;
pub use threshold::{Comparison, Quantity, Threshold, Unit};
