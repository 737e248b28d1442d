//! Bodies that are mostly vectors: their long lists of numbers are set aside before the rest is read.
//!
//! A JSON reader looks at every byte of a number, a hundred thousand steps for one vector, to find out where
//! the list ends. A list of plain numbers ends at the next bracket.

use memchr::{memchr, memmem};

/// Shorter lists are read with the rest.
const LONG: usize = 512;

/// A body without its long lists.
#[derive(Debug)]
pub(crate) struct Lifted<'a> {
    /// The body with `[]` where a list was.
    pub(crate) frame: Vec<u8>,
    /// The lists that were values of the key asked for, in order.
    pub(crate) lists: Vec<&'a str>,
}

/// Takes the long lists of numbers out of `body` and keeps those under `key`; none when there is nothing to
/// take out.
///
/// A list is left in place unless it is written without white space, as providers do, and is the value of a
/// key. Of its numbers only the characters are checked, and that none is missing.
pub(crate) fn lift<'a>(body: &'a [u8], key: &str) -> Option<Lifted<'a>> {
    let (mut frame, mut lists) = (Vec::new(), Vec::new());
    let (mut kept, mut from) = (0, 0);
    while let Some(at) = memchr(b'[', &body[from..]).map(|at| from + at) {
        from = at + 1;
        let Some(list) = long_list(&body[at..]).filter(|_| is_value(&body[..at])) else { continue };
        if is_value_of(&body[..at], key) {
            lists.push(list);
        }
        frame.extend_from_slice(&body[kept..at]);
        frame.extend_from_slice(b"[]");
        kept = at + list.len();
        from = kept;
    }
    frame.extend_from_slice(&body[kept..]);
    (kept > 0).then_some(Lifted { frame, lists })
}

/// Whether a value of an object comes next. A quote inside a text has a backslash before it, so a bare one
/// ends a text, and before a colon that text is a key.
fn is_value(before: &[u8]) -> bool {
    before.strip_suffix(b"\":").is_some_and(|name| name.last().is_some_and(|last| *last != b'\\'))
}

fn is_value_of(before: &[u8], key: &str) -> bool {
    let name = before.strip_suffix(b"\":").and_then(|name| name.strip_suffix(key.as_bytes()));
    name.and_then(|name| name.strip_suffix(b"\"")).is_some_and(|rest| rest.last() != Some(&b'\\'))
}

/// The list that begins here, brackets included, if it is a long one of numbers.
fn long_list(rest: &[u8]) -> Option<&str> {
    let end = 1 + memchr(b']', rest).filter(|end| *end >= LONG)?;
    let inside = &rest[1..end - 1];
    let is_whole = inside.first() != Some(&b',') && inside.last() != Some(&b',');
    // Without a branch, so that the compiler looks at many bytes at once.
    let is_plain = inside.iter().fold(true, |plain, byte| plain & is_numeric(*byte));
    if is_whole && is_plain && memmem::find(inside, b",,").is_none() {
        std::str::from_utf8(&rest[..end]).ok()
    } else {
        None
    }
}

fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_digit() | (b'+'..=b'.').contains(&byte) | (byte | 0x20 == b'e')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> String {
        format!("[{}]", vec!["-0.0123e-5"; count].join(","))
    }

    #[test]
    fn long_lists_leave_their_places() {
        let (long, short) = (numbers(100), numbers(3));
        let body = format!(r#"{{"v":{long},"w":{long},"t":"x","s":{short},"a":[{{"v":{long}}}]}}"#);
        let lifted = lift(body.as_bytes(), "v").unwrap();
        assert_eq!(lifted.lists, [&long, &long]);
        let frame = format!(r#"{{"v":[],"w":[],"t":"x","s":{short},"a":[{{"v":[]}}]}}"#);
        assert_eq!(lifted.frame, frame.as_bytes());
        assert!(lift(br#"{"v":[1,2],"t":"[]"}"#, "v").is_none());
    }

    #[test]
    fn what_is_no_plain_list_under_a_key_stays() {
        let long = numbers(100);
        let spaced = long.replace(',', ", ");
        let gap = long.replacen(',', ",,", 1);
        let (open, ended) = (long.replace(']', ""), long.replace(']', ",]"));
        let texts = long.replacen("-0.0123", "\"a\"", 1);
        for list in [&spaced, &gap, &open, &ended, &texts] {
            assert!(lift(format!(r#"{{"v":{list}}}"#).as_bytes(), "v").is_none(), "{list}");
        }
        for body in [long.clone(), format!(r#"{{"t":"a\":{long}"}}"#), format!("[1,{long}]")] {
            assert!(lift(body.as_bytes(), "v").is_none(), "{body}");
        }
        let other = format!(r#"{{"a\"v":{long}}}"#);
        assert!(lift(other.as_bytes(), "v").unwrap().lists.is_empty());
    }
}
