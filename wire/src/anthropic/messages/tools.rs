//! Tools a model may use.

use serde::{Deserialize, Serialize};

use crate::json::{Raw, Text, null_as_default};

/// A tool that the model may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// A JSON schema of its input; the service's own tools have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Raw<'a>>,
    /// Which of the service's own tools it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Text<'a>>,
    /// How often a tool of the service's may be used in answering one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<i64>,
    /// Where a search may find something; anywhere when empty.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<Text<'a>>,
    /// Where it may not.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub blocked_domains: Vec<Text<'a>>,
    /// Where the cache ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<Raw<'a>>,
}

impl Tool<'_> {
    /// Whether the caller runs it: it is not one of the service's own.
    pub fn is_custom(&self) -> bool {
        self.r#type.as_deref().is_none_or(|kind| kind == "custom")
    }
}

/// Whether the model uses tools, and which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolChoice<'a> {
    /// Whether.
    pub r#type: ToolChoiceType,
    /// Which, with `tool`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Whether one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
}

/// Whether the model uses tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoiceType {
    /// As it sees fit.
    Auto,
    /// At least one.
    Any,
    /// Exactly the one named.
    Tool,
    /// It does not.
    None,
}
