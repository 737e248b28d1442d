//! A response body whose pieces come at their times: one timer, no task, no channel.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use world::http::BodyError;
use world::{Clock, Instant, Sleep};

use crate::counters::LiveStream;
use crate::engine::latency::Timing;
use crate::profile::Coalescing;

/// What a stream says, piece by piece.
pub(crate) trait Script: Send + Unpin + 'static {
    /// When the next piece is due; `None` after the last.
    fn due(&self) -> Option<Instant>;

    /// Appends the piece that is due and moves on to the next.
    fn write(&mut self, out: &mut BytesMut);
}

/// Plays a [`Script`]. When the client leaves, hyper drops it, and with it timer, script and reservation.
pub(crate) struct PacedBody<S> {
    script: S,
    timer: Sleep,
    clock: Clock,
    buffer: BytesMut,
    /// What the timer waits for, so that a needless wake-up does not arm it again.
    armed: Instant,
    _live: LiveStream,
}

impl<S: Script> PacedBody<S> {
    /// Plays `script` on `timer`, which may have completed.
    pub(crate) fn new(script: S, timer: Sleep, clock: Clock, live: LiveStream) -> Self {
        Self { script, timer, clock, buffer: BytesMut::new(), armed: Instant::ZERO, _live: live }
    }
}

impl<S: Script> HttpBody for PacedBody<S> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Some(due) = this.script.due() else { return Poll::Ready(None) };
        if due > this.clock.now() {
            if this.armed != due {
                this.armed = due;
                this.timer.reset(due);
            }
            ready!(Pin::new(&mut this.timer).poll(context));
        }
        this.script.write(&mut this.buffer);
        Poll::Ready(Some(Ok(Frame::data(this.buffer.split().freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.script.due().is_none()
    }
}

/// When the frames of an answer are due.
#[derive(Debug)]
pub(crate) struct Pace {
    arrived: Instant,
    timing: Timing,
    coalescing: Coalescing,
    tokens: u32,
    /// The first token that is not yet sent.
    next: u32,
}

impl Pace {
    /// The frames of an answer of `tokens` tokens to a request that arrived at `arrived`.
    pub(crate) fn new(arrived: Instant, timing: Timing, coalescing: Coalescing, tokens: u32) -> Self {
        Self { arrived, timing, coalescing, tokens, next: 0 }
    }

    /// From the request to the first token.
    pub(crate) fn first(&self) -> Duration {
        self.timing.first()
    }

    /// When the last token of the next frame is ready; `None` when all are sent.
    pub(crate) fn due(&self) -> Option<Instant> {
        (self.next < self.tokens).then(|| self.arrived + self.timing.token(self.end() - 1))
    }

    /// The tokens of the next frame, which count as sent from now on.
    pub(crate) fn advance(&mut self) -> Range<u32> {
        let frame = self.next..self.end();
        self.next = frame.end;
        frame
    }

    fn end(&self) -> u32 {
        self.coalescing.frame_end(self.next, self.tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counters;
    use std::future::poll_fn;
    use world::{Seed, run_virtual};

    /// Frames of ten tokens, a millisecond each.
    struct Endless(Pace);

    impl Script for Endless {
        fn due(&self) -> Option<Instant> {
            self.0.due()
        }

        fn write(&mut self, out: &mut BytesMut) {
            let tokens = self.0.advance();
            out.extend_from_slice(format!("data: {:0>400}\n\n", tokens.end).as_bytes());
        }
    }

    #[test]
    fn a_long_stream_takes_no_more_memory_than_a_short_one() {
        run_virtual(Seed(1), |world| async move {
            let clock = *world.clock();
            let timing = Timing::new(Duration::from_millis(1), Duration::from_millis(1));
            let pace = Pace::new(Instant::ZERO, timing, Coalescing { first: 1, rest: 10 }, 1_000_000);
            let timer = clock.sleep_until(Instant::ZERO);
            let mut body = PacedBody::new(Endless(pace), timer, clock, Counters::default().stream());
            let (mut frames, mut capacity) = (0, 0);
            while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                assert!(frame.is_ok());
                (frames, capacity) = (frames + 1, capacity.max(body.buffer.capacity()));
            }
            assert_eq!(frames, 100_001);
            assert!(capacity < 64 << 10, "the buffer has grown to {capacity} bytes");
            assert_eq!(clock.now(), Instant::from_secs(1_000));
        });
    }
}
