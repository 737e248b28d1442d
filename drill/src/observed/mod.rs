//! What was seen of a run, put so that checks can ask it: requests joined from the two logs, counts over time,
//! distributions, and what the run knows of itself.

mod facts;
mod join;
mod joined;
mod series;
mod stats;

pub use facts::{Liveness, LoadSummary, PreflightCheck, RunFacts};
pub(crate) use join::{Attempt, Join, Joined};
pub(crate) use series::{SECOND_US, Series, sliding};
pub(crate) use stats::Stats;
pub use stats::StatsReport;
