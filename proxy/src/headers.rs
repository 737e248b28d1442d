//! Headers on their way through: only those that belong to one hop are taken out (RFC 9110, 7.6.1).

use http::header::{CONNECTION, EXPECT, HeaderMap, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

/// Headers that say something about one connection. `Expect` is among them because the proxy has read the
/// body by the time it forwards.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    TRANSFER_ENCODING,
    TE,
    TRAILER,
    UPGRADE,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authorization"),
];

/// Takes out what belongs to the hop that the headers came over.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // Few messages have any of them, and looking at what is there is cheaper than asking for each that might be.
    let mut found: Vec<HeaderName> =
        headers.keys().filter(|name| HOP_BY_HOP.contains(name)).cloned().collect();
    if found.contains(&CONNECTION) {
        let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        let named = named.flat_map(|value| value.split(','));
        found.extend(named.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok()));
    }
    for name in found {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_the_hops_headers_go() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "bedrock-runtime.us-east-1.amazonaws.com"),
            ("authorization", "AWS4-HMAC-SHA256 …"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
            );
        }
        strip_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["host", "authorization", "content-type"]);
    }
}
