//! The canonical form of a request, of which both sides take the signature.

use std::fmt::Write as _;

use http::{HeaderMap, Method, header::HOST};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::key::SigningKey;
use super::timestamp::Timestamp;
use super::{ALGORITHM, header};
use crate::bedrock::path::LABEL;

/// The parts of a request that a signature covers, as they came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The raw path, not decoded.
    pub path: &'a str,
    /// The raw query.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The authority of an HTTP/2 request, which stands in for `host`.
    pub authority: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Of a request's parts.
    pub fn of_parts(parts: &'a http::request::Parts) -> Self {
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            authority: parts.uri.authority().map(http::uri::Authority::as_str),
        }
    }

    /// The text of a header; none if it is absent or not visible ASCII.
    pub(super) fn text(&self, name: &http::HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The SHA-256 of a request's body, in hexadecimal, or what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadHash(String);

impl PayloadHash {
    /// Of these bytes.
    pub fn of(body: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(body)))
    }

    /// Of a stream of events, whose bytes are signed one by one: what `x-amz-content-sha256` says, else the hash of no
    /// bytes. Seen in code: the SDK for JavaScript sends `STREAMING-AWS4-HMAC-SHA256-EVENTS` there, the SDK for Rust
    /// leaves the header out and signs an empty payload.
    pub(super) fn of_stream(head: &Head<'_>) -> Self {
        head.text(&header::CONTENT_SHA256).map_or_else(|| Self::of(b""), |said| Self(said.to_owned()))
    }

    /// 64 lower-case digits, or the word that stands for them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name under which a client of HTTP/2 signs the host: the SDK for JavaScript does.
pub(super) const AUTHORITY: &str = ":authority";

/// Signs the canonical request over these headers, which must be sorted and in lower case, joined by `;`.
pub(super) fn signature(
    head: &Head<'_>,
    signed_headers: &str,
    payload: &PayloadHash,
    moment: Timestamp,
    key: &SigningKey,
) -> String {
    let request = canonical_request(head, signed_headers, payload);
    let mut hash = [0; 64];
    // 32 bytes are 64 digits.
    let _ = hex::encode_to_slice(Sha256::digest(request.as_bytes()), &mut hash);
    let hash = std::str::from_utf8(&hash).unwrap_or_default();
    key.signature(&format!("{ALGORITHM}\n{moment}\n{}\n{hash}", key.scope()))
}

fn canonical_request(head: &Head<'_>, signed_headers: &str, payload: &PayloadHash) -> String {
    let mut out = String::with_capacity(768);
    out.push_str(head.method.as_str());
    out.push('\n');
    push_path(head.path, &mut out);
    out.push('\n');
    push_query(head.query.unwrap_or_default(), &mut out);
    out.push('\n');
    for name in signed_headers.split(';') {
        push_header(head, name, &mut out);
    }
    out.push('\n');
    out.push_str(signed_headers);
    out.push('\n');
    out.push_str(payload.as_str());
    out
}

/// Each segment of the path as received, encoded once more: `%3A` becomes `%253A`.
const PATH: &AsciiSet = &LABEL.remove(b'/');

fn push_path(path: &str, out: &mut String) {
    let path = if path.is_empty() { "/" } else { path };
    out.extend(utf8_percent_encode(path, PATH));
}

fn push_query(query: &str, out: &mut String) {
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).map(canonical_pair).collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        // Writing to a string cannot fail.
        let _ = write!(out, "{separator}{name}={value}");
    }
}

fn canonical_pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let canonical =
        |text| utf8_percent_encode(&percent_decode_str(text).decode_utf8_lossy(), LABEL).to_string();
    (canonical(name), canonical(value))
}

fn push_header(head: &Head<'_>, name: &str, out: &mut String) {
    out.push_str(name);
    out.push(':');
    let mut empty = true;
    for value in head.headers.get_all(name) {
        if !empty {
            out.push(',');
        }
        push_collapsed(&String::from_utf8_lossy(value.as_bytes()), out);
        empty = false;
    }
    if empty && (name == HOST.as_str() || name == AUTHORITY) {
        out.push_str(head.authority.or_else(|| head.text(&HOST)).unwrap_or_default());
    }
    out.push('\n');
}

/// Runs of spaces count as one, those at the ends not at all.
fn push_collapsed(value: &str, out: &mut String) {
    for (index, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// The headers that our own requests sign, as boto3 does: those that intermediaries leave alone.
pub(super) fn headers_to_sign(headers: &HeaderMap) -> String {
    let wanted = |name: &&str| {
        matches!(*name, "accept" | "content-type" | "host")
            || name.starts_with("x-amz-")
            || name.starts_with("x-amzn-bedrock-")
    };
    let date = header::DATE;
    let always = [HOST.as_str(), date.as_str()];
    let mut names: Vec<_> =
        headers.keys().map(http::HeaderName::as_str).filter(wanted).chain(always).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_canonical_in_every_part() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "h".parse().unwrap());
        headers.append("x-amz-meta", "  a   b ".parse().unwrap());
        headers.append("x-amz-meta", "c".parse().unwrap());
        let head = Head {
            method: &Method::GET,
            path: "/model/a:b%3A0/x",
            query: Some("b=2&a=x%20y&&c"),
            headers: &headers,
            authority: None,
        };
        assert_eq!(headers_to_sign(&headers), "host;x-amz-date;x-amz-meta");
        assert_eq!(
            canonical_request(&head, "host;x-amz-meta", &PayloadHash::of(b"")),
            "GET\n/model/a%3Ab%253A0/x\na=x%20y&b=2&c=\nhost:h\nx-amz-meta:a b,c\n\nhost;x-amz-meta\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn the_authority_stands_in_for_a_missing_host() {
        let headers = HeaderMap::new();
        let head = Head {
            method: &Method::GET,
            path: "",
            query: None,
            headers: &headers,
            authority: Some("example.org:8080"),
        };
        assert!(
            canonical_request(&head, "host", &PayloadHash::of(b""))
                .starts_with("GET\n/\n\nhost:example.org:8080\n\n")
        );
    }

    #[test]
    fn a_host_that_was_signed_as_authority_is_the_same_host() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:9100".parse().unwrap());
        let head = Head { method: &Method::GET, path: "", query: None, headers: &headers, authority: None };
        assert!(
            canonical_request(&head, AUTHORITY, &PayloadHash::of(b""))
                .starts_with("GET\n/\n\n:authority:127.0.0.1:9100\n\n:authority\n")
        );
    }
}
