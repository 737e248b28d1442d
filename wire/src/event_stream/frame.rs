//! One whole event-stream message, read in place.

use bytes::Bytes;
use thiserror::Error;

use super::header::{HeaderError, Headers, Value};
use super::{OVERHEAD, PRELUDE_LEN, u32_at};

/// A message whose lengths are sound. Its checksums are compared only on demand: [`Frame::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    raw: Bytes,
    headers_end: usize,
}

/// Why bytes are no message, or a damaged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Fewer bytes than the prelude, or other than it announces.
    #[error("the event-stream message announces {announced} bytes and has {actual}")]
    Length {
        /// The first field; 0 when even that is missing.
        announced: u64,
        /// The bytes there are.
        actual: usize,
    },
    /// The headers reach beyond the message.
    #[error("the headers of the event-stream message end behind it")]
    HeadersLength,
    /// The first eight bytes are damaged.
    #[error("the prelude checksum of the event-stream message does not match")]
    PreludeChecksum,
    /// Some byte is damaged.
    #[error("the message checksum of the event-stream message does not match")]
    MessageChecksum,
    /// The headers cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

impl Frame {
    /// Reads exactly one message, as a splitter yields it. Compares lengths only.
    pub fn parse(raw: Bytes) -> Result<Self, FrameError> {
        let announced = u32_at(&raw, 0).unwrap_or_default();
        let length = FrameError::Length { announced: announced.into(), actual: raw.len() };
        if raw.len() < OVERHEAD || usize::try_from(announced) != Ok(raw.len()) {
            return Err(length);
        }
        let headers_len = u32_at(&raw, 4).and_then(|len| usize::try_from(len).ok()).ok_or(length)?;
        if headers_len > raw.len() - OVERHEAD {
            return Err(FrameError::HeadersLength);
        }
        Ok(Self { raw, headers_end: PRELUDE_LEN + headers_len })
    }

    /// Compares both checksums.
    pub fn verify(&self) -> Result<(), FrameError> {
        let body = self.raw.len() - 4;
        if u32_at(&self.raw, 8) != Some(crc32fast::hash(&self.raw[..8])) {
            return Err(FrameError::PreludeChecksum);
        }
        if u32_at(&self.raw, body) != Some(crc32fast::hash(&self.raw[..body])) {
            return Err(FrameError::MessageChecksum);
        }
        Ok(())
    }

    /// The headers, in order.
    pub fn headers(&self) -> Headers<'_> {
        Headers::of_block(&self.raw[PRELUDE_LEN..self.headers_end])
    }

    /// The text of a header; none when it is absent or of another type.
    pub fn text_header(&self, name: &str) -> Option<&str> {
        self.headers().flatten().find(|header| header.name == name).and_then(|header| match header.value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.raw[self.headers_end..self.raw.len() - 4]
    }

    /// The payload, sharing the message's memory.
    pub fn payload_bytes(&self) -> Bytes {
        self.raw.slice(self.headers_end..self.raw.len() - 4)
    }

    /// The whole message.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}
