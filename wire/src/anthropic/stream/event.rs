//! Reads one event of a stream. The type inside the data decides, so bare JSON reads as well as named events.

use serde::{Deserialize, Serialize};

use crate::anthropic::error::{ErrorBody, ErrorDetail};
use crate::anthropic::messages::{
    Citation, Container, DeltaUsage, MessagesResponse, ResponseBlock, StopReason,
};
use crate::bedrock::invoke_stream::InvocationMetrics;
use crate::json::{self, Raw, Text};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent<'a> {
    /// The message begins.
    MessageStart(Box<MessagesResponse<'a>>),
    /// A block opens.
    BlockStart {
        /// Which.
        index: u32,
        /// What it is.
        block: ResponseBlock<'a>,
    },
    /// More of a block.
    BlockDelta {
        /// Which.
        index: u32,
        /// What is added.
        delta: BlockDelta<'a>,
    },
    /// A block closes.
    BlockStop {
        /// Which.
        index: u32,
    },
    /// The message is about to end.
    MessageDelta(MessageDelta<'a>),
    /// The message ended well; Bedrock says what it took.
    MessageStop(Option<InvocationMetrics>),
    /// A sign of life.
    Ping,
    /// An error; nothing good follows.
    Error(ErrorBody<'a>),
    /// An event this crate does not know.
    Unknown,
}

/// More of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockDelta<'a> {
    /// Of a text.
    Text(Text<'a>),
    /// Of a tool's input, as JSON text.
    InputJson(Text<'a>),
    /// Of a thought.
    Thinking(Text<'a>),
    /// A thought's signature.
    Signature(Text<'a>),
    /// Where a text has something from.
    Citation(Citation<'a>),
    /// A kind this crate does not know.
    Unknown,
}

/// How a message ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageDelta<'a> {
    /// Why.
    pub stop_reason: Option<StopReason>,
    /// Before which text.
    pub stop_sequence: Option<Text<'a>>,
    /// Where code ran.
    pub container: Option<Container<'a>>,
    /// What it cost in all.
    pub usage: Option<DeltaUsage>,
}

impl<'a> StreamEvent<'a> {
    /// Reads the data of one event.
    ///
    /// # Errors
    /// When it is not a JSON object of the format's shape.
    pub fn parse(data: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object::<EventFields<'a>>(data).map(StreamEvent::from)
    }

    /// The text, when the event brings some.
    pub fn text(&self) -> Option<&str> {
        match self {
            StreamEvent::BlockDelta { delta: BlockDelta::Text(text), .. } if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether the model generated anything in this event, on whatever channel.
    pub fn is_generated(&self) -> bool {
        match self {
            StreamEvent::BlockDelta { delta, .. } => delta.is_generated(),
            StreamEvent::BlockStart { block, .. } => {
                matches!(block, ResponseBlock::ToolUse { .. } | ResponseBlock::ServerToolUse { .. })
            }
            _ => false,
        }
    }
}

impl BlockDelta<'_> {
    fn is_generated(&self) -> bool {
        match self {
            BlockDelta::Text(text) | BlockDelta::InputJson(text) | BlockDelta::Thinking(text) => {
                !text.is_empty()
            }
            BlockDelta::Signature(_) | BlockDelta::Citation(_) | BlockDelta::Unknown => false,
        }
    }
}

// One flat form of all events: a tagged enum would copy every value aside first.
#[derive(Deserialize)]
struct EventFields<'a> {
    r#type: EventType,
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    delta: Option<DeltaFields<'a>>,
    #[serde(default)]
    message: Option<Box<MessagesResponse<'a>>>,
    #[serde(default)]
    content_block: Option<ResponseBlock<'a>>,
    #[serde(default)]
    usage: Option<DeltaUsage>,
    #[serde(default, rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<InvocationMetrics>,
    #[serde(default)]
    error: Option<ErrorDetail<'a>>,
    #[serde(default)]
    request_id: Option<Text<'a>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventType {
    MessageStart,
    ContentBlockStart,
    ContentBlockDelta,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    Error,
    #[serde(other)]
    Unknown,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeltaFields<'a> {
    r#type: Option<DeltaType>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    partial_json: Option<Text<'a>>,
    thinking: Option<Text<'a>>,
    signature: Option<Text<'a>>,
    citation: Option<Raw<'a>>,
    container: Option<Container<'a>>,
    stop_reason: Option<StopReason>,
    stop_sequence: Option<Text<'a>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeltaType {
    TextDelta,
    InputJsonDelta,
    ThinkingDelta,
    SignatureDelta,
    CitationsDelta,
    #[serde(other)]
    Unknown,
}

impl<'a> From<EventFields<'a>> for StreamEvent<'a> {
    fn from(fields: EventFields<'a>) -> Self {
        let index = fields.index;
        match fields.r#type {
            EventType::MessageStart => StreamEvent::MessageStart(fields.message.unwrap_or_default()),
            EventType::ContentBlockStart => {
                let block = fields.content_block.unwrap_or(ResponseBlock::Unknown);
                StreamEvent::BlockStart { index, block }
            }
            EventType::ContentBlockDelta => {
                StreamEvent::BlockDelta { index, delta: fields.delta.unwrap_or_default().into() }
            }
            EventType::ContentBlockStop => StreamEvent::BlockStop { index },
            EventType::MessageDelta => {
                let DeltaFields { stop_reason, stop_sequence, container, .. } =
                    fields.delta.unwrap_or_default();
                let usage = fields.usage;
                StreamEvent::MessageDelta(MessageDelta { stop_reason, stop_sequence, container, usage })
            }
            EventType::MessageStop => StreamEvent::MessageStop(fields.metrics),
            EventType::Ping => StreamEvent::Ping,
            EventType::Error => {
                let error = fields.error.unwrap_or_default();
                StreamEvent::Error(ErrorBody { error, request_id: fields.request_id, ..ErrorBody::default() })
            }
            EventType::Unknown => StreamEvent::Unknown,
        }
    }
}

impl<'a> From<DeltaFields<'a>> for BlockDelta<'a> {
    fn from(fields: DeltaFields<'a>) -> Self {
        match fields.r#type {
            Some(DeltaType::TextDelta) => BlockDelta::Text(fields.text.unwrap_or_default()),
            Some(DeltaType::InputJsonDelta) => BlockDelta::InputJson(fields.partial_json.unwrap_or_default()),
            Some(DeltaType::ThinkingDelta) => BlockDelta::Thinking(fields.thinking.unwrap_or_default()),
            Some(DeltaType::SignatureDelta) => BlockDelta::Signature(fields.signature.unwrap_or_default()),
            Some(DeltaType::CitationsDelta) => {
                let citation = fields.citation.and_then(|citation| citation.read().ok());
                citation.map_or(BlockDelta::Unknown, BlockDelta::Citation)
            }
            Some(DeltaType::Unknown) | None => BlockDelta::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::EventWriter;
    use super::*;
    use crate::anthropic::messages::Usage;
    use crate::json::Raw;
    use bytes::BytesMut;
    use proptest::prelude::*;

    #[track_caller]
    fn check(write: impl Fn(EventWriter, &mut BytesMut), name: &str, data: &str) -> StreamEvent<'static> {
        let (mut named, mut bare) = (BytesMut::new(), BytesMut::new());
        write(EventWriter::Sse, &mut named);
        write(EventWriter::Bare, &mut bare);
        assert_eq!(std::str::from_utf8(&named).unwrap(), format!("event: {name}\ndata: {data}\n\n"));
        assert_eq!(std::str::from_utf8(&bare).unwrap(), data);
        StreamEvent::parse(data.to_owned().leak().as_bytes()).unwrap()
    }

    #[test]
    fn a_stream_of_text_is_the_services_byte_by_byte() {
        let message = MessagesResponse {
            id: "msg_1".into(),
            model: "claude".into(),
            usage: Usage::plain(9, 1),
            ..MessagesResponse::default()
        };
        let event = check(
            |writer, out| writer.message_start(&message, out),
            "message_start",
            concat!(
                r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","#,
                r#""content":[],"stop_reason":null,"stop_sequence":null,"#,
                r#""usage":{"input_tokens":9,"output_tokens":1}}}"#
            ),
        );
        assert_eq!(event, StreamEvent::MessageStart(Box::new(message.clone())));
        check(
            |writer, out| writer.text_start(0, out),
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        );
        assert_eq!(check(EventWriter::ping, "ping", r#"{"type":"ping"}"#), StreamEvent::Ping);
        let event = check(
            |writer, out| writer.text_delta(0, "a \"b\"", out),
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a \"b\""}}"#,
        );
        assert_eq!(event.text(), Some("a \"b\""));
        let event = check(
            |writer, out| writer.block_stop(0, out),
            "content_block_stop",
            r#"{"type":"content_block_stop","index":0}"#,
        );
        assert_eq!(event, StreamEvent::BlockStop { index: 0 });
        let event = check(
            |writer, out| {
                writer.message_delta(StopReason::StopSequence, Some("END"), &Usage::new(9, 12).at_end(), out);
            },
            "message_delta",
            concat!(
                r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"#,
                r#""usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":12}}"#
            ),
        );
        let StreamEvent::MessageDelta(delta) = event else { panic!("{event:?}") };
        assert_eq!(delta.stop_reason, Some(StopReason::StopSequence));
        let event = check(EventWriter::message_stop, "message_stop", r#"{"type":"message_stop"}"#);
        assert_eq!(event, StreamEvent::MessageStop(None));
        let metrics = InvocationMetrics {
            input_token_count: 14,
            output_token_count: 10,
            invocation_latency: 438,
            first_byte_latency: 281,
            ..InvocationMetrics::default()
        };
        let event = check(
            |writer, out| writer.measured_message_stop(&metrics, out),
            "message_stop",
            r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":14,"outputTokenCount":10,"invocationLatency":438,"firstByteLatency":281}}"#,
        );
        assert_eq!(event, StreamEvent::MessageStop(Some(metrics)));
    }

    #[test]
    fn tools_and_thoughts_come_in_pieces() {
        let event = check(
            |writer, out| writer.tool_use_start(1, "toolu_1", "look", out),
            "content_block_start",
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}"#,
        );
        let input = Raw::empty_object();
        let block = ResponseBlock::ToolUse { id: "toolu_1".into(), name: "look".into(), input };
        assert!(event.is_generated());
        assert_eq!(event, StreamEvent::BlockStart { index: 1, block });
        let event = check(
            |writer, out| writer.input_json_delta(1, "{\"a", out),
            "content_block_delta",
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#,
        );
        assert!(event.is_generated() && event.text().is_none());
        let event = check(
            |writer, out| writer.thinking_delta(0, "hm", out),
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        );
        assert!(event.is_generated());
        check(
            |writer, out| writer.thinking_start(0, out),
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        );
        let event = check(
            |writer, out| writer.signature_delta(0, "s", out),
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
        );
        assert!(!event.is_generated());
    }

    #[test]
    fn a_search_and_what_is_cited_of_it_have_their_events() {
        let event = check(
            |writer, out| writer.server_tool_use_start(1, "srvtoolu_1", "web_search", out),
            "content_block_start",
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}"#,
        );
        assert!(event.is_generated());
        check(
            |writer, out| writer.cited_text_start(3, out),
            "content_block_start",
            r#"{"type":"content_block_start","index":3,"content_block":{"type":"text","text":"","citations":[]}}"#,
        );
        let citation = Citation::SearchResultLocation {
            cited_text: "c".into(),
            source: "s".into(),
            title: None,
            search_result_index: 0,
            start_block_index: 0,
            end_block_index: 1,
        };
        let event = check(
            |writer, out| writer.citations_delta(3, &citation, out),
            "content_block_delta",
            r#"{"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"search_result_location","cited_text":"c","source":"s","title":null,"search_result_index":0,"start_block_index":0,"end_block_index":1}}}"#,
        );
        assert!(!event.is_generated(), "it is no token");
        assert_eq!(event, StreamEvent::BlockDelta { index: 3, delta: BlockDelta::Citation(citation) });
        let container = Container { id: "container_1".into(), expires_at: "2026-01-31T00:00:00Z".into() };
        let event = check(
            |writer, out| {
                let usage = DeltaUsage { output_tokens: 7, ..DeltaUsage::default() };
                writer.contained_message_delta(StopReason::PauseTurn, None, Some(&container), &usage, out);
            },
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn","stop_sequence":null,"container":{"id":"container_1","expires_at":"2026-01-31T00:00:00Z"}},"usage":{"output_tokens":7}}"#,
        );
        let StreamEvent::MessageDelta(delta) = event else { panic!("{event:?}") };
        assert_eq!((delta.stop_reason, delta.container), (Some(StopReason::PauseTurn), Some(container)));
    }

    #[test]
    fn an_error_inside_a_stream_has_its_event() {
        let error = ErrorBody::new("overloaded_error", "Overloaded");
        let event = check(
            |writer, out| writer.error(&error, out),
            "error",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        );
        assert_eq!(event, StreamEvent::Error(error));
    }

    #[test]
    fn new_names_do_not_break_the_reader() {
        let event = StreamEvent::parse(br#"{"type":"dance","steps":[1]}"#).unwrap();
        assert_eq!(event, StreamEvent::Unknown);
        let citation =
            br#"{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{}}}"#;
        let event = StreamEvent::parse(citation).unwrap();
        assert_eq!(event, StreamEvent::BlockDelta { index: 2, delta: BlockDelta::Unknown });
        assert!(StreamEvent::parse(b"{}").is_err());
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let mut out = BytesMut::new();
            EventWriter::Bare.text_delta(0, &text, &mut out);
            prop_assert!(!out.contains(&b'\n'));
            let event = StreamEvent::parse(&out).unwrap();
            prop_assert_eq!(event.text().unwrap_or_default(), text);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = StreamEvent::parse(&bytes);
        }
    }
}
