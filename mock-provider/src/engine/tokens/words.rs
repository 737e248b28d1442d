//! Which words are one token of `o200k_base`.
//!
//! A bit for each of 2^19 hashes, set for the words among the first 70,000 tokens (letters, with the
//! character before them and a contraction after them). A twelfth of all other words is taken for one
//! token by mistake; the averages of [`super::part`] allow for that.

/// The set: bit `hash % 2^19` is in byte `hash % 2^19 / 8`, lowest first.
static SET: &[u8; 1 << 16] = include_bytes!("words.bin");

/// FNV-1a of 32 bits, then mixed so that every bit of it counts.
pub(super) fn hash(word: &[u8]) -> u32 {
    let sum =
        word.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    let sum = (sum ^ (sum >> 16)).wrapping_mul(0x7feb_352d);
    let sum = (sum ^ (sum >> 15)).wrapping_mul(0x846c_a68b);
    sum ^ (sum >> 16)
}

/// Whether the word of this hash is one token.
pub(super) fn is_one_token(hash: u32) -> bool {
    let bit = hash & ((1 << 19) - 1);
    SET[(bit >> 3) as usize] >> (bit & 7) & 1 == 1
}
