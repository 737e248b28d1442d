//! How many tokens a text has, and where each of them ends.
//!
//! No vocabulary is carried: one takes megabytes and a tenth of a second to load, and none is that of all
//! providers. Instead a text is cut as `o200k_base` cuts it before it merges bytes, a set of 44,000 words
//! says which of the parts are one token, and the others count by their length as they do on average.
//! Against the real encoding this is right to about 1.5% on an English text, code or JSON of a page, and
//! to 6% on nineteen pages in twenty; other languages are estimated more coarsely.

mod part;
mod words;

use part::{Part, Parts};

/// Tokens of a text of `bytes` bytes: one for every four, rounded up.
///
/// Four bytes a token is the rule of thumb that providers publish for English. It is wrong for any one
/// text and right enough for quotas and latency; a client can compute the same number. For bodies that are
/// not decoded, and for prompts on the hot path.
pub(crate) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// How many tokens `text` has.
pub(crate) fn count(text: &str) -> u64 {
    Parts::of(text).map(|part| u64::from(part.tokens())).sum()
}

/// The byte after each token of `text`, as many as [`count`] says. Tokens end between characters.
pub(crate) fn ends(text: &str) -> Vec<u32> {
    let mut ends = Vec::with_capacity(text.len() / 4 + 1);
    let mut start = 0;
    for part in Parts::of(text) {
        push_ends(&part, start, &mut ends);
        start += part.text.len();
    }
    ends
}

/// Spreads the tokens of a part evenly over its characters.
fn push_ends(part: &Part<'_>, start: usize, ends: &mut Vec<u32>) {
    let tokens = part.tokens() as usize;
    if tokens > 1 {
        let characters = part.text.chars().count();
        let mut boundaries = part.text.char_indices().map(|(at, _)| at).enumerate();
        for token in 1..tokens {
            let wanted = characters * token / tokens;
            let at = boundaries.find(|(index, _)| *index >= wanted).map_or(part.text.len(), |(_, at)| at);
            ends.push((start + at) as u32);
        }
    }
    ends.push((start + part.text.len()) as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_are_a_token() {
        for (bytes, tokens) in [(0, 0), (1, 1), (4, 1), (5, 2), (4_000, 1_000)] {
            assert_eq!(estimate(bytes), tokens, "{bytes} bytes");
        }
    }

    #[test]
    fn tokens_end_between_characters_and_cover_the_text() {
        for text in
            ["naïve – 日本語, {\"a\": 12}", "", "x", "\r\n\n  a", "Donaudampfschifffahrtsgesellschaft 🦀🦀"]
        {
            let ends = ends(text);
            assert!(ends.iter().all(|end| text.is_char_boundary(*end as usize)), "{text}");
            assert!(ends.is_sorted(), "{text} {ends:?}");
            assert_eq!(ends.last().map_or(0, |end| *end as usize), text.len());
            assert_eq!(ends.len() as u64, count(text));
        }
    }

    /// Pages of documentation and code, with the counts of `o200k_base` as tiktoken gives them.
    #[test]
    fn pages_are_counted_to_a_few_per_cent() {
        let (mut counted, mut real) = (0, 0);
        for (name, text, tokens) in PAGES {
            let count = count(text);
            let error = count as f64 / *tokens as f64 - 1.0;
            assert!(error.abs() < 0.06, "{name}: {count} of {tokens}, {error:+.3}");
            counted += count;
            real += tokens;
        }
        let error = counted as f64 / real as f64 - 1.0;
        assert!(error.abs() < 0.03, "all: {counted} of {real}, {error:+.3}");
    }

    const PAGES: &[(&str, &str, u64)] = &[
        ("english.md", include_str!("pages/english.md"), 657),
        ("letter.txt", include_str!("pages/letter.txt"), 330),
        ("rust.txt", include_str!("pages/rust.txt"), 718),
        ("python.txt", include_str!("pages/python.txt"), 381),
        ("data.json", include_str!("pages/data.json"), 411),
        ("data.min.json", include_str!("pages/data.min.json"), 313),
    ];

    /// Far from exact, and not absurd.
    #[test]
    fn other_languages_are_of_the_right_size() {
        for (text, tokens) in [
            (
                "Der Anschluss wurde unterbrochen, weil der Server länger als dreißig Sekunden nicht geantwortet hat.",
                22,
            ),
            ("La réponse est arrivée trop tard, et la passerelle a fermé la connexion.", 16),
            ("Сервер не ответил вовремя, поэтому запрос был отправлен ещё раз.", 17),
            ("サーバーは時間内に応答しませんでした。", 13),
            ("服务器没有及时响应，因此请求被再次发送。", 10),
            ("서버가 제시간에 응답하지 않았습니다.", 12),
        ] {
            let count = count(text);
            assert!((tokens * 2 / 3..=tokens * 3 / 2).contains(&count), "{text}: {count} of {tokens}");
        }
    }
}
