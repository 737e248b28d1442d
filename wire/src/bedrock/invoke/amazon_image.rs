//! Nova Canvas and Titan Image: pictures from a text, from pictures, or both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::schema::{self, Violations};
use crate::bedrock::error::text::malformed_input;
use crate::json::{Raw, Text};

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request<'a> {
    /// What is to be done.
    #[serde(borrow)]
    pub task_type: Text<'a>,
    /// `TEXT_IMAGE`
    #[serde(default)]
    pub text_to_image_params: Option<Params<'a>>,
    /// `COLOR_GUIDED_GENERATION`
    #[serde(default)]
    pub color_guided_generation_params: Option<Params<'a>>,
    /// `IMAGE_VARIATION`
    #[serde(default)]
    pub image_variation_params: Option<Params<'a>>,
    /// `INPAINTING`
    #[serde(default)]
    pub in_painting_params: Option<Params<'a>>,
    /// `OUTPAINTING`
    #[serde(default)]
    pub out_painting_params: Option<Params<'a>>,
    /// `BACKGROUND_REMOVAL`
    #[serde(default)]
    pub background_removal_params: Option<Params<'a>>,
    /// `VIRTUAL_TRY_ON`
    #[serde(default)]
    pub virtual_try_on_params: Option<Params<'a>>,
    /// How many, how large.
    #[serde(default)]
    pub image_generation_config: Config<'a>,
}

/// What a task needs. Members that no part interprets pass through.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Params<'a> {
    /// What to draw.
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    /// What not to draw.
    pub negative_text: Option<Text<'a>>,
    /// A picture, base64.
    pub image: Option<Text<'a>>,
    /// Pictures, base64.
    pub images: Option<Vec<Text<'a>>>,
    /// What is to be replaced, in words.
    pub mask_prompt: Option<Text<'a>>,
    /// What is to be replaced, as a picture.
    pub mask_image: Option<Text<'a>>,
    /// Up to ten `#RRGGBB`.
    pub colors: Option<Vec<Text<'a>>>,
    /// A person, base64.
    pub source_image: Option<Text<'a>>,
    /// A garment, base64.
    pub reference_image: Option<Text<'a>>,
}

/// How many pictures, and how large.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config<'a> {
    /// 1–5; 1 when left out.
    pub number_of_images: Option<i64>,
    /// Pixels.
    pub height: Option<i64>,
    /// Pixels.
    pub width: Option<i64>,
    /// `standard` or `premium`.
    #[serde(borrow)]
    pub quality: Option<Text<'a>>,
    /// 1.1–10
    pub cfg_scale: Option<f64>,
    /// Makes the same picture again.
    pub seed: Option<i64>,
    /// How it is to look.
    pub style: Option<Raw<'a>>,
}

const TASKS: &[&str] = &[
    "TEXT_IMAGE",
    "COLOR_GUIDED_GENERATION",
    "IMAGE_VARIATION",
    "INPAINTING",
    "OUTPAINTING",
    "BACKGROUND_REMOVAL",
    "VIRTUAL_TRY_ON",
];
/// Sizes that Titan draws, in pixels.
const TITAN_SIZES: &[(i64, i64)] = &[
    (1024, 1024),
    (768, 768),
    (512, 512),
    (768, 1152),
    (384, 576),
    (1152, 768),
    (576, 384),
    (768, 1280),
    (384, 640),
    (1280, 768),
    (640, 384),
    (896, 1152),
    (448, 576),
    (1152, 896),
    (576, 448),
    (768, 1408),
    (384, 704),
    (1408, 768),
    (704, 384),
    (640, 1408),
    (320, 704),
    (1408, 640),
    (704, 320),
    (1152, 640),
    (1173, 640),
];
/// The most pixels of a picture that Nova Canvas draws.
const CANVAS_PIXELS: i64 = 4_194_304;

