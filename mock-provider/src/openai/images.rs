//! `POST /v1/images/generations`, and the pictures that its answers give the address of.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use quota::openai::Demand;
use wire::openai::diagnosis::{
    IMAGE, diagnose, first_unknown, invalid, too_long, unknown, unsupported_value,
};
use wire::openai::images::{Image, ImageEvent, ImageRequest, ImageUsage, ImagesResponse};
use world::http::Body;
use world::{Instant, splitmix64};

use super::chat::integer;
use super::failure::Failure;
use super::target::Target;
use super::withheld::Withheld;
use super::{OpenAi, Request, reply};
use crate::call::{Call, Engine};
use crate::engine::paced::Script;
use crate::engine::{image, tokens};
use crate::profile::Kind;

/// The model when the caller names none.
const DEFAULT_MODEL: &str = "dall-e-2";
const PICTURES_MAX: u32 = 10;
const PARTIALS_MAX: u32 = 3;
/// Where pictures are that an answer gives the address of: `{seed}-{width}x{height}.png`.
const PLACE: &str = "/v1/images/files/";
/// The longest side of a picture that is served by its address.
const SIDE_MAX: u32 = 2_048;

/// What kind of picture is asked for.
struct Picture<'a> {
    is_newer: bool,
    width: u32,
    height: u32,
    size: &'a str,
    quality: &'a str,
    background: &'a str,
    format: &'a str,
    wants_url: bool,
}

impl OpenAi {
    pub(super) async fn images(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = read(&request.body)?;
        let name = body.model.as_deref().unwrap_or(DEFAULT_MODEL);
        let target = Target::find(engine, &request.path.host, name, Kind::Images)?;
        let picture = Picture::of(&body, target.name)?;
        if Withheld::of([body.prompt.as_str()].into_iter()) == Withheld::Prompt {
            return Err(Failure::unsafe_prompt());
        }
        let count = body.n.unwrap_or(1);
        let prompt = tokens::count(&body.prompt);
        let demand = Demand { prompt, max_tokens: Some(0), images: u64::from(count), ..Demand::default() };
        let left = self.accounts.admit(&request.path, &request.api_version, &target, demand)?;
        let ready = call.arrived + engine.timing(target.profile, &call.identity, prompt).first();

        let encoded: Vec<String> =
            (0..count).map(|ordinal| BASE64_STANDARD.encode(picture.bytes(seed(call, ordinal)))).collect();
        let created = reply::created(engine, call);
        let usage = picture.usage(prompt, count);
        if body.stream == Some(true) {
            let partials = body.partial_images.unwrap_or(0);
            let script = picture.script(&encoded[0], (call.arrived, ready), partials, (created, usage));
            let mut timer = engine.clock.sleep_until(script.first());
            (&mut timer).await;
            return Ok(reply::events(engine, call, &left, engine.play(script, timer)));
        }
        engine.clock.sleep_until(ready).await;
        let host = call.header(header::HOST).unwrap_or("localhost");
        let urls: Vec<String> = (0..count).map(|ordinal| picture.url(host, seed(call, ordinal))).collect();
        let revised = target.name.starts_with("dall-e-3").then(|| body.prompt.as_str());
        let data = encoded.iter().zip(&urls).map(|(encoded, url)| Image {
            b64_json: (!picture.wants_url).then_some(encoded),
            url: picture.wants_url.then_some(url),
            revised_prompt: revised,
        });
        let newer = |text| picture.is_newer.then_some(text);
        let answered = ImagesResponse {
            created,
            background: newer(picture.background),
            data: data.collect(),
            output_format: newer(picture.format),
            quality: newer(picture.quality),
            size: newer(picture.size),
            usage: picture.is_newer.then_some(usage),
        };
        Ok(reply::counted(engine, call, &left, answered.to_bytes()))
    }
}

/// The picture at an address that an answer gave; `None` for any other path.
pub(super) fn file(engine: &Engine, call: &Call<'_>) -> Option<Response<Body>> {
    let (seed, size) = call.path.strip_prefix(PLACE)?.strip_suffix(".png")?.split_once('-')?;
    let seed = u64::from_str_radix(seed, 16).ok()?;
    let (width, height) = sides(size).filter(|(width, height)| (*width).max(*height) <= SIDE_MAX)?;
    let body = Body::full(image::png(width, height, seed));
    Some(engine.response(StatusCode::OK, HeaderValue::from_static("image/png"), body))
}

fn read(body: &[u8]) -> Result<ImageRequest<'_>, Failure> {
    let request = ImageRequest::parse(body).map_err(|error| {
        diagnose(body, IMAGE)
            .map_or_else(|| Failure::message(format!("Invalid request body: {error}")), Failure::from)
    })?;
    // Words of which only some are choices are read as any text.
    if let Some(fault) = diagnose(body, IMAGE) {
        return Err(fault.into());
    }
    match first_unknown(body, IMAGE) {
        Some(name) => Err(unknown(&name).into()),
        None => Ok(request),
    }
}

