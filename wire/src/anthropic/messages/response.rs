//! The body of a message, and the count of tokens.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::citation::Citation;
use super::server_tools::ServerToolResult;
use crate::json::{self, Raw, Text, literal, null_as_default};

literal! {
    /// `"message"`.
    MessageType = "message"
}
literal! {
    /// `"assistant"`.
    AssistantRole = "assistant"
}

literal! {
    /// `"refusal"`.
    RefusalType = "refusal"
}

/// A message of the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessagesResponse<'a> {
    /// `msg_…`.
    #[serde(borrow, default)]
    pub id: Text<'a>,
    /// Always `message`.
    #[serde(default)]
    pub r#type: MessageType,
    /// Always `assistant`.
    #[serde(default)]
    pub role: AssistantRole,
    /// The model that answered.
    #[serde(default)]
    pub model: Text<'a>,
    /// What it said.
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: Vec<ResponseBlock<'a>>,
    /// Why it ended; `null` at the start of a stream.
    #[serde(default)]
    pub stop_reason: Option<StopReason>,
    /// Before which text, with `stop_sequence`.
    #[serde(default)]
    pub stop_sequence: Option<Text<'a>>,
    /// What more is told of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_details: Option<StopDetails<'a>>,
    /// What it cost.
    #[serde(default)]
    pub usage: Usage<'a>,
    /// Where code ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container<'a>>,
}

/// Where code runs, to be named again by later requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container<'a> {
    /// `container_…`.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Until when it is kept, in RFC 3339.
    pub expires_at: Text<'a>,
}

/// One block of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[serde(from = "ResponseFields<'a>", bound(deserialize = "'de: 'a"))]
pub enum ResponseBlock<'a> {
    /// A text.
    Text {
        /// The text.
        text: Text<'a>,
        /// Where it has that from; `None` in an answer that cites nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<Vec<Citation<'a>>>,
    },
    /// The model uses one of the service's own tools.
    ServerToolUse {
        /// `srvtoolu_…`.
        id: Text<'a>,
        /// Which tool.
        name: Text<'a>,
        /// A JSON object.
        input: Raw<'a>,
    },
    /// What a search of the web found: a list, or an error.
    WebSearchToolResult(ServerToolResult<'a>),
    /// What became of code.
    CodeExecutionToolResult(ServerToolResult<'a>),
    /// What became of a command.
    BashCodeExecutionToolResult(ServerToolResult<'a>),
    /// The model uses a tool.
    ToolUse {
        /// `toolu_…`.
        id: Text<'a>,
        /// Which tool.
        name: Text<'a>,
        /// A JSON object.
        input: Raw<'a>,
    },
    /// A thought.
    Thinking {
        /// The thought.
        thinking: Text<'a>,
        /// That it is the model's own.
        signature: Text<'a>,
    },
    /// A thought that the caller may not read.
    RedactedThinking {
        /// The thought, encrypted.
        data: Text<'a>,
    },
    /// A block this crate does not know.
    Unknown,
}

/// Why a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// By itself.
    EndTurn,
    /// At the limit of tokens.
    MaxTokens,
    /// Before one of the caller's texts.
    StopSequence,
    /// To use a tool.
    ToolUse,
    /// In the middle of a long turn.
    PauseTurn,
    /// The model refused.
    Refusal,
    /// At the end of the context.
    ModelContextWindowExceeded,
    /// A reason this crate does not know.
    #[serde(other)]
    Unknown,
}

/// What is told of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopDetails<'a> {
    /// Always `refusal`.
    #[serde(default)]
    pub r#type: RefusalType,
    /// What it was about: `cyber`, `bio`, …
    #[serde(borrow, default)]
    pub category: Option<Text<'a>>,
    /// For a person.
    #[serde(default)]
    pub explanation: Option<Text<'a>>,
}

impl StopDetails<'_> {
    /// What is told of a message that ends for `reason`: of a refusal, that it is one.
    pub fn of(reason: StopReason) -> Option<Self> {
        (reason == StopReason::Refusal).then(Self::default)
    }
}

/// What a message cost, in tokens. Bedrock tells of most models no more than the two counts that must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage<'a> {
    /// Of the request, the cache's not counted.
    #[serde(deserialize_with = "null_as_default")]
    pub input_tokens: u32,
    /// Written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u32>,
    /// Read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u32>,
    /// Written to the cache, by how long they are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation: Option<CacheCreation>,
    /// Of the answer.
    #[serde(deserialize_with = "null_as_default")]
    pub output_tokens: u32,
    /// What they were for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputTokensDetails>,
    /// How often the service's own tools were used; not told where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUsage>,
    /// The tier that served it.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Text<'a>>,
}

