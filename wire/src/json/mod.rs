//! What every JSON dialect here shares: borrowed texts, JSON that passes through unread, and writing into a buffer.

mod float_list;
mod lift;
mod literal;
mod raw;
mod text;

pub use float_list::FloatList;
pub use raw::Raw;
pub use text::Text;

pub(crate) use lift::lift;
pub(crate) use literal::literal;

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a body could not be read; says line and column, and whether the syntax or the data was at fault.
pub type Error = serde_json::Error;

/// Appends `value` as compact JSON.
///
/// The types of this crate have text keys only and a growing buffer takes every write, so nothing here can fail.
pub fn write(value: &impl Serialize, out: &mut BytesMut) {
    serde_json::to_writer(out.writer(), value).expect("structs with text keys into a growing buffer");
}

/// Appends `value` as JSON indented by two spaces.
pub fn write_pretty(value: &impl Serialize, out: &mut BytesMut) {
    serde_json::to_writer_pretty(out.writer(), value).expect("structs with text keys into a growing buffer");
}

/// Appends `text` as a JSON string, quotes included.
pub fn write_text(text: &str, out: &mut BytesMut) {
    if text.bytes().any(needs_escape) {
        return write(&text, out);
    }
    out.reserve(text.len() + 2);
    out.put_u8(b'"');
    out.put_slice(text.as_bytes());
    out.put_u8(b'"');
}

/// `value` as compact JSON in a buffer of its own.
pub fn to_bytes(value: &impl Serialize) -> bytes::Bytes {
    // A vector takes the many small writes of a serialiser at half the price of a `BytesMut`.
    let mut out = Vec::with_capacity(1024);
    serde_json::to_writer(&mut out, value).expect("structs with text keys into a growing buffer");
    out.into()
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Reads `body` as one JSON object, borrowing from it.
///
/// Serde takes a list for a struct, field by field; no format here does.
pub(crate) fn read_object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(serde::de::Error::custom("invalid type: sequence, expected an object"));
    }
    // The body as one text: looking at every string in it by itself would take longer.
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => Err(serde::de::Error::custom("invalid unicode code point")),
    }
}

/// For fields where a client may write `null` and mean "left out".
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's skip_serializing_if asks for")]
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde's skip_serializing_if asks for")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_cut_for_plain_text_writes_what_serde_json_writes(text in any::<String>()) {
            let mut out = BytesMut::new();
            write_text(&text, &mut out);
            prop_assert_eq!(&out[..], serde_json::to_vec(&text).unwrap());
        }
    }
}
