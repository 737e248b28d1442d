//! The names that answers, items and calls get: a prefix and letters.

use world::splitmix64;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix` and `length` letters and digits that `bits` decide.
pub(super) fn alphanumeric(prefix: &str, bits: (u64, u64), length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    write_alphanumeric(bits, length, &mut id);
    id
}

/// Appends `length` letters and digits that `bits` decide.
pub(super) fn write_alphanumeric((high, low): (u64, u64), length: usize, out: &mut String) {
    let mut state = high ^ low.rotate_left(32);
    for position in 0..length {
        // Ten letters of 62 fit into 64 bits.
        if position % 10 == 0 {
            state = splitmix64(state ^ low.wrapping_add(position as u64));
        }
        out.push(char::from(ALPHABET[(state % 62) as usize]));
        state /= 62;
    }
}

/// `prefix` and `length` hexadecimal digits that `bits` decide.
pub(super) fn hexadecimal(prefix: &str, (high, low): (u64, u64), length: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    let mut state = high;
    for position in 0..length {
        if position % 16 == 0 {
            state = splitmix64(state ^ low.wrapping_add(position as u64));
        }
        id.push(char::from(b"0123456789abcdef"[(state & 0xf) as usize]));
        state >>= 4;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_length_and_is_of_its_bits() {
        let id = alphanumeric("chatcmpl-", (1, 2), 29);
        assert_eq!(id.len(), 38);
        assert!(id[9..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(id, alphanumeric("chatcmpl-", (1, 2), 29));
        assert_ne!(id, alphanumeric("chatcmpl-", (1, 3), 29));
        assert_ne!(id, alphanumeric("chatcmpl-", (2, 2), 29));
        let id = hexadecimal("req_", (1, 2), 32);
        assert!(id.len() == 36 && id[4..].bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