/// Tokens written to the cache, by how long they are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheCreation {
    /// Five minutes.
    pub ephemeral_5m_input_tokens: u32,
    /// An hour.
    pub ephemeral_1h_input_tokens: u32,
}

/// How often the service's own tools were used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerToolUsage {
    /// Searches of the web.
    pub web_search_requests: u32,
    /// Pages fetched.
    pub web_fetch_requests: u32,
}

/// What the tokens of an answer were for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutputTokensDetails {
    /// Thinking.
    pub thinking_tokens: u32,
}

/// What a message cost, as the end of a stream tells it: all of it, not what was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeltaUsage {
    /// As in [`Usage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u32>,
    /// As in [`Usage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u32>,
    /// As in [`Usage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u32>,
    /// As in [`Usage`].
    #[serde(deserialize_with = "null_as_default")]
    pub output_tokens: u32,
    /// As in [`Usage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputTokensDetails>,
    /// As in [`Usage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUsage>,
}

/// How many tokens a request has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// All of them.
    pub input_tokens: u32,
}

impl TokenCount {
    /// The response body.
    pub fn to_bytes(self) -> Bytes {
        json::to_bytes(&self)
    }
}

impl Usage<'_> {
    /// Tokens of request and answer, and nothing else.
    pub fn plain(input_tokens: u32, output_tokens: u32) -> Self {
        Usage { input_tokens, output_tokens, ..Usage::default() }
    }

    /// Tokens of request and answer at the standard tier, none of them the cache's.
    pub fn new(input_tokens: u32, output_tokens: u32) -> Self {
        Usage {
            cache_creation_input_tokens: Some(0),
            cache_read_input_tokens: Some(0),
            cache_creation: Some(CacheCreation::default()),
            service_tier: Some("standard".into()),
            ..Usage::plain(input_tokens, output_tokens)
        }
    }

    /// The same at the end of a stream.
    pub fn at_end(&self) -> DeltaUsage {
        DeltaUsage {
            // Whoever tells nothing of the cache tells nothing of the input again.
            input_tokens: self.cache_read_input_tokens.map(|_| self.input_tokens),
            cache_creation_input_tokens: self.cache_creation_input_tokens,
            cache_read_input_tokens: self.cache_read_input_tokens,
            output_tokens: self.output_tokens,
            output_tokens_details: self.output_tokens_details,
            server_tool_use: self.server_tool_use,
        }
    }
}

impl<'a> ResponseBlock<'a> {
    /// A block that is a text.
    pub fn of_text(text: impl Into<Text<'a>>) -> Self {
        ResponseBlock::Text { text: text.into(), citations: None }
    }

    /// The text, when the block is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            ResponseBlock::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

impl<'a> MessagesResponse<'a> {
    /// Reads a response body; what is missing is empty, as clients take it.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the response body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Every text of the answer, thoughts left out.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(ResponseBlock::text)
    }
}

#[derive(Deserialize)]
struct ResponseFields<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    id: Option<Text<'a>>,
    #[serde(default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    input: Option<Raw<'a>>,
    #[serde(default)]
    thinking: Option<Text<'a>>,
    #[serde(default)]
    signature: Option<Text<'a>>,
    #[serde(default)]
    data: Option<Text<'a>>,
    #[serde(default)]
    tool_use_id: Option<Text<'a>>,
    #[serde(default)]
    content: Option<Raw<'a>>,
    #[serde(default)]
    citations: Option<Raw<'a>>,
}

impl<'a> ResponseFields<'a> {
    fn result(self) -> ServerToolResult<'a> {
        let content = self.content.unwrap_or_else(Raw::empty_object);
        ServerToolResult::new(self.tool_use_id.unwrap_or_default(), content)
    }
}

