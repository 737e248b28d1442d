//! Nova text models: `amazon.nova-{micro,lite,pro,premier}`, `amazon.nova-2-*`. Turns and tools are Converse's.

use serde::{Deserialize, Serialize};

use super::schema::{self, Violations};
use crate::bedrock::converse;
use crate::json::{Raw, Text};

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request<'a> {
    /// `messages-v1`
    #[serde(borrow, default)]
    pub schema_version: Option<Text<'a>>,
    /// The turns so far.
    pub messages: Vec<converse::Message<'a>>,
    /// Instructions.
    #[serde(default)]
    pub system: Vec<converse::SystemBlock<'a>>,
    /// Length and sampling.
    #[serde(default)]
    pub inference_config: Config<'a>,
    /// Tools.
    #[serde(default)]
    pub tool_config: Option<converse::ToolConfig<'a>>,
    /// Thinking, of Nova 2.
    #[serde(default)]
    pub reasoning_config: Option<Raw<'a>>,
}

/// Length and sampling.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config<'a> {
    /// The model's maximum when left out.
    #[serde(alias = "max_new_tokens")]
    pub max_tokens: Option<i64>,
    /// Above 0, at most 1.
    pub temperature: Option<f64>,
    /// 0–1
    #[serde(alias = "top_p")]
    pub top_p: Option<f64>,
    /// 0–128
    #[serde(alias = "top_k")]
    pub top_k: Option<i64>,
    /// Texts before which the answer ends.
    #[serde(borrow, alias = "stop_sequences")]
    pub stop_sequences: Vec<Text<'a>>,
}

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let config = &request.inference_config;
        let mut violations = Violations::default();
        violations.one_of("#/schemaVersion", request.schema_version.as_deref(), &["messages-v1"]);
        violations.items("#/messages", request.messages.len(), (1, usize::MAX));
        let at = |name: &str| format!("#/inferenceConfig/{name}");
        violations.count(&at("maxTokens"), config.max_tokens, (1, limit.into()));
        violations.range(&at("temperature"), config.temperature, (0.0, 1.0));
        violations.range(&at("topP"), config.top_p, (0.0, 1.0));
        violations.count(&at("topK"), config.top_k, (0, 128));
        violations.into_result()?;
        Ok(request)
    }

    /// The same as a Converse request, whose rules for turns and tools hold here too.
    pub fn into_conversation(self) -> converse::Request<'a> {
        let Config { max_tokens, stop_sequences, .. } = self.inference_config;
        converse::Request {
            messages: self.messages,
            system: self.system,
            inference_config: Some(converse::InferenceConfig {
                max_tokens: max_tokens.and_then(|tokens| i32::try_from(tokens).ok()),
                stop_sequences,
                ..converse::InferenceConfig::default()
            }),
            tool_config: self.tool_config,
            ..converse::Request::default()
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// The model's turn.
    #[serde(borrow)]
    pub output: converse::Output<'a>,
    /// Why it ends.
    pub stop_reason: converse::StopReason<'a>,
    /// Tokens.
    pub usage: Usage,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Of the prompt.
    pub input_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
    /// The sum; an object of a stream leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    /// Read from the prompt cache.
    pub cache_read_input_token_count: u64,
    /// Written to the prompt cache.
    pub cache_write_input_token_count: u64,
}

impl From<converse::Usage> for Usage {
    fn from(usage: converse::Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            total_tokens: Some(usage.total_tokens),
            cache_read_input_token_count: usage.cache_read_input_tokens.unwrap_or(0),
            cache_write_input_token_count: usage.cache_write_input_tokens.unwrap_or(0),
        }
    }
}

