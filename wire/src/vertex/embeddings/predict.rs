//! `:predict` of text-embedding models and gemini-embedding-001: at most 250 texts a request.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::json::{self, FloatList, Text, null_as_default};
use crate::vertex::generate_content::proto_u32;

/// A request for embeddings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictRequest<'a> {
    /// The texts.
    #[serde(borrow)]
    pub instances: Vec<Instance<'a>>,
    /// The same for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

/// One text; its keys are in snake_case, unlike all others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance<'a> {
    /// The text.
    #[serde(borrow)]
    pub content: Text<'a>,
    /// Such as `RETRIEVAL_QUERY`.
    #[serde(default, alias = "taskType", skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Text<'a>>,
    /// Of the document, with `RETRIEVAL_DOCUMENT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<'a>>,
}

/// What holds for all texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// Whether a long text is cut; otherwise it is refused.
    #[serde(default, alias = "auto_truncate", skip_serializing_if = "Option::is_none")]
    pub auto_truncate: Option<bool>,
    /// How long the vectors shall be.
    #[serde(default, alias = "output_dimensionality", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dimensionality: Option<u32>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictResponse<'a> {
    /// A vector for each text, in order.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub predictions: Vec<Prediction<'a>>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<PredictMetadata>,
}

/// One vector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction<'a> {
    /// The vector, in spite of its name.
    #[serde(borrow)]
    pub embeddings: TextEmbedding<'a>,
}

/// A vector and what it was made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextEmbedding<'a> {
    /// The numbers.
    #[serde(borrow)]
    pub values: FloatList<'a>,
    /// Of the text.
    #[serde(default)]
    pub statistics: Statistics,
}

/// Of a text; in snake_case, and with its defaults, unlike all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// How many tokens it has.
    pub token_count: u32,
    /// Whether it was cut.
    pub truncated: bool,
}

/// What a request cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PredictMetadata {
    /// Characters without white space.
    pub billable_character_count: u32,
}

impl<'a> PredictRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON or has no texts.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl<'a> Prediction<'a> {
    /// A vector of a text that has `token_count` tokens and was not cut.
    pub fn new(values: FloatList<'a>, token_count: u32) -> Self {
        let statistics = Statistics { token_count, truncated: false };
        Prediction { embeddings: TextEmbedding { values, statistics } }
    }
}

impl<'a> PredictResponse<'a> {
    /// Reads a response body; numbers stay unread.
    ///
    /// # Errors
    /// When it is not JSON of the format's shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the response body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Tokens of all texts.
    pub fn token_count(&self) -> u32 {
        let tokens = self.predictions.iter().map(|prediction| prediction.embeddings.statistics.token_count);
        tokens.fold(0, u32::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_was_read() {
        let body = concat!(
            r#"{"instances":[{"content":"a \"b\"","task_type":"RETRIEVAL_QUERY","title":"t"},{"content":"c"}],"#,
            r#""parameters":{"autoTruncate":true,"outputDimensionality":256}}"#
        );
        let request = PredictRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(request.to_bytes(), body);
        assert_eq!(request.parameters.unwrap().output_dimensionality, Some(256));
        assert!(PredictRequest::parse(b"{}").is_err());
        assert!(PredictRequest::parse(br#"{"instances":[{"prompt":"a picture"}]}"#).is_err());
    }

    #[test]
    fn an_answer_is_the_services_byte_by_byte() {
        let response = PredictResponse {
            predictions: vec![Prediction::new(vec![0.5, -1.0].into(), 3)],
            metadata: Some(PredictMetadata { billable_character_count: 9 }),
        };
        let body = concat!(
            r#"{"predictions":[{"embeddings":{"values":[0.5,-1.0],"statistics":{"token_count":3,"truncated":false}}}],"#,
            r#""metadata":{"billableCharacterCount":9}}"#
        );
        assert_eq!(response.to_bytes(), body);
        let parsed = PredictResponse::parse(body.as_bytes()).unwrap();
        assert_eq!(parsed.token_count(), 3);
        assert_eq!(&*parsed.predictions[0].embeddings.values.floats().unwrap(), [0.5, -1.0]);
        assert_eq!(parsed.to_bytes(), body);
    }
}
