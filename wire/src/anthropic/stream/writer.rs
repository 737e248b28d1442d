//! Writes the events of a stream, as server-sent events or as the bare JSON that Bedrock frames itself.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use crate::anthropic::error::ErrorBody;
use crate::anthropic::messages::{
    Citation, Container, DeltaUsage, MessagesResponse, ResponseBlock, StopDetails, StopReason,
};
use crate::bedrock::invoke_stream::InvocationMetrics;
use crate::json::{self, Raw, Text};

/// Writes events, one a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventWriter {
    /// Server-sent events.
    Sse,
    /// The JSON alone, for a carrier that does the framing.
    Bare,
}

impl EventWriter {
    /// The first event: the message with nothing in it, input tokens, and at least one output token.
    pub fn message_start(self, message: &MessagesResponse<'_>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct MessageStart<'m, 'a> {
            r#type: &'static str,
            message: &'m MessagesResponse<'a>,
        }
        self.event("message_start", &MessageStart { r#type: "message_start", message }, out);
    }

    /// Opens a text.
    pub fn text_start(self, index: u32, out: &mut BytesMut) {
        self.block_start(index, &ResponseBlock::of_text(""), out);
    }

    /// Opens a text that says where it has something from.
    pub fn cited_text_start(self, index: u32, out: &mut BytesMut) {
        let block = ResponseBlock::Text { text: Text::default(), citations: Some(Vec::new()) };
        self.block_start(index, &block, out);
    }

    /// Opens a use of one of the service's own tools; its input follows in pieces.
    pub fn server_tool_use_start(self, index: u32, id: &str, name: &str, out: &mut BytesMut) {
        let input = Raw::empty_object();
        self.block_start(
            index,
            &ResponseBlock::ServerToolUse { id: id.into(), name: name.into(), input },
            out,
        );
    }

    /// Opens a use of a tool; its input follows in pieces.
    pub fn tool_use_start(self, index: u32, id: &str, name: &str, out: &mut BytesMut) {
        let input = Raw::empty_object();
        self.block_start(index, &ResponseBlock::ToolUse { id: id.into(), name: name.into(), input }, out);
    }

    /// Opens a thought.
    pub fn thinking_start(self, index: u32, out: &mut BytesMut) {
        let (thinking, signature) = (Text::default(), Text::default());
        self.block_start(index, &ResponseBlock::Thinking { thinking, signature }, out);
    }

    /// Opens any block.
    pub fn block_start(self, index: u32, content_block: &ResponseBlock<'_>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct BlockStart<'m, 'a> {
            r#type: &'static str,
            index: u32,
            content_block: &'m ResponseBlock<'a>,
        }
        let r#type = "content_block_start";
        self.event(r#type, &BlockStart { r#type, index, content_block }, out);
    }

    /// More of a text.
    pub fn text_delta(self, index: u32, text: &str, out: &mut BytesMut) {
        self.delta(index, r#"{"type":"text_delta","text":"#, text, out);
    }

    /// More of a tool's input, as JSON text; the first piece is often empty.
    pub fn input_json_delta(self, index: u32, partial_json: &str, out: &mut BytesMut) {
        self.delta(index, r#"{"type":"input_json_delta","partial_json":"#, partial_json, out);
    }

    /// More of a thought.
    pub fn thinking_delta(self, index: u32, thinking: &str, out: &mut BytesMut) {
        self.delta(index, r#"{"type":"thinking_delta","thinking":"#, thinking, out);
    }

    /// The signature of a thought, before it closes.
    pub fn signature_delta(self, index: u32, signature: &str, out: &mut BytesMut) {
        self.delta(index, r#"{"type":"signature_delta","signature":"#, signature, out);
    }

    /// Where a text has something from; before the text itself.
    pub fn citations_delta(self, index: u32, citation: &Citation<'_>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct Delta<'m, 'a> {
            r#type: &'static str,
            citation: &'m Citation<'a>,
        }
        #[derive(Serialize)]
        struct BlockDelta<'m, 'a> {
            r#type: &'static str,
            index: u32,
            delta: Delta<'m, 'a>,
        }
        let r#type = "content_block_delta";
        let delta = Delta { r#type: "citations_delta", citation };
        self.event(r#type, &BlockDelta { r#type, index, delta }, out);
    }

    /// Closes a block.
    pub fn block_stop(self, index: u32, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct BlockStop {
            r#type: &'static str,
            index: u32,
        }
        let r#type = "content_block_stop";
        self.event(r#type, &BlockStop { r#type, index }, out);
    }

    /// Why the message ended, and what it cost in all.
    pub fn message_delta(
        self,
        stop_reason: StopReason,
        stop_sequence: Option<&str>,
        usage: &DeltaUsage,
        out: &mut BytesMut,
    ) {
        self.contained_message_delta(stop_reason, stop_sequence, None, usage, out);
    }

    /// The same for a message for which code ran in a container.
    pub fn contained_message_delta(
        self,
        stop_reason: StopReason,
        stop_sequence: Option<&str>,
        container: Option<&Container<'_>>,
        usage: &DeltaUsage,
        out: &mut BytesMut,
    ) {
        #[derive(Serialize)]
        struct Delta<'a> {
            stop_reason: StopReason,
            stop_sequence: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            container: Option<&'a Container<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            stop_details: Option<StopDetails<'a>>,
        }
        #[derive(Serialize)]
        struct MessageDelta<'m> {
            r#type: &'static str,
            delta: Delta<'m>,
            usage: &'m DeltaUsage,
        }
        let r#type = "message_delta";
        let stop_details = StopDetails::of(stop_reason);
        let delta = Delta { stop_reason, stop_sequence, container, stop_details };
        self.event(r#type, &MessageDelta { r#type, delta, usage }, out);
    }

    /// The last event.
    pub fn message_stop(self, out: &mut BytesMut) {
        self.bare_type("message_stop", out);
    }

    /// The last event with what Bedrock adds to it.
    pub fn measured_message_stop(self, metrics: &InvocationMetrics, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct MessageStop<'m> {
            r#type: &'static str,
            #[serde(rename = "amazon-bedrock-invocationMetrics")]
            metrics: &'m InvocationMetrics,
        }
        let r#type = "message_stop";
        self.event(r#type, &MessageStop { r#type, metrics }, out);
    }

    /// A sign of life; usual right after the first block opens.
    pub fn ping(self, out: &mut BytesMut) {
        self.bare_type("ping", out);
    }

    /// An error; nothing good follows.
    pub fn error(self, error: &ErrorBody<'_>, out: &mut BytesMut) {
        self.event("error", error, out);
    }

    fn bare_type(self, name: &'static str, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct Type {
            r#type: &'static str,
        }
        self.event(name, &Type { r#type: name }, out);
    }

    fn delta(self, index: u32, opening: &str, text: &str, out: &mut BytesMut) {
        out.reserve(opening.len() + text.len() + 128);
        self.open("content_block_delta", out);
        out.put_slice(br#"{"type":"content_block_delta","index":"#);
        json::write(&index, out);
        out.put_slice(br#","delta":"#);
        out.put_slice(opening.as_bytes());
        json::write_text(text, out);
        out.put_slice(b"}}");
        self.close(out);
    }

    fn event(self, name: &str, data: &impl Serialize, out: &mut BytesMut) {
        self.open(name, out);
        json::write(data, out);
        self.close(out);
    }

    fn open(self, name: &str, out: &mut BytesMut) {
        if self == EventWriter::Sse {
            out.put_slice(b"event: ");
            out.put_slice(name.as_bytes());
            out.put_slice(b"\ndata: ");
        }
    }

    fn close(self, out: &mut BytesMut) {
        if self == EventWriter::Sse {
            out.put_slice(b"\n\n");
        }
    }
}
