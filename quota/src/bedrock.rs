//! Amazon Bedrock: requests and tokens per model and region; reserve at the start, settle at the end.
//!
//! A request reserves its input, cached input included, and its whole `max_tokens`; what it costs in the
//! end is input, cache writes and `burndown` times the output. A long answer of a model that burns five
//! tokens per output token can therefore settle *above* its reservation and overdraw the bucket.
//!
//! Source: AWS user guide, *quotas-token-burndown* and *quotas-runtime* (read 2026). The continuously
//! filled bucket with one minute of burst is our assumption; AWS does not say how a minute is counted.

use std::time::Duration;

use world::Instant;

use crate::Rule;
use crate::accounts;
use crate::bucket::{Bucket, Held};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// The limits of one account, the same for each of its models and regions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens a minute, input and output together.
    pub tokens_per_minute: Option<u64>,
    /// Tokens a day, input and output together.
    pub tokens_per_day: Option<u64>,
    /// What an output token costs at settlement, in place of the model's own rate.
    pub burndown: Option<u32>,
    /// What a request without `max_tokens` reserves for its output, in place of the model's maximum.
    pub default_max_tokens: Option<u64>,
}

impl Rule for Limits {
    type Account = Account;

    fn limits_nothing(&self) -> bool {
        [self.requests_per_minute, self.tokens_per_minute, self.tokens_per_day].iter().all(Option::is_none)
    }

    fn open(&self) -> Account {
        Account {
            requests: Bucket::per(MINUTE, self.requests_per_minute),
            minute: Bucket::per(MINUTE, self.tokens_per_minute),
            day: Bucket::per(DAY, self.tokens_per_day),
        }
    }
}

/// The terms of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model<'a> {
    /// Its id without the prefix of a region group.
    pub id: &'a str,
    /// What an output token costs at settlement: 5 for Claude 3.7 and later, else 1.
    pub burndown: u32,
    /// The longest answer, which a request without `max_tokens` reserves.
    pub max_output_tokens: u64,
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
    /// The answer's allowed length.
    pub max_tokens: Option<u64>,
}

/// What a request has used when it ends, in tokens. Cache reads cost nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input that no cache held.
    pub input: u64,
    /// Input written to the prompt cache.
    pub cache_write: u64,
    /// Generated tokens.
    pub output: u64,
}

/// Which limit refuses a request. When several would, the first in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Tokens a minute.
    #[error("the tokens of this minute are used up")]
    Tokens,
    /// Tokens a day.
    #[error("the tokens of this day are used up")]
    TokensPerDay,
    /// Requests a minute.
    #[error("the requests of this minute are used up")]
    Requests,
}

/// An account for each model and region.
pub type Quota = crate::Quota<Limits>;

/// What one model has left in one region.
#[derive(Debug)]
pub struct Account {
    requests: Option<Bucket>,
    minute: Option<Bucket>,
    day: Option<Bucket>,
}

impl Quota {
    /// Admits a request for `model` in `region` and reserves what it may use.
    ///
    /// # Errors
    /// The limit that refuses it. A refused request counts toward nothing.
    pub fn admit(&self, region: &str, model: Model<'_>, demand: Demand) -> Result<Reservation, Refusal> {
        let burndown = self.limits().burndown.unwrap_or(model.burndown);
        let Some(account) = self.account(&[region, model.id]) else {
            return Ok(Reservation { hold: None, burndown });
        };
        let unset = || self.limits().default_max_tokens.unwrap_or(model.max_output_tokens);
        let output = demand.max_tokens.unwrap_or_else(unset);
        let tokens = [demand.cache_read, demand.cache_write, output]
            .into_iter()
            .fold(demand.input, u64::saturating_add);
        let held = account.act(|account, now| account.reserve(tokens, now))?;
        Ok(Reservation { hold: Some(Hold { account, held }), burndown })
    }

    /// Tokens left this minute for `model` in `region`; `None` without such a limit.
    #[must_use]
    pub fn tokens_left(&self, region: &str, model: &str) -> Option<i64> {
        self.account(&[region, model])?.act(|account, now| Some(account.minute.as_mut()?.level(now)))
    }
}

impl Account {
    fn reserve(&mut self, tokens: u64, now: Instant) -> Result<[Option<Held>; 2], Refusal> {
        let limits = [
            (&mut self.minute, tokens, Refusal::Tokens),
            (&mut self.day, tokens, Refusal::TokensPerDay),
            (&mut self.requests, 1, Refusal::Requests),
        ];
        for (bucket, amount, refusal) in limits {
            if bucket.as_mut().is_some_and(|bucket| !bucket.holds(amount, now)) {
                return Err(refusal);
            }
        }
        self.requests.iter_mut().for_each(|requests| requests.take(1));
        Ok(self.tokens().map(|bucket| bucket.map(|bucket| bucket.reserve(tokens))))
    }

