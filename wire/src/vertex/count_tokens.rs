//! `:countTokens`: a request like `:generateContent`'s, and how many tokens it has.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::generate_content::{GenerateContentRequest, ModalityTokenCount};
use crate::json::{self, is_zero, null_as_default};

/// What is counted: contents, instructions and tools.
pub type CountTokensRequest<'a> = GenerateContentRequest<'a>;

/// How many tokens a request has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CountTokensResponse {
    /// All of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_tokens: u32,
    /// Characters without white space, by which older models were billed.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_billable_characters: u32,
    /// By kind.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub prompt_tokens_details: Vec<ModalityTokenCount>,
}

impl CountTokensResponse {
    /// Reads a response body.
    ///
    /// # Errors
    /// When it is not JSON of the proto's shape.
    pub fn parse(body: &[u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::generate_content::Modality;
    use super::*;

    #[test]
    fn a_count_is_the_services_byte_by_byte() {
        let details = vec![ModalityTokenCount { modality: Modality::Text, token_count: 31 }];
        let count = CountTokensResponse {
            total_tokens: 31,
            total_billable_characters: 96,
            prompt_tokens_details: details,
        };
        let body = br#"{"totalTokens":31,"totalBillableCharacters":96,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#;
        assert_eq!(&count.to_bytes()[..], body);
        assert_eq!(CountTokensResponse::parse(body).unwrap(), count);
        assert_eq!(&CountTokensResponse::default().to_bytes()[..], b"{}");
    }
}
