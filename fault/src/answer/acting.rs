//! A body under an effect: pieces are cut into events and shown to the surgeon, what it says is done in
//! order, and nothing is read ahead.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use evidence::record::{AttemptOutcome, ClosedBy};
use http_body::Body as _;
use wire::splitter::{Piece, Splitter, State as Split};
use world::http::Body;

use super::body::{Answer, Polled, State};
use super::{Account, By, Step, Steps, Surgeon};

/// An effect at work.
pub(super) struct Surgery {
    surgeon: Box<dyn Surgeon>,
    steps: Steps,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    begun: bool,
    /// The upstream has ended.
    drained: bool,
}

impl Surgery {
    pub(super) fn of(surgeon: Box<dyn Surgeon>) -> Box<Self> {
        Box::new(Self { surgeon, steps: Steps::default(), pause: None, begun: false, drained: false })
    }

    fn begin_once(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.surgeon.begin(&mut self.steps);
        }
    }

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
        if let Some(splitter) = splitter {
            if let Some(piece) = splitter.finish() {
                self.take(piece);
            }
            match splitter.state() {
                Split::Splitting => {}
                Split::Oversized => self.steps.impossible("an event is longer than 1 MiB"),
                Split::Malformed => self.steps.impossible("the stream is not of its format"),
            }
        }
        self.surgeon.end(&mut self.steps);
    }
}

impl<A: Account> Answer<A> {
    pub(super) fn poll_treated(&mut self, surgery: &mut Surgery, context: &mut Context<'_>) -> Polled {
        surgery.begin_once();
        loop {
            match &self.state {
                State::Flowing => {}
                State::Silent => return Poll::Pending,
                State::Breaking(..) => return self.poll_breaking(context),
                State::Ended => return Poll::Ready(None),
            }
            if let Some(pause) = &mut surgery.pause {
                ready!(pause.as_mut().poll(context));
                surgery.pause = None;
            }
            if let Some(step) = surgery.steps.next() {
                if let Some(bytes) = self.act(step, surgery) {
                    return self.send(bytes);
                }
            } else if surgery.drained {
                self.finish();
            } else {
                ready!(self.poll_intake(surgery, context));
            }
        }
    }

    /// Takes the upstream's next piece and shows it to the effect.
    fn poll_intake(&mut self, surgery: &mut Surgery, context: &mut Context<'_>) -> Poll<()> {
        match ready!(Pin::new(&mut self.upstream).poll_frame(context)) {
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

    /// Does one step; returns the bytes that are to go out.
    fn act(&mut self, step: Step, surgery: &mut Surgery) -> Option<Bytes> {
        let tally = self.account.tally();
        match step {
            Step::Send { bytes, event } => {
                self.count_sent(&bytes, event.as_ref(), surgery);
                return Some(bytes);
            }
            Step::Applied => tally.applied(),
            Step::Impossible(reason) => tally.impossible(reason),
            Step::Wait(duration) => surgery.pause = Some(Box::pin(self.clock.sleep(duration))),
            Step::Stall { left, murmur } => self.act_stall(left, murmur, surgery),
            Step::Resume => tally.stalled = false,
            Step::Unpace => self.act_unpace(surgery),
            Step::Break { by, outcome } => self.act_break(by, outcome),
        }
        None
    }

    fn count_sent(&mut self, bytes: &Bytes, event: Option<&Bytes>, surgery: &mut Surgery) {
        let tally = self.account.tally();
        match event {
            Some(event) => tally.event(self.shape, event),
            None if self.splitter.is_none() => tally.plain(bytes),
            None => {}
        }
        // The end must be known with the last bytes: hyper may not ask again.
        if let Some(outcome) = surgery.steps.take_clean_end() {
            self.act_break(By::CleanEnd, outcome);
        }
    }

    fn act_stall(
        &mut self,
        left: Option<Duration>,
        murmur: Option<(Duration, Bytes)>,
        surgery: &mut Surgery,
    ) {
        let tally = self.account.tally();
        tally.applied();
        tally.stalled = true;
        match surgery.steps.stalled(left, murmur) {
            Some(pause) => surgery.pause = Some(Box::pin(self.clock.sleep(pause))),
            None => self.state = State::Silent,
        }
    }

    fn act_unpace(&mut self, surgery: &mut Surgery) {
        let (connection, flushes) = (self.connection.clone(), self.flushes);
        surgery.pause = Some(Box::pin(async move {
            connection.flushed_since(flushes).await;
            connection.pace(None);
        }));
    }

    fn act_break(&mut self, by: By, outcome: AttemptOutcome) {
        let tally = self.account.tally();
        tally.applied();
        tally.end(outcome, ClosedBy::Fault);
        self.upstream = Body::empty();
        match by {
            By::CleanEnd => self.state = State::Ended,
            By::Fin | By::Reset | By::Connection => self.break_off(by),
        }
    }
}
