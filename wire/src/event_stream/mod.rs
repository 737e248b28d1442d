//! `application/vnd.amazon.eventstream`: length-prefixed binary messages with typed headers and two checksums.
//!
//! All integers are big-endian; the checksum is CRC-32/ISO-HDLC:
//!
//! ```text
//! offset 0    u32 total length      4    u32 length of the headers     8    u32 CRC of bytes 0..8
//!        12   headers               12+H payload                       end−4 u32 CRC of all before it
//! ```

mod boundary;
mod frame;
mod header;
mod writer;

pub(crate) use boundary::FrameBoundary;
pub use frame::{Frame, FrameError};
pub use header::{Header, HeaderError, Headers, Value};
pub use writer::{FrameWriter, HeaderTooLong, PayloadWriter};

/// Bytes before the headers: two lengths and their checksum.
pub(crate) const PRELUDE_LEN: usize = 12;
/// Prelude and message checksum: the length of a message without headers and payload.
pub(crate) const OVERHEAD: usize = 16;

/// The big-endian number at an offset; none where the bytes end before.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let field = bytes.get(offset..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*field))
}
