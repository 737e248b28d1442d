//! The Anthropic API: requests, input tokens and output tokens a minute, in continuously filled buckets.
//!
//! Limits are an organisation's, one set for each class of models: every Claude Opus 4 draws on one, every
//! Claude Sonnet 4 on another. What the prompt cache holds is free of the input limit on current models. An
//! answer's tokens count as they are produced, and `max_tokens` counts for nothing: a request is let in while any
//! are left, and what answers in progress produce beyond the limit is a debt that the refill pays off.
//!
//! Source: Claude API documentation, *rate limits* (read June 2026; until 2025 it said that `max_tokens` are held at
//! the start). Inferred: the debt, and that a refused request counts toward nothing.

use std::time::Duration;

use world::Instant;

use crate::Rule;
use crate::accounts;
use crate::bucket::Bucket;
use crate::level::Level;

const MINUTE: Duration = Duration::from_secs(60);

/// The limits of one organisation, the same for each class of models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Input tokens a minute, cache writes among them.
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens a minute.
    pub output_tokens_per_minute: Option<u64>,
    /// Whether reads from the prompt cache count as input, as they did for models before Claude 4.
    pub count_cache_reads: bool,
}

impl Rule for Limits {
    type Account = Account;

    fn limits_nothing(&self) -> bool {
        let limits = [self.requests_per_minute, self.input_tokens_per_minute, self.output_tokens_per_minute];
        limits.iter().all(Option::is_none)
    }

    fn open(&self) -> Account {
        Account {
            requests: Bucket::per(MINUTE, self.requests_per_minute),
            input: Bucket::per(MINUTE, self.input_tokens_per_minute),
            output: Bucket::per(MINUTE, self.output_tokens_per_minute),
        }
    }
}

/// What a request asks for when it arrives, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// Input that no cache holds.
    pub input: u64,
    /// Input read from the prompt cache.
    pub cache_read: u64,
    /// Input written to the prompt cache.
    pub cache_write: u64,
}

/// A limit. When several refuse a request, the first in this order is the one that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests a minute.
    Requests,
    /// Input tokens a minute.
    InputTokens,
    /// Output tokens a minute.
    OutputTokens,
}

/// How the limits stand; `None` for one that is not set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub requests: Option<Level>,
    /// Input tokens a minute.
    pub input_tokens: Option<Level>,
    /// Output tokens a minute.
    pub output_tokens: Option<Level>,
}

impl Standing {
    /// Input and output tokens together, which the service tells as `tokens`.
    #[must_use]
    pub fn tokens(&self) -> Option<Level> {
        match (self.input_tokens, self.output_tokens) {
            (Some(input), Some(output)) => Some(input.and(output)),
            (input, output) => input.or(output),
        }
    }
}

/// Why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit of {allowed} a minute refuses the request")]
pub struct Refusal {
    /// The limit that refuses it.
    pub limit: Limit,
    /// Its value.
    pub allowed: u64,
    /// From now until no limit refuses it any more, if nobody else asks. A request that asks for more than a
    /// minute allows is always refused; then until everything is there again.
    pub retry_after: Duration,
    /// How the limits stand.
    pub standing: Standing,
}

/// An account for each class of models.
pub type Quota = crate::Quota<Limits>;

/// What one class of models has left.
#[derive(Debug)]
pub struct Account {
    requests: Option<Bucket>,
    input: Option<Bucket>,
    output: Option<Bucket>,
}

impl Quota {
    /// Admits a request for `model` and counts its input.
    ///
    /// # Errors
    /// The limit that refuses it.
    pub fn admit(&self, model: &str, demand: Demand) -> Result<Admission, Box<Refusal>> {
        let account = self.account(&[class_of(model)]);
        let input = self.input(demand);
        let admitted = account.as_ref().map(|account| account.act(|account, now| account.admit(input, now)));
        Ok(Admission {
            standing: admitted.transpose()?.unwrap_or_default(),
            account,
            produced: 0,
            owes: true,
        })
    }

    /// Admits a request for `model` whatever the limits: it counts as far as anything is left.
    pub fn count(&self, model: &str, demand: Demand) -> Admission {
        let account = self.account(&[class_of(model)]);
        let input = self.input(demand);
        let counted = account.as_ref().map(|account| account.act(|account, now| account.count(input, now)));
        Admission { standing: counted.unwrap_or_default(), account, produced: 0, owes: false }
    }

    fn input(&self, demand: Demand) -> u64 {
        let read = if self.limits().count_cache_reads { demand.cache_read } else { 0 };
        demand.input.saturating_add(demand.cache_write).saturating_add(read)
    }

