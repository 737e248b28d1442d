//! How many tokens a text has.

/// Tokens of a text of `bytes` bytes: one for every four, rounded up.
///
/// Four bytes a token is the rule of thumb that providers publish for English. It is wrong for any one
/// text and right enough for quotas and latency; a client can compute the same number.
pub(crate) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// How many tokens `text` has.
pub(crate) fn count(text: &str) -> u64 {
    ends(text).len() as u64
}

/// The byte after each token of `text`.
pub(crate) fn ends(text: &str) -> Vec<u32> {
    let mut ends = Vec::with_capacity(text.len() / 3);
    let mut start = 0;
    let mut previous = ' ';
    for (at, next) in text.char_indices() {
        let goes_on = next.is_alphanumeric() && (previous.is_alphanumeric() || previous == ' ');
        if at > start && (!goes_on || at - start > 8) {
            ends.push(at as u32);
            start = at;
        }
        previous = next;
    }
    if start < text.len() {
        ends.push(text.len() as u32);
    }
    ends
}

#[cfg(test)]
mod tests {
    #[test]
    fn four_bytes_are_a_token() {
        for (bytes, tokens) in [(0, 0), (1, 1), (4, 1), (5, 2), (4_000, 1_000)] {
            assert_eq!(super::estimate(bytes), tokens, "{bytes} bytes");
        }
    }

    #[test]
    fn tokens_end_between_characters_and_cover_the_text() {
        let text = "naïve – 日本語, {\"a\": 12}";
        let ends = super::ends(text);
        assert!(ends.iter().all(|end| text.is_char_boundary(*end as usize)));
        assert_eq!(ends.last().copied(), Some(text.len() as u32));
        assert_eq!(super::ends(""), [0_u32; 0]);
    }
}
