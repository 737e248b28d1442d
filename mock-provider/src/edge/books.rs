//! What is noted of each request, from its arrival to the last byte of its answer, however that ends.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use evidence::record::{AttemptOutcome, ClosedBy};
use fault::layer::TOKENS_PLANNED;
use fault::{Account, Asked, Decision, Family, Tally};
use http::{Response, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use world::http::{Body, BodyError};
use world::{Clock, ConnectionHandle, Instant};

use super::faults::Faults;
use super::journal::{Entry, Journal};
use super::metrics::Metrics;
use crate::call::Call;

/// The books of one mock.
#[derive(Debug)]
pub(crate) struct Books {
    clock: Clock,
    journal: Mutex<Journal>,
    pub(crate) metrics: Metrics,
    pub(crate) faults: Faults,
    live: AtomicU64,
}

impl Books {
    pub(crate) fn new(clock: Clock, journal: usize, metrics: Metrics, faults: Faults) -> Self {
        let journal = Mutex::new(Journal::new(journal));
        Self { clock, journal, metrics, faults, live: AtomicU64::new(0) }
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests whose answer has not ended.
    pub(crate) fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// Opens the record of a request.
    pub(crate) fn open(
        self: &Arc<Self>,
        family: Family,
        asked: &Asked<'_>,
        call: &Call<'_>,
        connection: &ConnectionHandle,
    ) -> Record {
        let entry = Entry {
            surface: Some(family.as_str()),
            operation: asked.operation,
            model: (*asked.model).into(),
            method: call.parts.method.as_str().into(),
            path: call.parts.uri.path().into(),
            protocol: protocol(call.parts.version),
            streamed: asked.streamed,
            nonce: call.identity.nonce,
            attempt: call.identity.attempt,
            ..self.blank(connection, call.arrived)
        };
        self.record(entry, call.arrived, Tally::counting(call.identity.nonce.map(evidence::Nonce::tag)))
    }

    /// Opens the record of a connection that a fault takes before any request of it is read.
    pub(crate) fn open_connection(
        self: &Arc<Self>,
        decision: &Decision,
        connection: &ConnectionHandle,
    ) -> Record {
        self.record(self.blank(connection, decision.at), decision.at, Tally::default())
    }

    fn record(self: &Arc<Self>, entry: Entry, arrived: Instant, tally: Tally) -> Record {
        self.live.fetch_add(1, Ordering::Relaxed);
        Record { books: Arc::clone(self), entry: Some(entry), arrived, tally }
    }

    fn blank(&self, connection: &ConnectionHandle, arrived: Instant) -> Entry {
        let ago = self.clock.now().saturating_since(arrived);
        let ago_us = u64::try_from(ago.as_micros()).unwrap_or(u64::MAX);
        Entry {
            id: 0,
            unix_ms: self.clock.unix_micros().saturating_sub(ago_us) / 1_000,
            surface: None,
            operation: "connection",
            model: "".into(),
            method: "".into(),
            path: "".into(),
            protocol: "",
            connection: connection.ordinal(),
            streamed: false,
            nonce: None,
            attempt: 0,
            status: None,
            outcome: AttemptOutcome::ClientLeft,
            fault: None,
            fault_not_applied: None,
            output_tokens: None,
            bytes: 0,
            first_us: None,
            duration_us: 0,
        }
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// The record of one exchange; noted when it is dropped, which is when the exchange is over.
#[derive(Debug)]
pub(crate) struct Record {
    books: Arc<Books>,
    /// Taken when it is noted.
    entry: Option<Entry>,
    arrived: Instant,
    tally: Tally,
}

impl Account for Record {
    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Record {
    /// Notes an answer that no fault touches, until its end.
    pub(crate) fn watch(mut self, response: Response<Body>) -> Response<Body> {
        let (mut head, body) = response.into_parts();
        self.tally.status = Some(head.status.as_u16());
        let planned = head.headers.remove(TOKENS_PLANNED);
        self.tally.tokens_planned = planned.and_then(|value| value.to_str().ok()?.parse().ok());
        let mut watched = Watched { body, record: self };
        // hyper does not poll a body that is empty from the start.
        if watched.body.is_end_stream() {
            watched.finish();
        }
        Response::from_parts(head, Body::stream(watched))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.books.live.fetch_sub(1, Ordering::Relaxed);
        let Some(mut entry) = self.entry.take() else { return };
        let since = |instant: Instant| {
            u64::try_from(instant.saturating_since(self.arrived).as_micros()).unwrap_or(u64::MAX)
        };
        entry.status = self.tally.status;
        entry.outcome = self.tally.ended().outcome;
        (entry.fault, entry.fault_not_applied) = self.tally.fault();
        entry.output_tokens = self.tally.tokens_planned;
        entry.bytes = self.tally.bytes;
        entry.first_us = self.tally.first.map(since);
        entry.duration_us = since(self.books.clock.now());
        self.books.metrics.count(&entry);
        self.books.journal().push(entry);
    }
}

/// An answer on its way out, counted and not looked into.
struct Watched {
    body: Body,
    record: Record,
}

impl Watched {
    fn finish(&mut self) {
        let tally = &mut self.record.tally;
        let failed = tally.status.is_some_and(|status| status >= 400);
        let outcome = if failed { AttemptOutcome::Error } else { AttemptOutcome::Ok };
        tally.end(outcome, ClosedBy::Upstream);
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &polled {
            Some(Ok(frame)) => {
                let now = self.record.books.clock.now();
                let tally = &mut self.record.tally;
                tally.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                tally.first.get_or_insert(now);
                if self.body.is_end_stream() {
                    self.finish();
                }
            }
            Some(Err(_)) => self.record.tally.end(AttemptOutcome::UpstreamFailed, ClosedBy::Upstream),
            None => self.finish(),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