impl<'a> Request<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which the model `base` refuses it.
    pub fn parse(body: &'a [u8], base: &str) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let is_canvas = base.contains("nova-canvas");
        let mut violations = Violations::default();
        violations.one_of("#/taskType", Some(&request.task_type), TASKS);
        let config = &request.image_generation_config;
        let at = |name: &str| format!("#/imageGenerationConfig/{name}");
        violations.count(&at("numberOfImages"), config.number_of_images, (1, 5));
        violations.range(&at("cfgScale"), config.cfg_scale, (1.1, 10.0));
        violations.count(&at("seed"), config.seed, (0, if is_canvas { 858_993_459 } else { 2_147_483_646 }));
        violations.one_of(&at("quality"), config.quality.as_deref(), &["standard", "premium"]);
        violations.into_result()?;
        request.check_size(is_canvas)?;
        request.check_params(is_canvas)?;
        Ok(request)
    }

    fn check_size(&self, is_canvas: bool) -> Result<(), String> {
        let (width, height) = self.size_asked();
        if is_canvas {
            let side = |side: i64| (320..=4096).contains(&side) && side % 16 == 0;
            if !side(width) || !side(height) {
                return Err(
                    "Invalid image size. Height and width must be between 320 and 4096 and divisible by 16."
                        .to_owned(),
                );
            }
            let (long, short) = (width.max(height), width.min(height));
            if long > 4 * short || width * height > CANVAS_PIXELS {
                return Err(
                    "Invalid image size. The aspect ratio must be between 1:4 and 4:1 and the image must have at most 4,194,304 pixels."
                        .to_owned(),
                );
            }
            return Ok(());
        }
        if TITAN_SIZES.contains(&(width, height)) {
            Ok(())
        } else {
            Err(malformed_input(&format!(
                "#/imageGenerationConfig: {width}x{height} is not a valid enum value"
            )))
        }
    }

    fn check_params(&self, is_canvas: bool) -> Result<(), String> {
        let (name, params) = self.params();
        let Some(params) = params else {
            return Err(malformed_input(&format!("#: required key [{name}] not found")));
        };
        let mut violations = Violations::default();
        let longest = if is_canvas { 1_024 } else { 512 };
        for (key, text) in [("text", &params.text), ("negativeText", &params.negative_text)] {
            if let Some(text) = text {
                violations.length(&format!("#/{name}/{key}"), text, (1, longest));
            }
        }
        let required: &[(&str, bool)] = match &*self.task_type {
            "TEXT_IMAGE" => &[("text", params.text.is_some())],
            "COLOR_GUIDED_GENERATION" => {
                &[("text", params.text.is_some()), ("colors", params.colors.is_some())]
            }
            "IMAGE_VARIATION" => &[("images", params.images.is_some())],
            "VIRTUAL_TRY_ON" => &[
                ("sourceImage", params.source_image.is_some()),
                ("referenceImage", params.reference_image.is_some()),
            ],
            _ => &[("image", params.image.is_some())],
        };
        for (key, _) in required.iter().filter(|(_, is_there)| !is_there) {
            violations.add(&format!("#/{name}"), &format!("required key [{key}] not found"));
        }
        violations.into_result()?;
        if params.pictures().any(|picture| STANDARD.decode(picture.as_bytes()).is_err()) {
            return Err("Invalid base64-encoded image.".to_owned());
        }
        Ok(())
    }

    fn params(&self) -> (&'static str, Option<&Params<'a>>) {
        let (name, params) = match &*self.task_type {
            "COLOR_GUIDED_GENERATION" => {
                ("colorGuidedGenerationParams", &self.color_guided_generation_params)
            }
            "IMAGE_VARIATION" => ("imageVariationParams", &self.image_variation_params),
            "INPAINTING" => ("inPaintingParams", &self.in_painting_params),
            "OUTPAINTING" => ("outPaintingParams", &self.out_painting_params),
            "BACKGROUND_REMOVAL" => ("backgroundRemovalParams", &self.background_removal_params),
            "VIRTUAL_TRY_ON" => ("virtualTryOnParams", &self.virtual_try_on_params),
            _ => ("textToImageParams", &self.text_to_image_params),
        };
        (name, params.as_ref())
    }

    fn size_asked(&self) -> (i64, i64) {
        let config = &self.image_generation_config;
        (config.width.unwrap_or(1024), config.height.unwrap_or(1024))
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let (width, height) = self.size_asked();
        (u32::try_from(width).unwrap_or(1024), u32::try_from(height).unwrap_or(1024))
    }

    /// How many pictures: one, for a task that alters a given one only.
    pub fn count(&self) -> u32 {
        if self.task_type == "BACKGROUND_REMOVAL" {
            return 1;
        }
        self.image_generation_config.number_of_images.and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
    }

    /// What is to be drawn.
    pub fn prompt(&self) -> &str {
        self.params().1.and_then(|params| params.text.as_deref()).unwrap_or_default()
    }
}

