//! The guardrail that the mock has, under every id: it blocks two words and hides e-mail addresses.
//!
//! Guardrails are made in an account and nothing here can know their rules, so there is one with rules that a
//! test can trigger at will: [`policy::BLOCKED_WORD`] is blocked wherever it stands,
//! [`policy::ANSWER_WORD`] in a prompt makes the model's answer one that is blocked.

mod apply;
mod checks;
mod invocation;
mod policy;
mod verdict;

use std::time::Duration;

pub(super) use invocation::{Guard, of_invocation};
pub(super) use verdict::{Verdict, judge};

/// What is said in place of what was blocked: the wording that new guardrails begin with.
pub(super) const BLOCKED_MESSAGE: &str = "Sorry, the model cannot answer this question.";

/// How long a guardrail takes to read. Our assumption.
pub(super) const DELAY: Duration = Duration::from_millis(150);
