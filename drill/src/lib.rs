//! Drill file to plan, run, verdict and report.

pub mod file;
