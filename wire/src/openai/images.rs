//! `POST /v1/images/generations`: pictures in base64 or by address.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::json::{self, Text};

/// A request for pictures.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ImageRequest<'a> {
    /// What they shall show.
    #[serde(borrow)]
    pub prompt: Text<'a>,
    /// Which model; `dall-e-2` when nothing is said.
    #[serde(default)]
    pub model: Option<Text<'a>>,
    /// How many.
    #[serde(default)]
    pub n: Option<u32>,
    /// `1024x1024` and the like, or `auto`.
    #[serde(default)]
    pub size: Option<Text<'a>>,
    /// `low`, `medium`, `high`, `auto`; `standard` and `hd` of older models.
    #[serde(default)]
    pub quality: Option<Text<'a>>,
    /// `png`, `jpeg` or `webp`.
    #[serde(default)]
    pub output_format: Option<Text<'a>>,
    /// `transparent`, `opaque` or `auto`.
    #[serde(default)]
    pub background: Option<Text<'a>>,
    /// `url` or `b64_json`, of older models.
    #[serde(default)]
    pub response_format: Option<Text<'a>>,
    /// Whether they come as events.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How many events with unfinished pictures come before.
    #[serde(default)]
    pub partial_images: Option<u32>,
}

/// Pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImagesResponse<'a> {
    /// Seconds since 1970.
    pub created: u64,
    /// How they are: of newer models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<&'a str>,
    /// The pictures.
    pub data: Vec<Image<'a>>,
    /// How they are encoded: of newer models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_format: Option<&'a str>,
    /// How fine they are: of newer models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<&'a str>,
    /// How large they are: of newer models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<&'a str>,
    /// What they cost: of newer models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<ImageUsage>,
}

/// One picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Image<'a> {
    /// The picture in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b64_json: Option<&'a str>,
    /// What the model made of the prompt: of `dall-e-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revised_prompt: Option<&'a str>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
}

/// What pictures cost, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImageUsage {
    /// Of the prompt.
    pub input_tokens: u32,
    /// The prompt's, by kind.
    pub input_tokens_details: ImageTokens,
    /// Of the pictures.
    pub output_tokens: u32,
    /// The pictures', by kind.
    pub output_tokens_details: ImageTokens,
    /// Of both.
    pub total_tokens: u32,
}

/// Tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImageTokens {
    /// Of pictures.
    pub image_tokens: u32,
    /// Of texts.
    pub text_tokens: u32,
}

/// One event of a stream of a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageEvent<'a> {
    /// `image_generation.partial_image` or `image_generation.completed`.
    pub r#type: &'static str,
    /// The picture in base64.
    pub b64_json: &'a str,
    /// Seconds since 1970.
    pub created_at: u64,
    /// How large it is.
    pub size: &'a str,
    /// How fine it is.
    pub quality: &'a str,
    /// How it is.
    pub background: &'a str,
    /// How it is encoded.
    pub output_format: &'a str,
    /// Which of the unfinished ones it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_image_index: Option<u32>,
    /// What it cost; at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<ImageUsage>,
}

impl<'a> ImageRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }
}

impl ImageUsage {
    /// Tokens of a prompt and of what it made.
    pub fn new(prompt: u32, pictures: u32) -> Self {
        ImageUsage {
            input_tokens: prompt,
            input_tokens_details: ImageTokens { image_tokens: 0, text_tokens: prompt },
            output_tokens: pictures,
            output_tokens_details: ImageTokens { image_tokens: pictures, text_tokens: 0 },
            total_tokens: prompt.saturating_add(pictures),
        }
    }
}

impl ImagesResponse<'_> {
    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl ImageEvent<'_> {
    /// Appends it as an event.
    pub fn write(&self, out: &mut BytesMut) {
        out.put_slice(b"event: ");
        out.put_slice(self.r#type.as_bytes());
        out.put_slice(b"\ndata: ");
        json::write(self, out);
        out.put_slice(b"\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_the_services_byte_by_byte() {
        let image = Image { b64_json: Some("iVBO"), ..Image::default() };
        let response = ImagesResponse {
            created: 7,
            background: Some("opaque"),
            data: vec![image],
            output_format: Some("png"),
            quality: Some("low"),
            size: Some("1024x1024"),
            usage: Some(ImageUsage::new(3, 272)),
        };
        assert_eq!(
            std::str::from_utf8(&response.to_bytes()).unwrap(),
            concat!(
                r#"{"created":7,"background":"opaque","data":[{"b64_json":"iVBO"}],"output_format":"png","quality":"low","#,
                r#""size":"1024x1024","usage":{"input_tokens":3,"input_tokens_details":{"image_tokens":0,"text_tokens":3},"#,
                r#""output_tokens":272,"output_tokens_details":{"image_tokens":272,"text_tokens":0},"total_tokens":275}}"#
            )
        );
    }

    #[test]
    fn an_event_is_named() {
        let mut out = BytesMut::new();
        let event = ImageEvent {
            r#type: "image_generation.partial_image",
            b64_json: "iVBO",
            created_at: 7,
            size: "1024x1024",
            quality: "low",
            background: "opaque",
            output_format: "png",
            partial_image_index: Some(0),
            usage: None,
        };
        event.write(&mut out);
        let text = std::str::from_utf8(&out).unwrap();
        assert!(text.starts_with(
            "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\","
        ));
        assert!(text.ends_with("\"partial_image_index\":0}\n\n"));
    }
}
