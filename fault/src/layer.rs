//! The layer: an upstream with a decided fault around it.
//!
//! The same layer stands in the proxy around an upstream and in the mock provider around itself. It reads top
//! to bottom as a request lives: what the effect does instead of forwarding, the forwarding, what it does
//! to the head, what it does to the body.

use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use evidence::Name;
use evidence::record::{AppliedFault, AttemptOutcome, ClosedBy};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::response::Parts;
use http::{HeaderMap, Response};
use http_body::Body as _;
use notation::format_duration;
use wire::splitter::{Format, Splitter};
use world::http::{Abort, Body};
use world::{Clock, ConnectionHandle, Draws};

use crate::Family;
use crate::answer::{Account, Answer, Tally, Treatment};
use crate::asked::{Asked, Shape};
use crate::decision::Decision;
use crate::effect::{AnswerFacts, Before, Effect, Length, Scene, Treat};
use crate::provider_error::{Mention, ProviderError, request_id, respond};

/// The header in which a mock provider says how many token texts its answer has. It ends here.
pub const TOKENS_PLANNED: HeaderName = HeaderName::from_static("x-brownout-tokens-planned");

/// Where the providers name a request.
const REQUEST_IDS: [HeaderName; 3] = [
    HeaderName::from_static("x-amzn-requestid"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
];

/// One exchange as the layer needs to know it.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The clock of the run.
    pub clock: Clock,
    /// The connection that the request came over.
    pub connection: ConnectionHandle,
    /// What is asked for.
    pub asked: Asked<'a>,
    /// The request's path.
    pub path: &'a str,
}

/// Why the upstream gave no answer, and what to do then.
#[derive(Debug)]
pub enum NoAnswer {
    /// It reset the connection: so does the layer.
    Reset,
    /// It closed the connection: so does the layer.
    Closed,
    /// It could not be asked: this is said instead.
    Instead(Response<Body>),
}

/// Answers one request: by the decided fault, by `next`, or by both.
///
/// `account` travels with the answer and is dropped with the last of it.
///
/// # Errors
/// [`Abort`] when the connection ends without an answer; its handle has been told how.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps each argument twice, and every request pays for it"
)]
pub fn answer<A, F, R>(
    decision: Option<Decision>,
    exchange: Exchange<'_>,
    account: A,
    next: F,
) -> impl Future<Output = Result<Response<Body>, Abort>> + Send
where
    A: Account,
    F: FnOnce() -> R + Send,
    R: Future<Output = Result<Response<Body>, NoAnswer>> + Send,
{
    async move {
        match decision {
            None => match next().await {
                Ok(response) => Ok(pass(response, &exchange, account)),
                Err(failure) => without_answer(failure, &exchange, account),
            },
            // The exception, and the larger one.
            Some(decision) => Box::pin(answer_within(decision, exchange, account, next)).await,
        }
    }
}

async fn answer_within<A, F, R>(
    decision: Decision,
    exchange: Exchange<'_>,
    mut account: A,
    next: F,
) -> Result<Response<Body>, Abort>
where
    A: Account,
    F: FnOnce() -> R + Send,
    R: Future<Output = Result<Response<Body>, NoAnswer>> + Send,
{
    account.tally().fault = Some(decision.applied());
    let scene = Scene {
        clock: &exchange.clock,
        connection: &exchange.connection,
        asked: &exchange.asked,
        path: exchange.path,
        remaining: decision.window.remaining(decision.at),
    };
    let mut draws = decision.verdict.draws.clone();
    let before = decision.effect().before(&scene, &mut draws);
    let mut account = match intercept(before, &exchange, account).await {
        ControlFlow::Continue(account) => account,
        ControlFlow::Break(answered) => return answered,
    };
    match next().await {
        Ok(response) => Ok(treat(response, decision.effect(), &draws, &scene, &exchange, account)),
        Err(failure) => {
            account.tally().impossible("the upstream failed first");
            without_answer(failure, &exchange, account)
        }
    }
}

/// Does what an effect does before forwarding; goes on with the account if there is still forwarding to do.
async fn intercept<A: Account>(
    before: Before,
    exchange: &Exchange<'_>,
    mut account: A,
) -> ControlFlow<Result<Response<Body>, Abort>, A> {
    let tally = account.tally();
    match before {
        Before::Forward => {}
        Before::Impossible(reason) => tally.impossible(reason),
        Before::ForwardAfter(delay) => {
            tally.applied();
            tally.parameter("delay", format_duration(delay));
            exchange.clock.sleep(delay).await;
        }
        Before::Reset => return ControlFlow::Break(Err(reset(exchange, account))),
        Before::Silence(length) => {
            return ControlFlow::Break(Err(stay_silent(length, exchange, account).await));
        }
        Before::Answer { response, bogus } => {
            tally.applied();
            tally.bogus = bogus;
            tally.end(AttemptOutcome::Error, ClosedBy::Fault);
            return ControlFlow::Break(Ok(pass(response, exchange, account)));
        }
    }
    ControlFlow::Continue(account)
}

/// Resets the connection, as a rule about connections decided, before the request is read.
pub fn refuse_connection<A: Account>(decision: &Decision, connection: &ConnectionHandle, mut account: A) {
    let tally = account.tally();
    tally.fault = Some(decision.applied());
    tally.applied();
    tally.end(AttemptOutcome::Reset, ClosedBy::Fault);
    connection.reset();
}

