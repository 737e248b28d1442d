//! What a fault does. One file an effect, each with its grammar, its meaning for streams and for plain
//! answers, and the part that acts.
//!
//! An effect acts in one or more of three places, in the order that a request meets them: before anything is
//! forwarded (`before`), on the head of the answer (`on_head`), on its body
//! (`on_body`). What it cannot do there it says, and the record says it.
//!
//! A new effect is a file here with its type and what acts, a variant of [`Effect`] with its name,
//! parameters and place, and a key in `grammar::effect_keys`; the one-line form follows from the key.

mod bad_crc;
mod bandwidth;
mod cut;
mod duplicate;
mod empty_body;
mod error;
mod header_flood;
mod html;
mod in_band_error;
mod keep_alive_comments;
mod latency;
mod malformed;
mod no_terminator;
mod one_event;
mod reorder;
mod reset;
mod silence;
mod slow_first_token;
mod slow_headers;
mod slow_tokens;
mod stall;
mod truncated_frame;
mod wrong_content_type;

use std::time::Duration;

use evidence::Name;
use http::response::Parts;
use http::{HeaderMap, Response};
use notation::format_duration;
use wire::splitter::Format;
use world::http::Body;
use world::{Clock, ConnectionHandle, Draws};

use crate::answer::Surgeon;
use crate::asked::{Asked, Shape};

pub use bandwidth::Bandwidth;
pub use cut::Cut;
pub use empty_body::EmptyBody;
pub use error::{ErrorAnswer, RetryAfter, ShouldRetry, Wanted};
pub use header_flood::HeaderFlood;
pub use html::Html;
pub use in_band_error::InBandError;
pub use keep_alive_comments::KeepAliveComments;
pub use latency::Delay;
pub use one_event::Place;
pub use reset::Reset;
pub use silence::Silence;
pub use stall::Stall;
pub use wrong_content_type::WrongContentType;

/// What happens to a request that a rule hits.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A provider's error is the answer.
    Error(ErrorAnswer),
    /// The connection is reset.
    Reset(Reset),
    /// The answer ends before its end.
    Cut(Cut),
    /// Bytes stop coming.
    Stall(Stall),
    /// An error event ends the stream.
    InBandError(InBandError),
    /// The answer begins later.
    Latency(Delay),
    /// There is no answer.
    Silence(Silence),
    /// The first token comes later.
    SlowFirstToken(Delay),
    /// Every token comes later.
    SlowTokens(Delay),
    /// The body comes slowly.
    Bandwidth(Bandwidth),
    /// One event is no JSON.
    Malformed(Place),
    /// One event comes twice.
    Duplicate(Place),
    /// Two events change places.
    Reorder(Place),
    /// One frame's checksum is wrong.
    BadCrc(Place),
    /// Half an event, then the end.
    TruncatedFrame(Cut),
    /// The stream's own end marker is missing.
    NoTerminator,
    /// The head names another content type.
    WrongContentType(WrongContentType),
    /// A page instead of JSON.
    Html(Html),
    /// An answer that says nothing.
    EmptyBody(EmptyBody),
    /// More headers than anybody wants.
    HeaderFlood(HeaderFlood),
    /// The head drips.
    SlowHeaders(Duration),
    /// Comments, and nothing else.
    KeepAliveComments(KeepAliveComments),
}

/// Where an effect acts.
pub(crate) struct Scene<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) connection: &'a ConnectionHandle,
    pub(crate) asked: &'a Asked<'a>,
    pub(crate) path: &'a str,
    /// What is left of the rule's window.
    pub(crate) remaining: Option<Duration>,
}

/// What an effect does before the request is forwarded.
pub(crate) enum Before {
    /// Nothing.
    Forward,
    /// Waits, then forwards.
    ForwardAfter(Duration),
    /// Answers itself; says whether that is an answer at all.
    Answer { response: Response<Body>, bogus: bool },
    /// Never answers, or closes the connection after a time.
    Silence(Option<Duration>),
    /// Resets the connection.
    Reset,
    /// Cannot act: forwards.
    Impossible(&'static str),
}

/// What is known of an answer when its head is there.
pub(crate) struct AnswerFacts {
    /// The format of its events; none for a plain body.
    pub(crate) format: Option<Format>,
    pub(crate) shape: Shape,
    /// Bytes of the body, where the head says so.
    pub(crate) length: Option<u64>,
    /// What the head calls the request.
    pub(crate) request_id: Option<Name>,
}

impl AnswerFacts {
    pub(crate) fn is_stream(&self) -> bool {
        self.format.is_some()
    }

    /// Whether nothing follows the head: hyper then never asks the body for anything.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.length == Some(0)
    }
}

/// What an effect does to a body.
pub(crate) enum Treat {
    /// Nothing.
    Leave,
    /// This, and what becomes of the `Content-Length`.
    Operate(Box<dyn Surgeon>, Length),
    /// It cannot act.
    Impossible(&'static str),
}

/// What becomes of a `Content-Length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Keep,
    Drop,
    Set(u64),
}

impl Treat {
    const NOT_STREAMED: Self = Self::Impossible("the answer is not streamed");

    fn operate(surgeon: impl Surgeon + 'static, length: Length) -> Self {
        Self::Operate(Box::new(surgeon), length)
    }
}

