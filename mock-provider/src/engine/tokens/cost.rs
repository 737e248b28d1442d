//! How many tokens a part has.
//!
//! A part that the vocabulary has is one token; any other counts by its kind and length as such parts do on
//! average. What an average leaves of a token is carried on to the next such part of the text.

use super::known;
use super::part::{Kind, Part};

/// In hundredths of a token.
type Hundredths = u32;

const ONE: Hundredths = 100;

/// Tokens of words that are not one, by their letters from 1.
const WORDS: [Hundredths; 16] =
    [110, 210, 211, 216, 220, 216, 221, 224, 222, 231, 236, 229, 246, 272, 290, 330];
/// The same for words in capitals.
const CAPITALS: [Hundredths; 16] =
    [110, 210, 210, 214, 215, 238, 233, 253, 294, 290, 310, 340, 380, 420, 460, 500];
/// What each letter more adds.
const EACH_MORE: Hundredths = 30;
/// A mark and a word that is one token, and what a mark before any other word adds.
const MARK_AND_WORD: Hundredths = 212;
const MARK_BEFORE: Hundredths = 37;
/// Different marks: a beginning, and what each adds.
const MARKS: (Hundredths, Hundredths) = (150, 18);
/// A ruler of one mark, and what each mark beyond sixteen adds.
const RULER: (Hundredths, Hundredths) = (205, 2);

/// What averages have left of a token so far. A text begins with a half, so that it is rounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest(Hundredths);

impl Default for Rest {
    fn default() -> Self {
        Self(ONE / 2)
    }
}

impl Rest {
    /// How many tokens `part` has, at least one.
    #[inline]
    pub(super) fn tokens(&mut self, part: &Part<'_>) -> u32 {
        if matches!(part.kind, Kind::Number | Kind::Space) || is_one_token(part) {
            return 1;
        }
        self.0 += usual(part).max(ONE);
        let whole = self.0 / ONE;
        self.0 %= ONE;
        whole
    }
}

fn is_one_token(part: &Part<'_>) -> bool {
    known::is_one_token(part.from_here.as_bytes(), part.length)
}

fn usual(part: &Part<'_>) -> Hundredths {
    let text = part.text();
    match part.kind {
        Kind::Number | Kind::Space => ONE,
        Kind::Word { lead } => word(text, lead),
        Kind::ForeignWord { lead } => text[lead..].chars().map(foreign).sum(),
        Kind::Marks => marks(text),
        Kind::ForeignMarks => {
            bare(text).chars().map(|mark| if mark.len_utf8() > 3 { 2 * ONE } else { ONE }).sum()
        }
    }
}

fn word(text: &str, lead: usize) -> Hundredths {
    let letters = &text[lead..];
    if lead == 0 || text.starts_with(' ') {
        return unknown(letters);
    }
    if known::is_one_token(letters.as_bytes(), letters.len()) {
        MARK_AND_WORD
    } else {
        unknown(letters) + MARK_BEFORE
    }
}

fn unknown(letters: &str) -> Hundredths {
    let is_capitals = letters.bytes().all(|letter| !letter.is_ascii_lowercase());
    let table = if is_capitals { &CAPITALS } else { &WORDS };
    let length = letters.len();
    let more = length.saturating_sub(table.len()) as Hundredths;
    table[length.clamp(1, table.len()) - 1] + more * EACH_MORE
}

fn marks(text: &str) -> Hundredths {
    let bare = bare(text).as_bytes();
    let length = text.len() as Hundredths;
    if bare.windows(2).all(|two| two[0] == two[1]) {
        return RULER.0 + length.saturating_sub(16) * RULER.1;
    }
    MARKS.0 + length * MARKS.1
}

/// Marks without what may stand before and after them.
fn bare(text: &str) -> &str {
    text.trim_matches([' ', '\r', '\n', '/'])
}

/// A letter of a word that is not all ASCII: an ideograph is most of a token, three letters of an alphabet are one.
fn foreign(letter: char) -> Hundredths {
    if letter as u32 > 0x2e80 { 75 } else { 33 }
}

#[cfg(test)]
mod tests {
    use super::super::count;

    #[test]
    fn usual_words_and_marks_are_one_token() {
        for text in
            [" the", "The", " function", " don't", " return", "{\"", "\":", "12", ".\n", "---", " дом", "é"]
        {
            assert_eq!(count(text), 1, "{text:?}");
        }
    }

    #[test]
    fn fractions_add_up() {
        // Such words have 2.2 tokens each.
        let text = " xqzvw xqzvk".repeat(50);
        assert_eq!(count(&text), 220);
    }
}
