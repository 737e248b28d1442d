//! Titan multimodal embeddings: `amazon.titan-embed-image-v1`. A text, a picture or both make one vector.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::schema::{self, Violations};
use crate::bedrock::error::text::malformed_input;
use crate::json::Text;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request<'a> {
    /// A text.
    #[serde(borrow, default)]
    pub input_text: Option<Text<'a>>,
    /// A picture, base64.
    #[serde(default)]
    pub input_image: Option<Text<'a>>,
    /// The vector.
    #[serde(default)]
    pub embedding_config: Config,
}

/// The vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// 256, 384 or 1024, which is the default.
    pub output_embedding_length: Option<u32>,
}

impl<'a> Request<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let mut violations = Violations::default();
        if let Some(length) = request.embedding_config.output_embedding_length
            && ![256, 384, 1024].contains(&length)
        {
            let pointer = "#/embeddingConfig/outputEmbeddingLength";
            violations.add(pointer, &format!("{length} is not a valid enum value"));
        }
        violations.into_result()?;
        let is_empty = |text: &Option<Text<'_>>| text.as_ref().is_none_or(Text::is_empty);
        if is_empty(&request.input_text) && is_empty(&request.input_image) {
            return Err(malformed_input("expected at least one of [inputText, inputImage]"));
        }
        if request.input_image.as_ref().is_some_and(|image| STANDARD.decode(image.as_bytes()).is_err()) {
            return Err("Invalid base64-encoded image.".to_owned());
        }
        Ok(request)
    }

    /// How many numbers the vector has.
    pub fn dimension(&self) -> usize {
        self.embedding_config.output_embedding_length.unwrap_or(1024) as usize
    }
}

/// The body of an answer around a list of numbers.
pub fn response(list: &str, tokens: u64) -> String {
    format!(r#"{{"embedding":{list},"inputTextTokenCount":{tokens},"message":null}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_or_a_picture_is_needed() {
        let parse = |body: &'static str| Request::parse(body.as_bytes());
        assert_eq!(parse(r#"{"inputText":"Hi"}"#).unwrap().dimension(), 1024);
        let small =
            parse(r#"{"inputImage":"aQ==","embeddingConfig":{"outputEmbeddingLength":256}}"#).unwrap();
        assert_eq!(small.dimension(), 256);
        for (body, words) in [
            ("{}", "expected at least one of"),
            (r#"{"inputImage":"!"}"#, "Invalid base64-encoded image."),
            (
                r#"{"inputText":"x","embeddingConfig":{"outputEmbeddingLength":5}}"#,
                "5 is not a valid enum value",
            ),
        ] {
            assert!(parse(body).unwrap_err().contains(words), "{body}");
        }
        assert_eq!(response("[1]", 2), r#"{"embedding":[1],"inputTextTokenCount":2,"message":null}"#);
    }
}
