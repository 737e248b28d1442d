//! `:computeTokens`: which tokens a request has, each in base64 and by number.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::Serialize;

use crate::json::{self, Text};

/// The tokens of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComputeTokensResponse<'a> {
    /// For each content, or each instance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens_info: Vec<TokensInfo<'a>>,
}

/// The tokens of one content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensInfo<'a> {
    /// Each one's bytes in base64.
    pub tokens: Vec<String>,
    /// Each one's number; proto JSON writes 64-bit numbers as texts.
    pub token_ids: Vec<String>,
    /// Who says them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Text<'a>>,
}

impl TokensInfo<'_> {
    /// Adds a token.
    pub fn push(&mut self, token: &str, id: u32) {
        self.tokens.push(BASE64_STANDARD.encode(token));
        self.token_ids.push(id.to_string());
    }
}

impl ComputeTokensResponse<'_> {
    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_base64_and_numbers_are_texts() {
        let mut info = TokensInfo { role: Some("user".into()), ..TokensInfo::default() };
        info.push("Hi", 7);
        let body = r#"{"tokensInfo":[{"tokens":["SGk="],"tokenIds":["7"],"role":"user"}]}"#;
        assert_eq!(ComputeTokensResponse { tokens_info: vec![info] }.to_bytes(), body);
    }
}
