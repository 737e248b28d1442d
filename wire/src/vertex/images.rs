//! `:predict` of Imagen: pictures in base64, and reasons in place of those that were withheld.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::generate_content::{proto_i32, proto_u32};
use crate::json::{self, Raw, Text, null_as_default};

/// A request for pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImagenRequest<'a> {
    /// What to draw; the service takes one.
    #[serde(borrow)]
    pub instances: Vec<ImagenInstance<'a>>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ImagenParameters<'a>>,
}

/// What to draw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagenInstance<'a> {
    /// In words.
    #[serde(borrow, default)]
    pub prompt: Text<'a>,
    /// Pictures to go by, when one is to be changed.
    #[serde(default, alias = "reference_images", skip_serializing_if = "Option::is_none")]
    pub reference_images: Option<Raw<'a>>,
}

/// How to draw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagenParameters<'a> {
    /// How many pictures, 1 to 4.
    #[serde(default, alias = "sample_count", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_count: Option<u32>,
    /// `1:1`, `3:4`, `4:3`, `9:16` or `16:9`.
    #[serde(borrow, default, alias = "aspect_ratio", skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<Text<'a>>,
    /// For pictures that repeat.
    #[serde(default, deserialize_with = "proto_i32", skip_serializing_if = "Option::is_none")]
    pub seed: Option<i32>,
    /// What is withheld.
    #[serde(default, alias = "safety_setting", skip_serializing_if = "Option::is_none")]
    pub safety_setting: Option<Text<'a>>,
    /// Which people may be shown.
    #[serde(default, alias = "person_generation", skip_serializing_if = "Option::is_none")]
    pub person_generation: Option<Text<'a>>,
    /// Whether a picture that is withheld leaves a reason; otherwise it is missing.
    #[serde(default, alias = "include_rai_reason", skip_serializing_if = "Option::is_none")]
    pub include_rai_reason: Option<bool>,
    /// Whether each picture says how harmful it was found.
    #[serde(default, alias = "include_safety_attributes", skip_serializing_if = "Option::is_none")]
    pub include_safety_attributes: Option<bool>,
    /// The files.
    #[serde(default, alias = "output_options", skip_serializing_if = "Option::is_none")]
    pub output_options: Option<OutputOptions<'a>>,
    /// `1K` or `2K`.
    #[serde(default, alias = "sample_image_size", skip_serializing_if = "Option::is_none")]
    pub sample_image_size: Option<Text<'a>>,
    /// What not to draw.
    #[serde(default, alias = "negative_prompt", skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<Text<'a>>,
    /// Of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<'a>>,
    /// Whether a mark that nobody sees is put in; forbids a seed.
    #[serde(default, alias = "add_watermark", skip_serializing_if = "Option::is_none")]
    pub add_watermark: Option<bool>,
    /// Whether the prompt is rewritten first.
    #[serde(default, alias = "enhance_prompt", skip_serializing_if = "Option::is_none")]
    pub enhance_prompt: Option<bool>,
}

/// The files of pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputOptions<'a> {
    /// `image/png` or `image/jpeg`.
    #[serde(borrow, default, alias = "mime_type", skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<Text<'a>>,
    /// Of JPEG, 0 to 100.
    #[serde(default, alias = "compression_quality", deserialize_with = "proto_u32")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression_quality: Option<u32>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImagenResponse<'a> {
    /// Pictures and reasons; none at all when all were withheld in silence.
    #[serde(borrow, default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<ImagenPrediction<'a>>,
}

/// A picture, or why it was withheld.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagenPrediction<'a> {
    /// The file's kind.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<Text<'a>>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_base64_encoded: Option<Text<'a>>,
    /// The prompt as it was rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Text<'a>>,
    /// Why there is no picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rai_filtered_reason: Option<Text<'a>>,
    /// How harmful it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_attributes: Option<SafetyAttributes<'a>>,
    /// `Positive Prompt` for what was found of the prompt instead of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Text<'a>>,
}

/// How harmful a picture was found: a score for each kind of harm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SafetyAttributes<'a> {
    /// Kinds of harm.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub categories: Vec<Text<'a>>,
    /// How likely each is, 0 to 1.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scores: Vec<f64>,
}

impl<'a> ImagenRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON or has no prompts.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl<'a> ImagenResponse<'a> {
    /// Reads a response body.
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

impl<'a> ImagenPrediction<'a> {
    /// A picture.
    pub fn picture(mime_type: &'a str, base64: String) -> Self {
        Self {
            mime_type: Some(mime_type.into()),
            bytes_base64_encoded: Some(base64.into()),
            ..Self::default()
        }
    }

    /// A picture that was withheld.
    pub fn withheld(reason: &'a str) -> Self {
        Self { rai_filtered_reason: Some(reason.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_was_read() {
        let body = concat!(
            r#"{"instances":[{"prompt":"a cat"}],"parameters":{"sampleCount":2,"aspectRatio":"16:9","seed":1,"#,
            r#""safetySetting":"block_some","personGeneration":"allow_adult","includeRaiReason":true,"#,
            r#""includeSafetyAttributes":true,"outputOptions":{"mimeType":"image/jpeg","compressionQuality":75},"#,
            r#""sampleImageSize":"2K","negativePrompt":"dogs","language":"en","addWatermark":false,"enhancePrompt":true}}"#
        );
        assert_eq!(ImagenRequest::parse(body.as_bytes()).unwrap().to_bytes(), body);
        assert!(ImagenRequest::parse(b"{}").is_err());
    }

    #[test]
    fn pictures_and_reasons_stand_side_by_side() {
        let predictions =
            vec![ImagenPrediction::picture("image/png", "AAAA".into()), ImagenPrediction::withheld("no")];
        let body = concat!(
            r#"{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AAAA"},"#,
            r#"{"raiFilteredReason":"no"}]}"#
        );
        let response = ImagenResponse { predictions };
        assert_eq!(response.to_bytes(), body);
        assert_eq!(ImagenResponse::parse(body.as_bytes()).unwrap(), response);
        assert_eq!(ImagenResponse::default().to_bytes(), "{}");
    }
}