/// An object of a stream. Every piece of text is a block of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StreamObject<'a> {
    /// The first one.
    MessageStart {
        /// Always the assistant.
        role: converse::Role,
    },
    /// A call begins.
    #[serde(rename_all = "camelCase")]
    ContentBlockStart {
        /// The call.
        #[serde(borrow)]
        start: Start<'a>,
        /// Counts blocks from 0.
        content_block_index: u32,
    },
    /// A piece of a block.
    #[serde(rename_all = "camelCase")]
    ContentBlockDelta {
        /// The piece.
        #[serde(borrow)]
        delta: Delta<'a>,
        /// The block.
        content_block_index: u32,
    },
    /// A block ends.
    #[serde(rename_all = "camelCase")]
    ContentBlockStop {
        /// The block.
        content_block_index: u32,
    },
    /// The answer ends.
    #[serde(rename_all = "camelCase")]
    MessageStop {
        /// Why.
        #[serde(borrow)]
        stop_reason: converse::StopReason<'a>,
    },
    /// The last one.
    Metadata {
        /// Tokens.
        usage: Usage,
        /// Empty.
        metrics: converse::Empty,
        /// Empty.
        trace: converse::Empty,
    },
}

/// A call, without its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start<'a> {
    /// The call.
    #[serde(borrow)]
    pub tool_use: ToolUse<'a>,
}

/// Id and name of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUse<'a> {
    /// A UUID.
    #[serde(borrow)]
    pub tool_use_id: Text<'a>,
    /// The tool.
    pub name: Text<'a>,
}

/// A piece of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delta<'a> {
    /// Text.
    Text(#[serde(borrow)] Text<'a>),
    /// All arguments of a call.
    ToolUse(Input<'a>),
    /// Thinking.
    ReasoningContent(ReasoningText<'a>),
}

/// Arguments of a call, in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input<'a> {
    /// The JSON.
    #[serde(borrow)]
    pub input: Text<'a>,
}

/// Thinking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningText<'a> {
    /// The thoughts.
    #[serde(borrow)]
    pub reasoning_text: ThoughtText<'a>,
}

/// A thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThoughtText<'a> {
    /// The text.
    #[serde(borrow)]
    pub text: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_conversation() {
        let body = br#"{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Hi"}]}],"system":[{"text":"Be brief."}],"inferenceConfig":{"max_new_tokens":9,"stopSequences":["x"],"topK":5}}"#;
        let conversation = Request::parse(body, 10_000).unwrap().into_conversation();
        assert_eq!((conversation.max_tokens(), conversation.stop_sequences().len()), (Some(9), 1));
        assert_eq!((conversation.messages.len(), conversation.system.len()), (1, 1));
    }

    #[test]
    fn a_body_must_fit_the_schema() {
        for (body, words) in [
            (r#"{"messages":[]}"#, "#/messages: expected minimum item count: 1, found: 0"),
            (
                r#"{"messages":[{"role":"user","content":[]}],"inferenceConfig":{"maxTokens":10001}}"#,
                "#/inferenceConfig/maxTokens: 10001 is not less or equal to 10000",
            ),
            (r#"{"messages":[],"max_tokens":5}"#, "extraneous key [max_tokens] is not permitted"),
            (
                r#"{"schemaVersion":"v0","messages":[{"role":"user","content":[]}]}"#,
                "#/schemaVersion: v0 is not a valid enum value",
            ),
        ] {
            let error = Request::parse(body.as_bytes(), 10_000).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn objects_have_the_recorded_form() {
        for body in [
            r#"{"messageStart":{"role":"assistant"}}"#,
            r#"{"contentBlockDelta":{"delta":{"text":"It"},"contentBlockIndex":0}}"#,
            r#"{"contentBlockStop":{"contentBlockIndex":0}}"#,
            r#"{"contentBlockStart":{"start":{"toolUse":{"toolUseId":"u","name":"n"}},"contentBlockIndex":24}}"#,
            r#"{"contentBlockDelta":{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":24}}"#,
            r#"{"messageStop":{"stopReason":"tool_use"}}"#,
            r#"{"metadata":{"usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":0},"metrics":{},"trace":{}}}"#,
        ] {
            let object: StreamObject<'_> = serde_json::from_str(body).unwrap();
            assert_eq!(serde_json::to_string(&object).unwrap(), body);
        }
        let whole = r#"{"output":{"message":{"content":[{"text":"…"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":25,"outputTokens":10,"totalTokens":35,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":0}}"#;
        let response: Response<'_> = serde_json::from_str(whole).unwrap();
        assert_eq!(serde_json::to_string(&response).unwrap(), whole);
    }
}
