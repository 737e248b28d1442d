//! Quotas that are made when a mock starts, and those on which several mocks, models and regions draw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use world::Clock;

use crate::accounts::lock;
use crate::openai::azure;
use crate::{anthropic, bedrock, openai, vertex};

/// The limits of one mock, by provider. What is left at its default is not limited.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Of Bedrock.
    pub bedrock: bedrock::Limits,
    /// Of Vertex AI.
    pub vertex: vertex::Limits,
    /// Of the OpenAI API.
    pub openai: openai::Limits,
    /// Of Azure OpenAI.
    pub azure: azure::Limits,
    /// Of the Anthropic API.
    pub anthropic: anthropic::Limits,
    /// The name of the quota on which all who are given that name draw together, whatever their model or
    /// region; `None` for accounts of one's own, by the provider's rules.
    pub pool: Option<String>,
}

/// The quotas of one run that have names. All clones are the same quotas.
#[derive(Debug, Clone, Default)]
pub struct Pools(Arc<Mutex<Named>>);

#[derive(Debug, Default)]
struct Named {
    bedrock: BTreeMap<String, bedrock::Quota>,
    vertex: BTreeMap<String, vertex::Quota>,
    openai: BTreeMap<String, openai::Quota>,
    azure: BTreeMap<String, azure::Quota>,
    anthropic: BTreeMap<String, anthropic::Quota>,
}

impl Pools {
    /// The Bedrock quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn bedrock(&self, limits: &Limits, clock: Clock) -> bedrock::Quota {
        let own = |limits| bedrock::Quota::new(limits, clock);
        let shared = |limits| bedrock::Quota::shared(limits, clock);
        named(&mut lock(&self.0).bedrock, limits, limits.bedrock.clone(), own, shared)
    }

    /// The Vertex AI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn vertex(&self, limits: &Limits, clock: Clock) -> vertex::Quota {
        let own = |limits| vertex::Quota::new(limits, clock);
        let shared = |limits| vertex::Quota::shared(limits, clock);
        named(&mut lock(&self.0).vertex, limits, limits.vertex.clone(), own, shared)
    }

    /// The OpenAI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn openai(&self, limits: &Limits, clock: Clock) -> openai::Quota {
        let own = |limits| openai::Quota::new(limits, clock);
        let shared = |limits| openai::Quota::shared(limits, clock);
        named(&mut lock(&self.0).openai, limits, limits.openai.clone(), own, shared)
    }

    /// The Azure OpenAI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn azure(&self, limits: &Limits, clock: Clock) -> azure::Quota {
        let own = |limits| azure::Quota::new(limits, clock);
        let shared = |limits| azure::Quota::shared(limits, clock);
        named(&mut lock(&self.0).azure, limits, limits.azure.clone(), own, shared)
    }

    /// The Anthropic quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn anthropic(&self, limits: &Limits, clock: Clock) -> anthropic::Quota {
        let own = |limits| anthropic::Quota::new(limits, clock);
        let shared = |limits| anthropic::Quota::shared(limits, clock);
        named(&mut lock(&self.0).anthropic, limits, limits.anthropic.clone(), own, shared)
    }
}

/// Members of a pool are planned from the same file, so that the first one's limits are everyone's.
fn named<L, Q: Clone>(
    quotas: &mut BTreeMap<String, Q>,
    whose: &Limits,
    limits: L,
    own: impl FnOnce(L) -> Q,
    shared: impl FnOnce(L) -> Q,
) -> Q {
    match &whose.pool {
        None => own(limits),
        Some(name) => quotas.entry(name.clone()).or_insert_with(|| shared(limits)).clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, run_virtual};

    #[test]
    fn who_has_the_same_name_draws_on_the_same_quota() {
        run_virtual(Seed(1), |world| async move {
            let limits = |pool: Option<&str>| Limits {
                anthropic: anthropic::Limits { requests_per_minute: Some(1), ..Default::default() },
                pool: pool.map(str::to_owned),
                ..Limits::default()
            };
            let pools = Pools::default();
            let quota = |pool| pools.anthropic(&limits(pool), *world.clock());
            let demand = anthropic::Demand::default();
            let (east, west) = (quota(Some("account")), quota(Some("account")));
            east.admit("claude-haiku-4-5", demand).expect("full").settle(0);
            assert!(
                west.admit("claude-opus-4-5", demand).is_err(),
                "another mock, another model, one account"
            );
            for pool in [None, None, Some("another")] {
                assert!(quota(pool).admit("claude-haiku-4-5", demand).is_ok(), "{pool:?}");
            }
        });
    }
}
