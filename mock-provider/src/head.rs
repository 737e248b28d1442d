//! What the heads of answers are made of, whoever answers.

use http::HeaderValue;

/// A header value; empty where the text cannot be one.
pub(crate) fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// A lower-case UUID of version 4.
pub(crate) fn uuid(bits: (u64, u64)) -> String {
    uuid_text(bits).map(char::from).iter().collect()
}

/// The same as a header value.
pub(crate) fn uuid_value(bits: (u64, u64)) -> HeaderValue {
    HeaderValue::from_bytes(&uuid_text(bits)).unwrap_or(HeaderValue::from_static(""))
}

/// How Cloudflare's edge names a request: sixteen digits, and where the edge stands, such as `-FRA`.
pub(crate) fn ray(bits: u64, place: &[u8; 4]) -> HeaderValue {
    let mut text = [b'-'; 20];
    text[16..].copy_from_slice(place);
    for (position, byte) in text[..16].iter_mut().enumerate() {
        *byte = digit(bits >> (60 - 4 * position));
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""))
}

fn uuid_text((high, low): (u64, u64)) -> [u8; 36] {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let mut text = [b'-'; 36];
    let mut digits =
        (0..16).rev().map(|place| high >> (4 * place)).chain((0..16).rev().map(|place| low >> (4 * place)));
    for (position, byte) in text.iter_mut().enumerate() {
        if !matches!(position, 8 | 13 | 18 | 23) {
            *byte = digit(digits.next().unwrap_or(0));
        }
    }
    text
}

/// The lowest four bits.
fn digit(bits: u64) -> u8 {
    b"0123456789abcdef"[(bits & 0xf) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_forms() {
        assert_eq!(uuid((0, 0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid((u64::MAX, u64::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let bits = (0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef);
        assert_eq!(uuid_value(bits), "01234567-89ab-4def-8123-456789abcdef");
        assert_eq!(ray(bits.0, b"-IAD"), "0123456789abcdef-IAD");
    }
}
