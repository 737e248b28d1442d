//! One response from its request on: everything that its JSON tells in any state.

use bytes::Bytes;
use wire::json::{Raw, Text};
use wire::openai::chat::TokenLogprob;
use wire::openai::responses::{
    IncompleteDetails, InputTokensDetails, OutputItem, OutputPart, OutputText, ReasoningConfig, Response,
    ResponseError, ResponsesRequest, Status, SummaryText, TextConfig, TextFormat, Usage,
};

use crate::engine::reply::{Block, Reply, Stop};
use crate::openai::chat::{Likelihoods, call_id};
use crate::openai::ids;
use crate::openai::withheld::{Withheld, words_of};

/// A response, decided before its first token is due.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The request, which the response repeats in part.
    pub(super) request: Bytes,
    /// `resp_…`
    pub(super) id: String,
    pub(super) bits: (u64, u64),
    /// Seconds since 1970.
    pub(super) created_at: u64,
    /// When it will be whole, in seconds since 1970.
    pub(super) completed_at: u64,
    /// The name under which the model answers.
    pub(super) served: String,
    /// Whether the model thinks first.
    pub(super) reasons: bool,
    pub(super) service_tier: &'static str,
    pub(super) reply: Reply,
    pub(super) likelihoods: Option<Likelihoods>,
    pub(super) withheld: Withheld,
    /// Whether the thoughts are summed up.
    pub(super) has_summary: bool,
    pub(super) input_tokens: u32,
    /// Those of them that were read from the cache.
    pub(super) cached_tokens: u32,
}

/// What of a response is there.
pub(super) enum Stage<'a> {
    /// Nothing yet.
    Begun(Status),
    /// These items, which are all.
    Ended(Vec<OutputItem<'a>>),
}

impl Draft {
    /// What it costs.
    pub(super) fn usage(&self) -> Usage {
        let cached_tokens = self.cached_tokens;
        Usage {
            input_tokens_details: InputTokensDetails { cached_tokens, ..InputTokensDetails::default() },
            ..Usage::new(self.input_tokens, self.reply.tokens(), self.reply.thinking_tokens())
        }
    }

    /// How it ends.
    pub(super) fn end(&self) -> Status {
        match self.withheld {
            Withheld::Failure(_) => Status::Failed,
            Withheld::Answer => Status::Incomplete,
            _ if *self.reply.stop() == Stop::MaxTokens => Status::Incomplete,
            _ => Status::Completed,
        }
    }

