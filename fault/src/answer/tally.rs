//! What has been delivered of one answer, how it ended, and what became of its fault.
//!
//! A tally belongs to whoever holds the exchange: the handler until the head goes out, the body from then
//! on. It is never shared, so its figures are exact wherever the exchange breaks off.

use std::sync::Arc;

use bytes::Bytes;
use evidence::Name;
use evidence::record::{AppliedFault, AttemptOutcome, ClosedBy};
use world::Instant;

use super::events::{self, Meaning};
use crate::asked::Shape;

/// Who accounts for an exchange. Dropped when the exchange is over, which is when its record is written.
pub trait Account: Send + 'static {
    /// The figures.
    fn tally(&mut self) -> &mut Tally;
}

/// The figures of one exchange.
#[derive(Debug, Default)]
pub struct Tally {
    /// The status sent downstream.
    pub status: Option<u16>,
    /// The id that the provider gave the request.
    pub request_id: Option<Name>,
    /// Token texts that the provider meant to send, where it says so.
    pub tokens_planned: Option<u32>,
    /// When the first event or byte of the body went out.
    pub first: Option<Instant>,
    /// Whole events delivered.
    pub events: u32,
    /// Token texts delivered.
    pub tokens: u32,
    /// Bytes of the body delivered.
    pub bytes: u64,
    /// Whether the answer's own end was delivered.
    pub complete: bool,
    /// An error event was delivered.
    pub erred: bool,
    /// A fault holds the bytes back just now.
    pub stalled: bool,
    /// What goes out is no answer, however whole: a page, or nothing.
    pub bogus: bool,
    /// How the exchange ended; none while it goes on, and when its client left.
    pub ending: Option<Ending>,
    /// The fault that was decided.
    pub fault: Option<AppliedFault>,
    /// What became of it.
    pub fate: Fate,
    counter: TokenCounter,
}

impl Account for Tally {
    fn tally(&mut self) -> &mut Tally {
        self
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// What it came to.
    pub outcome: AttemptOutcome,
    /// Who ended it.
    pub closed_by: ClosedBy,
}

/// What became of a fault that was decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    /// It has not happened yet.
    #[default]
    Pending,
    /// It has happened.
    Applied,
    /// It cannot happen, for this reason.
    Impossible(&'static str),
}

impl Tally {
    /// The figures of an exchange whose token texts carry `tag`.
    #[must_use]
    pub fn counting(tag: Option<u16>) -> Self {
        Self { counter: TokenCounter::new(tag), ..Self::default() }
    }

    /// Counts a whole event.
    pub(crate) fn event(&mut self, shape: Shape, event: &Bytes) {
        self.events += 1;
        match events::meaning(shape, event) {
            Meaning::Part => {}
            Meaning::End => self.complete = true,
            Meaning::Error => self.erred = true,
        }
        if self.counter.is_on() {
            self.tokens += events::with_text(shape, event, |text| self.counter.count(text));
        }
    }

    /// Counts bytes that go out at `now`.
    pub(crate) fn sent(&mut self, count: usize, now: Instant) {
        self.bytes += count as u64;
        self.first.get_or_insert(now);
    }

    /// Counts the token texts of a plain body's next piece.
    pub(crate) fn plain(&mut self, piece: &[u8]) {
        if self.counter.is_on() {
            self.tokens += self.counter.count_across(piece);
        }
    }

    /// The fault has happened.
    pub(crate) fn applied(&mut self) {
        self.fate = Fate::Applied;
    }

    /// The fault will not happen.
    pub(crate) fn impossible(&mut self, reason: &'static str) {
        if self.fate == Fate::Pending {
            self.fate = Fate::Impossible(reason);
        }
    }

    /// Notes a parameter of the fault as it took hold.
    pub(crate) fn parameter(&mut self, name: &'static str, value: impl Into<Name>) {
        if let Some(fault) = &mut self.fault {
            fault.parameters.insert(Name::from(name), value.into());
        }
    }

    /// The exchange is over; the first to say so is right.
    pub fn end(&mut self, outcome: AttemptOutcome, closed_by: ClosedBy) {
        self.ending.get_or_insert(Ending { outcome, closed_by });
    }

