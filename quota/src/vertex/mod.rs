//! Vertex AI: fixed one-minute windows per project, and a pool that all customers share.
//!
//! Models with a project quota (partners, embeddings) are counted in windows that start again every
//! minute. Gemini 2.0 and later have no quota of one's own: a request is refused when the shared pool is
//! short, which a client may meet at a small fraction of what it usually gets.
//!
//! Source: Google Cloud, *Vertex AI quotas* and *standard-paygo* (read 2026). How the pool decides is not
//! published; the two slopes here are our model of what the pages describe.

mod pool;
mod project;

pub use pool::{DEFAULT_BURST, PoolLimits, admission_probability};

use std::sync::{Arc, Mutex};

use world::{Clock, Instant};

use crate::accounts::{Accounts, lock};
use pool::Share;
use project::Windows;

/// The limits of one project, the same for each of its base models and locations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Input tokens a minute.
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens a minute.
    pub output_tokens_per_minute: Option<u64>,
    /// The pool shared with other customers.
    pub shared_pool: Option<PoolLimits>,
}

impl Limits {
    fn limit_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose quota a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Project id or number, as the client sent it.
    pub project: &'a str,
    /// Region, or `global`.
    pub location: &'a str,
    /// The base model, such as `gemini-2.5-flash`.
    pub base_model: &'a str,
}

/// Which limit refuses a request. When several would, the first in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Requests a minute of the project.
    #[error("the project's requests of this minute are used up")]
    Requests,
    /// Input tokens a minute of the project.
    #[error("the project's input tokens of this minute are used up")]
    InputTokens,
    /// Output tokens a minute of the project.
    #[error("the project's output tokens of this minute are used up")]
    OutputTokens,
    /// The pool that all customers share is short.
    #[error("the shared pool is short")]
    SharedPool,
}

/// The accounts of every project, location and base model.
#[derive(Debug, Clone)]
pub struct Quota {
    limits: Arc<Limits>,
    clock: Clock,
    accounts: Arc<Accounts<Account>>,
}

#[derive(Debug)]
struct Account {
    windows: Windows,
    share: Option<Share>,
}

impl Quota {
    /// Unused accounts, one for each project, location and base model.
    #[must_use]
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self { limits: Arc::new(limits), clock, accounts: Arc::new(Accounts::apart()) }
    }

    /// One unused account for all who ask.
    #[must_use]
    pub fn shared(limits: Limits, clock: Clock) -> Self {
        Self { limits: Arc::new(limits), clock, accounts: Arc::new(Accounts::shared()) }
    }

    /// Admits a request of `input` tokens. `draw` in `[0, 1)` decides where the shared pool leaves it to
    /// chance; the caller takes it from the request's identity.
    ///
    /// # Errors
    /// The limit that refuses it. A refused request counts toward nothing.
    pub fn admit(&self, scope: Scope<'_>, input: u64, draw: f64) -> Result<Admission, Refusal> {
        if self.limits.limit_nothing() {
            return Ok(Admission { account: None, clock: self.clock });
        }
        let account = self.account(scope);
        lock(&account).admit(input, draw, self.clock.now())?;
        Ok(Admission { account: Some(account), clock: self.clock })
    }

    fn account(&self, scope: Scope<'_>) -> Arc<Mutex<Account>> {
        let key = format!("{}/{}/{}", scope.project, scope.location, scope.base_model);
        self.accounts.of(&key, || Account::new(&self.limits))
    }
}

impl Account {
    fn new(limits: &Limits) -> Self {
        Self { windows: Windows::new(limits), share: limits.shared_pool.as_ref().map(Share::new) }
    }

    fn admit(&mut self, input: u64, draw: f64, now: Instant) -> Result<(), Refusal> {
        self.windows.check(input, now)?;
        if self.share.as_mut().is_some_and(|share| !share.admits(input, draw, now)) {
            return Err(Refusal::SharedPool);
        }
        self.windows.count(input, now);
        Ok(())
    }
}

/// An admitted request: its output is counted when it is known.
#[derive(Debug)]
pub struct Admission {
    account: Option<Arc<Mutex<Account>>>,
    clock: Clock,
}

