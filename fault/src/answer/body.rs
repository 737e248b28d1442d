//! The body that goes downstream: passes the upstream's on, counts it, and acts the steps of an effect.
//!
//! Without an effect every piece is passed on as it came, and the splitter only looks at it; with one,
//! `acting` takes over. Whenever the body breaks off, the bytes before the break reach the network first: hyper loses
//! what it was given in the same turn as an error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use evidence::record::{AttemptOutcome, ClosedBy};
use http_body::{Body as HttpBody, Frame, SizeHint};
use wire::splitter::{Piece, Splitter};
use world::http::{Body, BodyError};
use world::{Clock, ConnectionHandle};

use super::acting::Surgery;
use super::{Account, By, Surgeon};
use crate::asked::Shape;

/// How long the kernel gets to deliver what was written before a reset throws the rest away.
const DRAIN: Duration = Duration::from_millis(50);

/// What to do with a body besides passing it on.
pub(crate) struct Treatment {
    /// Cuts the body into events; none for a plain body.
    pub(crate) splitter: Option<Splitter>,
    /// The form of those events.
    pub(crate) shape: Shape,
    /// The effect, if one acts here.
    pub(crate) surgeon: Option<Box<dyn Surgeon>>,
    /// The `Content-Length` that goes out: hyper asks for nothing more once it has so many bytes.
    pub(crate) length: Option<u64>,
}

/// A body on its way downstream.
pub(crate) struct Answer<A: Account> {
    pub(super) upstream: Body,
    pub(super) account: A,
    pub(super) clock: Clock,
    pub(super) connection: ConnectionHandle,
    pub(super) shape: Shape,
    pub(super) splitter: Option<Splitter>,
    surgery: Option<Box<Surgery>>,
    pub(super) state: State,
    /// Flushes of the connection when the last bytes were handed to hyper.
    pub(super) flushes: u64,
    length: Option<u64>,
}

/// Where an answer stands.
pub(super) enum State {
    Flowing,
    /// Nothing more comes until the peer leaves.
    Silent,
    /// Waits until what was sent has left, then ends the connection.
    Breaking(By, Pin<Box<dyn Future<Output = ()> + Send>>),
    Ended,
}

pub(super) type Polled = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

impl<A: Account> Answer<A> {
    pub(crate) fn new(
        upstream: Body,
        treatment: Treatment,
        account: A,
        clock: Clock,
        connection: ConnectionHandle,
    ) -> Self {
        let surgery = treatment.surgeon.map(Surgery::of);
        let flushes = connection.flushes();
        let mut answer = Self {
            upstream,
            account,
            clock,
            connection,
            shape: treatment.shape,
            splitter: treatment.splitter,
            surgery,
            state: State::Flowing,
            flushes,
            length: treatment.length,
        };
        // hyper does not poll a body that is empty from the start.
        if answer.surgery.is_none() && answer.upstream.is_end_stream() {
            answer.finish();
        }
        answer
    }

    /// The upstream's answer has been passed on to its end.
    pub(super) fn finish(&mut self) {
        self.state = State::Ended;
        let is_stream = self.splitter.is_some();
        let tally = self.account.tally();
        tally.complete |= !is_stream && !tally.bogus;
        let failed = tally.erred || tally.status.is_some_and(|status| status >= 400);
        let outcome = match (failed, tally.complete) {
            (true, _) => AttemptOutcome::Error,
            (false, true) => AttemptOutcome::Ok,
            (false, false) => AttemptOutcome::Cut,
        };
        tally.end(outcome, ClosedBy::Upstream);
    }

    /// Breaks off once everything sent so far is on the network.
    pub(super) fn break_off(&mut self, by: By) {
        let (connection, clock, flushes) = (self.connection.clone(), self.clock, self.flushes);
        self.state = State::Breaking(
            by,
            Box::pin(async move {
                connection.flushed_since(flushes).await;
                if !clock.is_virtual() {
                    clock.sleep(DRAIN).await;
                }
            }),
        );
    }

    /// The upstream broke off: so does this answer, in the same way.
    pub(super) fn upstream_failed(&mut self, error: &BodyError) {
        let tally = self.account.tally();
        tally.impossible("the upstream failed first");
        tally.end(AttemptOutcome::UpstreamFailed, ClosedBy::Upstream);
        let was_reset = error.io_kind() == Some(std::io::ErrorKind::ConnectionReset);
        self.break_off(if was_reset { By::Reset } else { By::Fin });
    }

    /// Hands bytes to hyper.
    pub(super) fn send(&mut self, bytes: Bytes) -> Polled {
        self.flushes = self.connection.flushes();
        let now = self.clock.now();
        let tally = self.account.tally();
        tally.sent(bytes.len(), now);
        if matches!(self.state, State::Flowing) && self.length.is_some_and(|length| tally.bytes >= length) {
            self.finish();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    // === without an effect ===

    fn poll_passing(&mut self, context: &mut Context<'_>) -> Polled {
        match ready!(Pin::new(&mut self.upstream).poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => {
                    self.count(&bytes);
                    let sent = self.send(bytes);
                    if self.upstream.is_end_stream() {
                        self.finish();
                    }
                    sent
                }
                Err(trailers) => Poll::Ready(Some(Ok(trailers))),
            },
            Some(Err(error)) => {
                self.upstream_failed(&error);
                self.poll_breaking(context)
            }
            None => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }

    fn count(&mut self, bytes: &Bytes) {
        let Some(splitter) = &mut self.splitter else {
            self.account.tally().plain(bytes);
            return;
        };
        splitter.push(bytes.clone());
        while let Some(piece) = splitter.next_event() {
            if let Piece::Event(event) = piece {
                self.account.tally().event(self.shape, &event);
            }
        }
    }

    pub(super) fn poll_breaking(&mut self, context: &mut Context<'_>) -> Polled {
        let State::Breaking(by, waiting) = &mut self.state else { return Poll::Ready(None) };
        ready!(waiting.as_mut().poll(context));
        match by {
            By::Reset => self.connection.reset(),
            By::Connection => self.connection.reset_connection(),
            By::Fin | By::CleanEnd => self.connection.finish(),
        }
        self.state = State::Ended;
        Poll::Ready(Some(Err(BodyError::new("broken off"))))
    }
}

impl<A: Account> HttpBody for Answer<A> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let answer = self.get_mut();
        if let Some(mut surgery) = answer.surgery.take() {
            let polled = answer.poll_treated(&mut surgery, context);
            answer.surgery = Some(surgery);
            return polled;
        }
        match answer.state {
            State::Flowing => answer.poll_passing(context),
            State::Breaking(..) => answer.poll_breaking(context),
            State::Ended | State::Silent => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        if self.surgery.is_some() { SizeHint::default() } else { self.upstream.size_hint() }
    }
}

// Nothing in it is ever pinned in place: what needs pinning is boxed.
impl<A: Account> Unpin for Answer<A> {}
