//! The body of a session's answer: turns what comes in, and the time, into what goes out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use world::http::{Body, BodyError};
use world::{Clock, Instant, Sleep};

use super::session::Session;
use crate::call::Engine;
use crate::counters::LiveStream;

/// Pieces of input taken in one go before others get their turn.
const PIECES: usize = 32;

/// Drives a [`Session`]. When the client leaves, hyper drops it, and with it timer, session and reservation.
pub(super) struct LiveBody {
    /// The request's body; none once it has ended.
    input: Option<Body>,
    session: Session,
    timer: Sleep,
    clock: Clock,
    buffer: BytesMut,
    /// What the timer waits for.
    armed: Instant,
    _live: LiveStream,
}

impl LiveBody {
    pub(super) fn new(input: Option<Body>, session: Session, timer: Sleep, engine: &Engine) -> Self {
        Self {
            input,
            session,
            timer,
            clock: engine.clock,
            buffer: BytesMut::new(),
            armed: Instant::ZERO,
            _live: engine.counters.stream(),
        }
    }

    /// Takes the next piece of input, if one is there; false if none is.
    fn listen(&mut self, context: &mut Context<'_>) -> Result<bool, BodyError> {
        let Some(input) = &mut self.input else { return Ok(false) };
        match Pin::new(input).poll_frame(context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(piece) = frame.into_data() {
                    self.session.receive(&piece, self.clock.now(), &mut self.buffer);
                }
            }
            // The client broke off: nobody reads on.
            Poll::Ready(Some(Err(error))) => return Err(error),
            Poll::Ready(None) => {
                self.input = None;
                self.session.input_ended(&mut self.buffer);
            }
        }
        Ok(true)
    }

    /// Says what is due, if something is; false if nothing is.
    fn speak(&mut self) -> bool {
        let now = self.clock.now();
        let is_due = self.session.due() <= now;
        if is_due {
            self.session.advance(now, &mut self.buffer);
        }
        is_due
    }

    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let due = self.session.due();
        if self.armed != due {
            self.armed = due;
            self.timer.reset(due);
        }
        Pin::new(&mut self.timer).poll(context)
    }
}

impl HttpBody for LiveBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        for _ in 0..PIECES {
            if !this.buffer.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(this.buffer.split().freeze()))));
            }
            if this.session.is_over() {
                return Poll::Ready(None);
            }
            let has_heard = match this.listen(context) {
                Ok(has_heard) => has_heard,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            // Both, so that who talks without a pause is answered all the same.
            let has_spoken = !this.session.is_over() && this.speak();
            if !has_heard && !has_spoken {
                ready!(this.poll_due(context));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