    fn settle(&mut self, held: [Option<Held>; 2], used: u64, now: Instant) {
        for (bucket, held) in self.tokens().into_iter().zip(held) {
            if let (Some(bucket), Some(held)) = (bucket, held) {
                bucket.settle(held, used, now);
            }
        }
    }

    fn tokens(&mut self) -> [Option<&mut Bucket>; 2] {
        [self.minute.as_mut(), self.day.as_mut()]
    }
}

/// What an admitted request holds. Dropped without [`settle`](Self::settle), it returns all of it: a
/// request that the model never worked on costs nothing.
#[derive(Debug)]
#[must_use = "dropping a reservation returns it whole"]
pub struct Reservation {
    hold: Option<Hold>,
    burndown: u32,
}

#[derive(Debug)]
struct Hold {
    account: accounts::Account<Account>,
    held: [Option<Held>; 2],
}

impl Reservation {
    /// Ends the request: returns what it did not use, or takes what it used beyond its reservation.
    pub fn settle(mut self, usage: Usage) {
        let output = usage.output.saturating_mul(u64::from(self.burndown));
        self.end(usage.input.saturating_add(usage.cache_write).saturating_add(output));
    }

    fn end(&mut self, used: u64) {
        if let Some(Hold { account, held }) = self.hold.take() {
            account.act(|account, now| account.settle(held, used, now));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, World, run_virtual};

    fn sonnet() -> Limits {
        Limits {
            requests_per_minute: Some(3),
            tokens_per_minute: Some(100_000),
            tokens_per_day: None,
            ..Limits::default()
        }
    }

    fn model(id: &str) -> Model<'_> {
        Model { id, burndown: 5, max_output_tokens: 64_000 }
    }

    fn demand(input: u64, max_tokens: u64) -> Demand {
        Demand { input, max_tokens: Some(max_tokens), ..Demand::default() }
    }

