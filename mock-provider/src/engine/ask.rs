//! What a request asks of a model, in no provider's words.

use std::borrow::Cow;

use wire::json::Raw;

/// What a request asks of a model. [`Ask::text`] is the plain one, the rest follows by struct update.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    /// Keys the content: two names of one model answer alike only when the surface gives the same here.
    pub(crate) model: &'a str,
    /// Most tokens of the answer, thinking included.
    pub(crate) max_tokens: u32,
    /// Texts before which the answer ends.
    pub(crate) stops: Vec<Cow<'a, str>>,
    /// What the model may call.
    pub(crate) tools: Vec<Tool<'a>>,
    /// Whether it does.
    pub(crate) choice: ToolChoice<'a>,
    /// Whether it may call several at once.
    pub(crate) parallel_tools: bool,
    /// Whether the last turn brings results of tools: then the model answers in text, unless it must call.
    pub(crate) answers_tool: bool,
    /// The form of the text.
    pub(crate) format: Format<'a>,
    /// Most tokens of thinking before the answer; none when the model is not to think.
    pub(crate) thinking: Option<u32>,
    /// Which of several answers to the same request, from 0.
    pub(crate) candidate: u32,
}

impl<'a> Ask<'a> {
    /// Asks for a text and nothing else.
    pub(crate) fn text(model: &'a str, max_tokens: u32) -> Self {
        Self {
            model,
            max_tokens,
            stops: Vec::new(),
            tools: Vec::new(),
            choice: ToolChoice::default(),
            parallel_tools: false,
            answers_tool: false,
            format: Format::default(),
            thinking: None,
            candidate: 0,
        }
    }
}

/// What a model may call.
#[derive(Debug, Clone)]
pub(crate) struct Tool<'a> {
    /// Its name.
    pub(crate) name: Cow<'a, str>,
    /// The schema of its arguments; none when it takes none.
    pub(crate) schema: Option<Raw<'a>>,
}

/// Whether a model calls a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ToolChoice<'a> {
    /// It does where there are tools, and answers in text once it has their results.
    #[default]
    Auto,
    /// It does not.
    None,
    /// It calls one of them at least.
    Any,
    /// It calls this one.
    Named(Cow<'a, str>),
}

/// The form of an answer's text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Format<'a> {
    /// Any text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that this schema allows.
    JsonSchema(Raw<'a>),
}
