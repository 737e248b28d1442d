//! The text of the token that should come next, at hand to be compared with what comes.

use std::io::Write as _;

/// A space, the tag's four digits, a dot.
const HEAD: usize = 6;
/// Sequence numbers beyond nine digits are no tokens.
const DIGITS_MAX: usize = 9;

/// ` hhhh.n` of one token, to be moved on by one without being written anew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    text: [u8; HEAD + DIGITS_MAX],
    /// How much of `text` counts; 0 once the numbers have run out.
    len: usize,
}

impl Expected {
    /// Token 0 of an answer with this tag.
    pub(super) fn first(tag: u16) -> Self {
        let mut expected = Self { text: [0; HEAD + DIGITS_MAX], len: 0 };
        expected.jump(tag, 0);
        expected
    }

    /// Token `seq` instead.
    pub(super) fn jump(&mut self, tag: u16, seq: u32) {
        let mut room = &mut self.text[..];
        let fits = write!(room, " {tag:04x}.{seq}").is_ok();
        let left = room.len();
        self.len = if fits { self.text.len() - left } else { 0 };
    }

    /// The token after this one.
    pub(super) fn advance(&mut self) {
        if self.len == 0 {
            return;
        }
        for digit in self.text[HEAD..self.len].iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        // All were nines.
        if self.len == self.text.len() {
            self.len = 0;
            return;
        }
        self.text[HEAD] = b'1';
        self.text[self.len] = b'0';
        self.len += 1;
    }

    /// What follows this token's text at the start of `bytes`, if it stands there whole: something follows, and it
    /// is no digit more.
    pub(super) fn strip_from<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let rest = bytes.strip_prefix(&self.text[..self.len])?;
        let is_whole = self.len > 0 && rest.first().is_some_and(|next| !next.is_ascii_digit());
        is_whole.then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_as_numbers_are_written() {
        let mut stepped = Expected::first(0x3fa9);
        let mut jumped = stepped;
        for seq in 0..2_001 {
            jumped.jump(0x3fa9, seq);
            assert_eq!(stepped.text[..stepped.len], jumped.text[..jumped.len], "{seq}");
            assert_eq!(&stepped.text[..stepped.len], format!(" 3fa9.{seq}").as_bytes());
            stepped.advance();
        }
    }

    #[test]
    fn beyond_nine_digits_nothing_is_expected() {
        let mut last = Expected::first(1);
        last.jump(1, 999_999_999);
        assert_eq!(last.strip_from(b" 0001.999999999 "), Some(&b" "[..]));
        last.advance();
        assert_eq!(last.strip_from(b" 0001.1000000000 "), None);
        assert_eq!(last.strip_from(b" "), None);
    }

    #[test]
    fn a_token_is_whole_when_something_else_follows() {
        let first = Expected::first(0xab);
        assert_eq!(first.strip_from(b" 00ab.0 00ab.1"), Some(&b" 00ab.1"[..]));
        for other in [&b" 00ab.0"[..], b" 00ab.01", b" 00ab.1 ", b"00ab.0 ", b""] {
            assert_eq!(first.strip_from(other), None);
        }
    }
}
