//! The account of one exchange. It is opened when the request's head is read, travels with the exchange, and
//! writes the attempt record when it is dropped: at the end, whatever the end is.

use std::sync::Arc;

use evidence::record::{AttemptOutcome, ClosedBy};
use evidence::{AttemptRecord, Journal, Name};
use fault::{Account, Asked, Tally};
use world::{Clock, Instant};

use crate::identity::Identified;
use crate::names::Names;

/// What all accounts of a route share.
pub(crate) struct Books {
    pub(crate) provider: Name,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) names: Names,
}

/// The account of one exchange.
pub(crate) struct RouteAccount {
    books: Arc<Books>,
    tally: Tally,
    arrived: Instant,
    about: About,
}

/// What the record says of the request.
#[derive(Default)]
struct About {
    nonce: Option<evidence::Nonce>,
    identity: u64,
    attempt: u32,
    operation: Option<Name>,
    model: Option<Name>,
    streamed: bool,
}

impl RouteAccount {
    pub(crate) fn open(books: &Arc<Books>, arrived: Instant) -> Self {
        Self { books: Arc::clone(books), tally: Tally::default(), arrived, about: About::default() }
    }

    /// Names the connection that a request would have come over.
    pub(crate) fn of_connection(books: &Arc<Books>, arrived: Instant, ordinal: u64) -> Self {
        let mut account = Self::open(books, arrived);
        account.about.identity = ordinal;
        account.about.operation = Some(books.names.get("connection"));
        account
    }

    /// Says who the request is and what it asks for.
    pub(crate) fn describe(&mut self, asked: &Asked<'_>, identified: &Identified) {
        self.tally = Tally::counting(identified.nonce.map(evidence::Nonce::tag));
        self.about = About {
            nonce: identified.nonce,
            identity: identified.who.number,
            attempt: identified.who.attempt,
            operation: Some(self.books.names.get(asked.operation)),
            model: Some(self.books.names.get(&asked.model)),
            streamed: asked.streamed,
        };
    }

    /// The route itself refuses the request.
    pub(crate) fn refuse(&mut self) {
        self.tally.end(AttemptOutcome::Refused, ClosedBy::Proxy);
    }

    fn record(&mut self) -> AttemptRecord {
        let out_us = self.books.clock.now().as_micros();
        let tally = &mut self.tally;
        let ended = tally.ended();
        let (fault, fault_not_applied) = tally.fault();
        let about = std::mem::take(&mut self.about);
        AttemptRecord {
            t_us: out_us,
            provider: Name::clone(&self.books.provider),
            request_id: tally.request_id.take(),
            nonce: about.nonce,
            identity: about.identity,
            attempt: about.attempt,
            operation: about.operation.unwrap_or_else(|| self.books.names.get("unread")),
            model: about.model.unwrap_or_else(|| self.books.names.get("")),
            streamed: about.streamed,
            in_us: self.arrived.as_micros(),
            first_us: tally.first.map(Instant::as_micros),
            out_us,
            status: tally.status,
            outcome: ended.outcome,
            fault,
            fault_not_applied,
            events: tally.events,
            tokens: tally.tokens,
            tokens_planned: tally.tokens_planned,
            bytes: tally.bytes,
            complete: tally.complete,
            closed_by: ended.closed_by,
        }
    }
}

impl Account for RouteAccount {
    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Drop for RouteAccount {
    fn drop(&mut self) {
        let record = self.record();
        self.books.journal.attempt(record);
    }
}
