//! One request on its way through a surface, and what all surfaces share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fault::layer::TOKENS_PLANNED;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use world::http::Body;
use world::{Clock, Domain, Instant, Seed, Sleep};

use crate::answers::Turns;
use crate::counters::Counters;
use crate::engine::date::Dates;
use crate::engine::embedding::Embedder;
use crate::engine::identity::{Identity, Registry};
use crate::engine::latency::{Prompt, Timing};
use crate::engine::paced::{PacedBody, Script};
use crate::engine::pacers::Pacers;
use crate::engine::prompt::PromptCache;
use crate::engine::reply::Reply;
use crate::plan::MockPlan;
use crate::profile::{Kind, Profile};

/// The body of a request that is answered before it has ended; nothing of any other.
#[derive(Debug, Default)]
pub(crate) struct Upload(Mutex<Option<Body>>);

impl Upload {
    pub(crate) fn open(body: Body) -> Self {
        Self(Mutex::new(Some(body)))
    }

    /// The body, once.
    pub(crate) fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One request, read whole.
pub(crate) struct Call<'a> {
    pub(crate) parts: &'a Parts,
    /// The path, raw, without the fault that it asked for. The client signed the one in `parts`.
    pub(crate) path: &'a str,
    pub(crate) body: &'a Bytes,
    /// What of the request is still to come.
    pub(crate) upload: &'a Upload,
    pub(crate) identity: Identity,
    /// When it had arrived whole; latency counts from here.
    pub(crate) arrived: Instant,
}

impl Call<'_> {
    /// The same with another body.
    pub(crate) fn with_body<'b>(&'b self, body: &'b Bytes) -> Call<'b> {
        Call { body, ..*self }
    }

    /// A header of visible ASCII.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}

/// Something of a known number of tokens.
pub(crate) trait Length {
    /// All its tokens.
    fn tokens(&self) -> u32;
}

impl Length for Reply {
    fn tokens(&self) -> u32 {
        self.tokens()
    }
}

impl Length for u32 {
    fn tokens(&self) -> u32 {
        *self
    }
}

/// What every surface works with.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) clock: Clock,
    pub(crate) plan: MockPlan,
    pub(crate) registry: Registry,
    pub(crate) embedder: Embedder,
    /// Answers of the user's own.
    pub(crate) turns: Turns,
    pub(crate) counters: Counters,
    pub(crate) prompt_cache: PromptCache,
    /// What answers are drawn from.
    pub(crate) content: Domain,
    pacers: Pacers,
    dates: Dates,
    latency: Domain,
    request_ids: Domain,
}

impl Engine {
    pub(crate) fn new(plan: MockPlan, seed: Seed, clock: Clock) -> Self {
        let of_this = |what: &str| seed.domain(&format!("mock-provider/{}/{what}", plan.name));
        Self {
            clock,
            registry: Registry::new(seed, &plan.name),
            embedder: Embedder::new(),
            turns: Turns::new(plan.answers.clone()),
            counters: Counters::default(),
            pacers: Pacers::new(plan.profiles()),
            prompt_cache: PromptCache::new(seed),
            dates: Dates::new(clock),
            // Without the provider's name: two providers of one model give the same answer.
            content: seed.domain("mock-provider/content"),
            latency: of_this("latency"),
            request_ids: of_this("request-id"),
            plan,
        }
    }

    /// How fast this arrival is answered, as far as can be told before its answer's length is known: a
    /// scheduled engine takes it for an answer of median length.
    pub(crate) fn timing(&self, profile: &Profile, identity: &Identity, prompt: impl Into<Prompt>) -> Timing {
        let tokens = match profile.kind {
            Kind::Chat => profile.answer.median as u32,
            Kind::Embeddings | Kind::Images => 0,
        };
        self.timing_of(profile, identity, prompt, tokens)
    }

    /// How fast this arrival is answered, whose answer has `tokens` tokens. Called once for each: a scheduled
    /// engine counts it among those that it works on.
    pub(crate) fn timing_of(
        &self,
        profile: &Profile,
        identity: &Identity,
        prompt: impl Into<Prompt>,
        tokens: u32,
    ) -> Timing {
        let draws = &mut self.latency.draws_n(identity.arrival);
        self.pacers.timing(profile, (self.clock.now(), prompt.into(), tokens), draws)
    }

    /// 128 bits that no other arrival has.
    pub(crate) fn request_bits(&self, identity: &Identity) -> (u64, u64) {
        let mut draws = self.request_ids.draws_n(identity.arrival);
        (draws.next_u64(), draws.next_u64())
    }

    /// The instant `after` the arrival of a call.
    pub(crate) fn sleep(&self, call: &Call<'_>, after: Duration) -> Sleep {
        self.clock.sleep_until(call.arrived + after)
    }

    /// When a call had arrived, in microseconds since 1970.
    pub(crate) fn arrived_unix_micros(&self, call: &Call<'_>) -> u64 {
        self.clock.unix_start_micros().saturating_add(call.arrived.as_micros())
    }

    /// An answer's head, with the date of now.
    pub(crate) fn response(
        &self,
        status: StatusCode,
        content_type: HeaderValue,
        body: Body,
    ) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.reserve(8);
        headers.insert(header::DATE, self.dates.now());
        headers.insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// Tells the fault layer in front how many tokens the whole answer has, where that is wanted.
    pub(crate) fn announce(&self, mut response: Response<Body>, answer: &impl Length) -> Response<Body> {
        if self.plan.announces_tokens {
            response.headers_mut().insert(TOKENS_PLANNED, HeaderValue::from(answer.tokens()));
        }
        response
    }

    /// The body of a stream that follows `script`; `timer` is one that is at hand.
    pub(crate) fn play(&self, script: impl Script, timer: Sleep) -> Body {
        Body::stream(PacedBody::new(script, timer, self.clock, self.counters.stream()))
    }
}
