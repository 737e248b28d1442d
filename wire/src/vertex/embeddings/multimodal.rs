//! `:predict` of multimodalembedding@001: one space for texts, pictures and films.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::{self, FloatList, Raw, Text, null_as_default};
use crate::vertex::generate_content::proto_u32;

/// A request for embeddings of several kinds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MultimodalRequest<'a> {
    /// What to embed; the service takes one.
    #[serde(borrow)]
    pub instances: Vec<MultimodalInstance<'a>>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<MultimodalParameters>,
}

/// A text, a picture, a film, or several of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MultimodalInstance<'a> {
    /// A text.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Media<'a>>,
    /// A film.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<Media<'a>>,
}

/// A file, in place or by address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media<'a> {
    /// The file.
    #[serde(borrow, default, alias = "bytes_base64_encoded", skip_serializing_if = "Option::is_none")]
    pub bytes_base64_encoded: Option<Text<'a>>,
    /// `gs:`
    #[serde(default, alias = "gcs_uri", skip_serializing_if = "Option::is_none")]
    pub gcs_uri: Option<Text<'a>>,
    /// Such as `image/png`.
    #[serde(default, alias = "mime_type", skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<Text<'a>>,
    /// Which seconds of a film.
    #[serde(default, alias = "video_segment_config", skip_serializing_if = "Option::is_none")]
    pub video_segment_config: Option<Raw<'a>>,
}

/// How to embed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultimodalParameters {
    /// 128, 256, 512 or 1408.
    #[serde(default, deserialize_with = "proto_u32", skip_serializing_if = "Option::is_none")]
    pub dimension: Option<u32>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MultimodalResponse<'a> {
    /// One for each instance.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub predictions: Vec<MultimodalPrediction<'a>>,
    /// Where the model runs.
    #[serde(default, alias = "deployed_model_id", skip_serializing_if = "Option::is_none")]
    pub deployed_model_id: Option<Text<'a>>,
}

/// The vectors of one instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MultimodalPrediction<'a> {
    /// Of its text.
    #[serde(borrow, default, alias = "text_embedding", skip_serializing_if = "Option::is_none")]
    pub text_embedding: Option<FloatList<'a>>,
    /// Of its picture.
    #[serde(default, alias = "image_embedding", skip_serializing_if = "Option::is_none")]
    pub image_embedding: Option<FloatList<'a>>,
    /// Of pieces of its film.
    #[serde(default, alias = "video_embeddings", deserialize_with = "null_as_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub video_embeddings: Vec<VideoEmbedding<'a>>,
}

/// The vector of a piece of a film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoEmbedding<'a> {
    /// From this second.
    #[serde(default, alias = "start_offset_sec")]
    pub start_offset_sec: u32,
    /// To this one.
    #[serde(default, alias = "end_offset_sec")]
    pub end_offset_sec: u32,
    /// The vector.
    #[serde(borrow)]
    pub embedding: FloatList<'a>,
}

impl<'a> MultimodalRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON or has no instances.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }
}

impl<'a> MultimodalResponse<'a> {
    /// Reads a response body; numbers stay unread.
    ///
    /// # Errors
    /// When it is not JSON of the format's shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
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
    fn every_kind_has_a_place_of_its_own() {
        let body = br#"{"instances":[{"text":"a","image":{"bytesBase64Encoded":"AAAA"},"video":{"gcsUri":"gs://b/o"}}],"parameters":{"dimension":128}}"#;
        let request = MultimodalRequest::parse(body).unwrap();
        assert_eq!(request.parameters.unwrap().dimension, Some(128));
        assert!(request.instances[0].image.is_some() && request.instances[0].video.is_some());
        let film = VideoEmbedding { start_offset_sec: 0, end_offset_sec: 16, embedding: vec![0.5].into() };
        let response = MultimodalResponse {
            predictions: vec![MultimodalPrediction {
                text_embedding: Some(vec![0.5].into()),
                image_embedding: Some(vec![1.0].into()),
                video_embeddings: vec![film],
            }],
            deployed_model_id: Some("1".into()),
        };
        let body = concat!(
            r#"{"predictions":[{"textEmbedding":[0.5],"imageEmbedding":[1.0],"videoEmbeddings":"#,
            r#"[{"startOffsetSec":0,"endOffsetSec":16,"embedding":[0.5]}]}],"deployedModelId":"1"}"#
        );
        assert_eq!(response.to_bytes(), body);
        assert_eq!(MultimodalResponse::parse(body.as_bytes()).unwrap().to_bytes(), body);
    }
}
