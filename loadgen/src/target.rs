//! Where requests go, and under whose keys.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderName, HeaderValue};
use world::BaseUrl;

use crate::plan::Tenant;

/// A gateway under test.
#[derive(Clone)]
pub struct Target {
    /// Its URL, with or without the closing `/v1`.
    pub url: BaseUrl,
    /// Bearer keys by tenant; who is not named here uses [`Target::key`].
    pub keys: BTreeMap<String, String>,
    /// The key of all other tenants; without it each uses the key that the plan gives it.
    pub key: Option<String>,
    /// Headers added to every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The response header that names the provider.
    pub served_by: HeaderName,
}

/// The header in which the reference gateway says who served a request.
pub const PROVIDER_HEADER: HeaderName = HeaderName::from_static("x-brownout-provider");

impl Target {
    /// A target that knows the keys of the plan.
    #[must_use]
    pub fn new(url: BaseUrl) -> Self {
        let served_by = PROVIDER_HEADER;
        Self { url, keys: BTreeMap::new(), key: None, headers: Vec::new(), served_by }
    }

    /// The path of a request for `path`, such as `/v1/models`.
    pub(crate) fn path(&self, path: &str) -> String {
        let is_versioned = self.url.prefix.ends_with("/v1");
        self.url.join(path.strip_prefix("/v1").filter(|_| is_versioned).unwrap_or(path))
    }

    /// The bearer key of `tenant`.
    pub(crate) fn key_of<'a>(&'a self, tenant: &'a Tenant) -> &'a str {
        self.keys.get(&*tenant.name).or(self.key.as_ref()).unwrap_or(&tenant.key)
    }
}

/// Keys and added headers are secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_end_in_the_version() {
        for (url, expected) in [
            ("http://gateway", "/v1/models"),
            ("http://gateway/v1/", "/v1/models"),
            ("http://gateway/llm/v1", "/llm/v1/models"),
            ("http://gateway/llm", "/llm/v1/models"),
        ] {
            let target = Target::new(url.parse().expect(url));
            assert_eq!(target.path("/v1/models"), expected, "{url}");
        }
    }

    #[test]
    fn the_most_specific_key_counts() {
        let tenant = Tenant::named("a");
        let mut target = Target::new("http://gateway".parse().expect("a URL"));
        assert_eq!(target.key_of(&tenant), "sk-a");
        target.key = Some("sk-all".to_owned());
        assert_eq!(target.key_of(&tenant), "sk-all");
        target.keys.insert("a".to_owned(), "sk-own".to_owned());
        assert_eq!(target.key_of(&tenant), "sk-own");
    }
}
