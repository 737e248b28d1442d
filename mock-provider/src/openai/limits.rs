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
    standing: Standing,
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
            Left { standing: imposed.or(told), is_azure: true }
        } else {
            let admitted = self.imposed.openai.admit(target.name, demand);
            let imposed = admitted.map_err(|refusal| refused(target.name, &refusal))?;
            let told = told.map(|told| told.openai.count(target.name, demand)).unwrap_or_default();
            Left { standing: imposed.or(told), is_azure: false }
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
        Limit::Tokens | Limit::ProjectTokens if refusal.requested > level.limit => Case::RequestTooLarge,
        // A project's limits refuse in the words of the organisation's.
        Limit::Tokens | Limit::ProjectTokens => Case::TokensRateLimit,
        Limit::TokensPerDay => Case::TokensPerDayRateLimit,
        Limit::Requests | Limit::ProjectRequests => Case::RequestsRateLimit,
        Limit::RequestsPerDay => Case::RequestsPerDayRateLimit,
        Limit::Images if model.starts_with("dall-e") => Case::ImagesRateLimit,
        Limit::Images => Case::InputImagesRateLimit,
    };
    Failure::case(case, &of).leaving(Left { standing: refusal.standing, is_azure: false })
}

fn refused_by_azure(path: &Path<'_>, api_version: &str, refusal: &azure::Refusal) -> Failure {
    let case = match refusal.limit {
        azure::Limit::Requests => AzureCase::CallRateLimit,
        azure::Limit::Tokens => AzureCase::TokenRateLimit,
    };
    let operation = path.operation.azure_name();
    let seconds = whole_seconds(refusal.retry_after);
    Failure::azure(case, operation, api_version, seconds)
        .leaving(Left { standing: refusal.standing, is_azure: true })
}

impl Left {
    /// Writes the headers, in the place of any that an error has of them.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let of_level = |level: Level| RateLimit {
            limit: level.limit,
            remaining: level.remaining,
            // Microseconds of a wait are our clock's, not the service's.
            reset: Duration::from_millis(level.reset.as_micros().div_ceil(1_000) as u64),
        };
        let limits = RateLimits {
            requests: self.standing.requests.map(of_level),
            tokens: self.standing.tokens.map(of_level),
            project_requests: self.standing.project_requests.map(of_level),
            project_tokens: self.standing.project_tokens.map(of_level),
            input_images: self.standing.images.map(of_level),
        };
        let told = if self.is_azure { limits.azure_headers() } else { limits.headers() };
        for (name, value) in told {
            headers.insert(HeaderName::from_static(name), crate::head::text(&value));
        }
    }
}
