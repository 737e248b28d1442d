//! Faults that a request asks for itself: `x-brownout-fault: SPEC`, or `/fault/SPEC` before its path.

use http::header::HeaderName;
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use percent_encoding::percent_decode_str;

const HEADER: HeaderName = HeaderName::from_static("x-brownout-fault");
const PREFIX: &str = "/fault/";

/// Takes the spec out of a request; what is left is the request itself.
pub(crate) fn take_spec(parts: &mut Parts) -> Option<String> {
    let in_header = parts.headers.remove(HEADER);
    if let Some(value) = in_header {
        return Some(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let target = parts.uri.path_and_query()?.as_str();
    let (spec, rest) = split(target)?;
    let spec = percent_decode_str(spec).decode_utf8_lossy().into_owned();
    parts.uri = Uri::from(rest.parse::<PathAndQuery>().ok()?);
    Some(spec)
}

/// The spec in a target, and the target behind it.
fn split(target: &str) -> Option<(&str, &str)> {
    let rest = target.strip_prefix(PREFIX)?;
    let end = rest.find('/')?;
    Some(rest.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(target: &str) -> (Option<String>, String) {
        let mut parts = http::Request::get(target).body(()).expect("a request").into_parts().0;
        (take_spec(&mut parts), parts.uri.to_string())
    }

    #[test]
    fn a_prefix_is_taken_off_the_path() {
        let spec = Some("cut=3 events:reset".to_owned());
        assert_eq!(taken("/fault/cut=3%20events:reset/v1/x?y=z"), (spec, "/v1/x?y=z".to_owned()));
        assert_eq!(taken("/v1/fault/x/y"), (None, "/v1/fault/x/y".to_owned()));
        assert_eq!(taken("/fault/x"), (None, "/fault/x".to_owned()));
    }

    #[test]
    fn a_header_is_not_forwarded() {
        let request = http::Request::get("/x").header("x-brownout-fault", "html").body(());
        let mut parts = request.expect("a request").into_parts().0;
        assert_eq!(take_spec(&mut parts), Some("html".to_owned()));
        assert!(parts.headers.is_empty());
    }
}
