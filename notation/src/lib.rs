//! What users write in drill files and on the command line, and how it is refused.
//!
//! One notation for durations (`1h30m`), rates (`200/s`) and shares (`50%`), used by files, flags and
//! reports alike, so that what a report prints can be pasted into a file. A value that does not parse, or
//! that makes no sense in its place, becomes a [`Problem`]: the path of the key, what is wrong, and what
//! would be accepted. Every problem of a file is collected before any is reported.

mod duration;
mod problem;
mod rate;
mod share;

pub use duration::{DurationText, format_duration, parse_duration};
pub use problem::{Problem, Problems};
pub use rate::Rate;
pub use share::Share;

/// Why a text is not the value that its place asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseError {
    /// What the user wrote.
    pub text: String,
    /// What would be accepted, with an example.
    pub expected: &'static str,
}

impl ParseError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}
