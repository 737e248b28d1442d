//! The part every splitter shares: holding back what straddles chunks, cutting slices, giving up.
//!
//! A format supplies a [`Boundary`] that sees each byte once; the cutter turns its findings into [`Piece`]s whose
//! concatenation is the input. Bytes are copied only when an event straddles chunks.

use bytes::{Bytes, BytesMut};

use crate::splitter::{EVENT_LIMIT, Piece, State};

/// What a format found in the bytes it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All bytes belong to an event that has not ended.
    More,
    /// An event ends before this offset.
    End(usize),
    /// The rest lies behind the end of the format's last event.
    Behind,
    /// The event announces a length beyond [`EVENT_LIMIT`].
    Oversized,
    /// The bytes are not of this format.
    Malformed,
}

/// Finds where events end. Holds the state of a scan, never the bytes.
pub(crate) trait Boundary {
    /// Scans bytes that were not shown before; never called with none.
    fn advance(&mut self, bytes: &[u8]) -> Step;

    /// What kind of piece a cut-out slice is.
    fn classify(raw: Bytes) -> Piece {
        Piece::Event(raw)
    }

    /// Whether the bytes held are a whole event if the stream ends here.
    fn whole_at_end(&self) -> bool {
        false
    }
}

#[derive(Debug, Default)]
pub(crate) struct Cutter<B> {
    boundary: B,
    /// The start of an event, already scanned.
    held: BytesMut,
    /// Not scanned yet.
    chunk: Bytes,
    state: State,
}

impl<B: Boundary> Cutter<B> {
    pub(crate) fn push(&mut self, bytes: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = bytes;
        } else {
            self.chunk = [&self.chunk[..], &bytes[..]].concat().into();
        }
    }

    pub(crate) fn next_event(&mut self) -> Option<Piece> {
        if self.state != State::Splitting {
            return self.pass();
        }
        if self.chunk.is_empty() {
            return None;
        }
        match self.boundary.advance(&self.chunk) {
            Step::End(at) if self.held.len() + at <= EVENT_LIMIT => Some(B::classify(self.cut(at))),
            Step::More if self.held.len() + self.chunk.len() <= EVENT_LIMIT => self.hold(),
            Step::Behind => self.pass(),
            Step::Malformed => self.give_up(State::Malformed),
            Step::End(_) | Step::More | Step::Oversized => self.give_up(State::Oversized),
        }
    }

    pub(crate) fn finish(&mut self) -> Option<Piece> {
        let whole = self.chunk.is_empty() && self.boundary.whole_at_end();
        self.hold();
        let rest = self.held.split().freeze();
        match self.state {
            _ if rest.is_empty() => None,
            State::Splitting if whole => Some(B::classify(rest)),
            State::Splitting => Some(Piece::Partial(rest)),
            State::Oversized | State::Malformed => Some(Piece::Raw(rest)),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    fn cut(&mut self, at: usize) -> Bytes {
        let tail = self.chunk.split_to(at);
        if self.held.is_empty() {
            return tail;
        }
        self.held.extend_from_slice(&tail);
        self.held.split().freeze()
    }

    fn hold(&mut self) -> Option<Piece> {
        self.held.extend_from_slice(&self.chunk);
        self.chunk = Bytes::new();
        None
    }

    fn give_up(&mut self, state: State) -> Option<Piece> {
        self.state = state;
        self.pass()
    }

    /// What was held back first, on its own, so that the chunk need not be copied.
    fn pass(&mut self) -> Option<Piece> {
        let held = self.held.split().freeze();
        let bytes = if held.is_empty() { std::mem::take(&mut self.chunk) } else { held };
        (!bytes.is_empty()).then_some(Piece::Raw(bytes))
    }
}
