//! The events of InvokeModelWithResponseStream: objects of the model's own format, base64 within `chunk` frames.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::stream_frame::{self, DecodeError, Padding};
use crate::event_stream::Frame;
use crate::json::Text;

const CHUNK: &str = "chunk";

/// The most bytes one chunk may carry.
pub const CHUNK_LIMIT: usize = 1_000_000;

/// What the service adds to the last object of a stream, as `amazon-bedrock-invocationMetrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationMetrics {
    /// Tokens of the prompt.
    pub input_token_count: u64,
    /// Tokens of the answer.
    pub output_token_count: u64,
    /// Milliseconds.
    pub invocation_latency: u64,
    /// Milliseconds until the first chunk.
    pub first_byte_latency: u64,
    /// Tokens read from the prompt cache; only models that have one report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_input_token_count: Option<u64>,
    /// Tokens written to the prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_input_token_count: Option<u64>,
}

/// A message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// One object, decoded from its base64.
    Chunk(Vec<u8>),
    /// The stream has failed; the status stays 200.
    Exception(Error),
    /// An event that was added since; to be skipped.
    Unknown(&'a str),
}

/// Appends one JSON object as a `chunk` frame. The object is sent as it is: [`CHUNK_LIMIT`] is the sender's care.
pub fn encode_chunk(object: &[u8], padding: Padding, out: &mut BytesMut) {
    let mut writer = stream_frame::begin_event(CHUNK, out);
    let buffer = writer.buffer();
    buffer.put_slice(br#"{"bytes":""#);
    put_base64(object, buffer);
    buffer.put_slice(br#"","p":""#);
    buffer.put_slice(padding.as_str().as_bytes());
    buffer.put_slice(br#""}"#);
    writer.finish();
}

fn put_base64(bytes: &[u8], out: &mut BytesMut) {
    let start = out.len();
    // The exact length of padded base64, so that the encoder cannot run out of room.
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let _ = STANDARD.encode_slice(bytes, &mut out[start..]);
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    bytes: Text<'a>,
}

/// Reads a message.
///
/// # Errors
/// When checksums, headers or payload are not what the service sends.
pub fn decode(frame: &Frame) -> Result<Incoming<'_>, DecodeError> {
    match stream_frame::Incoming::of_frame(frame)? {
        stream_frame::Incoming::Event { event_type: CHUNK, payload } => {
            let chunk: Chunk<'_> = stream_frame::read_payload(CHUNK, payload)?;
            let not_base64 = |error: base64::DecodeError| DecodeError::Payload {
                event_type: CHUNK.to_owned(),
                source: serde::de::Error::custom(error),
            };
            STANDARD.decode(chunk.bytes.as_bytes()).map(Incoming::Chunk).map_err(not_base64)
        }
        stream_frame::Incoming::Event { event_type, .. } => Ok(Incoming::Unknown(event_type)),
        stream_frame::Incoming::Exception(error) => Ok(Incoming::Exception(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::error::ErrorKind;

    fn frame(out: BytesMut) -> Frame {
        Frame::parse(out.freeze()).unwrap()
    }

    #[test]
    fn an_object_is_wrapped_and_unwrapped() {
        for object in [&b"{}"[..], b"{\"a\":1}", b""] {
            let mut out = BytesMut::new();
            encode_chunk(object, Padding::of_len(2), &mut out);
            assert_eq!(decode(&frame(out)).unwrap(), Incoming::Chunk(object.to_vec()));
        }
    }

    #[test]
    fn a_chunk_has_its_two_members_in_order() {
        let mut out = BytesMut::new();
        encode_chunk(b"{}", Padding::of_len(2), &mut out);
        let frame = frame(out);
        assert_eq!(frame.payload(), br#"{"bytes":"e30=","p":"ab"}"#);
        assert_eq!(frame.text_header(":event-type"), Some("chunk"));
    }

    #[test]
    fn a_timeout_of_the_model_is_a_member_of_this_stream() {
        let mut out = BytesMut::new();
        stream_frame::encode_exception(&Error::from(ErrorKind::ModelTimeout), &mut out);
        assert_eq!(decode(&frame(out)).unwrap(), Incoming::Exception(ErrorKind::ModelTimeout.into()));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        let mut out = BytesMut::new();
        stream_frame::encode_event_json("chunk", br#"{"bytes":"!"}"#, &mut out);
        assert!(matches!(decode(&frame(out)), Err(DecodeError::Payload { .. })));
    }
}