    /// Why it fails, if it does.
    fn error(&self) -> Option<ResponseError<'static>> {
        match self.withheld {
            Withheld::Failure(code) => Some(ResponseError { code, message: words_of(code) }),
            _ => None,
        }
    }

    /// Why it ends early, where it does.
    fn incomplete_details(&self) -> IncompleteDetails {
        let is_withheld = self.withheld == Withheld::Answer;
        IncompleteDetails { reason: if is_withheld { "content_filter" } else { "max_output_tokens" } }
    }

    /// The name of its item `index`.
    pub(super) fn item_id(&self, index: usize) -> String {
        let prefix = match self.reply.blocks().get(index) {
            Some(Block::Thinking(_)) => "rs_",
            Some(Block::ToolCall(_)) => "fc_",
            _ => "msg_",
        };
        ids::hexadecimal(prefix, (self.bits.0, self.bits.1.wrapping_add(index as u64 + 1)), 50)
    }

    /// Its item `index` while it is made: named, and empty.
    pub(super) fn begun(&self, index: usize) -> Option<OutputItem<'_>> {
        let id = self.item_id(index).into();
        let status = Status::InProgress;
        Some(match self.reply.blocks().get(index)? {
            Block::Thinking(_) => OutputItem::Reasoning { id, summary: Vec::new() },
            Block::Text(_) => OutputItem::Message { id, status, role: "assistant", content: Vec::new() },
            Block::ToolCall(call) => OutputItem::FunctionCall {
                id,
                status,
                arguments: Text::default(),
                call_id: call_id(call).into(),
                name: call.name.as_str().into(),
            },
        })
    }

    /// Its item `index`, whole.
    pub(super) fn item(&self, index: usize) -> Option<OutputItem<'_>> {
        let id = self.item_id(index).into();
        let is_last = index + 1 == self.reply.blocks().len();
        let status = if is_last { self.end() } else { Status::Completed };
        Some(match self.reply.blocks().get(index)? {
            Block::Thinking(_) => {
                let text = self.summary(index).map(|text| SummaryText { text: text.into() });
                OutputItem::Reasoning { id, summary: text.into_iter().collect() }
            }
            Block::Text(_) => {
                OutputItem::Message { id, status, role: "assistant", content: vec![self.part(index)] }
            }
            Block::ToolCall(call) => OutputItem::FunctionCall {
                id,
                status,
                arguments: call.arguments.as_str().into(),
                call_id: call_id(call).into(),
                name: call.name.as_str().into(),
            },
        })
    }

    /// What the message `index` says, with how likely its tokens were.
    pub(super) fn part(&self, index: usize) -> OutputPart<'static> {
        let mut text = String::new();
        let mut logprobs = Vec::new();
        if let Some(Block::Text(block)) = self.reply.blocks().get(index) {
            block.write_all(&mut text);
            logprobs = self.logprobs(block, 0..block.tokens());
        }
        if self.withheld == Withheld::Refusal {
            return OutputPart::Refusal { refusal: text.into() };
        }
        OutputPart::Text(OutputText { annotations: Vec::new(), logprobs, text: text.into() })
    }

    /// The same before anything is said.
    pub(super) fn empty_part(&self) -> OutputPart<'static> {
        match self.withheld {
            Withheld::Refusal => OutputPart::Refusal { refusal: Text::default() },
            _ => OutputPart::Text(OutputText::default()),
        }
    }

    /// How likely some tokens of a text were, where that was asked for.
    pub(super) fn logprobs(
        &self,
        text: &crate::engine::text::Text,
        tokens: std::ops::Range<u32>,
    ) -> Vec<TokenLogprob<'static>> {
        let logprobs = self.likelihoods.map(|likelihoods| likelihoods.of(std::iter::once((text, tokens))));
        logprobs.and_then(|logprobs| logprobs.content).unwrap_or_default()
    }

    /// The thoughts of the item `index`, where they are told.
    pub(super) fn summary(&self, index: usize) -> Option<String> {
        let Some(Block::Thinking(block)) = self.reply.blocks().get(index) else { return None };
        self.has_summary.then(|| {
            let mut text = String::new();
            block.write_all(&mut text);
            text
        })
    }

    /// All its items, whole; none of a response that fails.
    pub(super) fn items(&self) -> Vec<OutputItem<'_>> {
        if self.end() == Status::Failed {
            return Vec::new();
        }
        (0..self.reply.blocks().len()).filter_map(|index| self.item(index)).collect()
    }

    /// The body of the response at a stage.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime only")]
    pub(super) fn to_bytes(&self, stage: Stage<'_>) -> Bytes {
        self.with(stage, |response| response.to_bytes())
    }

    /// Shows the response at a stage.
    pub(super) fn with<T>(&self, stage: Stage<'_>, show: impl FnOnce(&Response<'_>) -> T) -> T {
        // It was read before; what cannot be read was refused.
        let request = ResponsesRequest::parse(&self.request).unwrap_or_default();
        let (status, output, has_ended) = match stage {
            Stage::Begun(status) => (status, Vec::new(), false),
            Stage::Ended(output) => (self.end(), output, true),
        };
        let is_completed = status == Status::Completed;
        show(&Response {
            id: self.id.as_str().into(),
            object: "response",
            created_at: self.created_at,
            status,
            background: request.background.unwrap_or(false),
            completed_at: (has_ended && is_completed).then_some(self.completed_at),
            error: self.error().filter(|_| has_ended),
            incomplete_details: (status == Status::Incomplete).then(|| self.incomplete_details()),
            instructions: request.instructions,
            max_output_tokens: request.max_output_tokens,
            max_tool_calls: request.max_tool_calls,
            model: self.served.as_str().into(),
            output,
            parallel_tool_calls: request.parallel_tool_calls.unwrap_or(true),
            previous_response_id: request.previous_response_id,
            reasoning: self.reasoning(request.reasoning),
            service_tier: self.service_tier.into(),
            store: request.store.unwrap_or(true),
            temperature: Some(request.temperature.unwrap_or(1.0)),
            text: text_config(request.text),
            tool_choice: request.tool_choice.unwrap_or_else(|| literal("\"auto\"")),
            tools: request.tools,
            top_logprobs: request.top_logprobs.unwrap_or(0),
            top_p: Some(request.top_p.unwrap_or(1.0)),
            truncation: request.truncation.unwrap_or_else(|| "disabled".into()),
            usage: (has_ended && status != Status::Failed).then(|| self.usage()),
            user: request.user,
            metadata: request.metadata.unwrap_or_else(Raw::empty_object),
        })
    }

    fn reasoning<'r>(&self, asked: Option<ReasoningConfig<'r>>) -> ReasoningConfig<'r> {
        let asked = asked.unwrap_or_default();
        let default = self.reasons.then(|| "medium".into());
        ReasoningConfig { effort: asked.effort.or(default), ..asked }
    }
}

fn text_config(asked: Option<TextConfig<'_>>) -> TextConfig<'_> {
    let asked = asked.unwrap_or_default();
    let plain =
        TextFormat { r#type: "text".into(), name: None, description: None, schema: None, strict: None };
    TextConfig {
        format: Some(asked.format.unwrap_or(plain)),
        verbosity: Some(asked.verbosity.unwrap_or_else(|| "medium".into())),
    }
}

fn literal(json: &'static str) -> Raw<'static> {
    Raw::parse(json).unwrap_or_else(|_| Raw::empty_object())
}
