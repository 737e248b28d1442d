//! `wrong_content_type`: the head names another content type than the body has, streamed or not.
//!
//! ```toml
//! wrong_content_type = "text/plain"      # which `true` means, too
//! ```

use std::str::FromStr;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::grammar::Refused;

/// A content type that the answer does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongContentType(HeaderValue);

impl FromStr for WrongContentType {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let text = if matches!(text, "" | "true") { "text/plain" } else { text };
        HeaderValue::from_str(text)
            .map(Self)
            .map_err(|_| Refused::new(text, "a content type such as `text/plain`"))
    }
}

impl WrongContentType {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("content_type", String::from_utf8_lossy(self.0.as_bytes()).into_owned())]
    }

    pub(super) fn mend(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, self.0.clone());
    }
}
