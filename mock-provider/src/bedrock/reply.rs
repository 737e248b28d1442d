//! The head that every Bedrock answer has.

use http::{HeaderValue, Response, StatusCode, header};
use wire::bedrock::headers;
use world::http::Body;

use crate::call::{Call, Engine};

/// An answer with date, type, connection and request id.
pub(super) fn base(
    engine: &Engine,
    call: &Call<'_>,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut response = engine.response(status, content_type, body);
    let map = response.headers_mut();
    map.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    map.insert(headers::REQUEST_ID, request_id(engine.request_bits(&call.identity)));
    response
}

/// A 200 with a JSON body.
pub(super) fn json(engine: &Engine, call: &Call<'_>, body: impl Into<bytes::Bytes>) -> Response<Body> {
    base(engine, call, StatusCode::OK, headers::JSON, Body::full(body))
}

/// A lower-case UUID of version 4.
pub(super) fn uuid(bits: (u64, u64)) -> String {
    uuid_text(bits).map(char::from).iter().collect()
}

fn request_id(bits: (u64, u64)) -> HeaderValue {
    HeaderValue::from_bytes(&uuid_text(bits)).unwrap_or(HeaderValue::from_static(""))
}

fn uuid_text((high, low): (u64, u64)) -> [u8; 36] {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let mut text = [b'-'; 36];
    let mut digits =
        (0..16).rev().map(|digit| high >> (4 * digit)).chain((0..16).rev().map(|digit| low >> (4 * digit)));
    for (position, byte) in text.iter_mut().enumerate() {
        if !matches!(position, 8 | 13 | 18 | 23) {
            let digit = digits.next().unwrap_or(0) & 0xf;
            *byte = b"0123456789abcdef"[digit as usize];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_lower_case_uuid() {
        assert_eq!(request_id((0, 0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(request_id((u64::MAX, u64::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            request_id((0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef)),
            "01234567-89ab-4def-8123-456789abcdef"
        );
    }
}
