//! A JSON array of objects that arrives piece by piece, as Google's streaming methods send it without `alt=sse`.
//!
//! An event is an element with whatever stands before it (`[`, `,`, white space): a separator comes with the element
//! it introduces, so an element is never held back to see what follows.

use bytes::Bytes;
use memchr::{memchr2, memchr3};

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
    Element {
        depth: u32,
    },
    Text {
        depth: u32,
        escaped: bool,
    },
    Behind,
}

impl Boundary for ElementBoundary {
    fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        while at < bytes.len() {
            let step = match self.0 {
                Place::BeforeArray | Place::Between { .. } => self.outside(bytes, &mut at),
                Place::Element { depth } => self.inside(depth, bytes, &mut at),
                Place::Text { depth, escaped } => self.text(depth, escaped, bytes, &mut at),
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
                Place::Element { depth: 1 }
            }
            (Place::Between { comma: false, .. }, b']') => {
                self.0 = Place::Behind;
                return Step::End(*at);
            }
            _ => return Step::Malformed,
        };
        Step::More
    }

    fn inside(&mut self, depth: u32, bytes: &[u8], at: &mut usize) -> Step {
        let Some(offset) = memchr3(b'"', b'{', b'}', &bytes[*at..]) else {
            *at = bytes.len();
            return Step::More;
        };
        *at += offset + 1;
        self.0 = match bytes[*at - 1] {
            b'"' => Place::Text { depth, escaped: false },
            b'{' => Place::Element { depth: depth.saturating_add(1) },
            _ if depth > 1 => Place::Element { depth: depth - 1 },
            _ => {
                self.0 = Place::Between { first: false, comma: false };
                return Step::End(*at);
            }
        };
        Step::More
    }

    fn text(&mut self, depth: u32, escaped: bool, bytes: &[u8], at: &mut usize) -> Step {
        if escaped {
            *at += 1;
            self.0 = Place::Text { depth, escaped: false };
            return Step::More;
        }
        let Some(offset) = memchr2(b'"', b'\\', &bytes[*at..]) else {
            *at = bytes.len();
            return Step::More;
        };
        *at += offset + 1;
        self.0 = match bytes[*at - 1] {
            b'"' => Place::Element { depth },
            _ => Place::Text { depth, escaped: true },
        };
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
