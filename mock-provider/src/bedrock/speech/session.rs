//! One session: from the bytes of the client's signed events to its dialogue, and the limits around it.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use wire::bedrock::error::{Error, ErrorKind};
use wire::bedrock::invoke_stream::{self, CHUNK_LIMIT, Incoming};
use wire::bedrock::signed_event::{FrameReader, Received};
use wire::bedrock::sigv4::{AuthError, EventChain};
use wire::bedrock::sonic::Input;
use wire::bedrock::stream_frame;
use wire::event_stream::Frame;
use world::{Clock, Instant};

use super::super::settlement::Settlement;
use super::super::target::Target;
use super::dialogue::Dialogue;
use crate::call::{Call, Engine};

/// How long a session may last: 8 minutes by the API reference.
pub(super) const SESSION_MAX: Duration = Duration::from_secs(8 * 60);
/// How long a session may be without audio or interactive content: what the service's message says.
const GAP_MAX: Duration = Duration::from_secs(55);

/// Why a session ends, in the service's words.
pub(super) type Refusal = Box<Error>;

/// A refusal of what the client sent.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Box::new(Error::new(ErrorKind::Validation, message))
}

/// Quoted by users, who met it with all sorts of events.
pub(super) fn invalid_request() -> Refusal {
    invalid("Invalid input request, please fix your input and try again.")
}

/// Quoted by users: JSON that is none, events and members that there are not.
fn unparsable() -> Refusal {
    invalid("Unable to parse input chunk. Please check input format contains correct format.")
}

/// Quoted by users, prefix and all.
fn too_quiet() -> Refusal {
    invalid(format!(
        "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content. Please ensure gaps between audio \
         bytes and interactive content are less than {} seconds.",
        GAP_MAX.as_secs()
    ))
}

/// What a bad signature of an event comes to. A request's own would be 403, but the head has gone out: we take what
/// Amazon Transcribe does, whose in-stream exception for invalid input then has the words of the signature's.
fn unauthentic(error: &AuthError) -> Refusal {
    invalid(error.to_string())
}

/// A session, which knows the time but does not wait.
pub(super) struct Session {
    frames: FrameReader,
    chain: Option<EventChain>,
    dialogue: Dialogue,
    clock: Clock,
    deadline: Instant,
    /// When something that counts came last.
    heard: Instant,
    is_listening: bool,
    is_over: bool,
}

impl Session {
    pub(super) fn open(
        engine: &Arc<Engine>,
        call: &Call<'_>,
        target: &Target<'_>,
        (chain, settlement): (Option<EventChain>, Settlement),
    ) -> Self {
        Self {
            frames: FrameReader::default(),
            chain,
            dialogue: Dialogue::new(engine, call, target, settlement),
            clock: engine.clock,
            deadline: call.arrived + SESSION_MAX,
            heard: call.arrived,
            is_listening: true,
            is_over: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// When there is something to say or to end, if nothing comes in before.
    pub(super) fn due(&self) -> Instant {
        let gap = if self.is_listening { self.heard + GAP_MAX } else { self.deadline };
        self.deadline.min(gap).min(self.dialogue.due().unwrap_or(self.deadline))
    }

    /// Says what is due at `now`.
    pub(super) fn advance(&mut self, now: Instant, out: &mut BytesMut) {
        if now >= self.deadline {
            return self.end(Err(Box::new(ErrorKind::ModelTimeout.into())), out);
        }
        if self.is_listening && now >= self.heard + GAP_MAX {
            return self.end(Err(too_quiet()), out);
        }
        self.dialogue.advance(out);
        self.end(Ok(()), out);
    }

    /// Takes a piece of the request's body.
    pub(super) fn receive(&mut self, piece: &[u8], now: Instant, out: &mut BytesMut) {
        if !self.is_listening {
            return;
        }
        self.frames.push(piece);
        while self.is_listening && !self.is_over {
            let taken = match self.frames.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => self.take(frame, now, out),
                Err(_) => Err(unparsable()),
            };
            self.end(taken, out);
        }
    }

    /// The request has ended.
    pub(super) fn input_ended(&mut self, out: &mut BytesMut) {
        if !self.is_listening || self.is_over {
            return;
        }
        self.is_listening = false;
        let ended = if self.frames.is_empty() { Ok(()) } else { Err(unparsable()) };
        if ended.is_ok() {
            self.dialogue.close(out);
        }
        self.end(ended, out);
    }

    /// Ends the session by an exception, or when the dialogue is over.
    fn end(&mut self, result: Result<(), Refusal>, out: &mut BytesMut) {
        if let Err(error) = result {
            stream_frame::encode_exception(&error, out);
            self.is_over = true;
        }
        self.is_over |= self.dialogue.is_over();
    }

    fn take(&mut self, frame: Frame, now: Instant, out: &mut BytesMut) -> Result<(), Refusal> {
        let Some(message) = self.opened(frame)? else {
            // The client's own end of the stream; the body has nothing more to say.
            self.is_listening = false;
            self.dialogue.close(out);
            return Ok(());
        };
        let Ok(Incoming::Chunk(json)) = invoke_stream::decode(&message) else { return Err(unparsable()) };
        if json.len() > CHUNK_LIMIT {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'body.chunk.bytes' failed to satisfy constraint: Member must have \
                 length less than or equal to {CHUNK_LIMIT}"
            )));
        }
        let input = Input::parse(&json).map_err(|_| unparsable())?;
        if matches!(input, Input::AudioInput(_) | Input::TextInput(_) | Input::ToolResult(_)) {
            self.heard = now;
        }
        self.dialogue.hear(input, now, out)
    }

    /// The message within a signed one; none at the end of the stream.
    fn opened(&mut self, frame: Frame) -> Result<Option<Frame>, Refusal> {
        match Received::of_frame(frame).map_err(|_| unparsable())? {
            Received::Bare(frame) if self.chain.is_none() => Ok(Some(frame)),
            Received::Bare(_) => Err(unauthentic(&AuthError::SignatureMismatch)),
            Received::Signed { date, signature, payload } => {
                if let Some(chain) = &mut self.chain {
                    let now = self.clock.unix_micros() / 1_000_000;
                    chain.verify(&signature, date, &payload, now).map_err(|error| unauthentic(&error))?;
                }
                if payload.is_empty() {
                    return Ok(None);
                }
                Frame::parse(payload).map(Some).map_err(|_| unparsable())
            }
        }
    }
}
