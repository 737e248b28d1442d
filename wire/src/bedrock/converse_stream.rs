//! The events of ConverseStream, straight into frames and out of them.
//!
//! A text block has no start event; a tool call has one. `metadata` comes after `messageStop`. The JSON is compact
//! with sorted keys, the padding `p` at its place among them.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::converse::{Metrics, PerformanceConfig, Role, ServiceTier, StopReason, Usage};
use super::error::Error;
use super::stream_frame::{self, DecodeError, Padding};
use crate::event_stream::Frame;
use crate::json::{self, Raw, Text};

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent<'a> {
    /// The first one.
    MessageStart {
        /// Always the assistant.
        role: Role,
    },
    /// A block other than text begins.
    ContentBlockStart {
        /// Counts blocks from 0.
        index: u32,
        /// What begins.
        start: BlockStart<'a>,
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
    /// The answer ends: the terminal marker.
    MessageStop {
        /// Members of the model's own answer that the request asked for.
        additional_model_response_fields: Option<Raw<'a>>,
        /// Why.
        stop_reason: StopReason<'a>,
    },
    /// The last one.
    Metadata {
        /// Times.
        metrics: Metrics,
        /// Tokens.
        usage: Usage,
        /// What the request chose or asked to be told, beside these.
        extras: MetadataExtras<'a>,
    },
}

/// The optional members of `metadata`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataExtras<'a> {
    /// Echo of the request.
    pub performance_config: Option<PerformanceConfig<'a>>,
    /// Echo of the request.
    pub service_tier: Option<ServiceTier<'a>>,
    /// What a guardrail or router did.
    pub trace: Option<Raw<'a>>,
}

