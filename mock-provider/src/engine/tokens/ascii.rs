//! Cuts text that is ASCII: a look-up for each byte, and no other.

use super::part::{Kind, contraction};

const UPPER: u8 = 1;
const LOWER: u8 = 2;
const DIGIT: u8 = 3;
const BLANK: u8 = 4;
const LINE_END: u8 = 5;
const MARK: u8 = 6;
/// Beyond ASCII.
const FOREIGN: u8 = 7;
/// No byte, for the text is over.
const NOTHING: u8 = 8;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [FOREIGN; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'0'..=b'9' => DIGIT,
            b'\r' | b'\n' => LINE_END,
            b' ' | b'\t' | 0x0b | 0x0c => BLANK,
            _ => MARK,
        };
        byte += 1;
    }
    classes
}

fn class(text: &[u8], at: usize) -> u8 {
    text.get(at).map_or(NOTHING, |byte| CLASSES[usize::from(*byte)])
}

/// The first place from `at` on whose byte is not of this class.
fn skip(text: &[u8], mut at: usize, wanted: u8) -> usize {
    while class(text, at) == wanted {
        at += 1;
    }
    at
}

/// Length and kind of the first part of `text`; none where it is empty or a character beyond ASCII has a say.
pub(super) fn first(text: &[u8]) -> Option<(usize, Kind)> {
    match (class(text, 0), class(text, 1)) {
        (UPPER | LOWER, _) => word(text, 0),
        (BLANK | MARK, UPPER | LOWER) => word(text, 1),
        (DIGIT, _) => number(text),
        (BLANK | MARK, FOREIGN) | (FOREIGN | NOTHING, _) => None,
        (MARK, _) => marks(text, 0),
        (BLANK, MARK) if text[0] == b' ' => marks(text, 1),
        _ => space(text),
    }
}

fn word(text: &[u8], lead: usize) -> Option<(usize, Kind)> {
    let end = skip(text, skip(text, lead, UPPER), LOWER);
    match class(text, end) {
        FOREIGN => None,
        MARK => Some((end + contraction(&text[end..]), Kind::Word { lead })),
        _ => Some((end, Kind::Word { lead })),
    }
}

fn number(text: &[u8]) -> Option<(usize, Kind)> {
    let end = (1..3).find(|at| class(text, *at) != DIGIT).unwrap_or(3);
    (end == 3 || class(text, end) != FOREIGN).then_some((end, Kind::Number))
}

fn marks(text: &[u8], lead: usize) -> Option<(usize, Kind)> {
    let mut end = skip(text, lead, MARK);
    if class(text, end) == FOREIGN {
        return None;
    }
    while matches!(text.get(end), Some(b'\r' | b'\n' | b'/')) {
        end += 1;
    }
    Some((end, Kind::Marks))
}

fn space(text: &[u8]) -> Option<(usize, Kind)> {
    let mut after_line = 0;
    let mut end = 0;
    loop {
        match class(text, end) {
            LINE_END => after_line = end + 1,
            BLANK => {}
            FOREIGN => return None,
            _ => break,
        }
        end += 1;
    }
    let length = match (after_line, end < text.len() && end > 1) {
        (0, true) => end - 1,
        (0, false) => end,
        (after_line, _) => after_line,
    };
    Some((length, Kind::Space))
}
