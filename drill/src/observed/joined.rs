//! What can be asked of a client try and its attempts.

use super::join::{Attempt, Joined};
use evidence::Name;
use evidence::record::ClientOutcome;
use std::collections::BTreeMap;

impl Joined {
    /// When the request was meant to be sent; of an attempt without a client, when it began.
    pub(crate) fn sched_us(&self) -> u64 {
        let began_us = || self.attempts.first().map_or(0, |attempt| attempt.in_us);
        self.client.as_ref().map_or_else(began_us, |client| client.sched_us)
    }

    /// Whether the client got a whole answer.
    pub(crate) fn is_ok(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.outcome == ClientOutcome::Ok)
    }

    /// The attempt that gave the answer: the last good one.
    pub(crate) fn winner(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.succeeded())
    }

    /// The provider that answered: the one whose attempt was good, else the one that the gateway names.
    pub(crate) fn served_by(&self) -> Option<Name> {
        let claimed = self.client.as_ref().and_then(|client| client.served_by.clone());
        self.winner().map(|attempt| attempt.provider.clone()).or(claimed)
    }

    /// The attempts of each provider, in the order in which they began.
    pub(crate) fn by_provider(&self) -> BTreeMap<&str, Vec<&Attempt>> {
        let mut providers: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
        for attempt in &self.attempts {
            providers.entry(&attempt.provider).or_default().push(attempt);
        }
        providers
    }
}