    fn in_virtual_time<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
        run_virtual(Seed(1), test);
    }

    #[test]
    fn the_example_of_the_burndown_page() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(sonnet(), *world.clock());
            // 8,000 in and 32,000 allowed reserve 40,000; 1,000 out at five each cost 13,000 in all.
            let reservation = quota.admit("us-east-1", model("sonnet"), demand(8_000, 32_000)).expect("full");
            assert_eq!(quota.tokens_left("us-east-1", "sonnet"), Some(60_000));
            reservation.settle(Usage { input: 8_000, cache_write: 0, output: 1_000 });
            assert_eq!(quota.tokens_left("us-east-1", "sonnet"), Some(87_000));
        });
    }

    #[test]
    fn a_long_answer_settles_above_its_reservation() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(sonnet(), *world.clock());
            let reservation = quota.admit("r", model("m"), demand(1_000, 24_000)).expect("full");
            reservation.settle(Usage { input: 1_000, cache_write: 0, output: 24_000 });
            assert_eq!(quota.tokens_left("r", "m"), Some(100_000 - 121_000));
            assert_eq!(quota.admit("r", model("m"), demand(0, 0)).err(), Some(Refusal::Tokens));
            // 21,000 tokens flow back in 12.6 s.
            world.clock().sleep(Duration::from_millis(12_599)).await;
            assert!(quota.admit("r", model("m"), demand(0, 0)).is_err());
            world.clock().sleep(Duration::from_millis(1)).await;
            assert!(quota.admit("r", model("m"), demand(0, 0)).is_ok());
        });
    }

    #[test]
    fn unset_max_tokens_reserves_the_maximum_of_the_model() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(sonnet(), *world.clock());
            let asked = Demand { input: 1_000, ..Demand::default() };
            let held = quota.admit("r", model("m"), asked).expect("full");
            assert_eq!(quota.tokens_left("r", "m"), Some(35_000));
            assert_eq!(
                quota.admit("r", model("m"), asked).err(),
                Some(Refusal::Tokens),
                "though nothing is used yet"
            );
            drop(held);
            assert_eq!(quota.tokens_left("r", "m"), Some(100_000), "no work, no cost");
        });
    }

    #[test]
    fn cached_input_is_reserved_and_cache_reads_are_free_in_the_end() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(sonnet(), *world.clock());
            let asked = Demand { input: 4, cache_read: 2_000, cache_write: 700, max_tokens: Some(10) };
            let reservation = quota.admit("r", model("m"), asked).expect("full");
            assert_eq!(quota.tokens_left("r", "m"), Some(100_000 - 2_714));
            reservation.settle(Usage { input: 4, cache_write: 700, output: 10 });
            assert_eq!(quota.tokens_left("r", "m"), Some(100_000 - 754));
        });
    }

    #[test]
    fn two_million_tokens_a_minute_hold_thirty_requests_without_max_tokens() {
        in_virtual_time(|world| async move {
            let limits = Limits { tokens_per_minute: Some(2_000_000), ..Limits::default() };
            let quota = Quota::new(limits, *world.clock());
            let asked = Demand { input: 1_000, ..Demand::default() };
            let admit = || quota.admit("r", model("m"), asked);
            let mut held: Vec<_> = std::iter::from_fn(|| admit().ok()).collect();
            // 2,000,000 / 65,000 = 30.8; 15,000 short of the 31st, which flow in in 0.45 s.
            assert_eq!((held.len(), quota.tokens_left("r", "m")), (30, Some(50_000)));
            world.clock().sleep(Duration::from_millis(449)).await;
            assert!(admit().is_err());
            world.clock().sleep(Duration::from_millis(1)).await;
            assert!(admit().is_ok());
            // An answer of 100 tokens costs 1,500 of the 65,000 that it held.
            let before = quota.tokens_left("r", "m").expect("limited");
            let one = held.pop().expect("thirty");
            one.settle(Usage { input: 1_000, cache_write: 0, output: 100 });
            assert_eq!(quota.tokens_left("r", "m").expect("limited") - before, 63_500);
        });
    }

    #[test]
    fn burndown_by_hand() {
        in_virtual_time(|world| async move {
            let limits = Limits { tokens_per_minute: Some(1_000_000), ..Limits::default() };
            for (burndown, input, cache_write, output, cost) in [
                (5, 1_000, 0, 100, 1_500),
                (1, 1_000, 0, 100, 1_100),
                (5, 0, 2_000, 1, 2_005),
                (5, 10, 0, 64_000, 320_010),
            ] {
                let quota = Quota::new(limits.clone(), *world.clock());
                let model = Model { burndown, ..model("m") };
                let reservation = quota.admit("r", model, demand(input, 64_000)).expect("full");
                reservation.settle(Usage { input, cache_write, output });
                assert_eq!(quota.tokens_left("r", "m"), Some(1_000_000 - cost), "{output} at {burndown}");
            }
        });
    }

    #[test]
    fn models_and_regions_have_accounts_of_their_own() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(sonnet(), *world.clock());
            for _ in 0..3 {
                drop(quota.admit("r", model("m"), demand(0, 1)).expect("three a minute"));
            }
            assert_eq!(quota.admit("r", model("m"), demand(0, 1)).err(), Some(Refusal::Requests));
            assert!(quota.admit("r", model("other"), demand(0, 1)).is_ok());
            assert!(quota.admit("other", model("m"), demand(0, 1)).is_ok());
            world.clock().sleep(Duration::from_secs(20)).await;
            assert!(quota.admit("r", model("m"), demand(0, 1)).is_ok(), "one request flows back every 20 s");
            assert!(quota.admit("r", model("m"), demand(0, 1)).is_err());
        });
    }

    #[test]
    fn a_day_has_its_own_limit_and_word() {
        in_virtual_time(|world| async move {
            let limits = Limits { tokens_per_day: Some(500), requests_per_minute: None, ..sonnet() };
            let quota = Quota::new(limits, *world.clock());
            let first = quota.admit("r", model("m"), demand(500, 0)).expect("full");
            first.settle(Usage { input: 500, ..Usage::default() });
            assert_eq!(quota.admit("r", model("m"), demand(1, 0)).err(), Some(Refusal::TokensPerDay));
            assert_eq!(quota.tokens_left("r", "m"), Some(99_500), "a refused request counts toward nothing");
        });
    }

    #[test]
    fn without_limits_everything_is_admitted() {
        in_virtual_time(|world| async move {
            let quota = Quota::new(Limits::default(), *world.clock());
            for _ in 0..10_000 {
                quota
                    .admit("r", model("m"), demand(u64::MAX, u64::MAX))
                    .expect("no limit")
                    .settle(Usage::default());
            }
            assert_eq!(quota.tokens_left("r", "m"), None);
        });
    }
}
