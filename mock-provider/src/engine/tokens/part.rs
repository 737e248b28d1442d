//! The parts into which an encoding cuts a text before it merges bytes.
//!
//! The cuts are those of `o200k_base`: a word takes the one character before it, be it a space or a mark,
//! and a new word begins where small letters are followed by a capital; digits go by threes; marks take
//! the space before them and the line ends after; white space leaves its last space to the word after it.
//!
//! Most text is ASCII, of which [`ascii`] knows the characters by a table. Where another character has a say
//! in a part, [`unicode`] cuts it.

use super::{ascii, unicode};

/// A part of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'t> {
    /// The text from this part on.
    pub(super) from_here: &'t str,
    pub(super) length: usize,
    pub(super) kind: Kind,
}

/// What a part consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, and how many bytes come before them. All are ASCII.
    Word { lead: usize },
    /// The same, with other characters among them.
    ForeignWord { lead: usize },
    /// Up to three digits.
    Number,
    /// Neither letters nor digits. All are ASCII.
    Marks,
    /// The same, with other characters among them.
    ForeignMarks,
    /// White space.
    Space,
}

impl<'t> Part<'t> {
    /// Its text.
    pub(super) fn text(&self) -> &'t str {
        &self.from_here[..self.length]
    }
}

/// Cuts a text into its parts.
#[derive(Debug, Clone)]
pub(super) struct Parts<'t> {
    rest: &'t str,
}

impl<'t> Parts<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { rest: text }
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = Part<'t>;

    #[inline]
    fn next(&mut self) -> Option<Part<'t>> {
        let from_here = self.rest;
        if from_here.is_empty() {
            return None;
        }
        let (length, kind) = ascii::first(from_here.as_bytes()).unwrap_or_else(|| unicode::first(from_here));
        self.rest = &from_here[length..];
        Some(Part { from_here, length, kind })
    }
}

/// Bytes of `'s`, `'re` and the like at the beginning of `text`.
pub(super) fn contraction(text: &[u8]) -> usize {
    const ENDINGS: [&[u8]; 7] = [b"s", b"t", b"re", b"ve", b"m", b"ll", b"d"];
    let [b'\'', after @ ..] = text else { return 0 };
    let begins =
        |ending: &&&[u8]| after.get(..ending.len()).is_some_and(|start| start.eq_ignore_ascii_case(ending));
    ENDINGS.iter().find(begins).map_or(0, |ending| 1 + ending.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        Parts::of(text).map(|part| part.text()).collect()
    }

    #[test]
    fn a_text_is_cut_as_the_encoding_cuts_it() {
        assert_eq!(cut("Hello, it's camelCase!"), ["Hello", ",", " it's", " camel", "Case", "!"]);
        assert_eq!(
            cut("x = foo(_bar, 12345)\n\n    y"),
            ["x", " =", " foo", "(_", "bar", ",", " ", "123", "45", ")\n\n", "   ", " y"]
        );
        assert_eq!(cut("a  \n \n b\r\n"), ["a", "  \n \n", " b", "\r\n"]);
        assert_eq!(cut("HTTPServer 日本語"), ["HTTPServer", " 日本語"]);
        assert_eq!(cut("naïve ½12 –a\u{a0}\u{a0}b"), ["naïve", " ", "½12", " –", "a", "\u{a0}", "\u{a0}b"]);
        assert_eq!(cut("  "), ["  "]);
        assert_eq!(cut(""), [""; 0]);
    }

    proptest! {
        #[test]
        fn both_ways_of_cutting_agree(text in "[ -~\t\r\naZ9' /é½–\u{a0}日]{0,60}") {
            let mut rest = &*text;
            for part in Parts::of(&text) {
                prop_assert_eq!((part.length, part.kind), unicode::first(rest), "at {:?}", rest);
                rest = &rest[part.length..];
            }
            prop_assert_eq!(rest, "");
        }
    }
}
