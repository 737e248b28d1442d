//! A text of a known number of tokens, any range of which can be written.
//!
//! The texts that models make up are functions of the token's number, so that a stream of any length
//! takes no memory: token texts of a nonce, or words. Other texts are held whole, with the end of every
//! token.

use std::borrow::Cow;
use std::ops::Range;

use world::splitmix64;

use super::tokens;

/// A text, token by token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    source: Source,
    tokens: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// Token texts of the nonce with this tag.
    Tagged(u16),
    /// Sentences, drawn from this state. A text that is complete ends in a full stop.
    Words { state: u64, is_complete: bool },
    /// A text, and the byte after each of its tokens.
    Whole { text: String, ends: Vec<u32> },
}

impl Text {
    /// ` 3fa9.0 3fa9.1 …`
    pub(crate) fn tagged(tag: u16, tokens: u32) -> Self {
        Self { source: Source::Tagged(tag), tokens }
    }

    /// Words that mean nothing.
    pub(crate) fn words(state: u64, tokens: u32, is_complete: bool) -> Self {
        Self { source: Source::Words { state, is_complete }, tokens }
    }

    /// The first `max_tokens` tokens of `text`, and whether that is less than the whole. An empty text
    /// has one token, for whatever is sent takes one.
    pub(crate) fn whole(text: impl Into<String>, max_tokens: u32) -> (Self, bool) {
        let mut text = text.into();
        let mut ends = tokens::ends(&text);
        if ends.is_empty() {
            ends.push(0);
        }
        let is_cut = ends.len() as u64 > u64::from(max_tokens);
        ends.truncate(max_tokens.max(1) as usize);
        text.truncate(ends.last().map_or(0, |end| *end as usize));
        let tokens = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        (Self { source: Source::Whole { text, ends }, tokens }, is_cut)
    }

    /// How many tokens it has.
    pub(crate) fn tokens(&self) -> u32 {
        self.tokens
    }

    /// Appends the text of some of its tokens.
    pub(crate) fn write(&self, tokens: Range<u32>, out: &mut String) {
        match &self.source {
            Source::Tagged(tag) => tokens.for_each(|seq| write_token_text(*tag, seq, out)),
            Source::Words { state, is_complete } => {
                let last = if *is_complete { self.tokens.wrapping_sub(1) } else { u32::MAX };
                tokens.for_each(|seq| write_word(*state, seq, last, out));
            }
            Source::Whole { text, ends } => out.push_str(slice(text, ends, tokens)),
        }
    }

    /// Appends the whole text.
    pub(crate) fn write_all(&self, out: &mut String) {
        out.reserve(self.tokens as usize * 9);
        self.write(0..self.tokens, out);
    }

    /// Ends the text before the stop sequence that it completes first, and says which that was.
    pub(crate) fn stop_at(&mut self, stops: &[Cow<'_, str>]) -> Option<String> {
        let (text, mut ends) = self.spelt_out(stops)?;
        let found = |stop: &str| text.find(stop).map(|start| (start + stop.len(), start));
        let ((_, start), stop) = stops
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| Some((found(stop)?, stop)))
            .min_by_key(|(place, _)| *place)?;
        let kept = ends.iter().take_while(|end| (**end as usize) < start).count() + 1;
        ends.truncate(kept);
        if let Some(end) = ends.last_mut() {
            *end = start as u32;
        }
        self.tokens = ends.len() as u32;
        self.source = Source::Whole { text: text[..start].to_owned(), ends };
        Some(stop.clone().into_owned())
    }

    /// The whole text with the end of every token; none where no stop sequence is to be looked for.
    fn spelt_out(&self, stops: &[Cow<'_, str>]) -> Option<(String, Vec<u32>)> {
        if stops.is_empty() {
            return None;
        }
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(self.tokens as usize));
        for seq in 0..self.tokens {
            self.write(seq..seq + 1, &mut text);
            ends.push(u32::try_from(text.len()).ok()?);
        }
        Some((text, ends))
    }
}

/// The text of some tokens of `text`.
pub(super) fn slice<'t>(text: &'t str, ends: &[u32], tokens: Range<u32>) -> &'t str {
    let end_of = |count: u32| match count {
        0 => 0,
        _ => ends.get(count as usize - 1).or(ends.last()).map_or(0, |end| *end as usize),
    };
    text.get(end_of(tokens.start)..end_of(tokens.end)).unwrap_or_default()
}

/// ` hhhh.n`, as [`evidence::nonce::token_text`] says, without a formatter in the hot path.
fn write_token_text(tag: u16, seq: u32, out: &mut String) {
    out.push(' ');
    for shift in [12, 8, 4, 0] {
        out.push(char::from(b"0123456789abcdef"[usize::from((tag >> shift) & 0xf)]));
    }
    out.push('.');
    write_decimal(seq, out);
}

