//! Where a listener is: a socket address in the real world, a name in the virtual one.

use std::fmt;
use std::sync::Arc;

/// The place of a listener: `127.0.0.1:8080`, `127.0.0.1:0` (any free port), or a name such as
/// `proxy-bedrock` in the virtual world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

impl Address {
    /// An address as written.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The text of the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host part: everything before the last colon, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = match self.0.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.0,
        };
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether the host is this machine's loopback.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Self {
        Self::new(address.to_string())
    }
}

/// An `http://` URL that a client sends to: an address and a path prefix without its closing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Where to connect to.
    pub address: Address,
    /// What stands before every path; empty, or beginning with a slash.
    pub prefix: String,
}

/// A text that is not a usable base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a URL such as `http://127.0.0.1:8080` or `http://localhost:8080/prefix`")]
pub struct BaseUrlError(pub String);

impl BaseUrl {
    /// The URL of a listener.
    #[must_use]
    pub fn of(address: Address) -> Self {
        Self { address, prefix: String::new() }
    }

    /// What the `Host` header says.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.address.as_str()
    }

    /// The prefix followed by `path`, which begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

impl std::str::FromStr for BaseUrl {
    type Err = BaseUrlError;
    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let fail = || BaseUrlError(text.to_owned());
        let rest = text.trim().strip_prefix("http://").ok_or_else(fail)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let bad = |c: char| c.is_whitespace() || matches!(c, '@' | '?' | '#' | '"' | '<' | '>');
        if authority.is_empty() || rest.contains(bad) {
            return Err(fail());
        }
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let is_name = authority.parse::<std::net::IpAddr>().is_err() && authority != "localhost";
        let address = if has_port || (is_name && !authority.contains('.')) {
            Address::new(authority)
        } else {
            Address::new(format!("{authority}:80"))
        };
        Ok(Self { address, prefix: path.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, address: &str, prefix: &str) {
        let url: BaseUrl = text.parse().expect(text);
        assert_eq!((url.address.as_str(), url.prefix.as_str()), (address, prefix), "{text}");
    }

    #[test]
    fn reads_base_urls() {
        check("http://127.0.0.1:4000", "127.0.0.1:4000", "");
        check("http://localhost:4000/v1/", "localhost:4000", "/v1");
        check("http://gateway.example/a/b", "gateway.example:80", "/a/b");
        check("http://proxy-bedrock", "proxy-bedrock", "");
        for text in ["", "127.0.0.1:80", "https://x", "http://", "http://a b", "http://u@h/", "http://h?x"] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn knows_loopback() {
        for (text, expected) in [
            ("127.0.0.1:80", true),
            ("localhost:1", true),
            ("[::1]:80", true),
            ("10.0.0.1:80", false),
            ("gateway:80", false),
        ] {
            assert_eq!(Address::new(text).is_loopback(), expected, "{text}");
        }
    }
}
