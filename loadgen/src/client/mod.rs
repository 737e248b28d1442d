//! One request in the OpenAI dialect, from its first byte to a judged answer.

mod answer;
mod plain;
mod prompt;
mod request;
mod stream;

pub use answer::Answer;

use std::time::Duration;

use evidence::Nonce;
use evidence::record::ClientOutcome;
use http::{Response, header};
use world::http::{Body, Client as HttpClient, SendError, Sending};
use world::{Clock, World};

use crate::plan::{LoadPlan, Planned};
use crate::target::Target;
use answer::Reading;
use request::Requests;

/// Sends the requests of a plan to one target, over connections of its own.
#[derive(Debug)]
pub struct Client {
    clock: Clock,
    http: HttpClient,
    target: Target,
    requests: Requests,
    timeout: Duration,
    stream_timeout: Duration,
}

impl Client {
    /// A client for the tenants and classes of `plan`, with connections of its own.
    #[must_use]
    pub fn new(world: &World, target: Target, plan: &LoadPlan) -> Self {
        Self {
            clock: *world.clock(),
            http: HttpClient::new(world),
            requests: Requests::new(&target, plan),
            target,
            timeout: plan.timeout(),
            stream_timeout: plan.stream_timeout(),
        }
    }

    /// Sends one try of `planned` and reads its answer to the end, or to the client's deadline.
    ///
    /// `attempt` counts the client's own tries from 0.
    pub async fn ask(&self, planned: &Planned, attempt: u32) -> Answer {
        let nonce = nonce_of_try(planned, attempt);
        let request = self.requests.build(planned, nonce, attempt);
        let sent = self.clock.now();
        let mut reading = Reading::new(&planned.class, nonce, sent);
        let patience = if planned.streamed { self.stream_timeout } else { self.timeout };
        let leaves = planned.leaves_after.filter(|after| *after < patience);
        let deadline = sent + leaves.unwrap_or(patience);
        let sending = self.http.send(&self.target.url.address, request);
        let exchange = self.exchange(sending, planned.streamed, &mut reading);
        if self.clock.timeout_at(deadline, exchange).await.is_err() {
            reading.give_up(if leaves.is_some() { ClientOutcome::Aborted } else { ClientOutcome::Timeout });
        }
        reading.finish(self.clock.now())
    }

    async fn exchange(&self, sending: Sending<'_>, streamed: bool, reading: &mut Reading) {
        match sending.await {
            Ok(response) => self.receive(response, streamed, reading).await,
            Err(SendError::Malformed(_)) => reading.end(ClientOutcome::Malformed),
            Err(SendError::Connect { .. } | SendError::Reset | SendError::Closed) => {
                reading.end(ClientOutcome::Conn);
            }
        }
    }

    async fn receive(&self, response: Response<Body>, streamed: bool, reading: &mut Reading) {
        let (head, body) = response.into_parts();
        reading.head(&head, &self.target.served_by, self.clock.unix_micros());
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_stream = content_type.is_some_and(|text| {
            wire::splitter::Format::of_content_type(text) == Some(wire::splitter::Format::Sse)
        });
        match (head.status.is_success(), streamed, is_stream) {
            (false, ..) => plain::read_error(body, reading).await,
            (true, true, true) => stream::read(&self.clock, body, reading).await,
            (true, true, false) => plain::read_unstreamed(body, reading).await,
            (true, false, _) => plain::read(body, reading).await,
        }
    }
}

/// The nonce of a try, for whoever has only the plan's.
pub(crate) fn nonce_of_try(planned: &Planned, attempt: u32) -> Option<Nonce> {
    let retry = u16::try_from(attempt).unwrap_or(u16::MAX);
    planned.nonce.map(|nonce| nonce.with_retry(retry))
}
