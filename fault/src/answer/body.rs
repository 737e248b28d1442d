//! The body that goes downstream: passes the upstream's on, counts it, and acts the steps of an effect.
//!
//! Without an effect every piece is passed on as it came, and the splitter only looks at it. With one, the
//! pieces are cut into events, shown to the effect, and what it says is done in order, without reading
//! ahead. Whenever the body breaks off, the bytes before the break reach the network first: hyper loses
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

use super::{Account, By, Fate, Step, Steps, Surgeon};
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
    upstream: Body,
    account: A,
    clock: Clock,
    connection: ConnectionHandle,
    shape: Shape,
    splitter: Option<Splitter>,
    surgery: Option<Box<Surgery>>,
    state: State,
    /// Flushes of the connection when the last bytes were handed to hyper.
    flushes: u64,
    is_stream: bool,
    length: Option<u64>,
}

struct Surgery {
    surgeon: Box<dyn Surgeon>,
    steps: Steps,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    begun: bool,
    /// The upstream has ended.
    drained: bool,
}

enum State {
    Flowing,
    /// Nothing more comes until the peer leaves.
    Silent,
    /// Waits until what was sent has left, then ends the connection.
    Breaking(By, Pin<Box<dyn Future<Output = ()> + Send>>),
    Ended,
}

type Polled = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

