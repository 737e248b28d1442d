//! How a request asks for a fault itself: `x-brownout-fault: SPEC`, or `/fault/SPEC` before its path.
//!
//! A client that signs its requests signs them with the wish in them. A proxy that takes the wish out tells
//! a mock behind it, in two headers of ours, what was signed. A real provider refuses such a request: it is
//! no longer the one that was signed.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use percent_encoding::percent_decode_str;

/// The header that asks for a fault.
pub const HEADER: HeaderName = HeaderName::from_static("x-brownout-fault");
/// What stands before the path of a request that asks for a fault there.
const PREFIX: &str = "/fault/";
/// The wish that was taken out of [`HEADER`].
const SIGNED_HEADER: HeaderName = HeaderName::from_static("x-brownout-signed-fault");
/// The path that a wish was taken out of.
const SIGNED_PATH: HeaderName = HeaderName::from_static("x-brownout-signed-path");

/// The spec before a path, percent-decoded, and the path behind it.
#[must_use]
pub fn before_path(path: &str) -> Option<(String, &str)> {
    let rest = path.strip_prefix(PREFIX)?;
    let (spec, path) = rest.split_at(rest.find('/')?);
    Some((percent_decode_str(spec).decode_utf8_lossy().into_owned(), path))
}

/// The spec in the header.
#[must_use]
pub fn in_header(headers: &HeaderMap) -> Option<String> {
    headers.get(HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Takes the wish out of a request and notes what was signed. What is left is the request itself.
pub fn take(parts: &mut Parts) -> Option<String> {
    if let Some(value) = parts.headers.remove(HEADER) {
        let spec = String::from_utf8_lossy(value.as_bytes()).into_owned();
        parts.headers.insert(SIGNED_HEADER, value);
        return Some(spec);
    }
    let target = parts.uri.path_and_query()?.as_str();
    let (spec, rest) = before_path(target)?;
    let signed = HeaderValue::from_str(parts.uri.path()).ok()?;
    parts.uri = Uri::from(rest.parse::<PathAndQuery>().ok()?);
    parts.headers.insert(SIGNED_PATH, signed);
    Some(spec)
}

/// What a request's sender signed, where a proxy has taken a wish out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The path as it was signed.
    pub path: String,
    /// The headers as they were signed.
    pub headers: HeaderMap,
}

/// Puts back together what was signed; `None` when the request is as it was.
#[must_use]
pub fn signed(parts: &Parts) -> Option<Signed> {
    let (header, path) = (parts.headers.get(SIGNED_HEADER), parts.headers.get(SIGNED_PATH));
    if header.is_none() && path.is_none() {
        return None;
    }
    let mut headers = parts.headers.clone();
    if let Some(value) = header {
        headers.insert(HEADER, value.clone());
    }
    let path = path.and_then(|path| path.to_str().ok()).unwrap_or(parts.uri.path()).to_owned();
    Some(Signed { path, headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str, wish: Option<&str>) -> Parts {
        let mut request = http::Request::get(target);
        if let Some(spec) = wish {
            request = request.header(HEADER, spec);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn taken(target: &str) -> (Option<String>, String) {
        let mut parts = parts(target, None);
        (take(&mut parts), parts.uri.to_string())
    }

    #[test]
    fn a_wish_is_taken_off_the_path() {
        let spec = Some("cut=3 events:reset".to_owned());
        assert_eq!(taken("/fault/cut=3%20events:reset/v1/x?y=z"), (spec, "/v1/x?y=z".to_owned()));
        assert_eq!(taken("/v1/fault/x/y"), (None, "/v1/fault/x/y".to_owned()));
        assert_eq!(taken("/fault/x"), (None, "/fault/x".to_owned()));
    }

    #[test]
    fn what_was_signed_can_be_put_back_together() {
        let mut by_path = parts("/fault/stall/model/a%3Ab/converse", None);
        assert_eq!(signed(&by_path), None);
        take(&mut by_path).expect("a wish");
        assert_eq!(signed(&by_path).expect("signed otherwise").path, "/fault/stall/model/a%3Ab/converse");
        let mut by_header = parts("/x", Some("html"));
        assert_eq!(take(&mut by_header).as_deref(), Some("html"));
        assert!(!by_header.headers.contains_key(HEADER), "a wish is granted once");
        let signed = signed(&by_header).expect("signed otherwise");
        assert_eq!((signed.path.as_str(), in_header(&signed.headers).as_deref()), ("/x", Some("html")));
    }
}
