//! Nonces, and the token texts that a mock provider answers them with; written again from their definition.

/// The nonce of a call: the same for the same name, so that a failure repeats.
pub fn nonce_of(name: &str) -> String {
    format!("bo-{:016x}", fnv1a(name.as_bytes()))
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |value, byte| (value ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// The text of an answer of so many tokens.
pub fn text_of(nonce: &str, count: usize) -> String {
    let mut value = fnv1a(nonce.as_bytes());
    value ^= value >> 32;
    let tag = (value ^ (value >> 16)) & 0xffff;
    (0..count).map(|number| format!(" {tag:04x}.{number}")).collect()
}

/// How many tokens a text holds; panics when it is anything but tokens 0, 1, 2, … of this nonce.
pub fn whole_tokens(nonce: &str, text: &str) -> i32 {
    let count = text.matches('.').count();
    assert_eq!(text, text_of(nonce, count), "not the tokens of {nonce}");
    i32::try_from(count).expect("few tokens")
}
