//! The name of a request, carried in its own prompt so that it survives every gateway in between.
//!
//! A nonce is `bo-` and 16 lower-case hex digits; a client's own retry *n* of the same request is
//! `bo-….n`. It stands in the first line of the last user message, or of an embedding's input. Every
//! token that the mock provider generates for it is a *token text*: a space, the nonce's four-digit
//! tag, a dot and the sequence number from 0 (` 3fa9.0`, ` 3fa9.1`, …).
//!
//! The tag is FNV-1a (64 bits) over the 19 ASCII bytes of `bo-` and the digits, folded to 16 bits by
//! exclusive or: small enough to be written again in any language. A retry keeps its request's tag.

mod expected;
mod find;
mod scanner;

pub use find::find_last;
pub use scanner::{TokenReport, TokenScanner};

use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What every nonce starts with.
pub const PREFIX: &str = "bo-";
const DIGITS: usize = 16;
const TEXT_LEN: usize = PREFIX.len() + DIGITS;

/// A request's name: 64 bits, and which of the client's own tries it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce {
    id: u64,
    retry: u16,
}

/// A text that is not a nonce.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a nonce: {text:?} (expected `bo-` and 16 lower-case hex digits, then optionally `.` and a retry number)"
)]
pub struct ParseNonceError {
    text: String,
}

impl Nonce {
    /// The first try of the request with these 64 bits.
    pub const fn new(id: u64) -> Self {
        Self { id, retry: 0 }
    }

    /// The same request, sent again by the client itself for the `retry`-th time (0 is the first try).
    #[must_use]
    pub const fn with_retry(self, retry: u16) -> Self {
        Self { id: self.id, retry }
    }

    /// The 64 bits that all tries of this request share.
    pub const fn id(self) -> u64 {
        self.id
    }

    /// Which of the client's own tries this is, from 0.
    pub const fn retry(self) -> u16 {
        self.retry
    }

    /// One number for this try, to key decisions by: the id itself for a first try, a mixture for a
    /// retry, so that a client that tries again draws again.
    pub const fn identity(self) -> u64 {
        if self.retry == 0 { self.id } else { mix(self.id ^ mix(self.retry as u64)) }
    }

    /// The 16 bits that every token text of this request carries.
    pub fn tag(self) -> u16 {
        let mut text = [0; TEXT_LEN];
        self.write_base(&mut text);
        let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let folded = hash ^ (hash >> 32);
        u16::try_from((folded ^ (folded >> 16)) & 0xffff).unwrap_or_default()
    }

    /// The text of generated token `seq`, such as ` 3fa9.0`.
    pub fn token_text(self, seq: u32) -> String {
        token_text(self.tag(), seq)
    }

    fn write_base(self, text: &mut [u8; TEXT_LEN]) {
        text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        for (position, byte) in text[PREFIX.len()..].iter_mut().enumerate() {
            let digit = (self.id >> (60 - 4 * position)) & 0xf;
            *byte = b"0123456789abcdef"[usize::try_from(digit).unwrap_or_default()];
        }
    }
}

/// The text of generated token `seq` under a tag that is already known (see [`Nonce::tag`]).
pub fn token_text(tag: u16, seq: u32) -> String {
    format!(" {tag:04x}.{seq}")
}

/// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:016x}", self.id)?;
        if self.retry > 0 {
            write!(f, ".{}", self.retry)?;
        }
        Ok(())
    }
}

impl FromStr for Nonce {
    type Err = ParseNonceError;

    fn from_str(text: &str) -> Result<Self, ParseNonceError> {
        find::at_start(text.as_bytes())
            .and_then(|(nonce, len)| (len == text.len()).then_some(nonce))
            .ok_or_else(|| ParseNonceError { text: text.to_owned() })
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Nonce;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a nonce such as bo-0123456789abcdef")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Nonce, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_and_parses_back() {
        for text in [
            "bo-0000000000000000",
            "bo-0123456789abcdef",
            "bo-ffffffffffffffff.1",
            "bo-00000000000000ff.65535",
        ] {
            assert_eq!(text.parse::<Nonce>().map(|nonce| nonce.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_what_is_not_a_nonce() {
        for text in [
            "",
            "bo-",
            "bo-0123",
            "bo-0123456789ABCDEF",
            "bo-0123456789abcdefa",
            "bo-0123456789abcdef.",
            "bo-0123456789abcdef.x",
            "bo-0123456789abcdef.65536",
            "xo-0123456789abcdef",
        ] {
            assert!(text.parse::<Nonce>().is_err(), "{text}");
        }
    }

    #[test]
    fn tag_is_the_documented_hash() {
        // Computed apart: FNV-1a 64 of the ASCII text, folded 64 → 32 → 16.
        assert_eq!(Nonce::new(0).tag(), TAG_OF_ZERO);
        assert_eq!(Nonce::new(0x0123_4567_89ab_cdef).tag(), TAG_OF_DIGITS);
    }

    #[test]
    fn a_retry_keeps_the_tag_and_changes_the_identity() {
        let first = Nonce::new(42);
        let second = first.with_retry(1);
        assert_eq!(first.tag(), second.tag());
        assert_ne!(first.identity(), second.identity());
        assert_ne!(second.identity(), first.with_retry(2).identity());
    }

    #[test]
    fn token_texts_carry_tag_and_sequence() {
        let nonce = Nonce::new(7);
        assert_eq!(nonce.token_text(12), format!(" {:04x}.12", nonce.tag()));
    }

    const TAG_OF_ZERO: u16 = 0x827d;
    const TAG_OF_DIGITS: u16 = 0x8bd0;
}
