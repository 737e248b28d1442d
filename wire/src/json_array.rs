//! A JSON array of objects that arrives piece by piece, as Google's streaming methods send it without `alt=sse`.
//!
//! An event is an element with whatever stands before it (`[`, `,`, white space): a separator comes with the element
//! it introduces, so an element is never held back to see what follows.

use bytes::Bytes;

use crate::cutter::{Boundary, Step};
use crate::splitter::Piece;

/// The element within a raw event, without the bracket, comma and white space before it.
pub fn element(raw: &[u8]) -> &[u8] {
    let start = raw.iter().position(|byte| *byte == b'{').unwrap_or(raw.len());
    &raw[start..]
}

/// The separator before the element of a raw event: `[` or a comma, with white space.
pub fn separator(raw: &[u8]) -> &[u8] {
    &raw[..raw.len() - element(raw).len()]
}

/// Finds the brace that closes each element. Only braces and strings are looked at: whether an element is valid JSON
/// is its reader's business.
#[derive(Debug, Default)]
pub(crate) struct ElementBoundary(Place);

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    BeforeArray,
    /// Within the brackets, outside elements. `comma`: the next element needs one first.
    Between {
        first: bool,
        comma: bool,
    },
    Element(Inside),
    Behind,
}

/// A place within an element.
#[derive(Clone, Copy, Debug)]
struct Inside {
    /// Braces open.
    depth: u32,
    /// Between quotes.
    text: bool,
    /// Behind a backslash.
    escaped: bool,
}

impl Boundary for ElementBoundary {
    fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        while at < bytes.len() {
            let step = match self.0 {
                Place::BeforeArray | Place::Between { .. } => self.outside(bytes, &mut at),
                Place::Element(inside) => self.inside(inside, bytes, &mut at),
                Place::Behind => return Step::Behind,
            };
            if step != Step::More {
                return step;
            }
        }
        Step::More
    }

    fn classify(raw: Bytes) -> Piece {
        if raw.last() == Some(&b']') { Piece::Close(raw) } else { Piece::Event(raw) }
    }
}

impl ElementBoundary {
    fn outside(&mut self, bytes: &[u8], at: &mut usize) -> Step {
        let byte = bytes[*at];
        *at += 1;
        self.0 = match (self.0, byte) {
            (place, b' ' | b'\t' | b'\n' | b'\r') => place,
            (Place::BeforeArray, b'[') => Place::Between { first: true, comma: false },
            (Place::Between { first: false, comma: false }, b',') => {
                Place::Between { first: false, comma: true }
            }
            (Place::Between { first: true, .. } | Place::Between { comma: true, .. }, b'{') => {
                Place::Element(Inside { depth: 1, text: false, escaped: false })
            }
            (Place::Between { comma: false, .. }, b']') => {
                self.0 = Place::Behind;
                return Step::End(*at);
            }
            _ => return Step::Malformed,
        };
        Step::More
    }

    /// Byte by byte: the texts of a stream are too short for a search to pay.
    fn inside(&mut self, mut inside: Inside, bytes: &[u8], at: &mut usize) -> Step {
        for (offset, byte) in bytes[*at..].iter().enumerate() {
            match byte {
                _ if inside.escaped => inside.escaped = false,
                b'"' => inside.text = !inside.text,
                b'\\' => inside.escaped = inside.text,
                b'{' if !inside.text => inside.depth = inside.depth.saturating_add(1),
                b'}' if !inside.text => inside.depth -= 1,
                _ => {}
            }
            if inside.depth == 0 {
                self.0 = Place::Between { first: false, comma: false };
                return Step::End(*at + offset + 1);
            }
        }
        self.0 = Place::Element(inside);
        *at = bytes.len();
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_taken_apart_into_separator_and_element() {
        assert_eq!(element(b",\r\n{\"a\":[1]}"), b"{\"a\":[1]}");
        assert_eq!(separator(b",\r\n{\"a\":[1]}"), b",\r\n");
        assert_eq!((separator(b"[{}"), element(b"[{}")), (&b"["[..], &b"{}"[..]));
        assert_eq!(element(b" ]"), b"");
    }
}
