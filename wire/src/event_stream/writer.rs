//! Writes messages straight into an output buffer: nothing is allocated for a header or a payload.

use bytes::{BufMut, BytesMut};
use thiserror::Error;

use super::PRELUDE_LEN;
use super::header::{Header, Value};

/// One message under way. Headers first, then the payload, then [`FrameWriter::finish`]; a writer that is dropped
/// leaves an unfinished message in the buffer.
#[derive(Debug)]
#[must_use = "a message is whole only after finish()"]
pub struct FrameWriter<'a> {
    out: &'a mut BytesMut,
    start: usize,
}

/// A header that no message can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an event-stream header has a name of 1–255 bytes and a value of at most 65,535")]
pub struct HeaderTooLong;

impl<'a> FrameWriter<'a> {
    /// Starts a message behind what the buffer holds.
    pub fn begin(out: &'a mut BytesMut) -> Self {
        let start = out.len();
        out.put_bytes(0, PRELUDE_LEN);
        Self { out, start }
    }

    /// Adds a header. On error nothing was added.
    pub fn header(&mut self, header: Header<'_>) -> Result<(), HeaderTooLong> {
        let name_len = u8::try_from(header.name.len()).map_err(|_| HeaderTooLong)?;
        if name_len == 0 || matches!(value_len(&header.value), Some(len) if u16::try_from(len).is_err()) {
            return Err(HeaderTooLong);
        }
        self.out.put_u8(name_len);
        self.out.put_slice(header.name.as_bytes());
        self.value(header.value);
        Ok(())
    }

    /// Adds headers that are encoded already, which is how a provider's fixed ones are written.
    pub(crate) fn encoded_headers(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.out.put_slice(part);
        }
    }

    /// Ends the headers: what is written to the buffer from here on is the payload.
    pub fn payload(self) -> PayloadWriter<'a> {
        let headers_end = self.out.len();
        PayloadWriter { out: self.out, start: self.start, headers_end }
    }

    /// Ends a message with this payload.
    pub fn finish(self, payload: &[u8]) {
        let mut writer = self.payload();
        writer.buffer().put_slice(payload);
        writer.finish();
    }

    fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Bool(flag) => self.out.put_u8(u8::from(!flag)),
            Value::I8(number) => self.fixed(2, &number.to_be_bytes()),
            Value::I16(number) => self.fixed(3, &number.to_be_bytes()),
            Value::I32(number) => self.fixed(4, &number.to_be_bytes()),
            Value::I64(number) => self.fixed(5, &number.to_be_bytes()),
            Value::Bytes(bytes) => self.sized(6, bytes),
            Value::Text(text) => self.sized(7, text.as_bytes()),
            Value::Timestamp(millis) => self.fixed(8, &millis.to_be_bytes()),
            Value::Uuid(bytes) => self.fixed(9, &bytes),
        }
    }

    fn fixed(&mut self, kind: u8, bytes: &[u8]) {
        self.out.put_u8(kind);
        self.out.put_slice(bytes);
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) {
        self.out.put_u8(kind);
        self.out.put_u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        self.out.put_slice(bytes);
    }
}

/// The length of a value that carries its length.
fn value_len(value: &Value<'_>) -> Option<usize> {
    match value {
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::Text(text) => Some(text.len()),
        _ => None,
    }
}

/// The payload of a message under way.
#[derive(Debug)]
#[must_use = "a message is whole only after finish()"]
pub struct PayloadWriter<'a> {
    out: &'a mut BytesMut,
    start: usize,
    headers_end: usize,
}

impl PayloadWriter<'_> {
    /// Where to append the payload. Nothing before its present end may be changed.
    pub fn buffer(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Fills in lengths and checksums. Lengths beyond 4 GiB, which no reader accepts, are written as 4 GiB.
    pub fn finish(self) {
        let total = self.out.len() - self.start + 4;
        let headers = self.headers_end - self.start - PRELUDE_LEN;
        let message = &mut self.out[self.start..];
        message[..4].copy_from_slice(&saturated(total));
        message[4..8].copy_from_slice(&saturated(headers));
        let prelude_crc = crc32fast::hash(&message[..8]);
        message[8..12].copy_from_slice(&prelude_crc.to_be_bytes());
        let message_crc = crc32fast::hash(message);
        self.out.put_u32(message_crc);
    }
}

fn saturated(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}