    /// How the limits for `model` stand.
    #[must_use]
    pub fn standing(&self, model: &str) -> Standing {
        let account = self.account(&[class_of(model)]);
        account.map(|account| account.act(Account::standing)).unwrap_or_default()
    }
}

impl Account {
    fn admit(&mut self, input: u64, now: Instant) -> Result<Standing, Box<Refusal>> {
        if let Some((limit, allowed)) = self.refusing(input, now) {
            let retry_after = self.each(input, |_, bucket, amount| bucket.wait_for(amount, now));
            let retry_after = retry_after.into_iter().flatten().max().unwrap_or_default();
            return Err(Box::new(Refusal { limit, allowed, retry_after, standing: self.standing(now) }));
        }
        self.requests.iter_mut().for_each(|bucket| bucket.take(1));
        self.input.iter_mut().for_each(|bucket| bucket.take(input));
        Ok(self.standing(now))
    }

    fn count(&mut self, input: u64, now: Instant) -> Standing {
        self.requests.iter_mut().for_each(|bucket| bucket.take_what_is_left(1, now));
        self.input.iter_mut().for_each(|bucket| bucket.take_what_is_left(input, now));
        self.standing(now)
    }

    /// Takes what an answer has produced; a debt is kept where somebody is to wait for its end.
    fn produce(&mut self, tokens: u64, owes: bool, now: Instant) {
        match &mut self.output {
            Some(bucket) if owes => bucket.take_at(tokens, now),
            Some(bucket) => bucket.take_what_is_left(tokens, now),
            None => {}
        }
    }

    fn refusing(&mut self, input: u64, now: Instant) -> Option<(Limit, u64)> {
        let refusing = self.each(input, |limit, bucket, amount| {
            (!bucket.holds(amount, now)).then(|| (limit, bucket.capacity()))
        });
        refusing.into_iter().flatten().find_map(|refusing| refusing)
    }

    /// Every limit with what a request asks of it: of the output that there is any.
    fn each<T>(&mut self, input: u64, mut act: impl FnMut(Limit, &mut Bucket, u64) -> T) -> [Option<T>; 3] {
        [
            self.requests.as_mut().map(|bucket| act(Limit::Requests, bucket, 1)),
            self.input.as_mut().map(|bucket| act(Limit::InputTokens, bucket, input)),
            self.output.as_mut().map(|bucket| act(Limit::OutputTokens, bucket, 1)),
        ]
    }

    fn standing(&mut self, now: Instant) -> Standing {
        let [requests, input_tokens, output_tokens] = self.each(0, |_, bucket, _| bucket.standing(now));
        Standing { requests, input_tokens, output_tokens }
    }
}

/// Whose limits a model uses: those of its class.
fn class_of(model: &str) -> &str {
    const CLASSES: [&str; 2] = ["claude-opus-4", "claude-sonnet-4"];
    let class = CLASSES.into_iter().find(|class| model.starts_with(class));
    class.unwrap_or_else(|| without_date(model))
}

/// `claude-haiku-4-5` of `claude-haiku-4-5-20251001`.
fn without_date(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => model,
    }
}

/// An admitted request, whose answer counts as it is produced. There is nothing to give back when it is dropped.
#[derive(Debug)]
pub struct Admission {
    account: Option<accounts::Account<Account>>,
    standing: Standing,
    /// Tokens of the answer that have been counted.
    produced: u64,
    /// Whether the account keeps a debt for it.
    owes: bool,
}

