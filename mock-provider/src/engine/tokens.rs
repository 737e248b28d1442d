//! The estimate of how many tokens a text has.

/// Tokens of a text of `bytes` bytes: one for every four, rounded up.
///
/// Four bytes a token is the rule of thumb that providers publish for English. It is wrong for any one
/// text and right enough for quotas and latency; a client can compute the same number.
pub(crate) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    #[test]
    fn four_bytes_are_a_token() {
        for (bytes, tokens) in [(0, 0), (1, 1), (4, 1), (5, 2), (4_000, 1_000)] {
            assert_eq!(super::estimate(bytes), tokens, "{bytes} bytes");
        }
    }
}
