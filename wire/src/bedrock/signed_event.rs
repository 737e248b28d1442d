//! Signed events: messages within messages, as a client sends them where both directions stream.
//!
//! The outer message has the headers `:date` (a timestamp) and `:chunk-signature` (32 bytes), and a
//! whole message as its payload; an empty payload ends the stream. Seen in code: the `aws-sigv4` crate and the SDK for
//! JavaScript, which write the two headers in opposite orders (and the
//! latter dates to the millisecond). A client with a bearer key sends the inner messages bare.

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

use super::sigv4::EventChain;
use super::stream_frame::DecodeError;
use crate::event_stream::{Frame, FrameError, FrameWriter, Header, OVERHEAD, PRELUDE_LEN, Value, u32_at};

const DATE: &str = ":date";
const SIGNATURE: &str = ":chunk-signature";

/// The longest outer message that is taken, in bytes: a chunk of 1,000,000 bytes (the service model's limit) in base64,
/// with its headers.
pub const FRAME_LIMIT: usize = 1_400_000;

/// Messages out of a body that arrives in any pieces. Holds [`FRAME_LIMIT`] bytes and one piece at most.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
}

/// Why no more messages can be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The next message is longer than [`FRAME_LIMIT`].
    #[error("a message of {0} bytes is longer than {FRAME_LIMIT}")]
    TooLong(u32),
    /// It is damaged.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl FrameReader {
    /// Takes a piece of the body. The messages in it are to be taken out before the next piece comes.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole message, both of its checksums compared; none where more bytes are needed.
    ///
    /// # Errors
    /// When what comes next is no message, or too long a one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        if self.buffer.len() < PRELUDE_LEN {
            return Ok(None);
        }
        let announced = u32_at(&self.buffer, 0).unwrap_or_default();
        if u32_at(&self.buffer, 8) != Some(crc32fast::hash(&self.buffer[..8])) {
            return Err(FrameError::PreludeChecksum.into());
        }
        let len = usize::try_from(announced).unwrap_or(usize::MAX);
        if len > FRAME_LIMIT {
            return Err(ReadError::TooLong(announced));
        }
        if len < OVERHEAD {
            return Err(FrameError::Length { announced: announced.into(), actual: self.buffer.len() }.into());
        }
        if self.buffer.len() < len {
            return Ok(None);
        }
        let frame = Frame::parse(self.buffer.copy_to_bytes(len))?;
        frame.verify()?;
        Ok(Some(frame))
    }

    /// Whether nothing is left over of what was pushed.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A signed one.
    Signed {
        /// Milliseconds of Unix time.
        date: i64,
        /// As sent; 32 bytes if it is good.
        signature: Bytes,
        /// A message, or nothing at the end of the stream.
        payload: Bytes,
    },
    /// One without a signature.
    Bare(Frame),
}

impl Received {
    /// Tells a message by its headers. One with a signature has a date.
    ///
    /// # Errors
    /// When the headers cannot be read, or the date is missing.
    pub fn of_frame(frame: Frame) -> Result<Self, DecodeError> {
        let (mut date, mut signature) = (None, None);
        for header in frame.headers() {
            match header.map_err(FrameError::from)? {
                Header { name: DATE, value: Value::Timestamp(millis) } => date = Some(millis),
                Header { name: SIGNATURE, value: Value::Bytes(bytes) } => {
                    signature = Some(frame.raw().slice_ref(bytes));
                }
                _ => {}
            }
        }
        match (date, signature) {
            (Some(date), Some(signature)) => {
                Ok(Self::Signed { date, signature, payload: frame.payload_bytes() })
            }
            (None, None) => Ok(Self::Bare(frame)),
            _ => Err(DecodeError::Untyped),
        }
    }
}

/// Appends a message signed at `unix_seconds`; `payload` is a message, or empty at the end of the stream.
pub fn encode_signed(chain: &mut EventChain, unix_seconds: u64, payload: &[u8], out: &mut BytesMut) {
    let signature = chain.sign(unix_seconds, payload);
    let millis = i64::try_from(unix_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let mut writer = FrameWriter::begin(out);
    // Both are short.
    let _ = writer.header(Header { name: DATE, value: Value::Timestamp(millis) });
    let _ = writer.header(Header { name: SIGNATURE, value: Value::Bytes(&signature) });
    writer.finish(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(payload: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        FrameWriter::begin(&mut out).finish(payload);
        out
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_by_its_prelude() {
        let mut prelude = Vec::from(1_400_001u32.to_be_bytes());
        prelude.extend(0u32.to_be_bytes());
        prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
        let mut reader = FrameReader::default();
        reader.push(&prelude);
        assert!(matches!(reader.next_frame(), Err(ReadError::TooLong(1_400_001))));
    }

    #[test]
    fn damage_is_seen() {
        for at in [0, 9, 14, 20] {
            let mut bytes = message(b"payload");
            bytes[at] ^= 1;
            let mut reader = FrameReader::default();
            reader.push(&bytes);
            assert!(matches!(reader.next_frame(), Err(ReadError::Frame(_))), "byte {at}");
        }
        let mut short = Vec::from(15u32.to_be_bytes());
        short.extend(0u32.to_be_bytes());
        short.extend(crc32fast::hash(&short).to_be_bytes());
        let mut reader = FrameReader::default();
        reader.push(&short);
        assert!(matches!(reader.next_frame(), Err(ReadError::Frame(FrameError::Length { .. }))));
    }

    #[test]
    fn a_signature_without_a_date_is_no_message() {
        let mut out = BytesMut::new();
        let mut writer = FrameWriter::begin(&mut out);
        writer.header(Header { name: SIGNATURE, value: Value::Bytes(&[0; 32]) }).unwrap();
        writer.finish(b"");
        let frame = Frame::parse(out.freeze()).unwrap();
        assert!(matches!(Received::of_frame(frame), Err(DecodeError::Untyped)));
        let bare = Frame::parse(message(b"x").freeze()).unwrap();
        assert_eq!(Received::of_frame(bare.clone()).unwrap(), Received::Bare(bare));
    }
}