impl Effect {
    /// The key by which a file asks for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Error(_) => "error",
            Self::Reset(_) => "reset",
            Self::Cut(_) => "cut",
            Self::Stall(_) => "stall",
            Self::InBandError(_) => "in_band_error",
            Self::Latency(_) => "latency",
            Self::Silence(_) => "silence",
            Self::SlowFirstToken(_) => "slow_first_token",
            Self::SlowTokens(_) => "slow_tokens",
            Self::Bandwidth(_) => "bandwidth",
            Self::Malformed(_) => "malformed",
            Self::Duplicate(_) => "duplicate",
            Self::Reorder(_) => "reorder",
            Self::BadCrc(_) => "bad_crc",
            Self::TruncatedFrame(_) => "truncated_frame",
            Self::NoTerminator => "no_terminator",
            Self::WrongContentType(_) => "wrong_content_type",
            Self::Html(_) => "html",
            Self::EmptyBody(_) => "empty_body",
            Self::HeaderFlood(_) => "header_flood",
            Self::SlowHeaders(_) => "slow_headers",
            Self::KeepAliveComments(_) => "keep_alive_comments",
        }
    }

    /// Its parameters as text, for the record.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Error(error) => error.parameters(),
            Self::Reset(point) => vec![("point", point.as_str().to_owned())],
            Self::Cut(cut) | Self::TruncatedFrame(cut) => cut.parameters(),
            Self::Stall(stall) => stall.parameters(),
            Self::InBandError(error) => error.parameters(),
            Self::Latency(law) | Self::SlowFirstToken(law) | Self::SlowTokens(law) => {
                vec![("law", law.describe())]
            }
            Self::Silence(silence) => silence.parameters(),
            Self::Bandwidth(bandwidth) => bandwidth.parameters(),
            Self::Malformed(place) | Self::Duplicate(place) | Self::Reorder(place) | Self::BadCrc(place) => {
                place.parameters()
            }
            Self::WrongContentType(wrong) => wrong.parameters(),
            Self::Html(html) => html.parameters(),
            Self::HeaderFlood(flood) => flood.parameters(),
            Self::SlowHeaders(length) => vec![("for", format_duration(*length))],
            Self::KeepAliveComments(comments) => comments.parameters(),
            Self::EmptyBody(empty) => empty.parameters(),
            Self::NoTerminator => Vec::new(),
        }
    }

    /// Whether an answer that it hits is no good answer; false for what only delays or decorates.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Latency(_)
                | Self::SlowFirstToken(_)
                | Self::SlowTokens(_)
                | Self::Bandwidth(_)
                | Self::HeaderFlood(_)
                | Self::SlowHeaders(_)
        )
    }

    /// Whether it acts on connections, before any request is read.
    #[must_use]
    pub fn is_before_request(&self) -> bool {
        matches!(self, Self::Reset(Reset::BeforeRequest))
    }

    /// What it does before the request is forwarded.
    pub(crate) fn before(&self, scene: &Scene<'_>, draws: &mut Draws) -> Before {
        match self {
            Self::Error(error) => match error.answer(scene, draws) {
                Some(response) => Before::Answer { response, bogus: false },
                None => Before::Impossible("this provider has no such error"),
            },
            Self::Reset(Reset::BeforeRequest | Reset::BeforeHeaders) => Before::Reset,
            Self::Latency(law) => Before::ForwardAfter(law.0.sample(draws)),
            Self::Silence(silence) => Before::Silence(silence.0),
            Self::Html(html) => Before::Answer { response: html.answer(scene), bogus: true },
            Self::EmptyBody(empty) => Before::Answer { response: empty.answer(scene), bogus: true },
            _ => Before::Forward,
        }
    }

    /// What it does to the head; whether it did anything.
    pub(crate) fn on_head(&self, head: &mut Parts, facts: &AnswerFacts, scene: &Scene<'_>) -> bool {
        let headers: &mut HeaderMap = &mut head.headers;
        match self {
            Self::WrongContentType(wrong) => wrong.mend(headers),
            Self::HeaderFlood(flood) => flood.mend(headers),
            Self::SlowHeaders(length) if !facts.is_bodiless() => {
                scene.connection.pace(Some(slow_headers::pace_of(headers, *length).max(1)));
            }
            _ => return false,
        }
        true
    }

    /// What it does to the body.
    pub(crate) fn on_body(&self, facts: &AnswerFacts, scene: &Scene<'_>, draws: &Draws) -> Treat {
        match self.surgery(facts, scene, draws) {
            Treat::Operate(..) if facts.is_bodiless() => Treat::Impossible("the answer has no body"),
            treat => treat,
        }
    }

    fn surgery(&self, facts: &AnswerFacts, scene: &Scene<'_>, draws: &Draws) -> Treat {
        match self {
            Self::Reset(Reset::AfterHeaders) => Treat::operate(reset::ResetAtOnce, Length::Keep),
            Self::Cut(cut) => cut.treat(facts),
            Self::Stall(stall) => stall.treat(facts),
            Self::InBandError(error) => error.treat(facts, scene),
            Self::SlowFirstToken(law) => slow_first_token::treat(law.0, facts, draws),
            Self::SlowTokens(law) => slow_tokens::treat(law.0, facts, draws),
            Self::Bandwidth(bandwidth) => bandwidth.treat(),
            Self::Malformed(place) => malformed::treat(*place, facts),
            Self::Duplicate(place) => duplicate::treat(*place, facts),
            Self::Reorder(place) => reorder::treat(*place, facts),
            Self::BadCrc(place) => bad_crc::treat(*place, facts),
            Self::TruncatedFrame(cut) => truncated_frame::treat(*cut, facts),
            Self::NoTerminator => no_terminator::treat(facts),
            Self::SlowHeaders(_) => slow_headers::treat(),
            Self::KeepAliveComments(comments) => comments.treat(facts),
            _ => Treat::Leave,
        }
    }
}
