//! Which texts are one token of `o200k_base`.
//!
//! A bit for each of 2^21 hashes, set for all of its 200,000 tokens. One in eleven of all other texts is taken for
//! one token by mistake; the averages of [`super::cost`] allow for that. `tools/known_tokens.py` makes the file.

/// The set: bit `hash % 2^21` is in byte `hash % 2^21 / 8`, lowest first.
static SET: &[u8; 1 << (BITS - 3)] = include_bytes!("known.bin");

const BITS: u32 = 21;
const BLOCK: usize = 16;
const MULTIPLIERS: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

/// The hash of the first `length` bytes of `text`.
fn hash(text: &[u8], length: usize) -> u32 {
    let mut sum = length as u64;
    let (mut rest, mut left) = (text, length);
    while left > 0 {
        let taken = left.min(BLOCK);
        let (low, high) = block(rest, taken);
        sum = (sum ^ low).wrapping_mul(MULTIPLIERS[0]);
        sum = (sum ^ (sum >> 29) ^ high).wrapping_mul(MULTIPLIERS[1]);
        sum ^= sum >> 32;
        (rest, left) = (&rest[taken..], left - taken);
    }
    (sum.wrapping_mul(MULTIPLIERS[2]) >> 32) as u32
}

/// The first `length` bytes, 1 to 16, as two numbers.
fn block(text: &[u8], length: usize) -> (u64, u64) {
    let bytes = text.first_chunk::<BLOCK>().copied().unwrap_or_else(|| {
        let mut padded = [0; BLOCK];
        padded[..text.len()].copy_from_slice(text);
        padded
    });
    let bits = u128::from_le_bytes(bytes) & (u128::MAX >> (8 * (BLOCK - length)));
    (bits as u64, (bits >> 64) as u64)
}

/// Whether the first `length` bytes of `text` are one token. What follows them makes it faster and changes nothing: up
/// to sixteen bytes are read at once, and cut off.
pub(super) fn is_one_token(text: &[u8], length: usize) -> bool {
    let hash = hash(text, length);
    let bit = hash & ((1 << BITS) - 1);
    SET[(bit >> 3) as usize] >> (bit & 7) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_text_does_not_change_its_hash() {
        let text = b"internationalization and so on and on";
        for length in [1, 7, 8, 15, 16, 17, 20] {
            assert_eq!(hash(text, length), hash(&text[..length], length), "{length} bytes");
        }
        assert_ne!(hash(b"a\0", 1), hash(b"a\0", 2));
    }
}
