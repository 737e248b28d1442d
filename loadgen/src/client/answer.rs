//! What is known of an answer, while it is read and once it has ended.

use std::time::Duration;

use evidence::Nonce;
use evidence::nonce::TokenScanner;
use evidence::record::{ClientOutcome, Name};
use http::{HeaderMap, HeaderName, response};
use wire::openai::error::ErrorDetail;
use world::Instant;

use super::stream::StreamState;
use crate::plan::{Class, Kind};

/// Says that a gateway answered with less than was asked for: a smaller model, a cached answer.
const DEGRADED: HeaderName = HeaderName::from_static("x-brownout-degraded");

/// The SDKs' name for a server's word on whether to try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Milliseconds, where the server says so finely.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// One try's answer, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// When the request was sent.
    pub sent: Instant,
    /// When the first generated token came, on a stream.
    pub first: Option<Instant>,
    /// When the answer ended or was given up.
    pub end: Instant,
    /// How it ended.
    pub outcome: ClientOutcome,
    /// The response's status.
    pub status: Option<u16>,
    /// Code or else type of a JSON error.
    pub error_type: Option<Name>,
    /// The pause that the server asked for.
    pub retry_after: Option<Duration>,
    /// The server's word on whether to try again.
    pub should_retry: Option<bool>,
    /// Token texts received.
    pub tokens: u32,
    /// The longest silence between two events of a stream, or between its last and its end.
    pub gap_max: Option<Duration>,
    /// Events of a stream.
    pub events: Option<u32>,
    /// Bytes of the body.
    pub bytes: u64,
    /// The provider that the gateway names.
    pub served_by: Option<Name>,
    /// The model that the body names.
    pub served_model: Option<Name>,
    /// The length of an embedding's vectors.
    pub dimension: Option<u32>,
}

impl Answer {
    /// Whether a client that follows the official SDK would try again: the server's word first, then
    /// transport failures and statuses that pass, and nothing once a stream has begun.
    #[must_use]
    pub fn is_retryable(&self, streamed: bool) -> bool {
        let begun = streamed && self.status.is_some();
        match self.outcome {
            ClientOutcome::Http if self.events.is_none() => {
                let passes = |status| matches!(status, 408 | 409 | 429) || status >= 500;
                self.should_retry.unwrap_or_else(|| self.status.is_some_and(passes))
            }
            ClientOutcome::Conn => true,
            ClientOutcome::Timeout | ClientOutcome::TruncSignalled => !begun,
            _ => false,
        }
    }
}

/// An answer while it is read. It outlives the reading, which a deadline may drop at any point.
pub(super) struct Reading {
    pub(super) kind: Kind,
    /// Vectors that were asked for.
    pub(super) inputs: u32,
    pub(super) answer: Answer,
    /// Checks the token texts of answers to prompts.
    pub(super) scanner: Option<TokenScanner>,
    pub(super) stream: Option<StreamState>,
    is_degraded: bool,
}

impl Reading {
    pub(super) fn new(class: &Class, nonce: Option<Nonce>, sent: Instant) -> Self {
        let answer = Answer {
            sent,
            first: None,
            end: sent,
            outcome: ClientOutcome::Conn,
            status: None,
            error_type: None,
            retry_after: None,
            should_retry: None,
            tokens: 0,
            gap_max: None,
            events: None,
            bytes: 0,
            served_by: None,
            served_model: None,
            dimension: None,
        };
        let scanner = nonce.filter(|_| class.kind == Kind::Chat).map(TokenScanner::new);
        Self { kind: class.kind, inputs: class.batch, answer, scanner, stream: None, is_degraded: false }
    }

    pub(super) fn head(&mut self, head: &response::Parts, served_by: &HeaderName, unix_us: u64) {
        let text = |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        self.answer.status = Some(head.status.as_u16());
        self.answer.served_by = text(served_by).map(Name::from);
        self.answer.should_retry = text(&SHOULD_RETRY).and_then(|value| value.parse().ok());
        self.answer.retry_after = retry_after(&head.headers, unix_us);
        self.is_degraded = text(&DEGRADED).is_some_and(|value| value != "false");
    }

    pub(super) fn end(&mut self, outcome: ClientOutcome) {
        self.answer.outcome = outcome;
    }

    /// Ends as a whole answer.
    pub(super) fn end_whole(&mut self) {
        self.end(if self.is_degraded { ClientOutcome::Degraded } else { ClientOutcome::Ok });
    }

    pub(super) fn end_with_error(&mut self, outcome: ClientOutcome, error: &ErrorDetail<'_>) {
        self.answer.error_type = error.kind().map(Name::from);
        self.end(outcome);
    }

    pub(super) fn served_model(&mut self, model: &str) {
        if self.answer.served_model.is_none() && !model.is_empty() {
            self.answer.served_model = Some(model.into());
        }
    }

    pub(super) fn generated(&mut self, text: &str) {
        if let Some(scanner) = &mut self.scanner {
            scanner.feed(text.as_bytes());
        }
    }

    /// The deadline passed. A stream that had its end, well or not, keeps it, whatever it still held open.
    pub(super) fn give_up(&mut self, outcome: ClientOutcome) {
        match &self.stream {
            Some(stream) if stream.is_whole() => self.end_whole(),
            Some(stream) if stream.has_ended() => {}
            _ => self.end(outcome),
        }
    }

    /// The judged answer. Wrong tokens are worse than any other end, so they decide.
    pub(super) fn finish(mut self, now: Instant) -> Answer {
        self.answer.end = now;
        if let Some(stream) = &self.stream {
            stream.describe(&mut self.answer);
        }
        if let Some(report) = self.scanner.map(TokenScanner::finish) {
            self.answer.tokens = report.tokens.saturating_add(report.foreign);
            if report.foreign > 0 {
                self.answer.outcome = ClientOutcome::Crosstalk;
            } else if !report.is_clean() {
                self.answer.outcome = ClientOutcome::Duplicate;
            }
        }
        self.answer
    }
}

/// The pause that a response asks for: in milliseconds, in seconds, or until a date.
fn retry_after(headers: &HeaderMap, unix_us: u64) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let positive = |number: f64| (0.0..=1e9).contains(&number).then_some(number);
    let millis = text(&RETRY_AFTER_MS).and_then(|text| text.trim().parse().ok()).and_then(positive);
    if let Some(millis) = millis {
        return Some(Duration::from_micros(libm::round(millis * 1e3) as u64));
    }
    let value = text(&http::header::RETRY_AFTER)?.trim();
    if let Some(seconds) = value.parse().ok().and_then(positive) {
        return Some(Duration::from_micros(libm::round(seconds * 1e6) as u64));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let until = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(until.saturating_sub(Duration::from_micros(unix_us)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(name: &'static str, value: &'static str, expected: Option<u64>) {
        let headers =
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
        let unix_us = 784_111_770 * 1_000_000;
        let millis = retry_after(&headers, unix_us).map(|pause| pause.as_millis());
        assert_eq!(millis, expected.map(u128::from), "{name}: {value}");
    }

    #[test]
    fn reads_every_form_of_retry_after() {
        check("retry-after", "7", Some(7_000));
        check("retry-after", "0.25", Some(250));
        check("retry-after-ms", "120", Some(120));
        check("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000));
        check("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
        check("retry-after", "soon", None);
        check("retry-after", "-1", None);
        check("retry-after", "NaN", None);
    }
}
