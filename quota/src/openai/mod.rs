//! The OpenAI API: requests, tokens and pictures a minute or a day, of an organisation and of one project in it, in
//! continuously filled buckets, per model.
//!
//! A request counts the larger of its prompt and its allowed answer when it arrives, and nothing is corrected when
//! it ends.
//! A request that is refused counts as a request all the same, so that hammering does not help.
//!
//! Source: OpenAI documentation, *rate limits* (read 2026); `x-ratelimit-reset-requests: 8.64s` seen with
//! 10,000 requests a day shows the continuous refill, `Limit 5, Used 5, Requested 1. Please try again in 12s` that of
//! pictures. Inferred: what a request without `max_tokens` counts, and that a project's limits are counted alike.

pub mod azure;

use std::time::Duration;

use world::Instant;

use crate::Rule;
use crate::bucket::Bucket;
use crate::level::Level;

/// What a request without a limit on its answer counts for it, in tokens.
pub const DEFAULT_MAX_TOKENS: u64 = 16;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// The limits of one organisation, the same for each model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Requests a day.
    pub requests_per_day: Option<u64>,
    /// Tokens a minute, prompt and answer together.
    pub tokens_per_minute: Option<u64>,
    /// Tokens a day, likewise.
    pub tokens_per_day: Option<u64>,
    /// Requests a minute of the caller's project.
    pub project_requests_per_minute: Option<u64>,
    /// Tokens a minute of the caller's project.
    pub project_tokens_per_minute: Option<u64>,
    /// Pictures a minute: those that a prompt shows, or those that are asked for.
    pub images_per_minute: Option<u64>,
    /// What a request without a limit on its answer counts for it; [`DEFAULT_MAX_TOKENS`] when unset.
    pub default_max_tokens: Option<u64>,
}

impl Limits {
    fn of(&self, limit: Limit) -> Option<u64> {
        match limit {
            Limit::Requests => self.requests_per_minute,
            Limit::RequestsPerDay => self.requests_per_day,
            Limit::ProjectRequests => self.project_requests_per_minute,
            Limit::Tokens => self.tokens_per_minute,
            Limit::TokensPerDay => self.tokens_per_day,
            Limit::ProjectTokens => self.project_tokens_per_minute,
            Limit::Images => self.images_per_minute,
        }
    }
}

impl Rule for Limits {
    type Account = Account;

    fn limits_nothing(&self) -> bool {
        Limit::ALL.into_iter().all(|limit| self.of(limit).is_none())
    }

    fn open(&self) -> Account {
        Account { buckets: Limit::ALL.map(|limit| Bucket::per(limit.period(), self.of(limit))) }
    }
}

/// What a request asks for when it arrives, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// The prompt, as estimated by its length.
    pub prompt: u64,
    /// The allowed length of an answer; `Some(0)` for embeddings.
    pub max_tokens: Option<u64>,
    /// Answers asked for beyond the first.
    pub more_choices: u32,
    /// Pictures in the prompt, or asked for.
    pub images: u64,
}

impl Demand {
    /// All that it may use, which is what Azure counts.
    #[must_use]
    pub fn tokens(&self, default_max_tokens: u64) -> u64 {
        self.prompt.saturating_add(self.answers(default_max_tokens))
    }

    /// The larger of its prompt and its answers, which is what OpenAI counts.
    #[must_use]
    pub fn larger_part(&self, default_max_tokens: u64) -> u64 {
        self.prompt.max(self.answers(default_max_tokens))
    }

    fn answers(&self, default_max_tokens: u64) -> u64 {
        let answer = self.max_tokens.unwrap_or(default_max_tokens);
        answer.saturating_mul(u64::from(self.more_choices) + 1)
    }
}

/// A limit. When several refuse a request, the first in this order is the one that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests a minute.
    Requests,
    /// Requests a day.
    RequestsPerDay,
    /// Requests a minute of the project.
    ProjectRequests,
    /// Tokens a minute.
    Tokens,
    /// Tokens a day.
    TokensPerDay,
    /// Tokens a minute of the project.
    ProjectTokens,
    /// Pictures a minute.
    Images,
}

impl Limit {
    const ALL: [Self; 7] = [
        Self::Requests,
        Self::RequestsPerDay,
        Self::ProjectRequests,
        Self::Tokens,
        Self::TokensPerDay,
        Self::ProjectTokens,
        Self::Images,
    ];

