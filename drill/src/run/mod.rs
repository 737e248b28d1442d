//! Running a drill: parts are started, load is sent, the records are judged, the report is written.
//!
//! The preflight is a run of its own with the same parts: a few requests of each kind, before a clock that
//! matters starts. Then the parts start anew, so that the drill begins at instant zero with nothing warm.

mod children;
mod judge_plan;
mod options;
mod parts;
mod real_time;
mod sampler;
mod session;
mod virtual_time;

pub use children::Announcement;
pub use judge_plan::declared_faults;
pub use options::{Options, Outcome, RunError, TimeMode, Watch, WatchState};

use crate::file::DrillPlan;
use crate::report::{self, OutFolder};

/// Runs a drill, judges it, and writes everything to the output folder.
///
/// # Errors
/// Parts or the target that cannot be started or reached, and an output folder that cannot be used. What can
/// be judged at all, a crash of the target included, is an [`Outcome`].
pub fn run(plan: &DrillPlan, options: &Options, watch: &mut dyn Watch) -> Result<Outcome, RunError> {
    let out = OutFolder::prepare(&options.out)?;
    let outcome = match options.time {
        TimeMode::Virtual => virtual_time::run(plan, options, &out, watch),
        TimeMode::Real => real_time::run(plan, options, &out, watch),
    };
    match outcome {
        Ok(outcome) => {
            report::write_all(&out, &outcome.report)?;
            Ok(outcome)
        }
        Err(error) => {
            out.abandon();
            Err(error)
        }
    }
}
