//! Pictures of Nova Canvas, Titan Image and Stability: real ones, that decode at the size asked for.

use http::Response;
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::invoke::{amazon_image, stability};
use world::http::Body;
use world::splitmix64;

use super::super::Bedrock;
use super::super::decide::milliseconds;
use super::super::failure::Failure;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::answered;
use crate::call::{Call, Engine};
use crate::engine::{image, tokens};
use crate::profile::Kind;

/// In a prompt: every picture is held back, or with `=N` behind it so many.
const FILTERED_WORD: &str = "filterme";
/// The quality of JPEG files.
const QUALITY: u8 = 90;
const BLOCKED: &str = "This request has been blocked by our content filters. Please adjust your text prompt to submit a new request.";
const PARTLY_BLOCKED: &str = "Some of the generated images have been blocked by our content filters.";

/// What is to be drawn, in no family's words.
struct Commission<'r> {
    prompt: &'r str,
    size: (u32, u32),
    count: u32,
    seed: Option<i64>,
}

impl Commission<'_> {
    /// How many pictures are held back.
    fn held_back(&self) -> u32 {
        let mut words = self.prompt.split(|c: char| !c.is_alphanumeric() && c != '=');
        let found = words.find_map(|word| {
            let (word, number) = word.split_once('=').unwrap_or((word, ""));
            word.eq_ignore_ascii_case(FILTERED_WORD).then_some(number)
        });
        found.map_or(0, |number| number.parse().unwrap_or(u32::MAX)).min(self.count)
    }

    fn is_filtered(&self) -> bool {
        self.held_back() == self.count
    }

    /// The bits of a picture: those of the seed where one is given, so that the same call draws the same.
    fn bits(&self, call: &Call<'_>, ordinal: u32) -> u64 {
        let seed = self.seed.map_or(call.identity.content, |seed| splitmix64(seed.cast_unsigned()));
        splitmix64(seed ^ u64::from(ordinal) ^ u64::from(self.size.0) << 32)
    }
}

impl Bedrock {
    pub(in crate::bedrock) async fn amazon_image(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let request = amazon_image::Request::parse(call.body, target.id.base()).map_err(Failure::invalid)?;
        let commission = Commission {
            prompt: request.prompt(),
            size: request.size(),
            count: request.count(),
            seed: request.image_generation_config.seed,
        };
        if commission.is_filtered() {
            return Err(Failure::invalid(BLOCKED));
        }
        let counts = self.draw(engine, call, target, &commission).await?;
        let (width, height) = commission.size;
        let held_back = commission.held_back();
        let error = (held_back > 0).then_some(PARTLY_BLOCKED);
        let pictures: Vec<Vec<u8>> = (held_back..commission.count)
            .map(|ordinal| image::png(width, height, commission.bits(call, ordinal)))
            .collect();
        Ok(answered(engine, call, amazon_image::response(&pictures, error), counts))
    }

    pub(in crate::bedrock) async fn stability(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        if target.id.base().contains("stable-diffusion-xl") {
            return self.sdxl(engine, call, target).await;
        }
        let request = stability::Request::parse(call.body).map_err(Failure::invalid)?;
        let commission =
            Commission { prompt: &request.prompt, size: request.size(), count: 1, seed: request.seed };
        let (width, height) = commission.size;
        let bits = commission.bits(call, 0);
        let picture = match request.format() {
            "jpeg" => image::jpeg(width, height, bits, QUALITY),
            "webp" => image::webp(width, height, bits),
            _ => image::png(width, height, bits),
        };
        let counts = self.draw(engine, call, target, &commission).await?;
        let body = if commission.is_filtered() {
            stability::filtered("prompt")
        } else {
            stability::response(seed_of(request.seed, bits), &picture)
        };
        Ok(answered(engine, call, body, counts))
    }

    async fn sdxl(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let request = stability::SdxlRequest::parse(call.body).map_err(Failure::invalid)?;
        let prompt = request.text_prompts.first().map_or("", |prompt| prompt.text.as_str());
        let commission = Commission { prompt, size: request.size(), count: 1, seed: request.seed };
        if commission.is_filtered() {
            return Err(Failure::invalid(
                "Invalid prompts were detected. Please adjust your prompts and try again.",
            ));
        }
        let counts = self.draw(engine, call, target, &commission).await?;
        let bits = commission.bits(call, 0);
        let picture = image::png(commission.size.0, commission.size.1, bits);
        let body = stability::sdxl_response(seed_of(request.seed, bits), &picture);
        Ok(answered(engine, call, body, counts))
    }

    /// Waits as long as drawing takes, and says what it comes to.
    async fn draw(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        commission: &Commission<'_>,
    ) -> Result<InvocationCounts, Failure> {
        let input_tokens = tokens::count(commission.prompt);
        let _settlement = Settlement::reserve_input(&self.quota, target, input_tokens)?;
        let profile = target.profile(&engine.plan, Kind::Images);
        let latency = engine.timing(profile, &call.identity, input_tokens).first();
        engine.sleep(call, latency).await;
        let latency_ms = milliseconds(latency);
        Ok(InvocationCounts { input_tokens, latency_ms, ..InvocationCounts::default() })
    }
}

/// The seed that is told: the caller's, or one of our own.
fn seed_of(asked: Option<i64>, bits: u64) -> u64 {
    asked.and_then(|seed| u64::try_from(seed).ok()).filter(|seed| *seed > 0).unwrap_or(bits >> 32)
}