impl Admission {
    /// How the limits stood when it was admitted, itself counted.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Counts what the answer has come to: `tokens` in all until now.
    pub fn produced(&mut self, tokens: u64) {
        let more = tokens.saturating_sub(self.produced);
        if let Some(account) = self.account.as_ref().filter(|_| more > 0) {
            self.produced = tokens;
            account.act(|account, now| account.produce(more, self.owes, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, World, run_virtual};

    const HAIKU: &str = "claude-haiku-4-5-20251001";

    fn tier_1() -> Limits {
        Limits {
            requests_per_minute: Some(50),
            input_tokens_per_minute: Some(50_000),
            output_tokens_per_minute: Some(10_000),
            count_cache_reads: false,
        }
    }

    fn against<F: Future<Output = ()>>(limits: Limits, test: impl FnOnce(World, Quota) -> F) {
        run_virtual(Seed(1), |world| {
            let quota = Quota::new(limits, *world.clock());
            test(world, quota)
        });
    }

    fn demand(input: u64) -> Demand {
        Demand { input, ..Demand::default() }
    }

    fn left(quota: &Quota) -> (Option<u64>, Option<u64>) {
        let standing = quota.standing(HAIKU);
        let remaining = |level: Option<Level>| level.map(|level| level.remaining);
        (remaining(standing.input_tokens), remaining(standing.output_tokens))
    }

    #[test]
    fn output_counts_as_it_is_produced() {
        against(tier_1(), |world, quota| async move {
            let mut admission = quota.admit(HAIKU, demand(2_000)).expect("full");
            let level = |limit, remaining, reset_ms| {
                Some(Level { limit, remaining, reset: Duration::from_millis(reset_ms) })
            };
            assert_eq!(admission.standing().requests, level(50, 49, 1_200));
            assert_eq!(admission.standing().input_tokens, level(50_000, 48_000, 2_400));
            assert_eq!(admission.standing().output_tokens, level(10_000, 10_000, 0), "nothing is held");
            assert_eq!(admission.standing().tokens(), level(60_000, 58_000, 2_400));
            admission.produced(4_000);
            admission.produced(4_000);
            assert_eq!(left(&quota), (Some(48_000), Some(6_000)), "the same tokens count once");
            world.clock().sleep(Duration::from_secs(3)).await;
            admission.produced(7_000);
            assert_eq!(left(&quota).1, Some(3_500), "500 have flowed in");
            drop(admission);
            assert_eq!(left(&quota).1, Some(3_500), "what was produced was produced");
        });
    }

    #[test]
    fn an_answer_runs_into_debt_and_others_wait_for_its_end() {
        against(tier_1(), |world, quota| async move {
            let mut long = quota.admit(HAIKU, demand(10)).expect("full");
            let mut other = quota.admit(HAIKU, demand(10)).expect("nothing has been produced yet");
            long.produced(9_000);
            other.produced(3_000);
            let refusal = quota.admit(HAIKU, demand(10)).expect_err("2,000 too many");
            assert_eq!((refusal.limit, refusal.allowed), (Limit::OutputTokens, 10_000));
            // 2,001 tokens at 10,000 a minute.
            assert_eq!(refusal.retry_after, Duration::from_millis(12_006));
            assert_eq!(refusal.standing.output_tokens.map(|level| level.remaining), Some(0));
            world.clock().sleep(refusal.retry_after).await;
            assert!(quota.admit(HAIKU, demand(10)).is_ok());
        });
    }

    #[test]
    fn what_is_only_counted_runs_dry_and_owes_nothing() {
        against(tier_1(), |world, quota| async move {
            let mut first = quota.count(HAIKU, demand(60_000));
            assert_eq!(first.standing().input_tokens.map(|level| level.remaining), Some(0));
            first.produced(25_000);
            assert_eq!(left(&quota).1, Some(0), "nobody refuses it");
            world.clock().sleep(Duration::from_secs(6)).await;
            assert_eq!(left(&quota), (Some(5_000), Some(1_000)), "no debt is left");
        });
    }

    #[test]
    fn cache_reads_are_free_unless_said() {
        let asked = Demand { input: 10, cache_read: 49_000, cache_write: 990 };
        against(tier_1(), |_, quota| async move {
            quota.admit(HAIKU, asked).expect("full");
            assert_eq!(left(&quota).0, Some(49_000));
        });
        against(Limits { count_cache_reads: true, ..tier_1() }, |_, quota| async move {
            quota.admit(HAIKU, asked).expect("full");
            assert_eq!(left(&quota).0, Some(0));
        });
    }

    #[test]
    fn a_class_of_models_shares_its_limits() {
        for (model, class) in [
            ("claude-opus-4-20250514", "claude-opus-4"),
            ("claude-opus-4-1-20250805", "claude-opus-4"),
            ("claude-sonnet-4-5", "claude-sonnet-4"),
            ("claude-haiku-4-5", "claude-haiku-4-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-3-haiku-20240307", "claude-3-haiku"),
        ] {
            assert_eq!(class_of(model), class, "{model}");
        }
        against(Limits { requests_per_minute: Some(1), ..Limits::default() }, |_, quota| async move {
            quota.admit("claude-opus-4-1", demand(1)).expect("full");
            assert!(quota.admit("claude-opus-4-5", demand(1)).is_err());
            assert!(quota.admit("claude-sonnet-4-5", demand(1)).is_ok());
        });
    }

    #[test]
    fn more_than_a_minute_allows_is_never_admitted() {
        against(tier_1(), |world, quota| async move {
            let refusal = quota.admit(HAIKU, demand(50_001)).expect_err("too much");
            assert_eq!(refusal.retry_after, Duration::ZERO, "everything is there already");
            world.clock().sleep(Duration::from_secs(600)).await;
            assert!(quota.admit(HAIKU, demand(50_001)).is_err());
        });
    }
}
