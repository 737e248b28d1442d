//! What a response consists of: thoughts, messages, calls.

use serde::Serialize;

use crate::json::{Raw, Text};
use crate::openai::chat::TokenLogprob;

/// How far a response or an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Whole.
    Completed,
    /// Given up after an error.
    Failed,
    /// Being made.
    InProgress,
    /// Called off.
    Cancelled,
    /// Not yet begun.
    Queued,
    /// Ended early.
    Incomplete,
}

/// One item of a response.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputItem<'a> {
    /// What the model thought.
    Reasoning {
        /// `rs_…`
        id: Text<'a>,
        /// Its thoughts, summed up, where that was asked for.
        summary: Vec<SummaryText<'a>>,
    },
    /// What it says.
    Message {
        /// `msg_…`
        id: Text<'a>,
        /// How far it is.
        status: Status,
        /// Always `assistant`.
        role: &'static str,
        /// Its parts.
        content: Vec<OutputPart<'a>>,
    },
    /// A function that it calls.
    FunctionCall {
        /// `fc_…`
        id: Text<'a>,
        /// How far it is.
        status: Status,
        /// In JSON.
        arguments: Text<'a>,
        /// `call_…`; the result names it again.
        call_id: Text<'a>,
        /// Which function.
        name: Text<'a>,
    },
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum OutputPart<'a> {
    /// What the model says.
    #[serde(rename = "output_text")]
    Text(OutputText<'a>),
    /// That it will not say it.
    #[serde(rename = "refusal")]
    Refusal {
        /// In its words.
        refusal: Text<'a>,
    },
}

/// A part of a message that is text.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OutputText<'a> {
    /// Citations.
    pub annotations: Vec<Raw<'a>>,
    /// How likely its tokens were.
    pub logprobs: Vec<TokenLogprob<'a>>,
    /// The text.
    pub text: Text<'a>,
}

/// A part of a summary.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub struct SummaryText<'a> {
    /// The text.
    pub text: Text<'a>,
}

impl OutputItem<'_> {
    /// Its name.
    pub fn id(&self) -> &str {
        match self {
            OutputItem::Reasoning { id, .. }
            | OutputItem::Message { id, .. }
            | OutputItem::FunctionCall { id, .. } => id,
        }
    }
}
