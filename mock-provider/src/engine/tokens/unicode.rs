//! Cuts any text, by the properties of its characters.

use super::part::{Kind, contraction};

/// Length and kind of the first part of `text`, which is not empty.
pub(super) fn first(text: &str) -> (usize, Kind) {
    word(text).or_else(|| number(text)).or_else(|| marks(text)).unwrap_or_else(|| (space(text), Kind::Space))
}

/// Bytes of the longest beginning of `text` whose characters are all such.
fn run(text: &str, is_such: impl Fn(char) -> bool) -> usize {
    text.find(|next| !is_such(next)).unwrap_or(text.len())
}

fn word(text: &str) -> Option<(usize, Kind)> {
    let first = text.chars().next()?;
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
    let end = if end > lead { end + contraction(&text.as_bytes()[end..]) } else { return None };
    let kind = if text[..end].is_ascii() { Kind::Word { lead } } else { Kind::ForeignWord { lead } };
    Some((end, kind))
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
    if marks == 0 {
        return None;
    }
    let end = lead + marks;
    let end = end + run(&text[end..], |next| is_line_end(next) || next == '/');
    let kind = if text[..end].is_ascii() { Kind::Marks } else { Kind::ForeignMarks };
    Some((end, kind))
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
