//! Azure OpenAI: requests in short evaluation periods and tokens in fixed minutes, per deployment.
//!
//! A deployment is given tokens a minute; its requests follow from them, six a minute for every thousand, and
//! are counted over 1 or 10 seconds: a burst is refused although the minute would hold it. A request counts its
//! prompt and its `max_tokens`; nothing is corrected when it ends.
//!
//! Source: Azure OpenAI documentation, *manage quota, understanding rate limits* (read 2026): the running count
//! of tokens starts again every minute, that of requests with each evaluation period. A wait is the longer of
//! the two limits', as in Microsoft's own API simulator.

use std::time::Duration;

use world::Instant;

use super::{DEFAULT_MAX_TOKENS, Demand, Standing};
use crate::Rule;
use crate::window::Window;

/// Over which requests are counted when nothing else is said.
pub const DEFAULT_EVALUATION: Duration = Duration::from_secs(10);

const MINUTE_SECONDS: u64 = 60;

/// The limits of a deployment, the same for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Tokens a minute, prompt and answer together.
    pub tokens_per_minute: Option<u64>,
    /// Requests a minute, in place of six for every thousand tokens.
    pub requests_per_minute: Option<u64>,
    /// Over which requests are counted: 1 s or 10 s.
    pub evaluation: Duration,
    /// What a request without a limit on its answer counts for it.
    pub default_max_tokens: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens_per_minute: None,
            requests_per_minute: None,
            evaluation: DEFAULT_EVALUATION,
            default_max_tokens: DEFAULT_MAX_TOKENS,
        }
    }
}

impl Limits {
    /// How many requests an evaluation period admits; `None` for any number.
    ///
    /// Six a minute for every thousand tokens are `ceil(TPM / 1000)` in ten seconds.
    #[must_use]
    pub fn requests_per_period(&self) -> Option<u64> {
        let period = self.evaluation.as_secs().max(1);
        match (self.requests_per_minute, self.tokens_per_minute) {
            (Some(requests), _) => Some(requests.saturating_mul(period).div_ceil(MINUTE_SECONDS)),
            (None, Some(tokens)) => Some(tokens.saturating_mul(period).div_ceil(10_000)),
            (None, None) => None,
        }
    }
}

impl Rule for Limits {
    type Account = Account;

    fn limits_nothing(&self) -> bool {
        self.tokens_per_minute.is_none() && self.requests_per_minute.is_none()
    }

    fn open(&self) -> Account {
        let requests = self.requests_per_period();
        Account {
            requests: requests.map(|limit| Window::every(self.evaluation, limit)),
            tokens: self.tokens_per_minute.map(Window::new),
        }
    }
}

/// A limit. When both refuse a request, the first in this order is the one that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests in an evaluation period.
    Requests,
    /// Tokens a minute.
    Tokens,
}

/// Why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deployment's limit is used up for {retry_after:?}")]
pub struct Refusal {
    /// The limit that refuses it.
    pub limit: Limit,
    /// Until neither limit refuses it any more: the longer of the two waits.
    pub retry_after: Duration,
    /// How the limits stand.
    pub standing: Standing,
}

/// An account for each deployment.
pub type Quota = crate::Quota<Limits>;

/// What one deployment has left.
#[derive(Debug)]
pub struct Account {
    requests: Option<Window>,
    tokens: Option<Window>,
}

impl Quota {
    /// Admits a request to `deployment`, counts it, and says how the limits stand then.
    ///
    /// # Errors
    /// The limit that refuses it. A refused request counts toward nothing.
    pub fn admit(&self, deployment: &str, demand: Demand) -> Result<Standing, Box<Refusal>> {
        let tokens = demand.tokens(self.limits().default_max_tokens);
        let account = self.account(&[deployment]);
        account
            .map_or(Ok(Standing::default()), |account| account.act(|account, now| account.admit(tokens, now)))
    }

    /// Counts a request that nobody refuses, and says how the limits stand then.
    #[must_use]
    pub fn count(&self, deployment: &str, demand: Demand) -> Standing {
        let tokens = demand.tokens(self.limits().default_max_tokens);
        let count = |account: &mut Account, now| {
            account.count(tokens, now);
            account.standing(now)
        };
        self.account(&[deployment]).map(|account| account.act(count)).unwrap_or_default()
    }
}