fn seed(call: &Call<'_>, ordinal: u32) -> u64 {
    splitmix64(call.identity.content ^ u64::from(ordinal))
}

fn sides(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

impl<'a> Picture<'a> {
    fn of(body: &'a ImageRequest<'_>, model: &str) -> Result<Self, Failure> {
        let is_newer = model.starts_with("gpt-image");
        let (sizes, longest): (&[&str], usize) = if is_newer {
            (&["1024x1024", "1024x1536", "1536x1024", "auto"], 32_000)
        } else if model.starts_with("dall-e-3") {
            (&["1024x1024", "1024x1792", "1792x1024"], 4_000)
        } else {
            (&["256x256", "512x512", "1024x1024"], 1_000)
        };
        let most = if model.starts_with("dall-e-3") { 1 } else { PICTURES_MAX };
        integer("n", body.n, 1, most)?;
        integer("partial_images", body.partial_images, 0, PARTIALS_MAX)?;
        if body.prompt.chars().count() > longest {
            return Err(too_long("prompt", "string", longest, body.prompt.chars().count()).into());
        }
        if is_newer && body.response_format.is_some() {
            return Err(unknown("response_format").into());
        }
        let size = body.size.as_deref().unwrap_or(if is_newer { "auto" } else { "1024x1024" });
        if !sizes.contains(&size) {
            return Err(unsupported_value("size", size, sizes).into());
        }
        let size = if size == "auto" { "1024x1024" } else { size };
        let format = body.output_format.as_deref().unwrap_or("png");
        if format == "jpeg" {
            let message = "The mock draws `png` and `webp` only.";
            return Err(invalid("output_format", "unsupported_value", message).into());
        }
        let (width, height) = sides(size).unwrap_or((1_024, 1_024));
        let named =
            |asked: Option<&'a str>, default| asked.filter(|value| *value != "auto").unwrap_or(default);
        Ok(Self {
            is_newer,
            width,
            height,
            size,
            quality: named(body.quality.as_deref(), "medium"),
            background: named(body.background.as_deref(), "opaque"),
            format,
            wants_url: !is_newer && body.response_format.as_deref() != Some("b64_json"),
        })
    }

    fn bytes(&self, seed: u64) -> Vec<u8> {
        match self.format {
            "webp" => image::webp(self.width, self.height, seed),
            _ => image::png(self.width, self.height, seed),
        }
    }

    fn url(&self, host: &str, seed: u64) -> String {
        format!("http://{host}{PLACE}{seed:016x}-{}x{}.png", self.width, self.height)
    }

    /// Tokens of a picture by quality, as OpenAI's page of prices has them for a square and for others.
    fn usage(&self, prompt: u64, count: u32) -> ImageUsage {
        let is_square = self.width == self.height;
        let each = match (self.quality, is_square) {
            ("low", true) => 272,
            ("low", false) => 400,
            ("high", true) => 4_160,
            ("high", false) => 6_208,
            (_, true) => 1_056,
            (_, false) => 1_568,
        };
        ImageUsage::new(u32::try_from(prompt).unwrap_or(u32::MAX), each * count)
    }

    /// Unfinished pictures at even distances, then the finished one.
    fn script(
        &self,
        encoded: &str,
        (arrived, ready): (Instant, Instant),
        partials: u32,
        (created_at, usage): (u64, ImageUsage),
    ) -> Frames {
        let event = |partial: Option<u32>| {
            let mut out = BytesMut::new();
            ImageEvent {
                r#type: if partial.is_some() {
                    "image_generation.partial_image"
                } else {
                    "image_generation.completed"
                },
                b64_json: encoded,
                created_at,
                size: self.size,
                quality: self.quality,
                background: self.background,
                output_format: self.format,
                partial_image_index: partial,
                usage: partial.is_none().then_some(usage),
            }
            .write(&mut out);
            out.freeze()
        };
        let step = (ready - arrived) / (partials + 1);
        let unfinished = (0..partials).map(|index| (arrived + step * (index + 1), event(Some(index))));
        Frames(unfinished.chain([(ready, event(None))]).collect())
    }
}

/// Events that are ready, each at its time.
struct Frames(VecDeque<(Instant, Bytes)>);

impl Frames {
    fn first(&self) -> Instant {
        self.due().unwrap_or(Instant::ZERO)
    }
}

impl Script for Frames {
    fn due(&self) -> Option<Instant> {
        self.0.front().map(|(due, _)| *due)
    }

    fn write(&mut self, out: &mut BytesMut) {
        if let Some((_, event)) = self.0.pop_front() {
            out.extend_from_slice(&event);
        }
    }
}