impl<'a> From<ResponseFields<'a>> for ResponseBlock<'a> {
    fn from(fields: ResponseFields<'a>) -> Self {
        match &*fields.r#type {
            "text" => ResponseBlock::Text {
                text: fields.text.unwrap_or_default(),
                citations: fields.citations.and_then(|citations| citations.read().ok()),
            },
            "tool_use" => ResponseBlock::ToolUse {
                id: fields.id.unwrap_or_default(),
                name: fields.name.unwrap_or_default(),
                input: fields.input.unwrap_or_else(Raw::empty_object),
            },
            "server_tool_use" => ResponseBlock::ServerToolUse {
                id: fields.id.unwrap_or_default(),
                name: fields.name.unwrap_or_default(),
                input: fields.input.unwrap_or_else(Raw::empty_object),
            },
            "web_search_tool_result" => ResponseBlock::WebSearchToolResult(fields.result()),
            "code_execution_tool_result" => ResponseBlock::CodeExecutionToolResult(fields.result()),
            "bash_code_execution_tool_result" => ResponseBlock::BashCodeExecutionToolResult(fields.result()),
            "thinking" => ResponseBlock::Thinking {
                thinking: fields.thinking.unwrap_or_default(),
                signature: fields.signature.unwrap_or_default(),
            },
            "redacted_thinking" => ResponseBlock::RedactedThinking { data: fields.data.unwrap_or_default() },
            _ => ResponseBlock::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_services_byte_by_byte() {
        let response = MessagesResponse {
            id: "msg_1".into(),
            model: "claude-sonnet-4-5-20250929".into(),
            content: vec![
                ResponseBlock::Thinking { thinking: "hm".into(), signature: "s".into() },
                ResponseBlock::of_text("ä \"b\""),
                ResponseBlock::ToolUse {
                    id: "toolu_1".into(),
                    name: "look".into(),
                    input: Raw::parse(r#"{"at":"sky"}"#).unwrap(),
                },
            ],
            stop_reason: Some(StopReason::ToolUse),
            usage: Usage::new(9, 12),
            ..MessagesResponse::default()
        };
        let body = concat!(
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","#,
            r#""content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"ä \"b\""},"#,
            r#"{"type":"tool_use","id":"toolu_1","name":"look","input":{"at":"sky"}}],"#,
            r#""stop_reason":"tool_use","stop_sequence":null,"#,
            r#""usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"#,
            r#""cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":12,"#,
            r#""service_tier":"standard"}}"#
        );
        assert_eq!(std::str::from_utf8(&response.to_bytes()).unwrap(), body);
        assert_eq!(MessagesResponse::parse(body.as_bytes()).unwrap(), response);
        assert_eq!(response.texts().collect::<String>(), "ä \"b\"");
    }

    #[test]
    fn a_searched_and_cited_message_reads_back() {
        let body = concat!(
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":["#,
            r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},"#,
            r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result"}]},"#,
            r#"{"type":"server_tool_use","id":"srvtoolu_2","name":"bash_code_execution","input":{"command":"ls"}},"#,
            r#"{"type":"bash_code_execution_tool_result","tool_use_id":"srvtoolu_2","content":{"stdout":""}},"#,
            r#"{"type":"code_execution_tool_result","tool_use_id":"srvtoolu_2","content":{"stdout":""}},"#,
            r#"{"type":"text","text":"a","citations":[{"type":"page_location","cited_text":"b","document_index":1,"#,
            r#""document_title":"t","start_page_number":1,"end_page_number":2}]}],"#,
            r#""stop_reason":"pause_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":12,"#,
            r#""server_tool_use":{"web_search_requests":1,"web_fetch_requests":0}},"#,
            r#""container":{"id":"container_1","expires_at":"2026-01-31T00:00:00Z"}}"#
        );
        let response = MessagesResponse::parse(body.as_bytes()).unwrap();
        assert_eq!(response.stop_reason, Some(StopReason::PauseTurn));
        assert!(!response.content.contains(&ResponseBlock::Unknown));
        assert_eq!(std::str::from_utf8(&response.to_bytes()).unwrap(), body);
    }

    #[test]
    fn new_names_do_not_break_the_reader() {
        let body = br#"{"content":[{"type":"dance","steps":[1]}],"stop_reason":"bored","usage":{"cache_read_input_tokens":null}}"#;
        let response = MessagesResponse::parse(body).unwrap();
        assert_eq!(response.content, [ResponseBlock::Unknown]);
        assert_eq!(response.stop_reason, Some(StopReason::Unknown));
        assert_eq!(MessagesResponse::parse(b"{}").unwrap(), MessagesResponse::default());
        assert!(MessagesResponse::parse(b"[]").is_err());
    }

    #[test]
    fn a_count_is_one_number() {
        assert_eq!(TokenCount { input_tokens: 7 }.to_bytes(), r#"{"input_tokens":7}"#);
    }
}