    fn period(self) -> Duration {
        if matches!(self, Self::RequestsPerDay | Self::TokensPerDay) { DAY } else { MINUTE }
    }

    fn is_of_requests(self) -> bool {
        matches!(self, Self::Requests | Self::RequestsPerDay | Self::ProjectRequests)
    }
}

/// How the limits stand; `None` for one that is not set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Requests: a minute or a day, whichever has less left; at Azure in this evaluation period.
    pub requests: Option<Level>,
    /// Tokens: a minute or a day, likewise; at Azure in this minute.
    pub tokens: Option<Level>,
    /// Requests a minute of the project.
    pub project_requests: Option<Level>,
    /// Tokens a minute of the project.
    pub project_tokens: Option<Level>,
    /// Pictures a minute.
    pub images: Option<Level>,
}

impl Standing {
    /// This, and of `other` what it does not tell.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            requests: self.requests.or(other.requests),
            tokens: self.tokens.or(other.tokens),
            project_requests: self.project_requests.or(other.project_requests),
            project_tokens: self.project_tokens.or(other.project_tokens),
            images: self.images.or(other.images),
        }
    }
}

/// Why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limit {}, used {}, requested {requested}", level.limit, level.used())]
pub struct Refusal {
    /// The limit that refuses it.
    pub limit: Limit,
    /// How that limit stands.
    pub level: Level,
    /// What the request asks of it.
    pub requested: u64,
    /// From now until no limit refuses it any more, if nobody else asks. A request that asks for more than the
    /// limit is always refused; then until everything is there again.
    pub retry_after: Duration,
    /// How all limits stand.
    pub standing: Standing,
}

/// An account for each model.
pub type Quota = crate::Quota<Limits>;

/// What one model has left.
#[derive(Debug)]
pub struct Account {
    /// In the order of [`Limit::ALL`].
    buckets: [Option<Bucket>; Limit::ALL.len()],
}

/// What a request takes of its limits beside itself.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    tokens: u64,
    images: u64,
}

impl Cost {
    fn of(self, limit: Limit) -> u64 {
        match limit {
            Limit::Tokens | Limit::TokensPerDay | Limit::ProjectTokens => self.tokens,
            Limit::Images => self.images,
            _ => 1,
        }
    }
}

impl Quota {
    /// Admits a request for `model`, counts it, and says how the limits stand then.
    ///
    /// # Errors
    /// The limit that refuses it.
    pub fn admit(&self, model: &str, demand: Demand) -> Result<Standing, Box<Refusal>> {
        let cost = self.cost(demand);
        let account = self.account(&[model]);
        account
            .map_or(Ok(Standing::default()), |account| account.act(|account, now| account.admit(cost, now)))
    }

    /// Counts a request that nobody refuses as far as anything is left, and says how the limits stand then.
    #[must_use]
    pub fn count(&self, model: &str, demand: Demand) -> Standing {
        let cost = self.cost(demand);
        let account = self.account(&[model]);
        account.map(|account| account.act(|account, now| account.count(cost, now))).unwrap_or_default()
    }

    fn cost(&self, demand: Demand) -> Cost {
        let default_max_tokens = self.limits().default_max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
        Cost { tokens: demand.larger_part(default_max_tokens), images: demand.images }
    }
}

impl Account {
    fn admit(&mut self, cost: Cost, now: Instant) -> Result<Standing, Box<Refusal>> {
        let refusing = self.each(cost, |limit, bucket, amount| {
            (!bucket.holds(amount, now)).then(|| (limit, bucket.standing(now), amount))
        });
        if let Some((limit, level, requested)) = refusing.into_iter().flatten().find_map(|refusing| refusing)
        {
            self.count_refused(now);
            let waits = self.each(cost, |_, bucket, amount| bucket.wait_for(amount, now));
            let retry_after = waits.into_iter().flatten().max().unwrap_or_default();
            return Err(Box::new(Refusal {
                limit,
                level,
                requested,
                retry_after,
                standing: self.standing(now),
            }));
        }
        self.each(cost, |_, bucket, amount| bucket.take(amount));
        Ok(self.standing(now))
    }

    fn count(&mut self, cost: Cost, now: Instant) -> Standing {
        self.each(cost, |_, bucket, amount| bucket.take_what_is_left(amount, now));
        self.standing(now)
    }

