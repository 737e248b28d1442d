//! Anthropic's errors by name: type, status and usual words.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use wire::error_response::ErrorResponse;

use super::{Mention, normal};

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "invalid-request"),
    (401, "authentication"),
    (402, "billing"),
    (403, "permission"),
    (404, "not-found"),
    (409, "conflict"),
    (413, "request-too-large"),
    (429, "rate-limit"),
    (500, "api"),
    (504, "timeout"),
    (529, "overloaded"),
];

/// An error of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named(&'static Entry);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    kind: &'static str,
    status: u16,
    message: &'static str,
}

const fn entry(kind: &'static str, status: u16, message: &'static str) -> Entry {
    Entry { kind, status, message }
}

static ERRORS: [Entry; 11] = [
    entry("invalid_request_error", 400, "max_tokens: Field required"),
    entry("authentication_error", 401, "invalid x-api-key"),
    entry("billing_error", 402, "Your credit balance is too low to access the Anthropic API."),
    entry("permission_error", 403, "Your API key does not have permission to use the specified resource."),
    entry("not_found_error", 404, "Not found"),
    entry("conflict_error", 409, "Conflict"),
    entry("request_too_large", 413, "Request exceeds the maximum size"),
    entry(
        "rate_limit_error",
        429,
        "This request would exceed your organization's rate limit of 50 requests per minute.",
    ),
    entry("api_error", 500, "Internal server error"),
    entry("timeout_error", 504, "Request timed out"),
    entry("overloaded_error", 529, "Overloaded"),
];

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    r#type: &'a str,
    message: &'a str,
}

impl Named {
    pub(super) fn find(name: &str) -> Option<Self> {
        ERRORS.iter().find(|entry| normal(entry.kind) == name).map(Self)
    }

    pub(super) fn names() -> Vec<String> {
        ERRORS.iter().map(|entry| normal(entry.kind)).collect()
    }

    pub(super) fn status(self) -> u16 {
        self.0.status
    }

    /// The answer. A rate limit says how long it lasts; no other error does.
    pub(super) fn response(self, mention: &Mention<'_>) -> ErrorResponse {
        let seconds = mention.wait.map_or(1, |wait| wait.as_millis().div_ceil(1000));
        let headers =
            if self.0.status == 429 { vec![("retry-after", seconds.to_string())] } else { Vec::new() };
        let mut body = BytesMut::new();
        write_body(self.0.kind, self.0.message, &mut body);
        ErrorResponse {
            status: self.0.status,
            content_type: "application/json",
            headers,
            body: body.freeze(),
        }
    }

    pub(super) fn write_event(self, out: &mut BytesMut) {
        write_event(self.0.kind, self.0.message, out);
    }
}

/// Appends the `error` event of a stream.
pub(super) fn write_event(kind: &str, message: &str, out: &mut BytesMut) {
    out.put_slice(b"event: error\ndata: ");
    write_body(kind, message, out);
    out.put_slice(b"\n\n");
}

fn write_body(kind: &str, message: &str, out: &mut BytesMut) {
    wire::json::write(&Body { r#type: "error", error: Detail { r#type: kind, message } }, out);
}
