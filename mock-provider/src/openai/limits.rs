//! Limits: what a request counts, how a refusal is worded, and what the headers say of what is left.

use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;
use quota::openai::{Demand, Limit, azure};
use quota::{Level, whole_seconds};
use wire::openai::error::{AzureCase, Case, Particulars};
use wire::openai::path::Path;
use wire::openai::rate_limit_headers::{RateLimit, RateLimits};

use super::failure::Failure;
use super::reply;
use super::target::Target;

/// Whose limits errors name.
const ORGANIZATION: &str = "org-mock";

/// The accounts of all who ask this mock.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) openai: quota::openai::Quota,
    pub(super) azure: azure::Quota,
}

/// What a request that was admitted leaves of its limits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    requests: Option<Level>,
    tokens: Option<Level>,
    is_azure: bool,
}

impl Accounts {
    /// Counts a request, or refuses it.
    pub(super) fn admit(
        &self,
        path: &Path<'_>,
        api_version: &str,
        target: &Target<'_>,
        demand: Demand,
    ) -> Result<Left, Failure> {
        let left = if path.host.is_azure() {
            let standing = self
                .azure
                .admit(target.name, demand)
                .map_err(|refusal| refused_by_azure(path, api_version, &refusal))?;
            Left { requests: standing.requests, tokens: standing.tokens, is_azure: true }
        } else {
            let standing =
                self.openai.admit(target.name, demand).map_err(|refusal| refused(target.name, &refusal))?;
            Left { requests: standing.requests, tokens: standing.tokens, is_azure: false }
        };
        Ok(left.or_of_profile(target, demand))
    }
}

/// One of the service's refusals, with the headers of limits that it has all the same.
fn refused(model: &str, refusal: &quota::openai::Refusal) -> Failure {
    let level = refusal.level;
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let of = Particulars {
        model,
        organization: ORGANIZATION,
        limit: number(level.limit),
        used: number(level.used()),
        requested: number(refusal.requested),
        wait: refusal.retry_after,
        ..Particulars::default()
    };
    let case = match refusal.limit {
        Limit::Tokens if refusal.requested > level.limit => Case::RequestTooLarge,
        Limit::Tokens => Case::TokensRateLimit,
        Limit::Requests => Case::RequestsRateLimit,
        Limit::RequestsPerDay => Case::RequestsPerDayRateLimit,
    };
    let standing = refusal.standing;
    let left = Left { requests: standing.requests, tokens: standing.tokens, is_azure: false };
    Failure::case(case, &of).leaving(left)
}

fn refused_by_azure(path: &Path<'_>, api_version: &str, refusal: &azure::Refusal) -> Failure {
    let case = match refusal.limit {
        azure::Limit::Requests => AzureCase::CallRateLimit,
        azure::Limit::Tokens => AzureCase::TokenRateLimit,
    };
    let operation = path.operation.azure_name();
    let seconds = whole_seconds(refusal.retry_after);
    let standing = refusal.standing;
    let left = Left { requests: standing.requests, tokens: standing.tokens, is_azure: true };
    Failure::azure(case, operation, api_version, seconds).leaving(left)
}

impl Left {
    /// Where no limit is imposed, those of the profile are told, as if nobody else were asking.
    fn or_of_profile(self, target: &Target<'_>, demand: Demand) -> Self {
        let quota = &target.profile.quota;
        let default = quota.default_max_tokens.unwrap_or(quota::openai::DEFAULT_MAX_TOKENS);
        let of_profile = |limit: Option<u64>, used| limit.map(|limit| level_after(limit, used));
        Self {
            requests: self.requests.or_else(|| of_profile(quota.requests_per_minute, 1)),
            tokens: self.tokens.or_else(|| of_profile(quota.tokens_per_minute, demand.tokens(default))),
            ..self
        }
    }

    /// Writes the headers. Azure does not say when limits are whole again.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let of_level = |level: Level| RateLimit {
            limit: level.limit,
            remaining: level.remaining,
            // Microseconds of a wait are our clock's, not the service's.
            reset: Duration::from_millis(level.reset.as_micros().div_ceil(1_000) as u64),
        };
        let limits = RateLimits {
            requests: self.requests.map(of_level).unwrap_or_default(),
            tokens: self.tokens.map(of_level).unwrap_or_default(),
        };
        for (name, value) in limits.headers() {
            let is_known =
                if name.ends_with("-requests") { self.requests.is_some() } else { self.tokens.is_some() };
            if is_known && !(self.is_azure && name.contains("-reset-")) {
                headers.insert(HeaderName::from_static(name), reply::text(&value));
            }
        }
    }
}

/// A full bucket out of which `used` was taken.
fn level_after(limit: u64, used: u64) -> Level {
    let used = used.min(limit);
    let reset = Duration::from_micros((used * 60_000_000).div_ceil(limit.max(1)));
    Level { limit, remaining: limit - used, reset }
}
