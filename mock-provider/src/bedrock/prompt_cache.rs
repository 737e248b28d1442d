//! The prompt cache: which beginnings of prompts a model has read lately.
//!
//! A request with cache points writes what lies before its last one, and reads the longest such beginning that
//! an earlier request wrote and that has not been forgotten.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wire::bedrock::converse::CacheDetails;
use world::{Domain, Instant, Seed};

use super::decide::{Cached, Prompt};

/// Shorter beginnings are not kept: the smallest of most models that have a cache.
const TOKENS_MIN: u64 = 1_024;

/// How long a beginning is kept after it was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ttl {
    FiveMinutes,
    OneHour,
}

impl Ttl {
    fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveMinutes => 5 * 60,
            Self::OneHour => 60 * 60,
        })
    }
}

/// A prompt up to one of its cache points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// Of model, region and all content before the point.
    pub(super) digest: u64,
    /// How long that is.
    pub(super) tokens: u64,
    pub(super) ttl: Ttl,
}

/// What is kept, for all models.
#[derive(Debug)]
pub(super) struct PromptCache {
    domain: Domain,
    kept: Mutex<BTreeMap<u64, (Instant, Ttl)>>,
}

impl PromptCache {
    pub(super) fn new() -> Self {
        // Only ever compared with itself.
        Self { domain: Seed(0).domain("mock-provider/bedrock/prompt-cache"), kept: Mutex::default() }
    }

    /// The digest of some content after `before`.
    pub(super) fn digest(&self, before: u64, content: &[u8]) -> u64 {
        self.domain.hash(&[&before.to_le_bytes(), content])
    }

    /// Reads and writes the beginnings of a prompt of `tokens` tokens, the shortest one first.
    pub(super) fn visit(&self, beginnings: &[Beginning], tokens: u64, now: Instant) -> Prompt {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (until, _)| *until > now);
        let (mut read, mut written) = (0, CacheDetails::default());
        let mut before = 0;
        for beginning in beginnings.iter().filter(|beginning| beginning.tokens >= TOKENS_MIN) {
            let known = kept.get(&beginning.digest).map(|(_, ttl)| *ttl);
            let ttl = known.unwrap_or(beginning.ttl);
            if known.is_some() {
                // What was noted as written by a shorter beginning is within this one.
                (read, written) = (beginning.tokens, CacheDetails::default());
            } else {
                let more = beginning.tokens.saturating_sub(before);
                match ttl {
                    Ttl::FiveMinutes => written.five_minutes += more,
                    Ttl::OneHour => written.one_hour += more,
                }
            }
            before = beginning.tokens;
            kept.insert(beginning.digest, (now + ttl.duration(), ttl));
        }
        let input = tokens.saturating_sub(read + written.total());
        Prompt { input, cached: Some(Cached { read, written }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginning(digest: u64, tokens: u64, ttl: Ttl) -> Beginning {
        Beginning { digest, tokens, ttl }
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    fn seen(prompt: Prompt) -> (u64, u64, u64) {
        let cached = prompt.cached.unwrap();
        (prompt.input, cached.read, cached.written.total())
    }

    #[test]
    fn what_was_written_is_read_until_it_is_forgotten() {
        let cache = PromptCache::new();
        let system = beginning(1, 2_000, Ttl::FiveMinutes);
        assert_eq!(seen(cache.visit(&[system], 2_100, at(0))), (100, 0, 2_000));
        assert_eq!(seen(cache.visit(&[system], 2_100, at(299))), (100, 2_000, 0));
        // Reading keeps it.
        let longer = beginning(2, 3_000, Ttl::FiveMinutes);
        assert_eq!(seen(cache.visit(&[system, longer], 3_500, at(500))), (500, 2_000, 1_000));
        assert_eq!(seen(cache.visit(&[system, longer], 3_500, at(600))), (500, 3_000, 0));
        assert_eq!(seen(cache.visit(&[system], 2_100, at(1_000))), (100, 0, 2_000));
    }

    #[test]
    fn short_beginnings_are_not_kept_and_an_hour_is_an_hour() {
        let cache = PromptCache::new();
        let short = beginning(1, 1_000, Ttl::FiveMinutes);
        assert_eq!(seen(cache.visit(&[short], 1_100, at(0))), (1_100, 0, 0));
        let long = beginning(2, 5_000, Ttl::OneHour);
        let prompt = cache.visit(&[long], 5_000, at(0));
        assert_eq!(prompt.cached.unwrap().written, CacheDetails { five_minutes: 0, one_hour: 5_000 });
        assert_eq!(seen(cache.visit(&[long], 5_000, at(3_599))), (0, 5_000, 0));
    }
}
