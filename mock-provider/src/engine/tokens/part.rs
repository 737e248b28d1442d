//! The parts into which an encoding cuts a text before it merges bytes, and how many tokens each has.
//!
//! The cuts are those of `o200k_base`: a word takes the one character before it, be it a space or a mark,
//! and a new word begins where small letters are followed by a capital; digits go by threes; marks take
//! the space before them and the line ends after; white space leaves its last space to the word after it.

use super::words;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'t> {
    pub(super) text: &'t str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters, and how many bytes come before them.
    Word { lead: usize },
    /// Up to three digits.
    Number,
    /// Neither letters nor digits.
    Marks,
    /// White space.
    Space,
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

    fn next(&mut self) -> Option<Part<'t>> {
        let first = self.rest.chars().next()?;
        let (length, kind) = word(self.rest, first)
            .or_else(|| number(self.rest))
            .or_else(|| marks(self.rest))
            .unwrap_or_else(|| (space(self.rest), Kind::Space));
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Part { text, kind })
    }
}

/// Bytes of the longest beginning of `text` whose characters are all such.
fn run(text: &str, is_such: impl Fn(char) -> bool) -> usize {
    text.find(|next| !is_such(next)).unwrap_or(text.len())
}

fn word(text: &str, first: char) -> Option<(usize, Kind)> {
    let lead = if is_letter(first) {
        0
    } else if first.is_numeric() || is_line_end(first) {
        return None;
    } else {
        first.len_utf8()
    };
    let letters = &text[lead..];
    let capitals = run(letters, |next| is_letter(next) && next.is_uppercase());
    let small = run(&letters[capitals..], |next| is_letter(next) && !next.is_uppercase());
    let end = lead + capitals + small;
    (end > lead).then(|| (end + contraction(&text[end..]), Kind::Word { lead }))
}

/// Bytes of `'s`, `'re` and the like at the beginning of `text`.
fn contraction(text: &str) -> usize {
    const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
    let begins =
        |ending: &&&str| text.get(..ending.len()).is_some_and(|start| start.eq_ignore_ascii_case(ending));
    if !text.starts_with('\'') {
        return 0;
    }
    ENDINGS.iter().find(begins).map_or(0, |ending| ending.len())
}

fn number(text: &str) -> Option<(usize, Kind)> {
    let length = run(text, char::is_numeric).min(third(text));
    (length > 0).then_some((length, Kind::Number))
}

/// Where the fourth character of `text` begins.
fn third(text: &str) -> usize {
    text.char_indices().nth(3).map_or(text.len(), |(at, _)| at)
}

fn marks(text: &str) -> Option<(usize, Kind)> {
    let lead = usize::from(text.starts_with(' '));
    let marks = run(&text[lead..], |next| !next.is_whitespace() && !is_letter(next) && !next.is_numeric());
    let end = lead + marks;
    (marks > 0).then(|| (end + run(&text[end..], |next| is_line_end(next) || next == '/'), Kind::Marks))
}

fn space(text: &str) -> usize {
    let end = run(text, char::is_whitespace);
    if let Some(last) = text[..end].rfind(is_line_end) {
        return last + 1;
    }
    let before_last = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    if end < text.len() && before_last > 0 { before_last } else { end }
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '\u{300}'..='\u{36f}')
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\r' | '\n')
}

// === How many tokens ===

/// Tokens of words that are not in the set, by their letters from 1, in hundredths.
const UNKNOWN: [u32; 16] = [100, 124, 150, 163, 145, 155, 155, 162, 173, 163, 175, 186, 192, 221, 277, 345];
/// The same for words in capitals.
const UNKNOWN_CAPITALS: [u32; 16] =
    [100, 123, 140, 172, 160, 149, 166, 219, 240, 240, 291, 371, 380, 420, 470, 520];
/// What each letter more adds.
const EACH_MORE: u32 = 30;
/// What a mark before a word adds when the word is in the set, and when it is not.
const MARK_BEFORE: [u32; 2] = [55, 60];
/// Tokens of different marks, by their number from 1.
const MARKS: [u32; 6] = [100, 100, 120, 167, 200, 250];

impl Part<'_> {
    /// How many tokens it has, at least one.
    pub(super) fn tokens(&self) -> u32 {
        let hundredths = match self.kind {
            Kind::Number | Kind::Space => return 1,
            Kind::Word { lead } => self.word(lead),
            Kind::Marks => self.marks(),
        };
        // A fraction of a token is a whole one for that fraction of all texts.
        let spread = (words::hash(self.text.as_bytes()) >> 20) % 100;
        ((hundredths + spread) / 100).max(1)
    }

    fn word(&self, lead: usize) -> u32 {
        let is_known = |text: &str| words::is_one_token(words::hash(text.as_bytes()));
        if is_known(self.text) {
            return 100;
        }
        let letters = &self.text[lead..];
        if !self.text.is_ascii() {
            return letters.chars().map(foreign).sum();
        }
        let has_mark = lead > 0 && !self.text.starts_with(' ');
        match (has_mark, has_mark && is_known(letters)) {
            (true, true) => 100 + MARK_BEFORE[0],
            (true, false) => unknown(letters) + MARK_BEFORE[1],
            (false, _) => unknown(letters),
        }
    }

    fn marks(&self) -> u32 {
        let text = self.text;
        let bare = text.trim_matches([' ', '\r', '\n', '/']);
        let length = text.len() as u32;
        let more_than = |usual: u32| length.saturating_sub(usual);
        if !bare.is_ascii() {
            return bare.chars().map(|mark| if mark.len_utf8() > 3 { 200 } else { 100 }).sum();
        }
        let mut different = bare.bytes().zip(bare.bytes().skip(1)).filter(|(one, next)| one != next);
        if different.next().is_none() {
            // A ruler of one mark is a token for every sixteen at the least.
            return 100 + more_than(4).min(12) * 10 + more_than(16);
        }
        if text.ends_with(is_line_end) {
            return 100 + more_than(4) * 45;
        }
        MARKS.get(length as usize - 1).copied().unwrap_or_else(|| MARKS[5] + more_than(6) * 30)
    }
}

fn unknown(letters: &str) -> u32 {
    let is_capitals = letters.len() > 1 && letters.bytes().all(|letter| !letter.is_ascii_lowercase());
    let table = if is_capitals { &UNKNOWN_CAPITALS } else { &UNKNOWN };
    let length = letters.len();
    let more = length.saturating_sub(table.len()) as u32;
    table[length.clamp(1, table.len()) - 1] + more * EACH_MORE
}

/// A letter of a word that is not all ASCII, in hundredths: an ideograph is most of a token, three letters
/// of an alphabet are one.
fn foreign(letter: char) -> u32 {
    if letter as u32 > 0x2e80 { 75 } else { 33 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        Parts::of(text).map(|part| part.text).collect()
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
        assert_eq!(cut("  "), ["  "]);
        assert_eq!(cut(""), [""; 0]);
    }

    #[test]
    fn usual_words_and_short_marks_are_one_token() {
        for text in [" the", "The", " function", " don't", " return", "{\"", "\":", "12", ".\n", "---"] {
            assert_eq!(Parts::of(text).map(|part| part.tokens()).sum::<u32>(), 1, "{text:?}");
        }
    }
}
