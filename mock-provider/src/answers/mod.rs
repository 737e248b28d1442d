//! Answers that users write themselves: which requests they are for, and what comes first, second, …
//!
//! The one kind of answer that depends on the order of arrival: every rule counts the requests that it
//! matches, and its sequence goes by that count.

mod file;
mod plan;
mod prompt;
mod taken;

pub use file::{AnswerRuleFile, MatchFile, ReplyFile, StopFile, ThenFile, ToolFile};
pub(crate) use plan::{AnswerRule, Said, Scripted};
pub(crate) use taken::{Place, Turns};