/// What begins with a start event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BlockStart<'a> {
    /// A tool call.
    ToolUse(#[serde(borrow)] ToolUseStart<'a>),
    /// The answer of a tool that the service ran.
    ToolResult(Raw<'a>),
    /// An image.
    Image(Raw<'a>),
}

/// A tool call, without its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUseStart<'a> {
    /// The tool.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// `tooluse_` and 22 characters.
    pub tool_use_id: Text<'a>,
}

/// A piece of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delta<'a> {
    /// Text.
    Text(#[serde(borrow)] Text<'a>),
    /// Arguments of a tool call.
    ToolUse(ToolUseDelta<'a>),
    /// Thinking.
    ReasoningContent(ReasoningDelta<'a>),
    /// A source of the text.
    Citation(Raw<'a>),
    /// A tool's answer.
    ToolResult(Raw<'a>),
    /// Part of an image.
    Image(Raw<'a>),
}

/// Arguments of a tool call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolUseDelta<'a> {
    /// A piece of JSON text; Claude's first one is empty.
    #[serde(borrow)]
    pub input: Text<'a>,
}

/// A piece of thinking; the signature comes last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningDelta<'a> {
    /// In the open.
    Text(#[serde(borrow)] Text<'a>),
    /// Proves that the text is the model's.
    Signature(Text<'a>),
    /// Encrypted, base64.
    RedactedContent(Text<'a>),
}

/// A message of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming<'a> {
    /// A known event.
    Event(StreamEvent<'a>),
    /// The stream has failed; the status stays 200.
    Exception(Error),
    /// An event that was added since; to be skipped.
    Unknown(&'a str),
}

impl<'a> StreamEvent<'a> {
    /// A piece of text.
    pub fn text(index: u32, text: impl Into<Text<'a>>) -> Self {
        Self::ContentBlockDelta { index, delta: Delta::Text(text.into()) }
    }

    /// The last event, without optional members.
    pub fn metadata(metrics: Metrics, usage: Usage) -> Self {
        Self::Metadata { metrics, usage, extras: MetadataExtras::default() }
    }

    /// Its name in `:event-type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "messageStart",
            Self::ContentBlockStart { .. } => "contentBlockStart",
            Self::ContentBlockDelta { .. } => "contentBlockDelta",
            Self::ContentBlockStop { .. } => "contentBlockStop",
            Self::MessageStop { .. } => "messageStop",
            Self::Metadata { .. } => "metadata",
        }
    }

    /// Appends it as a message.
    pub fn encode(&self, p: Padding, out: &mut BytesMut) {
        let mut writer = stream_frame::begin_event(self.name(), out);
        self.write_payload(p, writer.buffer());
        writer.finish();
    }

    fn write_payload(&self, p: Padding, out: &mut BytesMut) {
        use json::write;
        match self {
            Self::MessageStart { role } => write(&MessageStart { p, role: *role }, out),
            Self::ContentBlockStart { index, start } => {
                write(&Start { content_block_index: *index, p, start }, out);
            }
            Self::ContentBlockDelta { index, delta: Delta::Text(text) } => {
                write_text_delta(*index, text, p, out);
            }
            Self::ContentBlockDelta { index, delta } => {
                write(&BlockDelta { content_block_index: *index, delta, p }, out);
            }
            Self::ContentBlockStop { index } => write(&BlockStop { content_block_index: *index, p }, out),
            Self::MessageStop { additional_model_response_fields, stop_reason } => {
                let additional_model_response_fields = *additional_model_response_fields;
                write(&MessageStop { additional_model_response_fields, p, stop_reason }, out);
            }
            Self::Metadata { metrics, usage, extras } => {
                let metadata = Metadata {
                    metrics: *metrics,
                    p,
                    performance_config: extras.performance_config.as_ref(),
                    service_tier: extras.service_tier.as_ref(),
                    trace: extras.trace,
                    usage: *usage,
                };
                write(&metadata, out);
            }
        }
    }

    fn read_payload(event_type: &str, payload: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let read = Reader { event_type, payload };
        Ok(Some(match event_type {
            "contentBlockDelta" => {
                let BlockDelta::<Delta<'a>> { content_block_index: index, delta, .. } = read.payload()?;
                Self::ContentBlockDelta { index, delta }
            }
            "messageStart" => Self::MessageStart { role: read.payload::<MessageStart>()?.role },
            "contentBlockStart" => {
                let Start::<BlockStart<'a>> { content_block_index: index, start, .. } = read.payload()?;
                Self::ContentBlockStart { index, start }
            }
            "contentBlockStop" => {
                Self::ContentBlockStop { index: read.payload::<BlockStop>()?.content_block_index }
            }
            "messageStop" => {
                let MessageStop::<'a, StopReason<'a>> {
                    additional_model_response_fields, stop_reason, ..
                } = read.payload()?;
                Self::MessageStop { additional_model_response_fields, stop_reason }
            }
            "metadata" => {
                let Metadata::<'a, PerformanceConfig<'a>, ServiceTier<'a>> {
                    metrics,
                    performance_config,
                    service_tier,
                    trace,
                    usage,
                    ..
                } = read.payload()?;
                let extras = MetadataExtras { performance_config, service_tier, trace };
                Self::Metadata { metrics, usage, extras }
            }
            _ => return Ok(None),
        }))
    }
}

/// Nearly all events are pieces of text, and put together by hand they cost half.
fn write_text_delta(index: u32, text: &str, p: Padding, out: &mut BytesMut) {
    out.put_slice(br#"{"contentBlockIndex":"#);
    json::write(&index, out);
    out.put_slice(br#","delta":{"text":"#);
    json::write_text(text, out);
    out.put_slice(br#"},"p":""#);
    out.put_slice(p.as_str().as_bytes());
    out.put_slice(br#""}"#);
}

struct Reader<'r, 'a> {
    event_type: &'r str,
    payload: &'a [u8],
}

impl<'a> Reader<'_, 'a> {
    fn payload<T: Deserialize<'a>>(&self) -> Result<T, DecodeError> {
        stream_frame::read_payload(self.event_type, self.payload)
    }
}

/// Reads a message, borrowing its texts.
///
/// # Errors
/// When checksums, headers or payload are not what the service sends.
pub fn decode(frame: &Frame) -> Result<Incoming<'_>, DecodeError> {
    match stream_frame::Incoming::of_frame(frame)? {
        stream_frame::Incoming::Event { event_type, payload } => {
            let event = StreamEvent::read_payload(event_type, payload)?;
            Ok(event.map_or(Incoming::Unknown(event_type), Incoming::Event))
        }
        stream_frame::Incoming::Exception(error) => Ok(Incoming::Exception(error)),
    }
}

// The payloads. Generic over the variable part, which is borrowed when written and owned when read.

#[derive(Serialize, Deserialize)]
struct MessageStart {
    #[serde(default)]
    p: Padding,
    role: Role,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<S> {
    content_block_index: u32,
    #[serde(default)]
    p: Padding,
    start: S,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<D> {
    content_block_index: u32,
    delta: D,
    #[serde(default)]
    p: Padding,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    content_block_index: u32,
    #[serde(default)]
    p: Padding,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop<'a, R> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    additional_model_response_fields: Option<Raw<'a>>,
    #[serde(default)]
    p: Padding,
    stop_reason: R,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a, P, T> {
    metrics: Metrics,
    #[serde(default)]
    p: Padding,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    performance_config: Option<P>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    service_tier: Option<T>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    trace: Option<Raw<'a>>,
    usage: Usage,
}

/// A default that asks nothing of `T`.
fn none<T>() -> Option<T> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(event: &StreamEvent<'_>, padding: u8) -> Frame {
        let mut out = BytesMut::new();
        event.encode(Padding::of_len(padding), &mut out);
        Frame::parse(out.freeze()).unwrap()
    }

    fn events() -> Vec<(StreamEvent<'static>, &'static str)> {
        let start = ToolUseStart { name: "weather".into(), tool_use_id: "tooluse_1".into() };
        vec![
            (StreamEvent::MessageStart { role: Role::Assistant }, r#"{"p":"abc","role":"assistant"}"#),
            (
                StreamEvent::text(0, "Hi \"you\""),
                r#"{"contentBlockIndex":0,"delta":{"text":"Hi \"you\""},"p":"abc"}"#,
            ),
            (StreamEvent::ContentBlockStop { index: 0 }, r#"{"contentBlockIndex":0,"p":"abc"}"#),
            (
                StreamEvent::ContentBlockStart { index: 1, start: BlockStart::ToolUse(start) },
                r#"{"contentBlockIndex":1,"p":"abc","start":{"toolUse":{"name":"weather","toolUseId":"tooluse_1"}}}"#,
            ),
            (
                StreamEvent::ContentBlockDelta {
                    index: 1,
                    delta: Delta::ToolUse(ToolUseDelta { input: "{\"a\":".into() }),
                },
                r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":"}},"p":"abc"}"#,
            ),
            (
                StreamEvent::ContentBlockDelta {
                    index: 2,
                    delta: Delta::ReasoningContent(ReasoningDelta::Signature("s".into())),
                },
                r#"{"contentBlockIndex":2,"delta":{"reasoningContent":{"signature":"s"}},"p":"abc"}"#,
            ),
            (
                StreamEvent::MessageStop {
                    additional_model_response_fields: Some(Raw::empty_object()),
                    stop_reason: StopReason::ToolUse,
                },
                r#"{"additionalModelResponseFields":{},"p":"abc","stopReason":"tool_use"}"#,
            ),
            (
                StreamEvent::metadata(Metrics { latency_ms: 608 }, Usage::new(8, 10)),
                r#"{"metrics":{"latencyMs":608},"p":"abc","usage":{"inputTokens":8,"outputTokens":10,"totalTokens":18}}"#,
            ),
            (
                StreamEvent::Metadata {
                    metrics: Metrics { latency_ms: 1 },
                    usage: Usage::new(1, 1),
                    extras: MetadataExtras {
                        performance_config: Some(PerformanceConfig { latency: Some("optimized".into()) }),
                        service_tier: Some(ServiceTier { r#type: "flex".into() }),
                        trace: Some(Raw::empty_object()),
                    },
                },
                r#"{"metrics":{"latencyMs":1},"p":"abc","performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"flex"},"trace":{},"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#,
            ),
        ]
    }

    #[test]
    fn every_event_is_written_with_sorted_keys_and_read_back() {
        for (event, json) in events() {
            let frame = encoded(&event, 3);
            assert_eq!(std::str::from_utf8(frame.payload()).unwrap(), json);
            assert_eq!(frame.text_header(":event-type"), Some(event.name()));
            assert_eq!(decode(&frame).unwrap(), Incoming::Event(event));
        }
    }

    #[test]
    fn headers_come_in_the_recorded_order() {
        let frame = encoded(&StreamEvent::ContentBlockStop { index: 0 }, 1);
        let names: Vec<_> = frame.headers().map(|header| header.unwrap().name).collect();
        assert_eq!(names, [":event-type", ":content-type", ":message-type"]);
    }

    #[test]
    fn an_event_without_padding_and_one_unknown_are_read() {
        let mut out = BytesMut::new();
        stream_frame::encode_event_json("contentBlockStop", br#"{"contentBlockIndex":4}"#, &mut out);
        let frame = Frame::parse(out.split().freeze()).unwrap();
        assert_eq!(decode(&frame).unwrap(), Incoming::Event(StreamEvent::ContentBlockStop { index: 4 }));
        stream_frame::encode_event_json("applause", b"{}", &mut out);
        assert_eq!(decode(&Frame::parse(out.freeze()).unwrap()).unwrap(), Incoming::Unknown("applause"));
    }

    #[test]
    fn a_payload_of_another_shape_is_an_error_that_names_the_event() {
        let mut out = BytesMut::new();
        stream_frame::encode_event_json("messageStop", b"{}", &mut out);
        let error = decode(&Frame::parse(out.freeze()).unwrap()).unwrap_err();
        assert!(
            error.to_string().starts_with("the payload of messageStop is not the expected JSON"),
            "{error}"
        );
    }
}