impl Admission {
    /// Counts the generated tokens, in the minute in which they were complete.
    pub fn settle(self, output: u64) {
        if let Some(account) = self.account {
            let now = self.clock.now();
            let mut account = lock(&account);
            account.windows.count_output(output, now);
            if let Some(share) = &mut account.share {
                share.use_up(output);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;
    use world::{Seed, run_virtual};

    const SCOPE: Scope<'_> =
        Scope { project: "p", location: "us-central1", base_model: "anthropic-claude-sonnet-4-5" };

    #[test]
    fn windows_start_again_every_minute() {
        run_virtual(Seed(1), |world| async move {
            let limits = Limits {
                requests_per_minute: Some(2),
                input_tokens_per_minute: Some(1_000),
                output_tokens_per_minute: Some(50),
                shared_pool: None,
            };
            let quota = Quota::new(limits, *world.clock());
            assert_eq!(quota.admit(SCOPE, 1_001, 0.0).err(), Some(Refusal::InputTokens));
            quota.admit(SCOPE, 600, 0.0).expect("fits").settle(0);
            assert_eq!(quota.admit(SCOPE, 401, 0.0).err(), Some(Refusal::InputTokens));
            quota.admit(SCOPE, 400, 0.0).expect("fits exactly").settle(80);
            assert_eq!(quota.admit(SCOPE, 0, 0.0).err(), Some(Refusal::Requests));
            world.clock().sleep(Duration::from_secs(60)).await;
            quota.admit(SCOPE, 1_000, 0.0).expect("a new minute").settle(51);
            assert_eq!(quota.admit(SCOPE, 0, 0.0).err(), Some(Refusal::OutputTokens));
            let elsewhere = Scope { location: "global", ..SCOPE };
            assert!(quota.admit(elsewhere, 0, 0.0).is_ok(), "another location has its own windows");
        });
    }

    #[test]
    fn a_full_pool_refuses_low_use_as_well() {
        run_virtual(Seed(1), |world| async move {
            let pool = PoolLimits {
                tokens_per_minute: 2_000_000,
                burst: DEFAULT_BURST,
                spike: None,
                load: vec![(Duration::ZERO, 0.5), (Duration::from_secs(60), 1.5)],
            };
            let quota = Quota::new(Limits { shared_pool: Some(pool), ..Limits::default() }, *world.clock());
            assert!(quota.admit(SCOPE, 1_000, 0.999).is_ok());
            world.clock().sleep(Duration::from_secs(60)).await;
            assert_eq!(quota.admit(SCOPE, 1_000, 0.0).err(), Some(Refusal::SharedPool));
        });
    }

    #[test]
    fn above_its_rate_a_project_is_served_while_there_is_room() {
        run_virtual(Seed(1), |world| async move {
            // 600 tokens a minute with 5 s of burst: 50 tokens at once.
            let pool = PoolLimits {
                tokens_per_minute: 600,
                burst: DEFAULT_BURST,
                spike: None,
                load: vec![(Duration::ZERO, 0.85)],
            };
            let quota = Quota::new(Limits { shared_pool: Some(pool), ..Limits::default() }, *world.clock());
            quota.admit(SCOPE, 30, 0.99).expect("inside its rate").settle(20);
            // Outside, at a load half way between 0.7 and 1.0, every other request is served.
            assert!(quota.admit(SCOPE, 30, 0.49).is_ok());
            assert_eq!(quota.admit(SCOPE, 30, 0.51).err(), Some(Refusal::SharedPool));
            world.clock().sleep(Duration::from_secs(5)).await;
            assert!(quota.admit(SCOPE, 30, 0.99).is_ok(), "its rate has come back");
        });
    }

    #[test]
    fn a_sharp_spike_is_refused_in_an_empty_pool() {
        run_virtual(Seed(1), |world| async move {
            // A hundred tokens a second; ten times that may come within one.
            let pool = PoolLimits {
                tokens_per_minute: 6_000,
                burst: DEFAULT_BURST,
                spike: Some(10.0),
                load: vec![],
            };
            let quota = Quota::new(Limits { shared_pool: Some(pool), ..Limits::default() }, *world.clock());
            for _ in 0..10 {
                assert!(quota.admit(SCOPE, 100, 0.999).is_ok());
            }
            assert_eq!(quota.admit(SCOPE, 100, 0.0).err(), Some(Refusal::SharedPool));
            world.clock().sleep(Duration::from_secs(1)).await;
            assert!(quota.admit(SCOPE, 100, 0.999).is_ok(), "a new second");
        });
    }

    proptest::proptest! {
        #[test]
        fn no_minute_of_the_run_admits_more_than_the_limits(
            requests in 0_u64..40,
            input in 0_u64..20_000,
            asks in proptest::collection::vec((0_u64..6_000, 0_u64..2_000), 1..150),
        ) {
            run_virtual(Seed(1), |world| async move {
                let limits = Limits {
                    requests_per_minute: Some(requests),
                    input_tokens_per_minute: Some(input),
                    ..Limits::default()
                };
                let quota = Quota::new(limits, *world.clock());
                let mut used = BTreeMap::<u64, (u64, u64)>::new();
                for (gap_ms, tokens) in asks {
                    world.clock().sleep(Duration::from_millis(gap_ms)).await;
                    if let Ok(admission) = quota.admit(SCOPE, tokens, 0.0) {
                        admission.settle(100);
                        let minute = used.entry(world.clock().now().as_micros() / 60_000_000).or_default();
                        *minute = (minute.0 + 1, minute.1 + tokens);
                    }
                }
                assert!(used.values().all(|minute| minute.0 <= requests && minute.1 <= input), "{used:?}");
            });
        }
    }
}
