//! Quotas that are made when a mock starts, and those on which several mocks, models and regions draw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use world::Clock;

use crate::accounts::lock;
use crate::openai::azure;
use crate::{Quota, Rule, anthropic, bedrock, openai, vertex};

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
        limits.quota(&limits.bedrock, clock, &mut lock(&self.0).bedrock)
    }

    /// The Vertex AI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn vertex(&self, limits: &Limits, clock: Clock) -> vertex::Quota {
        limits.quota(&limits.vertex, clock, &mut lock(&self.0).vertex)
    }

    /// The OpenAI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn openai(&self, limits: &Limits, clock: Clock) -> openai::Quota {
        limits.quota(&limits.openai, clock, &mut lock(&self.0).openai)
    }

    /// The Azure OpenAI quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn azure(&self, limits: &Limits, clock: Clock) -> azure::Quota {
        limits.quota(&limits.azure, clock, &mut lock(&self.0).azure)
    }

    /// The Anthropic quota that `limits` describe: a new one, or the one that has their name.
    #[must_use]
    pub fn anthropic(&self, limits: &Limits, clock: Clock) -> anthropic::Quota {
        limits.quota(&limits.anthropic, clock, &mut lock(&self.0).anthropic)
    }
}

impl Limits {
    /// Members of a pool are planned from the same file, so that the first one's limits are everyone's.
    fn quota<R: Rule + Clone>(
        &self,
        limits: &R,
        clock: Clock,
        named: &mut BTreeMap<String, Quota<R>>,
    ) -> Quota<R> {
        match &self.pool {
            None => Quota::new(limits.clone(), clock),
            Some(name) => {
                let open = || Quota::shared(limits.clone(), clock);
                named.entry(name.clone()).or_insert_with(open).clone()
            }
        }
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
            east.admit("claude-haiku-4-5", demand).expect("full");
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