impl Decision {
    /// The decision for the record.
    #[must_use]
    pub fn applied(&self) -> AppliedFault {
        let effect = self.effect();
        let mut parameters: std::collections::BTreeMap<Name, Name> =
            effect.parameters().into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        if let Some(arrival) = self.arrival {
            parameters.insert("arrival".into(), arrival.to_string().into());
        }
        AppliedFault {
            rule: Name::clone(&self.rule.name),
            window: self.window.index,
            draw: self.verdict.draw,
            effect: effect.name().into(),
            parameters,
        }
    }
}

// === instead of an answer ===

fn reset(exchange: &Exchange<'_>, mut account: impl Account) -> Abort {
    let tally = account.tally();
    tally.applied();
    tally.end(AttemptOutcome::Reset, ClosedBy::Fault);
    exchange.connection.reset();
    Abort
}

async fn stay_silent(length: Option<Duration>, exchange: &Exchange<'_>, mut account: impl Account) -> Abort {
    account.tally().applied();
    account.tally().stalled = true;
    match length {
        Some(length) => exchange.clock.sleep(length).await,
        None => std::future::pending().await,
    }
    account.tally().end(AttemptOutcome::Stall, ClosedBy::Fault);
    exchange.connection.finish();
    Abort
}

fn without_answer(
    failure: NoAnswer,
    exchange: &Exchange<'_>,
    mut account: impl Account,
) -> Result<Response<Body>, Abort> {
    account.tally().end(AttemptOutcome::UpstreamFailed, ClosedBy::Upstream);
    match failure {
        NoAnswer::Reset => exchange.connection.reset(),
        NoAnswer::Closed => exchange.connection.finish(),
        NoAnswer::Instead(response) => return Ok(pass(response, exchange, account)),
    }
    Err(Abort)
}

// === the answer ===

/// Passes an answer on as it is, counted.
fn pass<A: Account>(response: Response<Body>, exchange: &Exchange<'_>, mut account: A) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    note_head(account.tally(), &mut head);
    let format = stream_format(&head, &exchange.asked);
    let treatment = Treatment {
        splitter: format.map(Splitter::new),
        shape: exchange.asked.dialect.shape,
        surgeon: None,
        length: content_length(&head.headers),
    };
    let answer = Answer::new(body, treatment, account, exchange.clock, exchange.connection.clone());
    Response::from_parts(head, Body::stream(answer))
}

/// Passes an answer on with an effect upon it.
fn treat<A: Account>(
    response: Response<Body>,
    effect: &Effect,
    draws: &Draws,
    scene: &Scene<'_>,
    exchange: &Exchange<'_>,
    mut account: A,
) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let facts = AnswerFacts {
        format: stream_format(&head, &exchange.asked),
        shape: exchange.asked.dialect.shape,
        length: if body.is_end_stream() { Some(0) } else { content_length(&head.headers) },
        request_id: named_request(&head.headers),
    };
    let tally = account.tally();
    note_head(tally, &mut head);
    if effect.on_head(&mut head, &facts, scene) {
        tally.applied();
    }
    let surgeon = match effect.on_body(&facts, scene, draws) {
        Treat::Leave => None,
        Treat::Impossible(reason) => {
            tally.impossible(reason);
            None
        }
        Treat::Operate(surgeon, length) => {
            mend_length(&mut head.headers, if facts.is_stream() { Length::Drop } else { length });
            Some(surgeon)
        }
    };
    let treatment = Treatment {
        splitter: facts.format.map(Splitter::new),
        shape: facts.shape,
        surgeon,
        length: content_length(&head.headers),
    };
    let answer = Answer::new(body, treatment, account, exchange.clock, exchange.connection.clone());
    Response::from_parts(head, Body::stream(answer))
}

/// Notes what the head says for the record.
fn note_head(tally: &mut Tally, head: &mut Parts) {
    tally.status = Some(head.status.as_u16());
    tally.request_id = named_request(&head.headers);
    let planned = head.headers.remove(TOKENS_PLANNED);
    tally.tokens_planned = planned.and_then(|value| value.to_str().ok()?.parse().ok());
}

/// What the provider calls the request.
fn named_request(headers: &HeaderMap) -> Option<Name> {
    REQUEST_IDS.iter().find_map(|name| headers.get(name))?.to_str().ok().map(Name::from)
}

/// The format of a streamed answer; none for plain ones, errors among them.
fn stream_format(head: &Parts, asked: &Asked<'_>) -> Option<Format> {
    if !head.status.is_success() {
        return None;
    }
    let content_type = head.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_array = asked.streamed && asked.dialect.shape == Shape::GeminiArray;
    Format::of_content_type(content_type).filter(|format| *format != Format::JsonArray || is_array)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn mend_length(headers: &mut HeaderMap, length: Length) {
    match length {
        Length::Keep => {}
        Length::Drop => drop(headers.remove(CONTENT_LENGTH)),
        Length::Set(length) => drop(headers.insert(CONTENT_LENGTH, HeaderValue::from(length))),
    }
}

/// The provider's own answer to a body that is too large to be read.
pub fn too_large<A: Account>(exchange: &Exchange<'_>, account: A) -> Response<Body> {
    let family = exchange.asked.dialect.family;
    let status = if family == Family::Anthropic { 413 } else { 400 };
    let error = ProviderError::of_status(family, status).unwrap_or(ProviderError::FrontEnd(413));
    let mut draws = Draws::from_hash(exchange.clock.now().as_micros());
    let request_id = request_id(family, &mut draws);
    let mention = Mention {
        model: &exchange.asked.model,
        path: exchange.path,
        request_id: &request_id,
        ..Mention::default()
    };
    let response = respond(error.response(&mention), family, &exchange.clock, &request_id);
    pass(response, exchange, account)
}
