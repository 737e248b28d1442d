//! Whether the model thinks first.

use serde::{Deserialize, Serialize};

use crate::json::Text;

/// Whether the model thinks first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thinking<'a> {
    /// Whether.
    pub r#type: ThinkingType,
    /// Most tokens of it, with `enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<i64>,
    /// Whether the caller may read it: `summarized` or `omitted`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Text<'a>>,
}

/// Whether the model thinks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingType {
    /// It does, within a budget.
    Enabled,
    /// It does not.
    Disabled,
    /// As it sees fit.
    Adaptive,
    /// It does not, and what it remarks between calls of tools comes as a thought.
    BetweenTools,
}

/// What a caller reads of a thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// A summary.
    Summarized,
    /// Nothing: the thought comes signed and empty.
    Omitted,
}

impl Thinking<'_> {
    /// What the caller wants to read, if it says so.
    pub fn wanted_display(&self) -> Option<Display> {
        match self.display.as_deref()? {
            "omitted" => Some(Display::Omitted),
            _ => Some(Display::Summarized),
        }
    }
}