impl<A: Account> Answer<A> {
    pub(crate) fn new(
        upstream: Body,
        treatment: Treatment,
        account: A,
        clock: Clock,
        connection: ConnectionHandle,
    ) -> Self {
        let surgery = treatment.surgeon.map(|surgeon| {
            Box::new(Surgery { surgeon, steps: Steps::default(), pause: None, begun: false, drained: false })
        });
        let flushes = connection.flushes();
        let is_stream = treatment.splitter.is_some();
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
            is_stream,
            length: treatment.length,
        };
        // hyper does not poll a body that is empty from the start.
        if answer.surgery.is_none() && answer.upstream.is_end_stream() {
            answer.finish();
        }
        answer
    }

    /// The upstream's answer has been passed on to its end.
    fn finish(&mut self) {
        self.state = State::Ended;
        let is_stream = self.is_stream;
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
    fn break_off(&mut self, by: By) {
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
    fn upstream_failed(&mut self, error: &BodyError) {
        let tally = self.account.tally();
        tally.impossible("the upstream failed first");
        tally.end(AttemptOutcome::UpstreamFailed, ClosedBy::Upstream);
        let was_reset = error.io_kind() == Some(std::io::ErrorKind::ConnectionReset);
        self.break_off(if was_reset { By::Reset } else { By::Fin });
    }

    /// Hands bytes to hyper.
    fn send(&mut self, bytes: Bytes) -> Polled {
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

    // === with an effect ===

    fn poll_treated(&mut self, context: &mut Context<'_>) -> Polled {
        loop {
            match &self.state {
                State::Flowing => {}
                State::Silent => return Poll::Pending,
                State::Breaking(..) => return self.poll_breaking(context),
                State::Ended => return Poll::Ready(None),
            }
            if let Some(sent) = ready!(self.poll_steps(context)) {
                return self.send(sent);
            }
            if !matches!(self.state, State::Flowing) {
                continue;
            }
            if self.is_drained() {
                self.finish();
                return Poll::Ready(None);
            }
            ready!(self.poll_intake(context));
        }
    }

    fn is_drained(&self) -> bool {
        self.surgery.as_ref().is_none_or(|surgery| surgery.drained)
    }

    /// Acts the steps ahead up to the next bytes; none when there is no step left or the flow has ended.
    fn poll_steps(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(surgery) = &mut self.surgery else { return Poll::Ready(None) };
        if !surgery.begun {
            surgery.begun = true;
            surgery.surgeon.begin(&mut surgery.steps);
        }
        loop {
            if let Some(pause) = &mut surgery.pause {
                ready!(pause.as_mut().poll(context));
                surgery.pause = None;
            }
            let tally = self.account.tally();
            match surgery.steps.fate() {
                Fate::Pending => {}
                Fate::Applied => tally.applied(),
                Fate::Impossible(reason) => tally.impossible(reason),
            }
            match surgery.steps.next() {
                None => return Poll::Ready(None),
                Some(Step::Wait(duration)) => surgery.pause = Some(Box::pin(self.clock.sleep(duration))),
                Some(Step::Stall { left, murmur }) => {
                    tally.stalled = true;
                    match surgery.steps.stalled(left, murmur) {
                        Some(pause) => surgery.pause = Some(Box::pin(self.clock.sleep(pause))),
                        None => {
                            self.state = State::Silent;
                            return Poll::Ready(None);
                        }
                    }
                }
                Some(Step::Resume) => tally.stalled = false,
                Some(Step::Unpace) => {
                    let (connection, flushes) = (self.connection.clone(), self.flushes);
                    surgery.pause = Some(Box::pin(async move {
                        connection.flushed_since(flushes).await;
                        connection.pace(None);
                    }));
                }
                Some(Step::Break { by, outcome }) => {
                    tally.end(outcome, ClosedBy::Fault);
                    self.upstream = Body::empty();
                    if by == By::CleanEnd {
                        self.state = State::Ended;
                    } else {
                        self.break_off(by);
                    }
                    return Poll::Ready(None);
                }
                Some(Step::Send { bytes, event }) => {
                    match event {
                        Some(event) => tally.event(self.shape, &event),
                        None if !self.is_stream => tally.plain(&bytes),
                        None => {}
                    }
                    if let Some(outcome) = surgery.steps.take_clean_end() {
                        tally.applied();
                        tally.end(outcome, ClosedBy::Fault);
                        self.upstream = Body::empty();
                        self.state = State::Ended;
                    }
                    return Poll::Ready(Some(bytes));
                }
            }
        }
    }

    /// Takes the upstream's next piece and shows it to the effect.
    fn poll_intake(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let frame = ready!(Pin::new(&mut self.upstream).poll_frame(context));
        let Some(surgery) = &mut self.surgery else { return Poll::Ready(()) };
        match frame {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    surgery.show(self.splitter.as_mut(), bytes);
                }
            }
            Some(Err(error)) => self.upstream_failed(&error),
            None => surgery.close(self.splitter.as_mut()),
        }
        Poll::Ready(())
    }

    fn poll_breaking(&mut self, context: &mut Context<'_>) -> Polled {
        let State::Breaking(by, waiting) = &mut self.state else { return Poll::Ready(None) };
        ready!(waiting.as_mut().poll(context));
        match by {
            By::Reset => self.connection.reset(),
            By::Fin | By::CleanEnd => self.connection.finish(),
        }
        self.state = State::Ended;
        Poll::Ready(Some(Err(BodyError::new("broken off"))))
    }
}

impl Surgery {
    fn show(&mut self, splitter: Option<&mut Splitter>, bytes: Bytes) {
        let Some(splitter) = splitter else { return self.surgeon.other(bytes, &mut self.steps) };
        splitter.push(bytes);
        while let Some(piece) = splitter.next_event() {
            self.take(piece);
        }
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Event(event) => self.surgeon.event(event, &mut self.steps),
            other => self.surgeon.other(other.into_bytes(), &mut self.steps),
        }
    }

    fn close(&mut self, splitter: Option<&mut Splitter>) {
        self.drained = true;
        if let Some(piece) = splitter.and_then(Splitter::finish) {
            self.take(piece);
        }
        self.surgeon.end(&mut self.steps);
    }
}

impl<A: Account> HttpBody for Answer<A> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let answer = self.get_mut();
        match (&answer.state, &answer.surgery) {
            (_, Some(_)) => answer.poll_treated(context),
            (State::Flowing, None) => answer.poll_passing(context),
            (State::Breaking(..), None) => answer.poll_breaking(context),
            (State::Ended | State::Silent, None) => Poll::Ready(None),
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
