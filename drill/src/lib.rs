//! Drill file to plan, run, verdict and report.

pub mod file;
pub mod invariant;
pub mod judge;
pub mod report;
