//! `:predict` of Imagen: pictures of a prompt.
//!
//! Nothing here judges prompts. One that holds `brownout:block` is refused, `brownout:filter` withholds every
//! picture, `brownout:filter=N` the first `N`.

use http::Response;
use wire::vertex::images::{
    ImagenParameters, ImagenPrediction, ImagenRequest, ImagenResponse, SafetyAttributes,
};
use world::http::Body;

use crate::call::{Call, Engine};
use crate::engine::tokens;
use crate::profile::Kind;
use crate::surface::Surface;
use crate::vertex::Vertex;
use crate::vertex::front::{Counted, Failure, Request, Settlement, reply};
use crate::vertex::generate::pictures::{PixelSize, jpeg_base64, png_base64};

/// Pictures when the caller does not say, and most of them.
const SAMPLES: u32 = 4;
const REFUSED: &str = "Image generation failed with the following error: The prompt could not be submitted. This \
                       prompt contains sensitive words that violate Google's Responsible AI practices. Try \
                       rephrasing the prompt. If you think this was an error, send feedback.";
const FILTERED: &str = "Unable to show generated images. All images were filtered out because they violated Vertex \
                        AI's usage guidelines. You will not be charged for blocked images. Try rephrasing the \
                        prompt. If you think this was an error, send feedback. Support codes: 39322892";

impl Vertex {
    pub(in crate::vertex) async fn draw(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let body =
            ImagenRequest::parse(call.body).map_err(|_| Failure::payload::<ImagenRequest<'_>>(call.body))?;
        let [instance] = &*body.instances else {
            return Err(Failure::Parameter("it must have exactly one instance.".to_owned()));
        };
        let prompt = &*instance.prompt;
        let parameters = body.parameters.unwrap_or_default();
        let size = size(&parameters)?;
        let count = count(&parameters)?;
        let file = File::of(&parameters)?;
        check_seed(&parameters)?;
        if prompt.trim().is_empty() {
            return Err(Failure::invalid("Text prompt cannot be empty."));
        }
        if prompt.contains("brownout:block") {
            return Err(Failure::invalid(REFUSED));
        }
        let input = tokens::count(prompt);
        let quota = (&self.quota, &self.pool);
        let _settlement = Settlement::admit(quota, request, &call.identity, input, Counted::Predictions)?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Images, model);
        engine.sleep(call, engine.timing(profile, &call.identity, input).first()).await;
        let seed = |index| self.picture_seed(call, parameters.seed, index);
        let predictions =
            predictions(prompt, &parameters, (count, file), |index| file.base64(size, seed(index)));
        Ok(reply::json(engine, ImagenResponse { predictions }.to_bytes()))
    }

    /// The caller's seed makes the same pictures of the same prompt again; the prompt alone does here, too.
    fn picture_seed(&self, call: &Call<'_>, seed: Option<i32>, index: u32) -> u64 {
        let seed = seed.unwrap_or_default().to_le_bytes();
        self.pictures.hash(&[&call.identity.content.to_le_bytes(), &seed, &index.to_le_bytes()])
    }
}

fn predictions<'a>(
    prompt: &'a str,
    parameters: &ImagenParameters<'_>,
    (count, file): (u32, File),
    draw: impl Fn(u32) -> String,
) -> Vec<ImagenPrediction<'a>> {
    let withheld = withheld(prompt).min(count);
    let mut predictions = Vec::new();
    for index in 0..count {
        if index >= withheld {
            let mut picture = ImagenPrediction::picture(file.mime_type(), draw(index));
            picture.prompt = (parameters.enhance_prompt == Some(true)).then(|| prompt.into());
            predictions.push(picture);
        } else if parameters.include_rai_reason == Some(true) {
            predictions.push(ImagenPrediction::withheld(FILTERED));
        }
    }
    if parameters.include_safety_attributes == Some(true) {
        predictions.iter_mut().for_each(|one| one.safety_attributes = Some(harmless()));
        predictions.push(ImagenPrediction {
            content_type: Some("Positive Prompt".into()),
            safety_attributes: Some(harmless()),
            ..ImagenPrediction::default()
        });
    }
    predictions
}

/// How many pictures are withheld.
fn withheld(prompt: &str) -> u32 {
    let Some((_, rest)) = prompt.split_once("brownout:filter") else { return 0 };
    let number: String =
        rest.strip_prefix('=').unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    number.parse().unwrap_or(u32::MAX)
}

