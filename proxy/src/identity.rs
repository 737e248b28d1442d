//! Who a request is, for decisions and records, and which attempt of it this is at a route.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evidence::{Nonce, nonce};
use fault::Identity;
use http::request::Parts;
use indexmap::IndexMap;
use world::{Domain, Instant, Seed, splitmix64};

/// How long an identity is remembered at least after it was last seen.
const MEMORY: Duration = Duration::from_secs(600);
/// Identities of one generation; a flood of them is forgotten sooner rather than kept.
const GENERATION_MAX: usize = 1 << 20;

/// The identities that one route has seen lately, in bounded memory.
#[derive(Debug)]
pub(crate) struct Identities {
    unnamed: Domain,
    seen: Mutex<Seen>,
}

/// Two generations: what is looked up moves to the young one, the old one is forgotten whole.
#[derive(Debug)]
struct Seen {
    young: Attempts,
    old: Attempts,
    turned: Instant,
    generation_max: usize,
}

type Attempts = IndexMap<u64, u32, BuildHasherDefault<Mixed>>;

/// A request's identity and the nonce it comes from, if it carries one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identified {
    pub(crate) nonce: Option<Nonce>,
    pub(crate) who: Identity,
}

impl Identities {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { unnamed: seed.domain("identity"), seen: Mutex::new(Seen::new(GENERATION_MAX)) }
    }

    /// The identity of a request: its nonce, or else what it says, and how often that was seen here.
    pub(crate) fn identify(&self, parts: &Parts, body: &[u8], now: Instant) -> Identified {
        let nonce = nonce::find_last(body);
        let number = nonce.map_or_else(|| self.digest(parts, body), Nonce::identity);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Identified { nonce, who: Identity { number, attempt: seen.count(number, now) } }
    }

    fn digest(&self, parts: &Parts, body: &[u8]) -> u64 {
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        self.unnamed.hash(&[parts.method.as_str().as_bytes(), target.as_bytes(), body])
    }
}

impl Seen {
    fn new(generation_max: usize) -> Self {
        Self { young: Attempts::default(), old: Attempts::default(), turned: Instant::ZERO, generation_max }
    }

    /// How often `number` was seen before.
    fn count(&mut self, number: u64, now: Instant) -> u32 {
        if now.saturating_since(self.turned) >= MEMORY || self.young.len() >= self.generation_max {
            self.old = std::mem::take(&mut self.young);
            self.turned = now;
        }
        if let Some(count) = self.young.get_mut(&number) {
            let before = *count;
            *count = before.saturating_add(1);
            return before;
        }
        let before = self.old.get(&number).copied().unwrap_or(0);
        self.young.insert(number, before.saturating_add(1));
        before
    }
}

/// Identities are hashes already, or sequential ids that one round of mixing spreads.
#[derive(Debug, Default)]
pub(crate) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = splitmix64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = splitmix64(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_count_up_and_are_forgotten_after_a_while() {
        let mut seen = Seen::new(GENERATION_MAX);
        let at = |minutes: u64| Instant::from_secs(60 * minutes);
        assert_eq!((seen.count(1, at(0)), seen.count(1, at(1)), seen.count(2, at(2))), (0, 1, 0));
        // Seen again within the memory, it stays.
        assert_eq!(seen.count(1, at(11)), 2);
        assert_eq!(seen.count(1, at(20)), 3);
        // The other was not: two turns later it is new.
        assert_eq!(seen.count(3, at(22)), 0);
        assert_eq!(seen.count(2, at(33)), 0);
    }

    #[test]
    fn a_flood_does_not_grow_the_memory() {
        let mut seen = Seen::new(100);
        for number in 0..1_000 {
            seen.count(number, Instant::ZERO);
        }
        assert!(seen.young.len() + seen.old.len() <= 200);
    }

    #[test]
    fn without_a_nonce_the_words_are_the_identity() {
        let identities = Identities::new(Seed(1));
        let parts = |path: &str| http::Request::post(path).body(()).expect("a request").into_parts().0;
        let who =
            |path: &str, body: &str| identities.identify(&parts(path), body.as_bytes(), Instant::ZERO).who;
        let first = who("/a", "x");
        assert_eq!(who("/a", "x"), Identity { attempt: 1, ..first });
        assert_ne!(who("/b", "x").number, first.number);
        assert_ne!(who("/a", "y").number, first.number);
    }
}
