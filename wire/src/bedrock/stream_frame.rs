//! What every Bedrock event stream shares: fixed headers, padding, exceptions.

use bytes::{BufMut, BytesMut};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::error::Error;
use crate::event_stream::{Frame, FrameError, FrameWriter, Header, HeaderTooLong, PayloadWriter, Value};

/// The padding member `p` of an event, which blurs the sizes of frames: a prefix of the alphabet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding(u8);

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

impl Padding {
    /// The longest there is, in characters.
    pub const MAX: u8 = 62;

    /// Of that many characters, [`Padding::MAX`] at most.
    pub fn of_len(len: u8) -> Self {
        Self(len.min(Self::MAX))
    }

    /// Of 1 to [`Padding::MAX`] characters, uniformly if the draw is.
    pub fn drawn(draw: u64) -> Self {
        Self::of_len(1 + (draw % u64::from(Self::MAX)) as u8)
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        &ALPHABET[..usize::from(self.0)]
    }
}

impl Serialize for Padding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Padding {
    /// Readers ignore the padding, whatever it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

/// Starts an event; its payload goes to the writer's buffer.
pub(super) fn begin_event<'a>(event_type: &str, out: &'a mut BytesMut) -> PayloadWriter<'a> {
    out.reserve(320);
    let mut writer = FrameWriter::begin(out);
    named_headers(&mut writer, b"\x0b:event-type\x07", event_type, EVENT_TAIL);
    writer.payload()
}

const EVENT_TAIL: &[u8] = b"\x0d:content-type\x07\x00\x10application/json\x0d:message-type\x07\x00\x05event";
const EXCEPTION_TAIL: &[u8] =
    b"\x0d:content-type\x07\x00\x10application/json\x0d:message-type\x07\x00\x09exception";

fn named_headers(writer: &mut FrameWriter<'_>, key: &[u8], name: &str, tail: &[u8]) {
    // No name reaches 64 KiB; of one that did, the header holds what fits.
    let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
    let len = u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes();
    writer.encoded_headers(&[key, &len, name, tail]);
}

/// Appends an exception message, the last of a stream. An error that is no stream member is sent under its own name
/// with a lower-case initial, which clients take for an unknown member.
pub fn encode_exception(error: &Error, out: &mut BytesMut) {
    let stream_name = error.kind().and_then(super::error::ErrorKind::stream_name);
    match stream_name {
        Some(name) => encode_exception_named(name, &error.body(), out),
        None => encode_exception_named(
            &lower_initial(error.code.as_deref().unwrap_or("exception")),
            &error.body(),
            out,
        ),
    }
}

/// Appends an exception message under any name, for a fault that gets the name wrong.
pub fn encode_exception_named(name: &str, body: &[u8], out: &mut BytesMut) {
    let mut writer = FrameWriter::begin(out);
    named_headers(&mut writer, b"\x0f:exception-type\x07", name, EXCEPTION_TAIL);
    writer.finish(body);
}

/// Appends an unmodelled error: code and text in headers, no payload.
///
/// # Errors
/// When a text is too long for a header; the buffer is as it was.
pub fn encode_unmodelled_error(code: &str, message: &str, out: &mut BytesMut) -> Result<(), HeaderTooLong> {
    let start = out.len();
    let mut writer = FrameWriter::begin(out);
    for (name, value) in [(":error-code", code), (":error-message", message), (":message-type", "error")] {
        if let Err(error) = writer.header(Header { name, value: Value::Text(value) }) {
            out.truncate(start);
            return Err(error);
        }
    }
    writer.finish(b"");
    Ok(())
}

fn lower_initial(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// A message of a stream, told apart by its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// An event.
    Event {
        /// `:event-type`
        event_type: &'a str,
        /// A JSON object.
        payload: &'a [u8],
    },
    /// An exception or an unmodelled error: the stream has failed.
    Exception(Error),
}

