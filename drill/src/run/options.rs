//! What a run is told beside the drill, what it tells while it goes on, and how it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use evidence::journal::Evidence;
use gateway::weakness::Weakness;
use loadgen::Snapshot;
use world::Instant;

use crate::report::{OutFolderError, Report, ReportError};

/// Which time a drill runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeMode {
    /// Everything in one process, the clock jumps.
    Virtual,
    /// Sockets and the machine's clock.
    Real,
}

/// What a run is told beside the drill.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which time.
    pub time: TimeMode,
    /// Where reports and logs go.
    pub out: PathBuf,
    /// Which records the logs keep.
    pub evidence: Evidence,
    /// Weaknesses of the embedded gateway to switch on.
    pub weaknesses: Vec<&'static Weakness>,
    /// Set from outside to end the run early.
    pub stop: Arc<AtomicBool>,
    /// The program that can be started as gateway and mock in real time: this one.
    pub program: PathBuf,
    /// How to see the same run again, for the report.
    pub replay: String,
}

/// The state of a run at a moment, for whoever watches.
#[derive(Debug, Clone)]
pub struct WatchState {
    /// The moment.
    pub now: Instant,
    /// The load.
    pub load: Snapshot,
    /// Fault windows that are open.
    pub faults: Vec<String>,
}

/// Somebody who watches a run. Called now and then; what it does cannot change the run.
pub trait Watch: Send {
    /// The run is at this state.
    fn state(&mut self, state: &WatchState);
    /// Something worth a line happened.
    fn note(&mut self, text: &str);
}

/// A run that came to an end.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was judged.
    pub report: Report,
}

/// A run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The output folder cannot be used.
    #[error(transparent)]
    Out(#[from] OutFolderError),
    /// The report cannot be written at the end.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A log cannot be created.
    #[error("cannot write the logs: {0}")]
    Log(#[from] evidence::log::LogError),
    /// A part cannot listen.
    #[error("{part} cannot listen on {address}: {cause} (accepted: a free address of this machine)")]
    Listen {
        /// Which part.
        part: String,
        /// Where.
        address: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// A child process did not come up.
    #[error("{part} did not start: {cause}")]
    Child {
        /// Which part.
        part: &'static str,
        /// Why not.
        cause: world::ChildError,
    },
    /// The target does not answer.
    #[error("{url} does not answer: {cause}")]
    Unreachable {
        /// The target.
        url: String,
        /// What came instead.
        cause: String,
    },
    /// The target's key or key file is missing.
    #[error("{0}")]
    Configuration(String),
    /// The runtime could not be made.
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}
