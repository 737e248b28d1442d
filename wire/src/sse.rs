//! Server-sent events: where they end, what they say, how they are written.
//!
//! Follows the event stream interpretation of the WHATWG HTML standard: lines end with LF, CRLF or CR, a blank line
//! ends an event, a block without `data` dispatches nothing.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr2, memchr2_iter};

use crate::cutter::{Boundary, Step};
use crate::splitter::Piece;

/// One event as a client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The last `event:` field; none means `message`.
    pub name: Option<&'a str>,
    /// All `data:` lines, joined by LF; borrowed when there is one.
    pub data: Cow<'a, str>,
    /// The last `id:` field.
    pub id: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// Reads one raw event, as a splitter yields it. Fields that are not UTF-8 read as empty; other fields and
    /// comments are skipped.
    pub fn parse(raw: &'a [u8]) -> Self {
        let mut event = Self::default();
        let mut data_lines = 0;
        for (field, value) in fields(raw) {
            let value = std::str::from_utf8(value).unwrap_or_default();
            match field {
                b"data" => {
                    event.add_data(value, data_lines);
                    data_lines += 1;
                }
                b"event" => event.name = Some(value),
                b"id" => event.id = Some(value),
                _ => {}
            }
        }
        event
    }

    fn add_data(&mut self, line: &'a str, before: usize) {
        if before == 0 {
            self.data = Cow::Borrowed(line);
        } else {
            let data = self.data.to_mut();
            data.push('\n');
            data.push_str(line);
        }
    }
}

/// The bytes of the first `data:` line of a raw event, without copying or UTF-8 validation: all there is in the
/// providers' streams. None for a block without data.
pub fn data(raw: &[u8]) -> Option<&[u8]> {
    fields(raw).find_map(|(field, value)| (field == b"data").then_some(value))
}

/// The `event:` name of a raw event, as bytes.
pub fn name(raw: &[u8]) -> Option<&[u8]> {
    fields(raw).find_map(|(field, value)| (field == b"event").then_some(value))
}

/// The `field: value` lines of a raw event. A comment has an empty field name.
fn fields(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw)).map(|line| match memchr::memchr(b':', line) {
        Some(colon) => {
            let value = &line[colon + 1..];
            (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
        }
        None => (line, &[][..]),
    })
}

/// Lines without their ends. CRLF yields an empty line between, which no caller minds.
fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr2_iter(b'\n', b'\r', raw).chain(std::iter::once(raw.len())).map(move |end| {
        let line = &raw[start..end];
        start = end + 1;
        line
    })
}

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineEnd {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// Appends one event. Data of several lines becomes several `data:` lines; a name must hold no line end.
pub fn encode(name: Option<&str>, data: &[u8], line_end: LineEnd, out: &mut BytesMut) {
    out.reserve(data.len() + name.map_or(0, str::len) + 24);
    if let Some(name) = name {
        out.put_slice(b"event: ");
        out.put_slice(name.as_bytes());
        out.put_slice(line_end.bytes());
    }
    let mut rest = data;
    while let Some(end) = memchr2(b'\n', b'\r', rest) {
        put_data_line(&rest[..end], line_end, out);
        rest = &rest[end + if rest[end..].starts_with(b"\r\n") { 2 } else { 1 }..];
    }
    put_data_line(rest, line_end, out);
    out.put_slice(line_end.bytes());
}

/// Appends a comment, which keeps a connection alive and dispatches nothing; the text must hold no line end.
pub fn encode_comment(text: &str, line_end: LineEnd, out: &mut BytesMut) {
    for part in [b": ", text.as_bytes(), line_end.bytes(), line_end.bytes()] {
        out.put_slice(part);
    }
}

fn put_data_line(line: &[u8], line_end: LineEnd, out: &mut BytesMut) {
    out.put_slice(b"data: ");
    out.put_slice(line);
    out.put_slice(line_end.bytes());
}

/// Finds the blank line that ends an event.
#[derive(Debug)]
pub(crate) struct BlankLine {
    at_line_start: bool,
    /// The last byte seen was CR: a LF may follow that belongs to the same line end.
    cr: Option<AfterCr>,
}

#[derive(Debug, PartialEq, Eq)]
enum AfterCr {
    Line,
    BlankLine,
}

impl Default for BlankLine {
    fn default() -> Self {
        Self { at_line_start: true, cr: None }
    }
}

impl Boundary for BlankLine {
    fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        if let Some(after) = self.cr.take() {
            at = usize::from(bytes[0] == b'\n');
            if after == AfterCr::BlankLine {
                return Step::End(at);
            }
        }
        while let Some(offset) = memchr2(b'\n', b'\r', &bytes[at..]) {
            let blank = offset == 0 && self.at_line_start;
            self.at_line_start = true;
            at += offset + 1;
            if bytes[at - 1] == b'\r' {
                let Some(next) = bytes.get(at) else {
                    self.cr = Some(if blank { AfterCr::BlankLine } else { AfterCr::Line });
                    return Step::More;
                };
                at += usize::from(*next == b'\n');
            }
            if blank {
                return Step::End(at);
            }
        }
        if at < bytes.len() {
            self.at_line_start = false;
        }
        Step::More
    }

    fn classify(raw: Bytes) -> Piece {
        if data(&raw).is_some() { Piece::Event(raw) } else { Piece::Comment(raw) }
    }

    fn whole_at_end(&self) -> bool {
        self.cr == Some(AfterCr::BlankLine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(name: Option<&str>, data: &str, line_end: LineEnd) -> String {
        let mut out = BytesMut::new();
        encode(name, data.as_bytes(), line_end, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn events_are_written_as_the_providers_do() {
        assert_eq!(encoded(None, "[DONE]", LineEnd::Lf), "data: [DONE]\n\n");
        assert_eq!(encoded(None, "{}", LineEnd::CrLf), "data: {}\r\n\r\n");
        assert_eq!(encoded(Some("ping"), "{}", LineEnd::Lf), "event: ping\ndata: {}\n\n");
        assert_eq!(encoded(None, "a\nb\r\nc", LineEnd::Lf), "data: a\ndata: b\ndata: c\n\n");
    }

    #[test]
    fn an_event_is_read_by_field() {
        let event = Event::parse(
            b"\xef\xbb\xbf: note\r\nevent: delta\r\nid:7\r\ndata: a\r\ndata:b\r\nretry: 1\r\n\r\n",
        );
        assert_eq!(event, Event { name: Some("delta"), data: "a\nb".into(), id: Some("7") });
    }

    #[test]
    fn the_data_of_the_usual_event_is_borrowed() {
        assert!(matches!(Event::parse(b"data: {\"a\":1}\n\n").data, Cow::Borrowed("{\"a\":1}")));
        assert_eq!(data(b"event: x\ndata: y\n\n"), Some(&b"y"[..]));
        assert_eq!(name(b"event: x\ndata: y\n\n"), Some(&b"x"[..]));
        assert_eq!(data(b": ping\n\n"), None);
    }

    #[test]
    fn a_comment_is_no_event() {
        let mut out = BytesMut::new();
        encode_comment("ping", LineEnd::Lf, &mut out);
        assert_eq!(&out[..], b": ping\n\n");
        assert!(matches!(BlankLine::classify(out.freeze()), Piece::Comment(_)));
    }
}
