//! Ids and signatures as the service makes them up.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The id of a tool call: `tooluse_` and 22 characters that hold 128 bits.
pub fn tool_use_id((high, low): (u64, u64)) -> String {
    let bits = u128::from(high) << 64 | u128::from(low);
    format!("tooluse_{}", URL_SAFE_NO_PAD.encode(bits.to_be_bytes()))
}

/// The signature under thinking, or thinking that is kept secret: opaque base64 of `words`.
pub fn opaque(words: impl Iterator<Item = u64>) -> String {
    // What Claude's begin with.
    let mut bytes = vec![0x12, 0xb5, 0x01];
    bytes.extend(words.flat_map(u64::to_be_bytes));
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_and_the_characters_of_the_services() {
        let id = tool_use_id((u64::MAX, 0x0123_4567_89ab_cdef));
        assert_eq!((id.len(), id.starts_with("tooluse_")), (30, true));
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'));
        assert_ne!(tool_use_id((0, 1)), tool_use_id((1, 0)));
        assert!(opaque([1, 2, 3].into_iter()).starts_with("ErUB"));
    }
}
