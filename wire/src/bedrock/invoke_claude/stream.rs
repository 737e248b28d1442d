//! The objects of a streamed answer.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::content::Block;
use super::response::{Response, Usage};
use crate::bedrock::invoke_stream::{InvocationMetrics, encode_chunk};
use crate::bedrock::stream_frame::Padding;
use crate::json::{self, Text};

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamObject<'a> {
    /// The first one: a message without content.
    MessageStart(Response<'a>),
    /// A block begins: an empty text, or a tool call without arguments.
    ContentBlockStart {
        /// Counts blocks from 0.
        index: u32,
        /// The block.
        block: Block<'a>,
    },
    /// A piece of a block.
    ContentBlockDelta {
        /// The block.
        index: u32,
        /// The piece.
        delta: Delta<'a>,
    },
    /// A block ends.
    ContentBlockStop {
        /// The block.
        index: u32,
    },
    /// Why the answer ends, and what it took.
    MessageDelta {
        /// As in [`Response::stop_reason`].
        stop_reason: Text<'a>,
        /// As in [`Response::stop_sequence`].
        stop_sequence: Option<Text<'a>>,
        /// Tokens of the whole answer.
        output_tokens: u64,
    },
    /// The last one: the terminal marker.
    MessageStop {
        /// What the service adds.
        metrics: Option<InvocationMetrics>,
    },
    /// A sign of life.
    Ping,
    /// The stream has failed, in the model's own words.
    Error(StreamError<'a>),
    /// One that was added since; to be skipped.
    Unknown(Text<'a>),
}

/// A piece of a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta<'a> {
    /// Text.
    Text(Text<'a>),
    /// A piece of JSON text; the first one is empty.
    InputJson(Text<'a>),
    /// Thinking.
    Thinking(Text<'a>),
    /// Proves that the thinking is the model's.
    Signature(Text<'a>),
    /// One that was added since; to be skipped.
    Unknown(Text<'a>),
}

/// A failure amid a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamError<'a> {
    /// `overloaded_error`, …
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// The text.
    pub message: Text<'a>,
}

/// All members that any object has, in the order in which they are written.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Members<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_block: Option<Block<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<DeltaMembers<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<OutputUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<StreamError<'a>>,
    #[serde(rename = "amazon-bedrock-invocationMetrics", skip_serializing_if = "Option::is_none")]
    metrics: Option<InvocationMetrics>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct OutputUsage {
    output_tokens: u64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct DeltaMembers<'a> {
    #[serde(borrow, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_json: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<Text<'a>>,
    /// Written as null where a reason is given and no sequence ended the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_sequence: Option<Option<Text<'a>>>,
}

impl<'a> StreamObject<'a> {
    /// Its `type`.
    pub fn name(&self) -> &str {
        match self {
            Self::MessageStart(_) => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop { .. } => "message_stop",
            Self::Ping => "ping",
            Self::Error(_) => "error",
            Self::Unknown(name) => name,
        }
    }

    /// Appends it as a `chunk` frame. The scratch buffer holds its JSON meanwhile and may be used again and again.
    pub fn encode(&self, padding: Padding, scratch: &mut BytesMut, out: &mut BytesMut) {
        scratch.clear();
        self.write_json(scratch);
        encode_chunk(scratch, padding, out);
    }

    /// Appends its JSON.
    pub fn write_json(&self, out: &mut BytesMut) {
        match self {
            Self::ContentBlockDelta { index, delta: Delta::Text(text) } => {
                write_text_delta(*index, text, out);
            }
            _ => json::write(&self.members(), out),
        }
    }

    /// Reads the object of a chunk, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON, or lacks what its type needs.
    pub fn parse(object: &'a [u8]) -> Result<Self, json::Error> {
        let members: Members<'a> = json::read_object(object)?;
        let (kind, index) = (members.kind, members.index.ok_or_else(|| lacks("index")));
        Ok(match kind.as_str() {
            "message_start" => Self::MessageStart(members.message.ok_or_else(|| lacks("message"))?),
            "content_block_start" => {
                let block = members.content_block.ok_or_else(|| lacks("content_block"))?;
                Self::ContentBlockStart { index: index?, block }
            }
            "content_block_delta" => {
                let delta = members.delta.ok_or_else(|| lacks("delta"))?;
                Self::ContentBlockDelta { index: index?, delta: delta.piece()? }
            }
            "content_block_stop" => Self::ContentBlockStop { index: index? },
            "message_delta" => {
                let delta = members.delta.ok_or_else(|| lacks("delta"))?;
                Self::MessageDelta {
                    stop_reason: delta.stop_reason.ok_or_else(|| lacks("stop_reason"))?,
                    stop_sequence: delta.stop_sequence.flatten(),
                    output_tokens: members.usage.unwrap_or_default().output_tokens,
                }
            }
            "message_stop" => Self::MessageStop { metrics: members.metrics },
            "ping" => Self::Ping,
            "error" => Self::Error(members.error.unwrap_or_default()),
            _ => Self::Unknown(kind),
        })
    }

    fn members(&self) -> Members<'_> {
        let empty = Members { kind: self.name().into(), ..Members::default() };
        match self {
            Self::MessageStart(message) => Members { message: Some(message.clone()), ..empty },
            Self::ContentBlockStart { index, block } => {
                Members { index: Some(*index), content_block: Some(block.clone()), ..empty }
            }
            Self::ContentBlockDelta { index, delta } => {
                Members { index: Some(*index), delta: Some(DeltaMembers::of_piece(delta)), ..empty }
            }
            Self::ContentBlockStop { index } => Members { index: Some(*index), ..empty },
            Self::MessageDelta { stop_reason, stop_sequence, output_tokens } => Members {
                delta: Some(DeltaMembers {
                    stop_reason: Some(stop_reason.borrowed()),
                    stop_sequence: Some(stop_sequence.as_ref().map(Text::borrowed)),
                    ..DeltaMembers::default()
                }),
                usage: Some(OutputUsage { output_tokens: *output_tokens }),
                ..empty
            },
            Self::MessageStop { metrics } => Members { metrics: *metrics, ..empty },
            Self::Error(error) => Members { error: Some(error.clone()), ..empty },
            Self::Ping | Self::Unknown(_) => empty,
        }
    }
}

/// Nearly all objects are pieces of text, and put together by hand they cost half.
fn write_text_delta(index: u32, text: &str, out: &mut BytesMut) {
    out.put_slice(br#"{"type":"content_block_delta","index":"#);
    json::write(&index, out);
    out.put_slice(br#","delta":{"type":"text_delta","text":"#);
    json::write_text(text, out);
    out.put_slice(b"}}");
}

impl<'a> DeltaMembers<'a> {
    fn of_piece(delta: &'a Delta<'_>) -> Self {
        let of_kind = |kind: &'a str| Self { kind: Some(kind.into()), ..Self::default() };
        match delta {
            Delta::Text(text) => Self { text: Some(text.borrowed()), ..of_kind("text_delta") },
            Delta::InputJson(text) => {
                Self { partial_json: Some(text.borrowed()), ..of_kind("input_json_delta") }
            }
            Delta::Thinking(text) => Self { thinking: Some(text.borrowed()), ..of_kind("thinking_delta") },
            Delta::Signature(text) => Self { signature: Some(text.borrowed()), ..of_kind("signature_delta") },
            Delta::Unknown(kind) => of_kind(kind),
        }
    }

    fn piece(self) -> Result<Delta<'a>, json::Error> {
        let kind = self.kind.unwrap_or_default();
        Ok(match kind.as_str() {
            "text_delta" => Delta::Text(self.text.ok_or_else(|| lacks("text"))?),
            "input_json_delta" => Delta::InputJson(self.partial_json.ok_or_else(|| lacks("partial_json"))?),
            "thinking_delta" => Delta::Thinking(self.thinking.ok_or_else(|| lacks("thinking"))?),
            "signature_delta" => Delta::Signature(self.signature.ok_or_else(|| lacks("signature"))?),
            _ => Delta::Unknown(kind),
        })
    }
}

fn lacks(field: &'static str) -> json::Error {
    serde::de::Error::missing_field(field)
}

impl<'a> StreamObject<'a> {
    /// A piece of text.
    pub fn text(index: u32, text: impl Into<Text<'a>>) -> Self {
        Self::ContentBlockDelta { index, delta: Delta::Text(text.into()) }
    }

    /// The first object of a stream.
    pub fn started(id: &'a str, model: &'a str, usage: Usage) -> Self {
        Self::MessageStart(Response::started(id, model, usage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::invoke_stream::{self, Incoming};
    use crate::event_stream::Frame;
    use crate::json::Raw;

    fn objects() -> Vec<(StreamObject<'static>, &'static str)> {
        let usage = Usage { input_tokens: 13, output_tokens: 1, ..Usage::default() };
        let metrics = InvocationMetrics {
            input_token_count: 14,
            output_token_count: 10,
            invocation_latency: 438,
            first_byte_latency: 281,
            ..InvocationMetrics::default()
        };
        let block = Block::tool_use("toolu_bdrk_01", "weather", Raw::empty_object());
        let delta = |delta| StreamObject::ContentBlockDelta { index: 1, delta };
        let error = StreamError { kind: "overloaded_error".into(), message: "Overloaded".into() };
        vec![
            (
                StreamObject::started("msg_bdrk_01", "claude-3-haiku-20240307", usage),
                r#"{"type":"message_start","message":{"id":"msg_bdrk_01","type":"message","role":"assistant","model":"claude-3-haiku-20240307","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":13,"output_tokens":1}}}"#,
            ),
            (
                StreamObject::ContentBlockStart { index: 0, block: Block::text("") },
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            ),
            (
                StreamObject::text(0, "Hi"),
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
            ),
            (StreamObject::ContentBlockStop { index: 0 }, r#"{"type":"content_block_stop","index":0}"#),
            (
                StreamObject::ContentBlockStart { index: 1, block },
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_bdrk_01","name":"weather","input":{}}}"#,
            ),
            (
                delta(Delta::InputJson("".into())),
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            ),
            (
                delta(Delta::Thinking("hm".into())),
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            ),
            (
                delta(Delta::Signature("s".into())),
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"s"}}"#,
            ),
            (
                StreamObject::MessageDelta {
                    stop_reason: "end_turn".into(),
                    stop_sequence: None,
                    output_tokens: 10,
                },
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":10}}"#,
            ),
            (
                StreamObject::MessageStop { metrics: Some(metrics) },
                r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":14,"outputTokenCount":10,"invocationLatency":438,"firstByteLatency":281}}"#,
            ),
            (StreamObject::Ping, r#"{"type":"ping"}"#),
            (
                StreamObject::Error(error),
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            ),
        ]
    }

    #[test]
    fn every_object_is_written_as_recorded_and_read_back_from_its_frame() {
        let mut scratch = BytesMut::new();
        for (object, json) in objects() {
            let mut out = BytesMut::new();
            object.encode(Padding::of_len(5), &mut scratch, &mut out);
            let frame = Frame::parse(out.freeze()).unwrap();
            let Ok(Incoming::Chunk(chunk)) = invoke_stream::decode(&frame) else { panic!("no chunk") };
            assert_eq!(std::str::from_utf8(&chunk).unwrap(), json);
            assert_eq!(StreamObject::parse(&chunk).unwrap(), object);
        }
    }

    #[test]
    fn what_was_added_since_is_told_apart_from_what_is_broken() {
        assert_eq!(StreamObject::parse(br#"{"type":"x"}"#).unwrap(), StreamObject::Unknown("x".into()));
        let delta = StreamObject::parse(br#"{"type":"content_block_delta","index":0,"delta":{"type":"y"}}"#);
        assert_eq!(
            delta.unwrap(),
            StreamObject::ContentBlockDelta { index: 0, delta: Delta::Unknown("y".into()) }
        );
        for broken in [r#"{"type":"content_block_stop"}"#, r#"{"type":"message_start"}"#, "[]", "{"] {
            assert!(StreamObject::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
