//! The prompt cache: which beginnings of prompts the models of a mock have read, and for how long they keep them.
//!
//! There are two ways, and a provider has one of them. *Marked*: a request says up to where its prompt is worth
//! keeping; the longest beginning that is known is read, and what lies between it and the last mark is written.
//! A known beginning is also looked for at the ends of the twenty blocks before a mark, so that a conversation
//! whose mark moves on with it reads what its last turn wrote. *Stepped*: every beginning is kept whose length is a
//! multiple of 128 tokens, nothing is asked for and nothing is told but what was read.
//!
//! A beginning can be read once the answer to the request that wrote it has begun, and is kept until nobody has
//! read it for a time. A mock keeps so many and forgets the oldest.
//!
//! Sources: the documentation of prompt caching by Anthropic (marks, twenty blocks, five minutes or an hour, entries
//! available when the first response begins), Amazon Bedrock (marks) and OpenAI (steps of 128 tokens, five to ten
//! minutes); Google's says nothing of steps and times, which are inferred.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use world::{Domain, Instant, Seed};

use super::reader::{End, Reader, Trail, Way};
use crate::engine::latency::Prompt;

/// The step of caches that need no marks.
pub(super) const STEP_TOKENS: u64 = 128;
/// Blocks before a mark at whose ends a known beginning is looked for.
const BLOCKS_BACK: usize = 20;
/// Beginnings of one generation, of which there are two at most.
const GENERATION: usize = 32_768;

/// How long a beginning is kept after it was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ttl {
    /// Where nothing is said.
    FiveMinutes,
    /// Where it is asked for.
    OneHour,
}

impl Ttl {
    /// As a request says it.
    pub(crate) fn named(name: Option<&str>) -> Self {
        if name == Some("1h") { Self::OneHour } else { Self::FiveMinutes }
    }

    fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveMinutes => 5 * 60,
            Self::OneHour => 60 * 60,
        })
    }
}

/// Tokens of a prompt that the cache has to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cached {
    /// Read from it.
    pub(crate) read: u64,
    /// Written to it for five minutes.
    pub(crate) written_5m: u64,
    /// Written to it for an hour.
    pub(crate) written_1h: u64,
}

impl Cached {
    /// Written to it.
    pub(crate) fn written(&self) -> u64 {
        self.written_5m + self.written_1h
    }

    /// Tokens of a prompt of `tokens` that it has nothing to do with.
    pub(crate) fn rest(&self, tokens: u64) -> u64 {
        tokens.saturating_sub(self.read + self.written())
    }

    /// A prompt of `tokens` as far as it takes time: what is read from the cache takes less.
    pub(crate) fn prompt(&self, tokens: u64) -> Prompt {
        Prompt { tokens, cached: self.read }
    }
}

/// What the models of one mock have read.
#[derive(Debug)]
pub(crate) struct PromptCache {
    domain: Domain,
    kept: Mutex<Kept>,
}

/// Two generations: when the younger is full the older is forgotten. Whatever is used is in the younger.
#[derive(Debug, Default)]
struct Kept {
    younger: BTreeMap<u64, Entry>,
    older: BTreeMap<u64, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    from: Instant,
    until: Instant,
    ttl: Ttl,
}

