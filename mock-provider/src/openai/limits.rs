//! Limits: what a request counts, how a refusal is worded, and what the headers say of what is left.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;
use quota::openai::{Demand, Limit, Quota, Standing, azure};
use quota::{Level, Pools, whole_seconds};
use wire::openai::error::{AzureCase, Case, Particulars};
use wire::openai::path::Path;
use wire::openai::rate_limit_headers::{RateLimit, RateLimits};
use world::Clock;

use super::failure::Failure;
use super::target::Target;
use crate::plan::MockPlan;
use crate::surface::Surface;

/// Whose limits errors name.
const ORGANIZATION: &str = "org-mock";

/// The accounts of all who ask this mock.
#[derive(Debug)]
pub(super) struct Accounts {
    imposed: Account,
    /// What the profiles allow: counted and told where nothing is imposed; by the profile's name.
    told: BTreeMap<String, Account>,
}

/// The same limits as either of the two counts them.
#[derive(Debug)]
struct Account {
    openai: Quota,
    azure: azure::Quota,
}

/// What a request that was admitted leaves of its limits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    requests: Option<Level>,
    tokens: Option<Level>,
    is_azure: bool,
}

impl Accounts {
    pub(super) fn new(plan: &MockPlan, pools: &Pools, clock: Clock) -> Self {
        let imposed =
            Account { openai: pools.openai(&plan.limits, clock), azure: pools.azure(&plan.limits, clock) };
        let told = |(name, limits): (String, quota::Limits)| {
            let account = Account {
                openai: Quota::new(limits.openai, clock),
                azure: azure::Quota::new(limits.azure, clock),
            };
            (name, account)
        };
        Self { imposed, told: plan.limits_of(Surface::OpenAi).map(told).collect() }
    }

    /// Counts a request, or refuses it.
    pub(super) fn admit(
        &self,
        path: &Path<'_>,
        api_version: &str,
        target: &Target<'_>,
        demand: Demand,
    ) -> Result<Left, Failure> {
        let told = self.told.get(&target.profile.name);
        let left = if path.host.is_azure() {
            let admitted = self.imposed.azure.admit(target.name, demand);
            let imposed = admitted.map_err(|refusal| refused_by_azure(path, api_version, &refusal))?;
            let told = told.map(|told| told.azure.count(target.name, demand)).unwrap_or_default();
            Left::at_azure(imposed).or(Left::at_azure(told))
        } else {
            let admitted = self.imposed.openai.admit(target.name, demand);
            let imposed = admitted.map_err(|refusal| refused(target.name, &refusal))?;
            let told = told.map(|told| told.openai.count(target.name, demand)).unwrap_or_default();
            Left::of(imposed).or(Left::of(told))
        };
        Ok(left)
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
    Failure::case(case, &of).leaving(Left::of(refusal.standing))
}

fn refused_by_azure(path: &Path<'_>, api_version: &str, refusal: &azure::Refusal) -> Failure {
    let case = match refusal.limit {
        azure::Limit::Requests => AzureCase::CallRateLimit,
        azure::Limit::Tokens => AzureCase::TokenRateLimit,
    };
    let operation = path.operation.azure_name();
    let seconds = whole_seconds(refusal.retry_after);
    Failure::azure(case, operation, api_version, seconds).leaving(Left::at_azure(refusal.standing))
}

impl Left {
    fn of(standing: Standing) -> Self {
        Self { requests: standing.requests, tokens: standing.tokens, is_azure: false }
    }

    fn at_azure(standing: Standing) -> Self {
        Self { requests: standing.requests, tokens: standing.tokens, is_azure: true }
    }

    /// This, and `told` of what it does not tell.
    fn or(self, told: Self) -> Self {
        Self { requests: self.requests.or(told.requests), tokens: self.tokens.or(told.tokens), ..self }
    }

    /// Writes the headers. Azure does not say when limits are whole again.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let of_level = |level: Level| RateLimit {
            limit: level.limit,
            remaining: level.remaining,
            // Microseconds of a wait are our clock's, not the service's.
            reset: Duration::from_millis(level.reset.as_micros().div_ceil(1_000) as u64),
        };
        let limits = RateLimits { requests: self.requests.map(of_level), tokens: self.tokens.map(of_level) };
        for (name, value) in limits.headers() {
            if !(self.is_azure && name.contains("-reset-")) {
                headers.insert(HeaderName::from_static(name), crate::head::text(&value));
            }
        }
    }
}