/// Why a message cannot be understood.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Lengths, checksums or headers.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// `:message-type` or the header that goes with it is missing.
    #[error("the event-stream message does not say what it is")]
    Untyped,
    /// The payload is not what the event's name promises.
    #[error("the payload of {event_type} is not the expected JSON: {source}")]
    Payload {
        /// The event.
        event_type: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl<'a> Incoming<'a> {
    /// Reads a message: checksums, then headers.
    pub fn of_frame(frame: &'a Frame) -> Result<Self, DecodeError> {
        frame.verify()?;
        let headers = TypeHeaders::of_frame(frame)?;
        match headers.message_type {
            Some("event") => {
                let event_type = headers.event_type.ok_or(DecodeError::Untyped)?;
                Ok(Self::Event { event_type, payload: frame.payload() })
            }
            Some("exception") => {
                let name = headers.exception_type.ok_or(DecodeError::Untyped)?;
                Ok(Self::Exception(Error::parse_exception(name, frame.payload())))
            }
            Some("error") => Ok(Self::Exception(headers.unmodelled())),
            _ => Err(DecodeError::Untyped),
        }
    }
}

#[derive(Default)]
struct TypeHeaders<'a> {
    message_type: Option<&'a str>,
    event_type: Option<&'a str>,
    exception_type: Option<&'a str>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
}

impl<'a> TypeHeaders<'a> {
    fn of_frame(frame: &'a Frame) -> Result<Self, DecodeError> {
        let mut types = Self::default();
        for header in frame.headers() {
            let Header { name, value: Value::Text(text) } = header.map_err(FrameError::from)? else {
                continue;
            };
            match name {
                ":message-type" => types.message_type = Some(text),
                ":event-type" => types.event_type = Some(text),
                ":exception-type" => types.exception_type = Some(text),
                ":error-code" => types.error_code = Some(text),
                ":error-message" => types.error_message = Some(text),
                _ => {}
            }
        }
        Ok(types)
    }

    fn unmodelled(&self) -> Error {
        let mut error = Error::parse(200, self.error_code, b"");
        error.message = self.error_message.unwrap_or_default().to_owned();
        error
    }
}

/// Appends an event whose JSON is at hand, for a fault that alters it.
pub fn encode_event_json(event_type: &str, payload: &[u8], out: &mut BytesMut) {
    let mut writer = begin_event(event_type, out);
    writer.buffer().put_slice(payload);
    writer.finish();
}

pub(super) fn read_payload<'a, T: Deserialize<'a>>(
    event_type: &str,
    payload: &'a [u8],
) -> Result<T, DecodeError> {
    serde_json::from_slice(payload)
        .map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::error::{ErrorKind, Throttle};

    fn frame(out: BytesMut) -> Frame {
        Frame::parse(out.freeze()).unwrap()
    }

    #[test]
    fn padding_is_a_prefix_of_the_alphabet() {
        assert_eq!(Padding::of_len(3).as_str(), "abc");
        assert_eq!(Padding::of_len(255).as_str().len(), ALPHABET.len());
        assert!((0..200).all(|draw| (1..=62).contains(&Padding::drawn(draw).as_str().len())));
    }

    #[test]
    fn an_exception_is_read_back_as_the_error_it_was() {
        let error = Error::throttled(Throttle::TokensPerDay);
        let mut out = BytesMut::new();
        encode_exception(&error, &mut out);
        assert_eq!(Incoming::of_frame(&frame(out)).unwrap(), Incoming::Exception(error));
    }

    #[test]
    fn an_exception_that_is_no_member_of_a_stream_has_no_code() {
        let mut out = BytesMut::new();
        encode_exception(&Error::from(ErrorKind::AccessDenied), &mut out);
        let frame = frame(out);
        assert_eq!(frame.text_header(":exception-type"), Some("accessDeniedException"));
        let Ok(Incoming::Exception(seen)) = Incoming::of_frame(&frame) else { panic!("no exception") };
        assert_eq!(seen.code, None);
    }

    #[test]
    fn an_unmodelled_error_carries_code_and_text_in_headers() {
        let mut out = BytesMut::new();
        encode_unmodelled_error("InternalFailure", "oops", &mut out).unwrap();
        let frame = frame(out);
        let Ok(Incoming::Exception(error)) = Incoming::of_frame(&frame) else { panic!("no error") };
        assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("InternalFailure"), "oops"));
        let mut out = BytesMut::from("kept");
        assert!(encode_unmodelled_error("x", &"y".repeat(70_000), &mut out).is_err());
        assert_eq!(&out[..], b"kept");
    }

    #[test]
    fn a_message_without_a_type_is_refused() {
        let mut out = BytesMut::new();
        FrameWriter::begin(&mut out).finish(b"{}");
        assert!(matches!(Incoming::of_frame(&frame(out)), Err(DecodeError::Untyped)));
    }
}