impl PromptCache {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { domain: seed.domain("mock-provider/prompt-cache"), kept: Mutex::default() }
    }

    /// Reads a prompt whose marks say what is kept. `key` is who has read it: provider, place, model; beginnings
    /// below `shortest` tokens are not kept.
    pub(crate) fn marked(&self, key: &[&[u8]], shortest: u64) -> Reader {
        Reader::with(Trail::new(self.domain, key, shortest, Way::Marked(Vec::new())))
    }

    /// Reads a prompt of which every step is kept.
    pub(crate) fn stepped(&self, key: &[&[u8]], shortest: u64) -> Reader {
        Reader::with(Trail::new(self.domain, key, shortest, Way::Stepped))
    }

    /// What a request that arrives `now` reads and writes.
    pub(crate) fn look_up(&self, reader: &Reader, now: Instant) -> Cached {
        let Some(trail) = &reader.trail else { return Cached::default() };
        let read = self.kept().longest(trail, now).map_or(0, |end| end.tokens);
        let mut cached = Cached { read, ..Cached::default() };
        let mut known = read;
        for (end, ttl) in trail.marks() {
            let written = match ttl {
                Ttl::FiveMinutes => &mut cached.written_5m,
                Ttl::OneHour => &mut cached.written_1h,
            };
            *written += end.tokens.saturating_sub(known);
            known = known.max(end.tokens);
        }
        cached
    }

    /// Keeps what a request that arrived `now` and was admitted reads and writes; its answer begins `after` that.
    pub(crate) fn keep(&self, reader: &Reader, now: Instant, after: Duration) {
        let Some(trail) = &reader.trail else { return };
        let mut kept = self.kept();
        if let Some(read) = kept.longest(trail, now) {
            kept.keep(read, Ttl::FiveMinutes, (now, after));
        }
        match trail.way {
            Way::Marked(_) => trail.marks().for_each(|(end, ttl)| kept.keep(end, ttl, (now, after))),
            Way::Stepped => trail.ends.iter().for_each(|end| kept.keep(*end, Ttl::FiveMinutes, (now, after))),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trail {
    /// The marked ends that are kept.
    fn marks(&self) -> impl Iterator<Item = (End, Ttl)> {
        let marks: &[(usize, Ttl)] = match &self.way {
            Way::Marked(marks) => marks,
            Way::Stepped => &[],
        };
        let ends = marks.iter().filter_map(|(place, ttl)| Some((*self.ends.get(*place)?, *ttl)));
        ends.filter(|(end, _)| end.tokens >= self.shortest)
    }
}

impl Kept {
    fn get(&self, digest: u64) -> Option<Entry> {
        self.younger.get(&digest).or_else(|| self.older.get(&digest)).copied()
    }

    fn can_be_read(&self, end: &End, now: Instant) -> bool {
        self.get(end.digest).is_some_and(|entry| entry.from <= now && now < entry.until)
    }

    /// The longest beginning that can be read.
    fn longest(&self, trail: &Trail, now: Instant) -> Option<End> {
        let is_known = |end: &&End| self.can_be_read(end, now);
        match &trail.way {
            Way::Stepped => trail.ends.iter().take_while(is_known).last().copied(),
            Way::Marked(marks) => marks.iter().rev().find_map(|(place, _)| {
                let near = &trail.ends[(place + 1).saturating_sub(BLOCKS_BACK + 1)..=*place];
                near.iter().rev().filter(|end| end.tokens >= trail.shortest).find(is_known).copied()
            }),
        }
    }

    /// Keeps a beginning anew; one that is known is not heard of less long than before.
    fn keep(&mut self, end: End, ttl: Ttl, (now, after): (Instant, Duration)) {
        let known = self.get(end.digest).filter(|entry| now < entry.until);
        let ttl = known.map_or(ttl, |entry| entry.ttl.max(ttl));
        let from = known.map_or(now + after, |entry| entry.from.min(now + after));
        if self.younger.len() >= GENERATION && !self.younger.contains_key(&end.digest) {
            self.older = mem::take(&mut self.younger);
        }
        self.older.remove(&end.digest);
        self.younger.insert(end.digest, Entry { from, until: now + ttl.duration(), ttl });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: usize = 100;

    fn at(seconds: u64) -> Instant {
        Instant::from_secs(seconds)
    }

    /// A block of a hundred tokens.
    fn block(reader: &mut Reader, name: char) {
        let before = reader.tokens();
        reader.text(&format!(" {name}").repeat(WORDS));
        assert_eq!(reader.tokens() - before, WORDS as u64);
        reader.end_block();
    }

    /// Blocks by their letters; `5` and `1` mark what is before them, for five minutes or an hour.
    fn marked(cache: &PromptCache, text: &str) -> Reader {
        let mut reader = cache.marked(&[b"m"], 1_000);
        for letter in text.chars() {
            match letter {
                '5' => reader.mark(Ttl::FiveMinutes),
                '1' => reader.mark(Ttl::OneHour),
                name => block(&mut reader, name),
            }
        }
        reader
    }

    fn ask(cache: &PromptCache, reader: &Reader, now: Instant) -> (u64, u64, u64) {
        let Cached { read, written_5m, written_1h } = cache.look_up(reader, now);
        cache.keep(reader, now, Duration::ZERO);
        (read, written_5m, written_1h)
    }

    const TEN: &str = "abcdefghij";

    #[test]
    fn what_was_written_is_read_until_it_is_forgotten() {
        let cache = PromptCache::new(Seed(1));
        let told = |seconds, text: &str| ask(&cache, &marked(&cache, text), at(seconds));
        assert_eq!(told(0, &format!("{TEN}5x")), (0, 1_000, 0));
        assert_eq!(told(299, &format!("{TEN}5y")), (1_000, 0, 0));
        assert_eq!(told(500, &format!("{TEN}5klm5z")), (1_000, 300, 0), "reading keeps it");
        assert_eq!(told(600, &format!("{TEN}5klm5z")), (1_300, 0, 0));
        assert_eq!(told(900, &format!("{TEN}5")), (0, 1_000, 0));
        assert_eq!(told(900, "bbbbbbbbbb5"), (0, 1_000, 0), "another text");
    }

    #[test]
    fn an_hour_is_an_hour_and_short_beginnings_are_not_kept() {
        let cache = PromptCache::new(Seed(1));
        let told = |seconds, text: &str| ask(&cache, &marked(&cache, text), at(seconds));
        assert_eq!(told(0, "abcdefghi5"), (0, 0, 0), "900 tokens");
        assert_eq!(told(0, &format!("{TEN}1kl5")), (0, 200, 1_000));
        assert_eq!(told(3_599, &format!("{TEN}1kl5")), (1_000, 200, 0));
    }

    #[test]
    fn a_mark_that_moves_on_finds_what_the_last_turn_wrote_twenty_blocks_back() {
        let cache = PromptCache::new(Seed(1));
        let told = |text: &str| ask(&cache, &marked(&cache, text), at(0));
        assert_eq!(told(&format!("{TEN}5")), (0, 1_000, 0));
        assert_eq!(told(&format!("{TEN}kl5")), (1_000, 200, 0));
        let more = "m".repeat(20);
        assert_eq!(told(&format!("{TEN}kl{more}5")), (1_200, 2_000, 0));
        let more = "n".repeat(21);
        assert_eq!(told(&format!("{TEN}kl{more}5")), (0, 3_300, 0), "too far back");
    }

    #[test]
    fn an_answer_must_have_begun() {
        let cache = PromptCache::new(Seed(1));
        let reader = marked(&cache, &format!("{TEN}5"));
        cache.keep(&reader, at(10), Duration::from_secs(2));
        assert_eq!(cache.look_up(&reader, at(11)).read, 0);
        cache.keep(&reader, at(11), Duration::from_secs(9));
        assert_eq!(cache.look_up(&reader, at(12)).read, 1_000, "the first one's answer has");
    }

    fn stepped(cache: &PromptCache, text: &str) -> Reader {
        let mut reader = cache.stepped(&[b"m"], 1_024);
        text.chars().for_each(|name| block(&mut reader, name));
        reader
    }

    #[test]
    fn steps_are_read_as_far_as_they_agree() {
        let cache = PromptCache::new(Seed(1));
        let told = |text: &str| ask(&cache, &stepped(&cache, text), at(0)).0;
        assert_eq!(told("aaaaabbbbbccccc"), 0);
        assert_eq!(told("aaaaabbbbbccccc"), 1_408, "1,500 tokens are eleven steps");
        assert_eq!(told("aaaaabbbbbccxxx"), 1_152, "1,200 agree");
        assert_eq!(told("aaaaabbbbb"), 0, "too short");
        assert_eq!(told("baaaabbbbbccccc"), 0);
        let cut = |at: usize| {
            let text = " a".repeat(1_500);
            let mut reader = cache.stepped(&[b"cut"], 1_024);
            reader.text(&text[..2 * at]);
            reader.costs(7);
            reader.text(&text[2 * at..]);
            ask(&cache, &reader, at_zero()).0
        };
        assert_eq!((cut(1_100), cut(1_100), cut(1_200)), (0, 1_408, 1_024));
    }

    fn at_zero() -> Instant {
        Instant::ZERO
    }

    #[test]
    fn another_model_has_read_nothing() {
        let cache = PromptCache::new(Seed(1));
        let of = |model: &[u8]| {
            let mut reader = cache.stepped(&[model], 1_024);
            reader.text(&" a".repeat(2_000));
            ask(&cache, &reader, at(0)).0
        };
        assert_eq!((of(b"one"), of(b"one"), of(b"two")), (0, 1_920, 0));
    }

    #[test]
    fn a_cache_does_not_grow_without_end_and_keeps_what_is_used() {
        let cache = PromptCache::new(Seed(1));
        let often = stepped(&cache, "aaaaabbbbbccccc");
        ask(&cache, &often, at(0));
        for number in 0..20_000_u32 {
            let mut reader = cache.stepped(&[&number.to_le_bytes()], 1_024);
            (0..14_u8).for_each(|step| reader.attachment(STEP_TOKENS, &[step]));
            ask(&cache, &reader, at(0));
            if number % 1_000 == 0 {
                assert_eq!(ask(&cache, &often, at(0)).0, 1_408, "after {number}");
            }
        }
        let kept = cache.kept();
        assert!(kept.younger.len() + kept.older.len() <= 2 * GENERATION);
        assert!(kept.older.len() > GENERATION / 2, "it was full: {}", kept.older.len());
    }
}
