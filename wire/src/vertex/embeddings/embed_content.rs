//! `:embedContent` of gemini-embedding-2 and later: one content a request.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::json::{self, FloatList, Text, is_false};
use crate::vertex::generate_content::{Content, UsageMetadata, proto_u32};
use crate::vertex::proto_json::{message, required_message};

/// A request for an embedding.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbedContentRequest<'a> {
    /// What to embed.
    #[serde(borrow, deserialize_with = "required_message")]
    pub content: Content<'a>,
    /// How.
    #[serde(default, alias = "embed_content_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embed_content_config: Option<EmbedContentConfig<'a>>,
    /// As in the configuration, in its former place.
    #[serde(default, alias = "task_type", skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Text<'a>>,
    /// As in the configuration, in its former place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<'a>>,
    /// As in the configuration, in its former place.
    #[serde(default, alias = "auto_truncate", skip_serializing_if = "Option::is_none")]
    pub auto_truncate: Option<bool>,
    /// As in the configuration, in its former place.
    #[serde(default, alias = "output_dimensionality", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dimensionality: Option<u32>,
}

/// How to embed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbedContentConfig<'a> {
    /// Such as `RETRIEVAL_QUERY`.
    #[serde(borrow, default, alias = "task_type", skip_serializing_if = "Option::is_none")]
    pub task_type: Option<Text<'a>>,
    /// Of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<'a>>,
    /// Whether a long content is cut; otherwise it is refused.
    #[serde(default, alias = "auto_truncate", skip_serializing_if = "Option::is_none")]
    pub auto_truncate: Option<bool>,
    /// How long the vector shall be.
    #[serde(default, alias = "output_dimensionality", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dimensionality: Option<u32>,
    /// Whether pictures are read.
    #[serde(default, alias = "document_ocr", skip_serializing_if = "Option::is_none")]
    pub document_ocr: Option<bool>,
    /// Whether the sound of films is heard.
    #[serde(default, alias = "audio_track_extraction", skip_serializing_if = "Option::is_none")]
    pub audio_track_extraction: Option<bool>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbedContentResponse<'a> {
    /// The vector.
    #[serde(borrow)]
    pub embedding: EmbedValues<'a>,
    /// What it cost.
    #[serde(default, alias = "usage_metadata", skip_serializing_if = "Option::is_none")]
    pub usage_metadata: Option<UsageMetadata>,
    /// Whether the content was cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// A vector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbedValues<'a> {
    /// The numbers.
    #[serde(borrow)]
    pub values: FloatList<'a>,
}

impl<'a> EmbedContentRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON or has no content.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// How long the vector shall be, in whichever place the caller said so.
    pub fn dimension(&self) -> Option<u32> {
        let config = self.embed_content_config.as_ref();
        config.and_then(|config| config.output_dimensionality).or(self.output_dimensionality)
    }
}

impl<'a> EmbedContentResponse<'a> {
    /// Reads a response body; numbers stay unread.
    ///
    /// # Errors
    /// When it is not JSON or has no vector.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_was_read() {
        let body = concat!(
            r#"{"content":{"role":"user","parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"RETRIEVAL_QUERY","#,
            r#""title":"t","autoTruncate":true,"outputDimensionality":256,"documentOcr":true,"audioTrackExtraction":false}}"#
        );
        let request = EmbedContentRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(request.to_bytes(), body);
        assert_eq!(request.dimension(), Some(256));
    }

    #[test]
    fn the_former_places_are_taken() {
        let body = br#"{"content":{"parts":[]},"output_dimensionality":128,"taskType":"X"}"#;
        let request = EmbedContentRequest::parse(body).unwrap();
        assert_eq!((request.dimension(), request.task_type.as_deref()), (Some(128), Some("X")));
        assert!(EmbedContentRequest::parse(b"{}").is_err());
    }

    #[test]
    fn an_answer_leaves_out_what_is_false() {
        let values = EmbedValues { values: vec![0.5].into() };
        let usage = UsageMetadata { prompt_token_count: 2, total_token_count: 2, ..UsageMetadata::default() };
        let response =
            EmbedContentResponse { embedding: values, usage_metadata: Some(usage), truncated: false };
        let body =
            r#"{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}"#;
        assert_eq!(response.to_bytes(), body);
        assert_eq!(EmbedContentResponse::parse(body.as_bytes()).unwrap().embedding.values.dimension(), 1);
    }
}
