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

use world::Instant;

use crate::Rule;
use crate::accounts;
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

impl Rule for Limits {
    type Account = Account;

    fn limits_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn open(&self) -> Account {
        Account { windows: Windows::new(self), share: self.shared_pool.as_ref().map(Share::new) }
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

/// An account for each project, location and base model.
pub type Quota = crate::Quota<Limits>;

/// What one base model has left in one project and location.
#[derive(Debug)]
pub struct Account {
    windows: Windows,
    share: Option<Share>,
}

impl Quota {
    /// Admits a request of `input` tokens. `draw` in `[0, 1)` decides where the shared pool leaves it to
    /// chance; the caller takes it from the request's identity.
    ///
    /// # Errors
    /// The limit that refuses it. A refused request counts toward nothing.
    pub fn admit(&self, scope: Scope<'_>, input: u64, draw: f64) -> Result<Admission, Refusal> {
        let account = self.account(&[scope.project, scope.location, scope.base_model]);
        if let Some(account) = &account {
            account.act(|account, now| account.admit(input, draw, now))?;
        }
        Ok(Admission { account })
    }
}

impl Account {
    fn admit(&mut self, input: u64, draw: f64, now: Instant) -> Result<(), Refusal> {
        self.windows.check(input, now)?;
        if self.share.as_mut().is_some_and(|share| !share.admits(input, draw, now)) {
            return Err(Refusal::SharedPool);
        }
        self.windows.count(input, now);
        Ok(())
    }

    fn count_output(&mut self, output: u64, now: Instant) {
        self.windows.count_output(output, now);
        if let Some(share) = &mut self.share {
            share.use_up(output, now);
        }
    }
}

/// An admitted request: its output is counted when it is known.
#[derive(Debug)]
pub struct Admission {
    account: Option<accounts::Account<Account>>,
}

impl Admission {
    /// Counts the generated tokens, in the minute in which they were complete.
    pub fn settle(self, output: u64) {
        if let Some(account) = self.account {
            account.act(|account, now| account.count_output(output, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use world::{Seed, World, run_virtual};

    const SCOPE: Scope<'_> =
        Scope { project: "p", location: "us-central1", base_model: "anthropic-claude-sonnet-4-5" };

    fn in_pool(
        world: &World,
        tokens_per_minute: u64,
        spike: Option<f64>,
        load: Vec<(Duration, f64)>,
    ) -> Quota {
        let pool = PoolLimits { tokens_per_minute, burst: DEFAULT_BURST, spike, load };
        Quota::new(Limits { shared_pool: Some(pool), ..Limits::default() }, *world.clock())
    }

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
            quota.admit(SCOPE, 1_000, 0.0).expect("a new minute").settle(50);
            assert_eq!(quota.admit(SCOPE, 0, 0.0).err(), Some(Refusal::OutputTokens));
            let elsewhere = Scope { location: "global", ..SCOPE };
            assert!(quota.admit(elsewhere, 0, 0.0).is_ok(), "another location has its own windows");
        });
    }

    #[test]
    fn a_full_pool_refuses_low_use_as_well() {
        run_virtual(Seed(1), |world| async move {
            let load = vec![(Duration::ZERO, 0.5), (Duration::from_secs(60), 1.5)];
            let quota = in_pool(&world, 2_000_000, None, load);
            assert!(quota.admit(SCOPE, 1_000, 0.999).is_ok());
            world.clock().sleep(Duration::from_secs(60)).await;
            assert_eq!(quota.admit(SCOPE, 1_000, 0.0).err(), Some(Refusal::SharedPool));
        });
    }

    #[test]
    fn above_its_rate_a_project_is_served_while_there_is_room() {
        run_virtual(Seed(1), |world| async move {
            // 600 tokens a minute with 5 s of burst: 50 tokens at once.
            let quota = in_pool(&world, 600, None, vec![(Duration::ZERO, 0.85)]);
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
            let quota = in_pool(&world, 6_000, Some(10.0), vec![]);
            for _ in 0..10 {
                assert!(quota.admit(SCOPE, 100, 0.999).is_ok());
            }
            assert_eq!(quota.admit(SCOPE, 100, 0.0).err(), Some(Refusal::SharedPool));
            world.clock().sleep(Duration::from_secs(1)).await;
            assert!(quota.admit(SCOPE, 100, 0.999).is_ok(), "a new second");
        });
    }
}
