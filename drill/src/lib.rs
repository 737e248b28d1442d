//! Drill file to plan, run, verdict and report.

pub mod check;
pub mod demand;
pub mod explain;
pub mod file;
pub mod invariant;
pub mod judge;
pub mod observed;
pub mod report;
pub mod run;
