//! Drill file to plan, run, verdict and report.

pub mod check;
pub mod explain;
pub mod file;
pub mod invariant;
pub mod judge;
pub mod report;
pub mod run;
