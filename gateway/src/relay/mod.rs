//! The stream relay: the response body that a streaming client reads.
//!
//! It is polled by the client's connection and polls the provider's body in turn: no task, no channel, and
//! when the client leaves it is dropped, with the request to the provider inside it.

mod again;
mod timer;

pub(crate) use again::{Again, Opening};

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use evidence::record::LedgerState;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use http_body::Frame;
use wire::openai::chat_stream;
use world::http::{Body, BodyError};

use crate::attempt::{Exhausted, Served};
use crate::billing::Cost;
use crate::caller::Caller;
use crate::failure::{Cause, Failure};
use crate::plan::{Delivery, Loss, OnLeave, StreamPolicy};
use crate::refusal::stream_error;
use crate::upstream::{LiveStream, Read, cut};
use timer::StreamTimer;

/// In the real world, how long the last bytes get on their way before the connection is broken off.
const DRAIN: Duration = Duration::from_millis(50);

/// How long a client may take to read that its answer has failed.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// The body of one streamed answer.
pub(crate) struct Relay {
    stage: Stage,
    again: Again,
    caller: Caller,
    timer: StreamTimer,
}

/// Where a relay stands.
pub(crate) enum Stage {
    /// A target is being looked for.
    Opening(Opening),
    /// A target answers.
    Streaming(Box<Served<LiveStream>>),
    /// The client was told of a failure; the transfer breaks off once that has reached the network.
    BreakingOff(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// Nothing follows.
    Ended,
}

/// What a relay does next.
enum Step {
    Yield(Bytes),
    Look,
    BreakOff,
    End,
}

/// The head of a stream.
pub(crate) fn response() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers: [(HeaderName, &'static str); 2] =
        [(CONTENT_TYPE, chat_stream::CONTENT_TYPE), (CACHE_CONTROL, "no-cache")];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Relay {
    pub(crate) fn new(stage: Stage, again: Again, caller: Caller) -> Self {
        let timer = StreamTimer::new(again.core.clock, &again.core.policy.deadlines, caller.began);
        Self { stage, again, caller, timer }
    }

    fn policy(&self) -> &StreamPolicy {
        &self.again.core.policy.streams
    }

    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        match &mut self.stage {
            Stage::Opening(opening) => {
                let opened = ready!(opening.as_mut().poll(context));
                Poll::Ready(self.opened(opened))
            }
            Stage::Streaming(_) => self.poll_stream(context),
            Stage::BreakingOff(told) => {
                ready!(told.as_mut().poll(context));
                self.caller.connection.finish();
                self.stage = Stage::Ended;
                Poll::Ready(Step::BreakOff)
            }
            Stage::Ended => Poll::Ready(Step::End),
        }
    }

    fn opened(&mut self, opened: Result<Served<LiveStream>, Exhausted>) -> Step {
        match opened {
            Ok(served) => {
                self.timer.touch();
                self.stage = Stage::Streaming(Box::new(served));
                Step::Look
            }
            Err(exhausted) => {
                let none = || Failure::new(Cause::Status(503), "no provider is available");
                let failure = exhausted.failure.unwrap_or_else(none);
                self.lose(&failure, None)
            }
        }
    }

    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        if let Some(bytes) = self.ready_bytes() {
            return Poll::Ready(Step::Yield(bytes));
        }
        let Stage::Streaming(served) = &mut self.stage else { return Poll::Ready(Step::Look) };
        let items = served.answer.renderer.items;
        match served.answer.poll_read(context) {
            Poll::Pending => self.poll_timer(context),
            Poll::Ready(Ok(Read::Progress)) => {
                // Comments and empty events keep a connection alive, not an answer.
                if served.answer.renderer.items != items {
                    self.timer.touch();
                }
                Poll::Ready(Step::Look)
            }
            Poll::Ready(Ok(Read::End)) => Poll::Ready(self.upstream_ended()),
            Poll::Ready(Err(failure)) => Poll::Ready(self.lost(&failure)),
        }
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        let failure = ready!(self.timer.poll(context));
        Poll::Ready(self.lost(&failure))
    }

    /// What has been rendered and may be passed on now.
    fn ready_bytes(&mut self) -> Option<Bytes> {
        if self.policy().delivery == Delivery::WhenWhole {
            return None;
        }
        let Stage::Streaming(served) = &mut self.stage else { return None };
        let renderer = &mut served.answer.renderer;
        if renderer.out.is_empty() {
            return None;
        }
        let bytes = renderer.out.split().freeze();
        let core = &self.again.core;
        let is_content = !renderer.is_whole();
        Some(core.shared_buffer.pass(self.policy().buffers, is_content, self.caller.identity, bytes))
    }

    fn upstream_ended(&mut self) -> Step {
        match &mut self.stage {
            Stage::Streaming(served) if served.answer.renderer.is_whole() => {
                served.answer.renderer.end();
                let last = served.answer.renderer.out.split().freeze();
                self.bill(LedgerState::Billed);
                self.stage = Stage::Ended;
                Step::Yield(last)
            }
            _ => self.lost(&cut()),
        }
    }

    /// The provider that answers is lost.
    fn lost(&mut self, failure: &Failure) -> Step {
        let Stage::Streaming(served) = &mut self.stage else { return Step::End };
        if served.answer.renderer.is_whole() {
            // Only the usage was still to come.
            return self.upstream_ended();
        }
        if self.again.core.dispatcher.counts(failure.cause) {
            served.entry.record(self.again.core.clock.now(), false);
        }
        let pieces = served.answer.renderer.pieces;
        let target = std::sync::Arc::clone(&served.entry.target);
        self.lose(failure, Some((pieces, &target)))
    }

    /// Tells the client of a loss, or does not, as the policy says.
    fn lose(
        &mut self,
        failure: &Failure,
        during: Option<(u32, &std::sync::Arc<crate::fleet::Target>)>,
    ) -> Step {
        let has_content = during.is_some_and(|(pieces, _)| pieces > 0);
        let loss =
            if has_content { self.policy().loss_after_content } else { self.policy().loss_before_content };
        if loss == Loss::Restart
            && let Some((_, target)) = during
            && let Some(opening) = self.again.elsewhere(&self.caller, target)
        {
            let rest = self.rest();
            self.stage = Stage::Opening(opening);
            return if rest.is_empty() { Step::Look } else { Step::Yield(rest) };
        }
        self.bill(LedgerState::Partial);
        let mut last = bytes::BytesMut::from(&self.rest()[..]);
        if loss == Loss::CloseCleanly {
            self.stage = Stage::Ended;
        } else {
            chat_stream::write_error(&stream_error(failure), &mut last);
            self.stage = Stage::BreakingOff(self.told());
        }
        if last.is_empty() { Step::Look } else { Step::Yield(last.freeze()) }
    }

    /// What was rendered and not passed on.
    fn rest(&mut self) -> Bytes {
        match &mut self.stage {
            Stage::Streaming(served) => served.answer.renderer.out.split().freeze(),
            _ => Bytes::new(),
        }
    }

    /// Completes when what is yielded next has reached the network.
    fn told(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (connection, clock) = (self.caller.connection.clone(), self.again.core.clock);
        let flushes = connection.flushes();
        Box::pin(async move {
            // A client that has stopped reading is not waited for.
            let _ = clock.timeout(FLUSH_MAX, connection.flushed_since(flushes)).await;
            if !clock.is_virtual() {
                clock.sleep(DRAIN).await;
            }
        })
    }

    fn bill(&self, state: LedgerState) {
        let Stage::Streaming(served) = &self.stage else { return };
        let renderer = &served.answer.renderer;
        if state == LedgerState::Partial && renderer.pieces == 0 {
            return;
        }
        let cost = match renderer.usage {
            Some(usage) => Cost { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens },
            // The provider had not said yet.
            None => Cost { input_tokens: 0, output_tokens: renderer.words },
        };
        self.again.core.billing.enter(&self.caller.account, &served.entry.target, cost, state);
    }
}

impl http_body::Body for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let relay = self.get_mut();
        loop {
            match ready!(relay.poll_step(context)) {
                Step::Look => {}
                Step::Yield(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Step::BreakOff => return Poll::Ready(Some(Err(BodyError::new("the provider was lost")))),
                Step::End => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Relay {
    /// The client has left, unless the relay has ended.
    fn drop(&mut self) {
        self.bill(LedgerState::Partial);
        if self.policy().on_leave == OnLeave::Cancel {
            return;
        }
        let world = &self.again.core.world;
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Streaming(served) => drop(world.spawn(drain(*served))),
            Stage::Opening(opening) => drop(world.spawn(opening)),
            Stage::BreakingOff(_) | Stage::Ended => {}
        }
    }
}

/// Reads an answer that nobody wants to its end.
async fn drain(served: Served<LiveStream>) {
    let Served { answer, entry } = served;
    let mut body = answer.into_body();
    while let Some(Ok(_)) = body.next_data().await {}
    drop(entry);
}
