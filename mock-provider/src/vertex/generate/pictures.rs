//! Pictures: which size is asked for, and a PNG of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wire::vertex::generate_content::GenerationConfig;

use crate::engine::image;
use crate::vertex::front::Failure;

/// Tokens of one picture in an answer: Google's own figure for gemini-2.5-flash-image.
pub(super) const PICTURE_TOKENS: u32 = 1_290;

/// Width and height, in pixels.
pub(in crate::vertex) type PixelSize = (u32, u32);

/// The size of the picture that an answer shall bring, if it shall.
pub(super) fn asked_for(
    config: Option<&GenerationConfig<'_>>,
    model: &str,
) -> Result<Option<PixelSize>, Failure> {
    let can = model.contains("image");
    let modalities = config.and_then(|config| config.response_modalities).map_or("", |raw| raw.get());
    let wants = modalities.contains("IMAGE") || (modalities.is_empty() && can);
    if wants && !can {
        let message = "Model does not support the requested response modalities: image,text";
        return Err(Failure::invalid(message));
    }
    let ratio = config
        .and_then(|config| config.image_config.as_ref())
        .and_then(|image| image.aspect_ratio.as_deref());
    let unknown =
        || Failure::Parameter(format!("aspect ratio {} is not supported.", ratio.unwrap_or_default()));
    wants.then(|| gemini_size(ratio.unwrap_or("1:1")).ok_or_else(unknown)).transpose()
}

/// Sizes of gemini-2.5-flash-image.
fn gemini_size(ratio: &str) -> Option<PixelSize> {
    Some(match ratio {
        "1:1" => (1_024, 1_024),
        "2:3" => (832, 1_248),
        "3:2" => (1_248, 832),
        "3:4" => (864, 1_184),
        "4:3" => (1_184, 864),
        "4:5" => (896, 1_152),
        "5:4" => (1_152, 896),
        "9:16" => (768, 1_344),
        "16:9" => (1_344, 768),
        "21:9" => (1_536, 672),
        _ => return None,
    })
}

/// A picture that this seed makes.
pub(in crate::vertex) fn png_base64((width, height): PixelSize, seed: u64) -> String {
    BASE64_STANDARD.encode(image::png(width, height, seed))
}

/// The same as JPEG.
pub(in crate::vertex) fn jpeg_base64((width, height): PixelSize, seed: u64, quality: u8) -> String {
    BASE64_STANDARD.encode(image::jpeg(width, height, seed, quality))
}