fn write_decimal(number: u32, out: &mut String) {
    let mut divisor = 1;
    while number / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        out.push(char::from(b'0' + (number / divisor % 10) as u8));
        divisor /= 10;
    }
}

/// Tokens of a sentence: eleven words and a full stop.
const SENTENCE: u32 = 12;

/// Token `seq` of a text whose token `last` closes it. No character of it needs an escape in JSON.
fn write_word(state: u64, seq: u32, last: u32, out: &mut String) {
    let place = seq % SENTENCE;
    // The last sentence is a word longer where a full stop of its own would be all there is of the next.
    let closes = if seq == last { seq > 0 } else { place == SENTENCE - 1 && seq + 1 != last };
    if closes {
        return out.push('.');
    }
    let drawn = splitmix64(state ^ u64::from(seq).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let word = WORDS[(drawn >> 59) as usize];
    if seq > 0 {
        out.push(' ');
    }
    if place == 0 {
        out.push(char::from(word.as_bytes()[0].to_ascii_uppercase()));
        out.push_str(&word[1..]);
    } else {
        out.push_str(word);
    }
}

/// Thirty-two words, each one token, as it stands, with a space before it and with a capital, of this
/// crate's tokenizer and of OpenAI's.
pub(crate) const WORDS: [&str; 32] = [
    "north", "bridge", "window", "field", "stone", "water", "light", "paper", "letter", "market", "station",
    "signal", "engine", "shadow", "cloud", "ship", "train", "wheel", "leaf", "branch", "seed", "apple",
    "table", "wind", "night", "star", "planet", "road", "street", "wave", "song", "story",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &Text) -> String {
        let mut out = String::new();
        text.write_all(&mut out);
        out
    }

    #[test]
    fn every_token_is_the_token_text_of_the_nonce() {
        let nonce = evidence::Nonce::new(0x0123_4567_89ab_cdef);
        let expected: String = (0..120).map(|seq| nonce.token_text(seq)).collect();
        assert_eq!(all(&Text::tagged(nonce.tag(), 120)), expected);
    }

    #[test]
    fn pieces_make_the_whole() {
        for text in [Text::tagged(7, 100), Text::words(9, 100, true), Text::whole("é – 日本 {\"a\":1}", 99).0]
        {
            for step in [1, 3, 7] {
                let mut out = String::new();
                for start in (0..text.tokens()).step_by(step) {
                    text.write(start..(start + step as u32).min(text.tokens()), &mut out);
                }
                assert_eq!(out, all(&text));
            }
        }
    }

    #[test]
    fn words_make_sentences_and_a_complete_text_ends_one() {
        let text = all(&Text::words(1, 30, true));
        assert!(text.ends_with('.') && text.starts_with(|first: char| first.is_ascii_uppercase()), "{text}");
        assert_eq!(text.matches('.').count(), 3);
        assert!(!all(&Text::words(1, 30, false)).ends_with('.'));
        assert!(!all(&Text::words(1, 1, true)).contains('.'), "one token is a word");
    }

    #[test]
    fn words_are_as_many_tokens_as_the_tokenizer_counts() {
        for (length, is_complete) in
            [(1, true), (2, true), (11, false), (12, true), (13, true), (5_000, false)]
        {
            for state in 0..20 {
                let text = all(&Text::words(state, length, is_complete));
                assert_eq!(tokens::count(&text), u64::from(length), "{text}");
            }
        }
    }

    #[test]
    fn a_text_ends_before_the_stop_sequence_that_it_completes_first() {
        let stopped = |text: &str, stops: &[&'static str]| {
            let mut text = Text::whole(text, 1_000).0;
            let stops: Vec<_> = stops.iter().map(|stop| Cow::Borrowed(*stop)).collect();
            (text.stop_at(&stops), all(&text), text.tokens() > 0)
        };
        let ended = |stop: &str, text: &str| (Some(stop.to_owned()), text.to_owned(), true);
        assert_eq!(stopped("one two three", &["three", " two"]), ended(" two", "one"));
        assert_eq!(stopped("abcd", &["bcd", "c"]), ended("c", "ab"));
        assert_eq!(stopped("abc", &["a"]), ended("a", ""));
        assert_eq!(stopped("naïve – 日本語", &["本"]), ended("本", "naïve – 日"));
        assert_eq!(stopped("abc", &["", "x"]), (None, "abc".to_owned(), true));
    }

    #[test]
    fn a_tagged_text_stops_within_a_token() {
        let mut text = Text::tagged(0x3fa9, 50);
        assert_eq!(text.stop_at(&[".2".into()]).as_deref(), Some(".2"));
        assert_eq!((all(&text).as_str(), text.tokens()), (" 3fa9.0 3fa9.1 3fa9", 3));
    }

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in [0, 9, 10, 99, 100, 12_345, u32::MAX] {
            let mut out = String::new();
            write_decimal(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }
}