    /// How the exchange ended: a client that left ended it when nobody else did.
    #[must_use]
    pub fn ended(&self) -> Ending {
        let outcome = if self.stalled { AttemptOutcome::Stall } else { AttemptOutcome::ClientLeft };
        self.ending.unwrap_or(Ending { outcome, closed_by: ClosedBy::Client })
    }

    /// The fault for the record, and why it was not applied.
    #[must_use]
    pub fn fault(&mut self) -> (Option<Arc<AppliedFault>>, Option<Name>) {
        let Some(fault) = self.fault.take() else { return (None, None) };
        let reason = match self.fate {
            Fate::Applied => None,
            Fate::Pending => Some(Name::from("the exchange ended first")),
            Fate::Impossible(reason) => Some(Name::from(reason)),
        };
        (Some(Arc::new(fault)), reason)
    }
}

/// Counts the token texts of one request: a space, its tag, a dot, a digit.
#[derive(Debug, Default)]
struct TokenCounter {
    needle: Option<[u8; NEEDLE]>,
    /// The end of the last piece of a plain body, where a token text may have begun.
    carried: Vec<u8>,
}

const NEEDLE: usize = 6;

impl TokenCounter {
    fn new(tag: Option<u16>) -> Self {
        let needle = tag.map(|tag| {
            let mut needle = *b" 0000.";
            needle[1..5].copy_from_slice(format!("{tag:04x}").as_bytes());
            needle
        });
        Self { needle, carried: Vec::new() }
    }

    fn is_on(&self) -> bool {
        self.needle.is_some()
    }

    /// Token texts that begin in `text`.
    fn count(&self, text: &[u8]) -> u32 {
        let Some(needle) = &self.needle else { return 0 };
        let (mut count, mut rest) = (0, text);
        // Token texts stand close together: from space to space is the shorter way than a search for the whole.
        while let Some(space) = memchr::memchr(b' ', rest) {
            rest = &rest[space..];
            let is_token = rest.starts_with(needle) && rest.get(NEEDLE).is_some_and(u8::is_ascii_digit);
            count += u32::from(is_token);
            rest = &rest[if is_token { NEEDLE } else { 1 }..];
        }
        count
    }

    /// The same for a text that comes in pieces.
    fn count_across(&mut self, piece: &[u8]) -> u32 {
        let mut count = 0;
        if !self.carried.is_empty() {
            // As much of the piece as a token text that began before it can reach into.
            let reach = piece.len().min(NEEDLE);
            self.carried.extend_from_slice(&piece[..reach]);
            count += self.count(&self.carried);
        }
        count += self.count(piece);
        if piece.len() >= NEEDLE {
            self.carried.clear();
            self.carried.extend_from_slice(&piece[piece.len() - NEEDLE..]);
        } else {
            let surplus = self.carried.len().saturating_sub(NEEDLE);
            self.carried.drain(..surplus);
            if surplus == 0 && self.carried.is_empty() {
                self.carried.extend_from_slice(piece);
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Nonce;

    const NONCE: Nonce = Nonce::new(7);

    fn counter() -> TokenCounter {
        TokenCounter::new(Some(NONCE.tag()))
    }

    #[test]
    fn only_this_requests_tokens_count() {
        let other = Nonce::new(8);
        let text = format!(
            "{}{}{} {:04x}.x",
            NONCE.token_text(0),
            other.token_text(0),
            NONCE.token_text(11),
            NONCE.tag()
        );
        assert_eq!(counter().count(text.as_bytes()), 2);
        assert_eq!(TokenCounter::new(None).count(text.as_bytes()), 0);
    }

    proptest::proptest! {
        #[test]
        fn pieces_do_not_hide_a_token(tokens in 0_u32..12, sizes in proptest::collection::vec(1_usize..20, 1..30)) {
            let text: String = (0..tokens).map(|seq| NONCE.token_text(seq)).collect::<String>() + "\"}";
            let (mut counter, mut count, mut rest) = (counter(), 0, text.as_bytes());
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at((*size).min(rest.len()));
                count += counter.count_across(piece);
                rest = tail;
            }
            proptest::prop_assert_eq!(count, tokens);
        }
    }
}
