//! Whole events out of a body that arrives in arbitrary chunks, for any streaming format.
//!
//! A proxy counts, cuts and alters events without knowing the format; the pieces it gets, put together again, are
//! the input byte for byte.

use bytes::Bytes;

use crate::cutter::Cutter;
use crate::event_stream::FrameBoundary;
use crate::json_array::ElementBoundary;
use crate::sse::BlankLine;

/// The longest event, in bytes, that a splitter holds back. Beyond it everything is passed on unsplit.
pub const EVENT_LIMIT: usize = 1 << 20;

/// A run of input bytes. Slices of the pushed chunk where the chunk holds the whole piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One whole event with its terminator (SSE, event stream) or the separator before it (JSON array).
    Event(Bytes),
    /// An SSE block which dispatches nothing: keep-alive comments, blank lines, a bare `retry:`.
    Comment(Bytes),
    /// The end of a JSON array: `]` and the white space before it.
    Close(Bytes),
    /// The start of an event that never ended; only from [`Splitter::finish`].
    Partial(Bytes),
    /// Bytes behind the format's end, or of a stream which is no longer split: see [`Splitter::state`].
    Raw(Bytes),
}

impl Piece {
    /// The bytes, whatever they are.
    pub fn into_bytes(self) -> Bytes {
        let (Self::Event(raw) | Self::Comment(raw) | Self::Close(raw) | Self::Partial(raw) | Self::Raw(raw)) =
            self;
        raw
    }

    /// The bytes, whatever they are.
    pub fn as_bytes(&self) -> &Bytes {
        let (Self::Event(raw) | Self::Comment(raw) | Self::Close(raw) | Self::Partial(raw) | Self::Raw(raw)) =
            self;
        raw
    }
}

/// Whether a splitter still splits. It never returns to [`State::Splitting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Events are recognised.
    #[default]
    Splitting,
    /// An event is longer than [`EVENT_LIMIT`]; all from its start on comes as [`Piece::Raw`].
    Oversized,
    /// The body is not of its format (a plain object where an array was expected, a broken frame prelude); all from
    /// the offending event on comes as [`Piece::Raw`].
    Malformed,
}

/// The streaming formats of the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/event-stream`
    Sse,
    /// `application/vnd.amazon.eventstream`
    EventStream,
    /// `application/json` whose top level is an array of objects
    JsonArray,
}

impl Format {
    /// The format that a `Content-Type` value names; parameters and letter case do not matter.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        [
            ("text/event-stream", Self::Sse),
            ("application/vnd.amazon.eventstream", Self::EventStream),
            ("application/json", Self::JsonArray),
        ]
        .into_iter()
        .find_map(|(name, format)| essence.eq_ignore_ascii_case(name).then_some(format))
    }
}

/// An incremental splitter of one body.
///
/// ```
/// use brownout_wire::splitter::{Piece, Splitter};
///
/// let mut splitter = Splitter::for_content_type("text/event-stream").unwrap();
/// splitter.push("data: 1\n\ndata: ".into());
/// assert_eq!(splitter.next_event(), Some(Piece::Event("data: 1\n\n".into())));
/// assert_eq!(splitter.next_event(), None);
/// assert_eq!(splitter.finish(), Some(Piece::Partial("data: ".into())));
/// ```
#[derive(Debug)]
pub struct Splitter(Inner);

#[derive(Debug)]
enum Inner {
    Sse(Cutter<BlankLine>),
    EventStream(Cutter<FrameBoundary>),
    JsonArray(Cutter<ElementBoundary>),
}

impl Splitter {
    /// A splitter of that format, before the first byte.
    pub fn new(format: Format) -> Self {
        Self(match format {
            Format::Sse => Inner::Sse(Cutter::default()),
            Format::EventStream => Inner::EventStream(Cutter::default()),
            Format::JsonArray => Inner::JsonArray(Cutter::default()),
        })
    }

    /// A splitter for a body with this `Content-Type`; none when it is no streaming format.
    pub fn for_content_type(content_type: &str) -> Option<Self> {
        Format::of_content_type(content_type).map(Self::new)
    }

    /// Takes the next chunk of the body. Cheapest after [`Self::next_event`] returned none.
    pub fn push(&mut self, chunk: Bytes) {
        match &mut self.0 {
            Inner::Sse(cutter) => cutter.push(chunk),
            Inner::EventStream(cutter) => cutter.push(chunk),
            Inner::JsonArray(cutter) => cutter.push(chunk),
        }
    }

    /// The next piece; none when more input is needed.
    pub fn next_event(&mut self) -> Option<Piece> {
        match &mut self.0 {
            Inner::Sse(cutter) => cutter.next_event(),
            Inner::EventStream(cutter) => cutter.next_event(),
            Inner::JsonArray(cutter) => cutter.next_event(),
        }
    }

    /// The body has ended: what is left after [`Self::next_event`] returned none, mostly a [`Piece::Partial`].
    pub fn finish(&mut self) -> Option<Piece> {
        match &mut self.0 {
            Inner::Sse(cutter) => cutter.finish(),
            Inner::EventStream(cutter) => cutter.finish(),
            Inner::JsonArray(cutter) => cutter.finish(),
        }
    }

    /// Whether events are still recognised.
    pub fn state(&self) -> State {
        match &self.0 {
            Inner::Sse(cutter) => cutter.state(),
            Inner::EventStream(cutter) => cutter.state(),
            Inner::JsonArray(cutter) => cutter.state(),
        }
    }

    /// The format it was made for.
    pub fn format(&self) -> Format {
        match self.0 {
            Inner::Sse(_) => Format::Sse,
            Inner::EventStream(_) => Format::EventStream,
            Inner::JsonArray(_) => Format::JsonArray,
        }
    }
}
