//! Stability: Stable Diffusion 3.5 and Stable Image, and the older SDXL with a form of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::schema::{self, Violations};
use crate::json::Text;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Request<'a> {
    /// What to draw.
    #[serde(borrow)]
    pub prompt: Text<'a>,
    /// `text-to-image` or `image-to-image`.
    #[serde(default)]
    pub mode: Option<Text<'a>>,
    /// `1:1` when left out.
    #[serde(default)]
    pub aspect_ratio: Option<Text<'a>>,
    /// `png` when left out.
    #[serde(default)]
    pub output_format: Option<Text<'a>>,
    /// Makes the same picture again.
    #[serde(default)]
    pub seed: Option<i64>,
    /// What not to draw.
    #[serde(default)]
    pub negative_prompt: Option<Text<'a>>,
    /// A picture to begin with, base64.
    #[serde(default)]
    pub image: Option<Text<'a>>,
    /// How far to go from it, 0–1.
    #[serde(default)]
    pub strength: Option<f64>,
}

/// Ratios and the pixels they come to, of about a million each.
const RATIOS: &[(&str, (u32, u32))] = &[
    ("16:9", (1344, 768)),
    ("1:1", (1024, 1024)),
    ("21:9", (1536, 640)),
    ("2:3", (832, 1216)),
    ("3:2", (1216, 832)),
    ("4:5", (896, 1088)),
    ("5:4", (1088, 896)),
    ("9:16", (768, 1344)),
    ("9:21", (640, 1536)),
];

impl<'a> Request<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which these models refuse it.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let mut violations = Violations::default();
        violations.length("#/prompt", &request.prompt, (1, 10_000));
        violations.one_of("#/mode", request.mode.as_deref(), &["text-to-image", "image-to-image"]);
        let ratios: Vec<&str> = RATIOS.iter().map(|(ratio, _)| *ratio).collect();
        violations.one_of("#/aspect_ratio", request.aspect_ratio.as_deref(), &ratios);
        violations.one_of("#/output_format", request.output_format.as_deref(), &["png", "jpeg", "webp"]);
        violations.count("#/seed", request.seed, (0, 4_294_967_294));
        violations.range("#/strength", request.strength, (0.0, 1.0));
        if request.mode.as_deref() == Some("image-to-image") && request.image.is_none() {
            violations.add("#", "required key [image] not found");
        }
        violations.into_result()?;
        if request.image.as_ref().is_some_and(|image| STANDARD.decode(image.as_bytes()).is_err()) {
            return Err("Invalid base64-encoded image.".to_owned());
        }
        Ok(request)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let ratio = self.aspect_ratio.as_deref().unwrap_or("1:1");
        RATIOS.iter().find(|(known, _)| *known == ratio).map_or((1024, 1024), |(_, size)| *size)
    }

    /// What the picture is written in.
    pub fn format(&self) -> &str {
        self.output_format.as_deref().unwrap_or("png")
    }
}

/// The body of an answer with one picture.
pub fn response(seed: u64, picture: &[u8]) -> String {
    format!(r#"{{"seeds":[{seed}],"finish_reasons":[null],"images":["{}"]}}"#, STANDARD.encode(picture))
}

/// The body of an answer whose picture is held back: a success all the same.
pub fn filtered(reason: &str) -> String {
    format!(r#"{{"finish_reasons":["Filter reason: {reason}"]}}"#)
}

/// The body of a call of SDXL.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SdxlRequest<'a> {
    /// What to draw, and with a negative weight what not to.
    #[serde(borrow)]
    pub text_prompts: Vec<TextPrompt<'a>>,
    /// Pixels.
    #[serde(default)]
    pub height: Option<i64>,
    /// Pixels.
    #[serde(default)]
    pub width: Option<i64>,
    /// 0–35
    #[serde(default)]
    pub cfg_scale: Option<f64>,
    /// 10–150
    #[serde(default)]
    pub steps: Option<i64>,
    /// Makes the same picture again.
    #[serde(default)]
    pub seed: Option<i64>,
}

/// What to draw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TextPrompt<'a> {
    /// In words.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// How much it counts.
    #[serde(default)]
    pub weight: Option<f64>,
}

impl<'a> SdxlRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let mut violations = Violations::default();
        violations.items("#/text_prompts", request.text_prompts.len(), (1, 10));
        for (index, prompt) in request.text_prompts.iter().enumerate() {
            violations.length(&format!("#/text_prompts/{index}/text"), &prompt.text, (1, 2_000));
        }
        violations.count("#/height", request.height, (128, 1_536));
        violations.count("#/width", request.width, (128, 1_536));
        violations.range("#/cfg_scale", request.cfg_scale, (0.0, 35.0));
        violations.count("#/steps", request.steps, (10, 150));
        violations.count("#/seed", request.seed, (0, 4_294_967_295));
        violations.into_result().map(|()| request)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let side = |side: Option<i64>| side.and_then(|side| u32::try_from(side).ok()).unwrap_or(1024);
        (side(self.width), side(self.height))
    }
}

/// The body of an answer of SDXL.
pub fn sdxl_response(seed: u64, picture: &[u8]) -> String {
    format!(
        r#"{{"result":"success","artifacts":[{{"seed":{seed},"base64":"{}","finishReason":"SUCCESS"}}]}}"#,
        STANDARD.encode(picture)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body: &'static str| Request::parse(body.as_bytes());
        let request = parse(r#"{"prompt":"a cat","aspect_ratio":"16:9","output_format":"jpeg"}"#).unwrap();
        assert_eq!((request.size(), request.format()), ((1344, 768), "jpeg"));
        for (body, words) in [
            ("{}", "#: required key [prompt] not found"),
            (r#"{"prompt":"x","aspect_ratio":"7:5"}"#, "#/aspect_ratio: 7:5 is not a valid enum value"),
            (r#"{"prompt":"x","mode":"image-to-image"}"#, "required key [image] not found"),
            (r#"{"prompt":"x","seed":-1}"#, "#/seed: -1 is not greater or equal to 0"),
        ] {
            assert!(parse(body).unwrap_err().contains(words), "{body}");
        }
        let sdxl = SdxlRequest::parse(br#"{"text_prompts":[{"text":"a cat"}],"width":512}"#).unwrap();
        assert_eq!(sdxl.size(), (512, 1024));
        assert!(SdxlRequest::parse(br#"{"text_prompts":[]}"#).is_err());
    }

    #[test]
    fn answers_have_their_forms() {
        assert_eq!(response(7, b"i"), r#"{"seeds":[7],"finish_reasons":[null],"images":["aQ=="]}"#);
        assert_eq!(filtered("prompt"), r#"{"finish_reasons":["Filter reason: prompt"]}"#);
        assert_eq!(
            sdxl_response(7, b"i"),
            r#"{"result":"success","artifacts":[{"seed":7,"base64":"aQ==","finishReason":"SUCCESS"}]}"#
        );
    }
}
