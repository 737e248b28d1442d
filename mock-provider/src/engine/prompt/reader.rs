//! Adds up a prompt while a surface goes over it.

use world::Domain;

use super::super::tokens;
use super::cache::{STEP_TOKENS, Ttl};

/// What a prompt comes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    tokens: u64,
    /// Only where a cache has a say: to digest a prompt takes time.
    pub(super) trail: Option<Trail>,
}

/// The beginnings of a prompt.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    domain: Domain,
    /// Of all that was read so far.
    digest: u64,
    /// The least that a cache keeps, in tokens.
    pub(super) shortest: u64,
    /// Where blocks end, or every step of tokens.
    pub(super) ends: Vec<End>,
    pub(super) way: Way,
}

/// The end of a beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) digest: u64,
    pub(super) tokens: u64,
}

/// Which beginnings are kept.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// Those that the caller marks, by their place among the ends.
    Marked(Vec<(usize, Ttl)>),
    /// All whose length is a multiple of [`STEP_TOKENS`].
    Stepped,
}

impl Trail {
    pub(super) fn new(domain: Domain, key: &[&[u8]], shortest: u64, way: Way) -> Self {
        Self { domain, digest: domain.hash(key), shortest, ends: Vec::new(), way }
    }

    fn pass(&mut self, content: &[u8]) {
        self.digest = self.domain.hash(&[&self.digest.to_le_bytes(), content]);
    }

    /// A text after `before` tokens; returns how many it has.
    fn text(&mut self, text: &str, before: u64) -> u64 {
        if matches!(self.way, Way::Marked(_)) {
            self.pass(text.as_bytes());
            return tokens::count(text);
        }
        let (mut tokens, mut start, mut end) = (before, 0, 0);
        for (more, bytes) in tokens::runs(text) {
            end += bytes;
            if (tokens + more) / STEP_TOKENS > tokens / STEP_TOKENS {
                self.pass(&text.as_bytes()[start..end]);
                start = end;
            }
            self.step(tokens, tokens + more);
            tokens += more;
        }
        self.pass(&text.as_bytes()[start..]);
        tokens - before
    }

    /// Notes the steps between two lengths. What lies between them counts as read with the first.
    fn step(&mut self, before: u64, after: u64) {
        if matches!(self.way, Way::Marked(_)) {
            return;
        }
        for step in before / STEP_TOKENS + 1..=after / STEP_TOKENS {
            let tokens = step * STEP_TOKENS;
            if tokens >= self.shortest {
                self.ends.push(End { digest: self.digest, tokens });
            }
        }
    }
}

impl Reader {
    pub(super) fn with(trail: Trail) -> Self {
        Self { tokens: 0, trail: Some(trail) }
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// A text; returns how many tokens it has.
    pub(crate) fn text(&mut self, text: &str) -> u64 {
        let more = match &mut self.trail {
            None => tokens::count(text),
            Some(trail) => trail.text(text, self.tokens),
        };
        self.tokens += more;
        more
    }

    /// What has a price and no text of the caller's: the frame around a message, a prompt of the service's own.
    pub(crate) fn costs(&mut self, tokens: u64) {
        if let Some(trail) = &mut self.trail {
            trail.step(self.tokens, self.tokens + tokens);
        }
        self.tokens += tokens;
    }

    /// What makes a difference and has no price of its own: who speaks, the name of a call.
    pub(crate) fn aside(&mut self, content: &[u8]) {
        if let Some(trail) = &mut self.trail {
            trail.pass(content);
        }
    }

    /// What is counted at a flat rate: a picture, a document.
    pub(crate) fn attachment(&mut self, tokens: u64, content: &[u8]) {
        self.aside(content);
        self.costs(tokens);
    }

    /// A block of content ends here.
    pub(crate) fn end_block(&mut self) {
        let tokens = self.tokens;
        if let Some(Trail { ends, digest, way: Way::Marked(_), .. }) = &mut self.trail
            && ends.last().is_none_or(|end| end.digest != *digest)
        {
            ends.push(End { digest: *digest, tokens });
        }
    }

    /// The caller marks what lies before as worth keeping.
    pub(crate) fn mark(&mut self, ttl: Ttl) {
        self.end_block();
        if let Some(Trail { ends, way: Way::Marked(marks), .. }) = &mut self.trail
            && let Some(place) = ends.len().checked_sub(1)
        {
            marks.push((place, ttl));
        }
    }
}
