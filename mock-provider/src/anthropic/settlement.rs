//! What a request takes of its quota while it is answered.

use http::{HeaderMap, HeaderName, HeaderValue};
use quota::Level;
use quota::anthropic::{Admission, Demand, Quota, Standing};
use wire::anthropic::rate_limit_headers::{RateLimit, RateLimits};

use super::failure::Failure;
use super::messages::{Meter, Request};
use crate::call::{Call, Engine};

/// Counts an answer as it is produced.
#[derive(Debug)]
pub(super) struct Settlement {
    imposed: Admission,
    /// By the limits of the profile, which refuse nothing.
    told: Option<Admission>,
}

impl Settlement {
    /// Admits a request for `model` by the quota that is imposed, and counts it in what is told.
    pub(super) fn admit(
        (imposed, told): (&Quota, Option<&Quota>),
        model: &str,
        request: &Request<'_>,
    ) -> Result<Self, Failure> {
        let cached = &request.cached;
        let demand = Demand {
            input: request.uncached_tokens(),
            cache_read: cached.read,
            cache_write: cached.written(),
        };
        let imposed = imposed.admit(model, demand).map_err(Failure::limit)?;
        let told = told.map(|told| told.count(model, demand));
        Ok(Self { imposed, told })
    }

    /// How the limits stood when the request was admitted.
    pub(super) fn standing(&self) -> Standing {
        let told = self.told.as_ref().map(Admission::standing).copied().unwrap_or_default();
        let imposed = self.imposed.standing();
        Standing {
            requests: imposed.requests.or(told.requests),
            input_tokens: imposed.input_tokens.or(told.input_tokens),
            output_tokens: imposed.output_tokens.or(told.output_tokens),
        }
    }
}

impl Meter for Settlement {
    fn generated(&mut self, tokens: u32) {
        for admission in [&mut self.imposed].into_iter().chain(&mut self.told) {
            admission.produced(u64::from(tokens));
        }
    }
}

/// Says how the limits stood when a call arrived; nothing of those that are not set.
pub(super) fn tell(standing: &Standing, engine: &Engine, call: &Call<'_>, headers: &mut HeaderMap) {
    let now_s = engine.arrived_unix_micros(call) / 1_000_000;
    let told = |level: Level| RateLimit {
        limit: level.limit,
        remaining: level.remaining,
        reset_unix_s: now_s + u64::try_from(level.reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX / 2),
    };
    let limits = RateLimits {
        requests: standing.requests.map(told),
        tokens: standing.tokens().map(told),
        input_tokens: standing.input_tokens.map(told),
        output_tokens: standing.output_tokens.map(told),
    };
    for (name, value) in limits.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