impl<'a> Params<'a> {
    fn pictures(&self) -> impl Iterator<Item = &Text<'a>> {
        [&self.image, &self.mask_image, &self.source_image, &self.reference_image]
            .into_iter()
            .flatten()
            .chain(self.images.iter().flatten())
    }
}

/// The body of an answer: the pictures, and what is said of those that were held back.
pub fn response(pictures: &[Vec<u8>], error: Option<&str>) -> String {
    let pictures: Vec<String> =
        pictures.iter().map(|picture| format!("\"{}\"", STANDARD.encode(picture))).collect();
    let error = serde_json::to_string(&error).expect("a text or none");
    format!(r#"{{"images":[{}],"error":{error}}}"#, pictures.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: &str = "amazon.nova-canvas-v1:0";
    const TITAN: &str = "amazon.titan-image-generator-v2:0";

    fn task(config: &str) -> String {
        format!(
            r#"{{"taskType":"TEXT_IMAGE","textToImageParams":{{"text":"a cat"}},"imageGenerationConfig":{{{config}}}}}"#
        )
    }

    #[test]
    fn a_task_is_read() {
        let body = task(r#""numberOfImages":2,"width":512,"height":768,"quality":"premium""#);
        let request = Request::parse(body.as_bytes(), CANVAS).unwrap();
        assert_eq!((request.size(), request.count(), request.prompt()), ((512, 768), 2, "a cat"));
        let plain = r#"{"taskType":"BACKGROUND_REMOVAL","backgroundRemovalParams":{"image":"aQ=="}}"#;
        let request = Request::parse(plain.as_bytes(), CANVAS).unwrap();
        assert_eq!((request.size(), request.count()), ((1024, 1024), 1));
    }

    #[test]
    fn a_body_must_fit_the_schema() {
        for (body, base, words) in [
            (task(r#""numberOfImages":6"#), CANVAS, "numberOfImages: 6 is not less or equal to 5"),
            (task(r#""width":321"#), CANVAS, "divisible by 16"),
            (task(r#""width":4096,"height":320"#), CANVAS, "aspect ratio"),
            (task(r#""width":320,"height":320"#), TITAN, "320x320 is not a valid enum value"),
            (r#"{"taskType":"TEXT_IMAGE"}"#.to_owned(), TITAN, "required key [textToImageParams] not found"),
            (
                r#"{"taskType":"INPAINTING","inPaintingParams":{"text":"x"}}"#.to_owned(),
                TITAN,
                "#/inPaintingParams: required key [image] not found",
            ),
            (r#"{"taskType":"PAINT"}"#.to_owned(), TITAN, "#/taskType: PAINT is not a valid enum value"),
            (
                r#"{"taskType":"IMAGE_VARIATION","imageVariationParams":{"images":["!"]}}"#.to_owned(),
                TITAN,
                "Invalid base64",
            ),
        ] {
            let error = Request::parse(body.as_bytes(), base).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_answer_holds_the_pictures() {
        assert_eq!(response(&[b"i".to_vec()], None), r#"{"images":["aQ=="],"error":null}"#);
        assert_eq!(response(&[], Some("blocked")), r#"{"images":[],"error":"blocked"}"#);
    }
}