impl Account {
    fn admit(&mut self, tokens: u64, now: Instant) -> Result<Standing, Box<Refusal>> {
        let wait = |window: &mut Option<Window>, amount| {
            window.as_mut().and_then(|window| (!window.holds(amount, now)).then(|| window.rest(now)))
        };
        let (requests, of_tokens) = (wait(&mut self.requests, 1), wait(&mut self.tokens, tokens));
        if let Some(retry_after) = requests.max(of_tokens) {
            let limit = if requests.is_some() { Limit::Requests } else { Limit::Tokens };
            return Err(Box::new(Refusal { limit, retry_after, standing: self.standing(now) }));
        }
        self.count(tokens, now);
        Ok(self.standing(now))
    }

    fn count(&mut self, tokens: u64, now: Instant) {
        for (window, amount) in [(&mut self.requests, 1), (&mut self.tokens, tokens)] {
            if let Some(window) = window {
                window.count(amount, now);
            }
        }
    }

    fn standing(&mut self, now: Instant) -> Standing {
        let standing = |window: &mut Option<Window>| window.as_mut().map(|window| window.standing(now));
        Standing {
            requests: standing(&mut self.requests),
            tokens: standing(&mut self.tokens),
            ..Standing::default()
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

    fn tokens(tokens_per_minute: u64) -> Limits {
        Limits { tokens_per_minute: Some(tokens_per_minute), ..Limits::default() }
    }

    fn demand(prompt: u64, max_tokens: u64) -> Demand {
        Demand { prompt, max_tokens: Some(max_tokens), ..Demand::default() }
    }

    #[test]
    fn requests_follow_from_tokens() {
        let second = Duration::from_secs(1);
        for (limits, expected) in [
            (tokens(10_000), Some(10)),
            (tokens(1), Some(1)),
            (tokens(10_001), Some(11)),
            (Limits { evaluation: second, ..tokens(100_000) }, Some(10)),
            // The documentation's example: 600 a minute are ten in each second.
            (Limits { requests_per_minute: Some(600), evaluation: second, ..Limits::default() }, Some(10)),
            (Limits::default(), None),
        ] {
            assert_eq!(limits.requests_per_period(), expected, "{limits:?}");
        }
    }

    #[test]
    fn a_burst_is_refused_although_the_minute_would_hold_it() {
        against(tokens(5_000), |world, quota| async move {
            world.clock().sleep(Duration::from_millis(2_500)).await;
            for _ in 0..5 {
                quota.admit("gpt-4o", demand(10, 10)).expect("five in ten seconds");
            }
            let refusal = quota.admit("gpt-4o", demand(10, 10)).expect_err("the sixth");
            assert_eq!((refusal.limit, refusal.retry_after), (Limit::Requests, Duration::from_millis(7_500)));
            assert_eq!(refusal.standing.tokens.map(|level| level.remaining), Some(4_900));
            world.clock().sleep(refusal.retry_after).await;
            quota.admit("gpt-4o", demand(10, 10)).expect("a new period");
        });
    }

    #[test]
    fn what_is_only_counted_runs_dry_and_begins_again() {
        against(tokens(1_000), |world, quota| async move {
            let left = |standing: Standing| standing.tokens.map(|level| level.remaining);
            assert_eq!(left(quota.count("d", demand(500, 400))), Some(100));
            assert_eq!(left(quota.count("d", demand(500, 400))), Some(0), "nobody refuses it");
            world.clock().sleep(Duration::from_secs(60)).await;
            assert_eq!(left(quota.count("d", demand(0, 1))), Some(999));
        });
    }

    #[test]
    fn the_longer_wait_is_told() {
        against(tokens(1_000), |_, quota| async move {
            quota.admit("d", demand(500, 500)).expect("unused");
            let refusal = quota.admit("d", demand(1, 0)).expect_err("both are used up");
            assert_eq!((refusal.limit, refusal.retry_after), (Limit::Requests, Duration::from_secs(60)));
            assert!(quota.admit("another", demand(1, 0)).is_ok(), "a deployment has its own");
        });
    }
}