fn harmless() -> SafetyAttributes<'static> {
    const CATEGORIES: [&str; 4] = ["Death, Harm & Tragedy", "Hate", "Sexual", "Violence"];
    SafetyAttributes { categories: CATEGORIES.map(Into::into).to_vec(), scores: vec![0.1; CATEGORIES.len()] }
}

/// What pictures are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum File {
    Png,
    /// Of this quality.
    Jpeg(u8),
}

/// The quality of a JPEG where the caller does not say.
const QUALITY: u32 = 75;

impl File {
    fn of(parameters: &ImagenParameters<'_>) -> Result<Self, Failure> {
        let options = parameters.output_options.as_ref();
        let quality = options.and_then(|options| options.compression_quality).unwrap_or(QUALITY);
        if quality > 100 {
            return Err(Failure::Parameter(format!(
                "it has a compressionQuality value of {quality} but the supported range is from 0 (inclusive) to 101 \
                 (exclusive). Update the value and try again."
            )));
        }
        match options.and_then(|options| options.mime_type.as_deref()) {
            None | Some("" | "image/png") => Ok(Self::Png),
            // Below 1 there is no quality.
            Some("image/jpeg") => Ok(Self::Jpeg(quality.max(1) as u8)),
            Some(other) => Err(Failure::invalid(format!("Unsupported output mime type: {other}"))),
        }
    }

    fn mime_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg(_) => "image/jpeg",
        }
    }

    fn base64(self, size: PixelSize, seed: u64) -> String {
        match self {
            Self::Png => png_base64(size, seed),
            Self::Jpeg(quality) => jpeg_base64(size, seed, quality),
        }
    }
}

/// The mark that nobody sees is there unless the caller says otherwise, and makes every picture another.
fn check_seed(parameters: &ImagenParameters<'_>) -> Result<(), Failure> {
    if parameters.seed.is_some() && parameters.add_watermark != Some(false) {
        let cause = "Seed is not supported when watermark is enabled.";
        return Err(Failure::invalid(format!("Image generation failed with the following error: {cause}")));
    }
    Ok(())
}

fn count(parameters: &ImagenParameters<'_>) -> Result<u32, Failure> {
    let count = parameters.sample_count.unwrap_or(SAMPLES);
    if (1..=SAMPLES).contains(&count) {
        return Ok(count);
    }
    Err(Failure::Parameter(format!(
        "it has a sampleCount value of {count} but the supported range is from 1 (inclusive) to 5 (exclusive). \
         Update the value and try again."
    )))
}

fn size(parameters: &ImagenParameters<'_>) -> Result<PixelSize, Failure> {
    let ratio = parameters.aspect_ratio.as_deref().unwrap_or("1:1");
    let (width, height) = match ratio {
        "1:1" => (1_024, 1_024),
        "3:4" => (896, 1_280),
        "4:3" => (1_280, 896),
        "9:16" => (768, 1_408),
        "16:9" => (1_408, 768),
        _ => return Err(Failure::invalid(format!("Aspect ratio {ratio} is not supported."))),
    };
    match parameters.sample_image_size.as_deref() {
        None | Some("1K") => Ok((width, height)),
        Some("2K") => Ok((2 * width, 2 * height)),
        Some(other) => Err(Failure::invalid(format!("Sample image size {other} is not supported."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_are_withheld_leave_a_reason_or_nothing() {
        let with_reason = ImagenParameters { include_rai_reason: Some(true), ..ImagenParameters::default() };
        let silent = ImagenParameters::default();
        for (prompt, parameters, expected) in [
            ("a cat", &silent, "PP"),
            ("a cat brownout:filter=1", &silent, "P"),
            ("a cat brownout:filter=1", &with_reason, "RP"),
            ("a cat brownout:filter", &with_reason, "RR"),
            ("a cat brownout:filter", &silent, ""),
        ] {
            let shown = predictions(prompt, parameters, (2, File::Png), |_| "AAAA".to_owned());
            let shown: String =
                shown.iter().map(|one| if one.rai_filtered_reason.is_some() { 'R' } else { 'P' }).collect();
            assert_eq!(shown, expected, "{prompt}");
        }
    }

    #[test]
    fn a_ratio_is_a_size() {
        let of = |ratio: &'static str, size: Option<&'static str>| {
            super::size(&ImagenParameters {
                aspect_ratio: Some(ratio.into()),
                sample_image_size: size.map(Into::into),
                ..ImagenParameters::default()
            })
        };
        assert_eq!(of("16:9", None).expect("sound"), (1_408, 768));
        assert_eq!(of("3:4", Some("2K")).expect("sound"), (1_792, 2_560));
        assert!(of("5:4", None).is_err() && of("1:1", Some("8K")).is_err());
    }
}