    /// A refused request is a request too; it leaves no debt, or nobody who is late would ever come in.
    fn count_refused(&mut self, now: Instant) {
        self.each(Cost::default(), |limit, bucket, _| {
            if limit.is_of_requests() {
                bucket.take_what_is_left(1, now);
            }
        });
    }

    fn each<T>(
        &mut self,
        cost: Cost,
        mut act: impl FnMut(Limit, &mut Bucket, u64) -> T,
    ) -> [Option<T>; Limit::ALL.len()] {
        let mut limits = Limit::ALL.into_iter();
        self.buckets.each_mut().map(|bucket| {
            let limit = limits.next()?;
            bucket.as_mut().map(|bucket| act(limit, bucket, cost.of(limit)))
        })
    }

    fn standing(&mut self, now: Instant) -> Standing {
        let standings = self.each(Cost::default(), |_, bucket, _| bucket.standing(now));
        let [requests, in_a_day, project_requests, tokens, tokens_in_a_day, project_tokens, images] =
            standings;
        let scarcer = |one: Option<Level>, other: Option<Level>| {
            [one, other].into_iter().flatten().min_by_key(|level| level.remaining)
        };
        Standing {
            requests: scarcer(requests, in_a_day),
            tokens: scarcer(tokens, tokens_in_a_day),
            project_requests,
            project_tokens,
            images,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, World, run_virtual};

    fn against<F: Future<Output = ()>>(limits: Limits, test: impl FnOnce(World, Quota) -> F) {
        run_virtual(Seed(1), |world| {
            let quota = Quota::new(limits, *world.clock());
            test(world, quota)
        });
    }

    fn demand(prompt: u64, max_tokens: u64) -> Demand {
        Demand { prompt, max_tokens: Some(max_tokens), ..Demand::default() }
    }

    fn limits(requests: u64, tokens: u64) -> Limits {
        Limits { requests_per_minute: Some(requests), tokens_per_minute: Some(tokens), ..Limits::default() }
    }

    #[test]
    fn one_of_ten_thousand_a_day_is_back_in_8_64_seconds() {
        let limits = Limits { requests_per_day: Some(10_000), ..Limits::default() };
        against(limits, |_, quota| async move {
            let standing = quota.admit("gpt-4o", demand(10, 10)).expect("full");
            let expected = Level { limit: 10_000, remaining: 9_999, reset: Duration::from_millis(8_640) };
            assert_eq!((standing.requests, standing.tokens), (Some(expected), None));
        });
    }

    #[test]
    fn a_full_bucket_of_which_much_is_taken_takes_its_share_of_the_minute() {
        against(limits(500, 1_000_000), |_, quota| async move {
            let standing = quota.admit("gpt-4o", demand(50_000, 100_000)).expect("full");
            let tokens = Level { limit: 1_000_000, remaining: 900_000, reset: Duration::from_secs(6) };
            assert_eq!(standing.tokens, Some(tokens));
            assert_eq!(standing.requests.map(|level| level.reset), Some(Duration::from_millis(120)));
        });
    }

    #[test]
    fn the_refusal_knows_its_numbers() {
        against(limits(100, 10_000), |_, quota| async move {
            quota.admit("gpt-4o", demand(500, 9_500)).expect("full");
            let refusal = quota.admit("gpt-4o", demand(700, 500)).expect_err("200 short");
            assert_eq!(refusal.to_string(), "limit 10000, used 9500, requested 700");
            assert_eq!((refusal.limit, refusal.retry_after), (Limit::Tokens, Duration::from_millis(1_200)));
            assert_eq!(
                refusal.standing.requests.map(|level| level.remaining),
                Some(98),
                "refused, and counted"
            );
            assert!(quota.admit("gpt-4o-mini", demand(200, 500)).is_ok(), "another model, another account");
        });
    }

    #[test]
    fn a_day_of_tokens_comes_back_as_continuously_as_a_minute_of_them() {
        let limits = Limits { tokens_per_day: Some(86_400), ..limits(500, 10_000) };
        against(limits, |world, quota| async move {
            for _ in 0..8 {
                quota.admit("gpt-4o", demand(10_000, 0)).expect("a minute's, every minute");
                world.clock().sleep(MINUTE).await;
            }
            // Eight minutes have brought 480 of 80,000 back: 6,880 are left.
            let refusal = quota.admit("gpt-4o", demand(7_000, 0)).expect_err("120 short");
            assert_eq!(refusal.to_string(), "limit 86400, used 79520, requested 7000");
            assert_eq!((refusal.limit, refusal.retry_after), (Limit::TokensPerDay, Duration::from_secs(120)));
            assert_eq!(refusal.standing.tokens.map(|level| level.limit), Some(86_400), "less is left of it");
            world.clock().sleep(refusal.retry_after).await;
            assert!(quota.admit("gpt-4o", demand(7_000, 0)).is_ok());
        });
    }

    #[test]
    fn a_picture_of_five_a_minute_is_back_in_twelve_seconds() {
        let limits = Limits { images_per_minute: Some(5), ..limits(500, 10_000) };
        against(limits, |world, quota| async move {
            let pictures = |images| Demand { images, ..demand(10, 0) };
            quota.admit("gpt-image-1", pictures(5)).expect("five");
            let refusal = quota.admit("gpt-image-1", pictures(1)).expect_err("the sixth");
            assert_eq!(refusal.to_string(), "limit 5, used 5, requested 1");
            assert_eq!((refusal.limit, refusal.retry_after), (Limit::Images, Duration::from_secs(12)));
            assert!(quota.admit("gpt-image-1", pictures(0)).is_ok(), "who wants none is not concerned");
            world.clock().sleep(refusal.retry_after).await;
            assert!(quota.admit("gpt-image-1", pictures(1)).is_ok());
        });
    }

    #[test]
    fn a_project_has_less_than_its_organization() {
        let limits = Limits {
            project_requests_per_minute: Some(3),
            project_tokens_per_minute: Some(1_000),
            ..limits(500, 10_000)
        };
        against(limits, |_, quota| async move {
            let standing = quota.admit("gpt-4o", demand(900, 0)).expect("full");
            let left = |level: Option<Level>| level.map(|level| (level.limit, level.remaining));
            assert_eq!(left(standing.tokens), Some((10_000, 9_100)));
            assert_eq!(left(standing.project_tokens), Some((1_000, 100)));
            assert_eq!(standing.project_requests.map(|level| level.reset), Some(Duration::from_secs(20)));
            let refusal = quota.admit("gpt-4o", demand(200, 0)).expect_err("100 short");
            assert_eq!((refusal.limit, refusal.level.limit), (Limit::ProjectTokens, 1_000));
            assert!(quota.admit("gpt-4o", demand(1, 0)).is_ok(), "the third, the refused one counted");
            assert_eq!(
                quota.admit("gpt-4o", demand(1, 0)).expect_err("the fourth").limit,
                Limit::ProjectRequests
            );
        });
    }

    #[test]
    fn every_answer_counts_and_so_does_one_without_a_limit() {
        let three = Demand { prompt: 7, max_tokens: Some(100), more_choices: 2, images: 0 };
        assert_eq!(three.tokens(16), 307);
        assert_eq!(three.larger_part(16), 300);
        let open = Demand { max_tokens: None, more_choices: 0, ..three };
        assert_eq!((open.tokens(16), open.larger_part(16)), (23, 16));
        let embedding = Demand { max_tokens: Some(0), more_choices: 0, ..three };
        assert_eq!((embedding.tokens(16), embedding.larger_part(16)), (7, 7));
    }

    #[test]
    fn what_is_only_counted_runs_dry_and_fills_again() {
        against(limits(60, 1_000), |world, quota| async move {
            let left = |standing: Standing| {
                (standing.requests.map(|level| level.remaining), standing.tokens.map(|level| level.remaining))
            };
            assert_eq!(left(quota.count("m", demand(10, 600))), (Some(59), Some(400)));
            assert_eq!(left(quota.count("m", demand(10, 600))), (Some(58), Some(0)), "nobody refuses it");
            world.clock().sleep(Duration::from_secs(6)).await;
            assert_eq!(left(quota.count("m", demand(1, 1))), (Some(59), Some(99)), "no debt is left");
        });
    }

    #[test]
    fn who_hammers_waits_as_long_as_one_who_waits() {
        against(limits(60, 1_000_000), |world, quota| async move {
            for _ in 0..60 {
                quota.admit("m", demand(1, 1)).expect("full");
            }
            for _ in 0..9 {
                world.clock().sleep(Duration::from_millis(500)).await;
                assert!(quota.admit("m", demand(1, 1)).is_err(), "what flowed in went to the refused");
            }
            world.clock().sleep(Duration::from_secs(1)).await;
            assert!(quota.admit("m", demand(1, 1)).is_ok());
        });
    }
}
