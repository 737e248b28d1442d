//! `error`: the provider refuses or fails, in its own words; nothing is forwarded.
//!
//! ```toml
//! error = "service-unavailable"   # a name of that provider, or a status: error = 503
//! retry_after = "20s"             # "true": what is left of the window; "none": no such header
//! should_retry = false            # `x-should-retry`, which clients of OpenAI and Anthropic put above the status
//! ```
//!
//! Without `retry_after` the answer says what that provider's own would: Bedrock and Vertex AI nothing,
//! OpenAI and Anthropic the wait of a rate limit.

use std::str::FromStr;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response};
use world::Draws;
use world::http::Body;

use super::Scene;
use crate::Family;
use crate::grammar::Refused;
use crate::provider_error::{Mention, ProviderError, request_id, respond};

/// An error by name or by status; which one it is depends on the provider that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted(Spelling);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Spelling {
    Name(Box<str>),
    Status(u16),
}

impl FromStr for Wanted {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text.parse::<u16>() {
            Ok(status) if (400..600).contains(&status) => Ok(Self(Spelling::Status(status))),
            Err(_) if !text.trim().is_empty() => Ok(Self(Spelling::Name(text.trim().into()))),
            _ => Err(Refused::new(text, "an error by name, or a status from 400 to 599")),
        }
    }
}

impl Wanted {
    /// The error that it is at a provider of that family.
    #[must_use]
    pub fn at(&self, family: Family) -> Option<ProviderError> {
        match &self.0 {
            Spelling::Name(name) => ProviderError::named(family, name),
            Spelling::Status(status) => ProviderError::of_status(family, *status),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.0 {
            Spelling::Name(name) => name.to_string(),
            Spelling::Status(status) => status.to_string(),
        }
    }
}

/// What an error answer says about when to come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// What the provider's own answer says.
    #[default]
    Usual,
    /// Nothing.
    Absent,
    /// The truth: what is left of the rule's window.
    True,
    /// This.
    Fixed(Duration),
}

impl FromStr for RetryAfter {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self::True),
            "none" | "false" => Ok(Self::Absent),
            _ => Ok(Self::Fixed(notation::parse_duration(text)?)),
        }
    }
}

/// What an error answer says about whether to come back, whatever its status means to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShouldRetry(pub bool);

impl FromStr for ShouldRetry {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Refused::new(text, "`true` or `false`")),
        }
    }
}

/// A provider's error as the whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// Which.
    pub wanted: Wanted,
    /// When to come back.
    pub retry_after: RetryAfter,
    /// Whether to; nothing is said of it when `None`, as providers mostly say nothing.
    pub should_retry: Option<ShouldRetry>,
}

impl ErrorAnswer {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let should_retry = self.should_retry.map(|said| ("should_retry", said.0.to_string()));
        [("error", self.wanted.text())].into_iter().chain(should_retry).collect()
    }

    /// The answer; none when this provider has no such error.
    pub(super) fn answer(&self, scene: &Scene<'_>, draws: &mut Draws) -> Option<Response<Body>> {
        let family = scene.asked.dialect.family;
        let wait = match self.retry_after {
            RetryAfter::Usual | RetryAfter::Absent => None,
            RetryAfter::True => Some(scene.remaining.unwrap_or(Duration::from_secs(1))),
            RetryAfter::Fixed(wait) => Some(wait),
        };
        let error = self.wanted.at(family)?;
        let request_id = request_id(family, draws);
        let mention = Mention { request_id: &request_id, ..scene.mention(wait) };
        let mut response = respond(error.response(&mention), family, scene.clock, &request_id);
        match (self.retry_after, wait) {
            (RetryAfter::Absent, _) => forget(response.headers_mut()),
            (_, Some(wait)) => tell(response.headers_mut(), wait),
            _ => {}
        }
        if let Some(ShouldRetry(should)) = self.should_retry {
            let value = HeaderValue::from_static(if should { "true" } else { "false" });
            response.headers_mut().insert(SHOULD_RETRY, value);
        }
        Some(response)
    }
}

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

fn forget(headers: &mut HeaderMap) {
    headers.remove(RETRY_AFTER);
    headers.remove(RETRY_AFTER_MS);
}

fn tell(headers: &mut HeaderMap, wait: Duration) {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    if headers.contains_key(&RETRY_AFTER_MS) {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        headers.insert(RETRY_AFTER_MS, HeaderValue::from(millis));
    }
}

impl Scene<'_> {
    /// What an error's words mention here.
    pub(super) fn mention(&self, wait: Option<Duration>) -> Mention<'_> {
        use crate::asked::Shape;
        let dialect = self.asked.dialect;
        let wrapped = match (dialect.family, dialect.shape) {
            (Family::Vertex, Shape::GeminiArray | Shape::OpenAi) => true,
            (Family::Vertex, Shape::Anthropic) => self.asked.streamed,
            _ => false,
        };
        let now_unix_s = self.clock.unix_micros() / 1_000_000;
        Mention { model: &self.asked.model, path: self.path, request_id: "", now_unix_s, wait, wrapped }
    }
}
