//! Exit codes: what a pipeline learns from a run without reading anything.

use std::fmt;
use std::process::ExitCode;

/// How a command ended. The numbers are a contract; 99 is the one that k6 uses for a crossed threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Every expectation that could be judged holds.
    Pass = 0,
    /// The run says nothing about the target: the generator was late, the preflight got wrong answers,
    /// there were too few samples, or a log is missing.
    Invalid = 96,
    /// An expectation failed, or the target crashed.
    Failed = 99,
    /// The configuration, the arguments or the output folder are unusable. Nothing was started.
    Configuration = 104,
    /// Interrupted; what there was is reported.
    Interrupted = 105,
    /// The target or a part could not be started or reached.
    Unreachable = 107,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command stopped early, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    message: String,
}

impl CommandError {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// Unusable configuration, arguments or output folder.
    pub(crate) fn configuration(message: impl fmt::Display) -> Self {
        Self::new(Exit::Configuration, message)
    }

    /// A part or the target that could not be started or reached.
    pub(crate) fn unreachable(message: impl fmt::Display) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
