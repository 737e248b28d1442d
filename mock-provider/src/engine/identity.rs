//! Who asks: the name of a request, and how often it has come.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evidence::Nonce;
use http::Method;
use world::{Domain, Instant, Seed};

use crate::answers::Place;

/// How long a request's count is kept at least: longer than any client goes on retrying.
const KEEP: Duration = Duration::from_secs(15 * 60);

/// One arrival of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The nonce in its body, if there is one.
    pub(crate) nonce: Option<Nonce>,
    /// What the request asks, the same for all its tries: keys what is answered.
    pub(crate) content: u64,
    /// This arrival: keys how fast it is answered, and its request id.
    pub(crate) arrival: u64,
    /// The try that this is of the client's, and how often it has come: what faults are decided by.
    pub(crate) request: u64,
    pub(crate) attempt: u32,
    /// The user's own answer to it, where there is one.
    pub(crate) scripted: Option<Place>,
}

/// Names requests as they arrive.
#[derive(Debug)]
pub(crate) struct Registry {
    digest: Domain,
    arrivals: Domain,
    counts: Mutex<Counts>,
}

impl Registry {
    /// A registry of the provider `name`.
    pub(crate) fn new(seed: Seed, name: &str) -> Self {
        Self {
            digest: seed.domain("mock-provider/digest"),
            arrivals: seed.domain(&format!("mock-provider/{name}/arrival")),
            counts: Mutex::default(),
        }
    }

    /// The identity of a request: its nonce, or else a digest of it; and of this arrival of it.
    pub(crate) fn identify(&self, method: &Method, path: &str, body: &[u8], now: Instant) -> Identity {
        let nonce = evidence::nonce::find_last(body);
        let (content, request) = match nonce {
            Some(nonce) => (nonce.id(), nonce.identity()),
            None => {
                let digest = self.digest.hash(&[method.as_str().as_bytes(), path.as_bytes(), body]);
                (digest, digest)
            }
        };
        let attempt = self.counts.lock().unwrap_or_else(PoisonError::into_inner).count(request, now);
        let arrival = self.arrivals.hash(&[&request.to_le_bytes(), &attempt.to_le_bytes()]);
        Identity { nonce, content, arrival, request, attempt, scripted: None }
    }
}

/// How often each request has come, in two generations, so that memory stays flat over a long run.
#[derive(Debug, Default)]
struct Counts {
    current: BTreeMap<u64, u32>,
    previous: BTreeMap<u64, u32>,
    turned: Instant,
}

impl Counts {
    /// The ordinal of this arrival, from 0.
    fn count(&mut self, request: u64, now: Instant) -> u32 {
        if now.saturating_since(self.turned) >= KEEP {
            self.previous = std::mem::take(&mut self.current);
            self.turned = now;
        }
        let before = self.previous.get(&request).copied().unwrap_or(0);
        let next = self.current.entry(request).or_insert(before);
        let ordinal = *next;
        *next = next.saturating_add(1);
        ordinal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(registry: &Registry, body: &str) -> Identity {
        registry.identify(&Method::POST, "/model/m/converse", body.as_bytes(), Instant::ZERO)
    }

    #[test]
    fn a_try_again_asks_the_same_and_arrives_anew() {
        let registry = Registry::new(Seed(1), "bedrock");
        let first = identify(&registry, "bo-00000000000000aa");
        let again = identify(&registry, "bo-00000000000000aa");
        let retry = identify(&registry, "bo-00000000000000aa.1");
        assert_eq!([again.content, retry.content], [first.content; 2]);
        assert_ne!(first.arrival, again.arrival);
        assert_ne!(first.arrival, retry.arrival);
        let replay = Registry::new(Seed(1), "bedrock");
        assert_eq!(identify(&replay, "bo-00000000000000aa"), first);
        assert_ne!(identify(&Registry::new(Seed(1), "vertex"), "bo-00000000000000aa").arrival, first.arrival);
    }

    #[test]
    fn without_a_nonce_the_bytes_are_the_name() {
        let registry = Registry::new(Seed(1), "bedrock");
        assert_eq!(identify(&registry, "hello").content, identify(&registry, "hello").content);
        assert_ne!(identify(&registry, "hello").content, identify(&registry, "hullo").content);
        assert_eq!(identify(&registry, "hello").nonce, None);
    }

    #[test]
    fn counts_outlast_one_turn_and_not_two() {
        let mut counts = Counts::default();
        assert_eq!(counts.count(1, Instant::ZERO), 0);
        assert_eq!(counts.count(1, Instant::ZERO + KEEP), 1);
        assert_eq!(counts.count(2, Instant::ZERO + KEEP * 3), 0);
        assert_eq!(counts.count(2, Instant::ZERO + KEEP * 4), 1);
        assert_eq!(counts.count(1, Instant::ZERO + KEEP * 4), 0, "forgotten");
        assert_eq!((counts.current.len(), counts.previous.len()), (2, 1));
    }
}
