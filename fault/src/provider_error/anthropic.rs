//! Anthropic's errors: which is usual for a status, and what their words mention.

use bytes::BytesMut;
use wire::anthropic::error::{Case, ErrorBody, Particulars};
use wire::anthropic::stream::EventWriter;
use wire::error_response::ErrorResponse;

use super::{Mention, normal};

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "invalid-request"),
    (401, "authentication"),
    (402, "billing"),
    (403, "permission"),
    (404, "not-found"),
    (408, "request-timeout"),
    (409, "conflict"),
    (413, "request-too-large"),
    (429, "requests-rate-limit"),
    (500, "api"),
    (504, "timeout"),
    (529, "overloaded"),
];

/// The error of that name, or the usual one of that type: `rate_limit_error`.
pub(super) fn find(name: &str) -> Option<Case> {
    Case::from_name(name).or_else(|| Case::ALL.into_iter().find(|case| normal(case.family()) == name))
}

fn particulars<'a>(mention: &Mention<'a>) -> Particulars<'a> {
    let usual = Particulars::default();
    let model = if mention.model.is_empty() { usual.model } else { mention.model };
    Particulars { model, wait: mention.wait.unwrap_or(usual.wait), ..usual }
}

pub(super) fn response(case: Case, mention: &Mention<'_>) -> ErrorResponse {
    case.respond(&particulars(mention))
}

/// Appends the `error` event of a stream.
pub(super) fn write_event(case: Case, mention: &Mention<'_>, out: &mut BytesMut) {
    EventWriter::Sse.error(&case.error(&particulars(mention)), out);
}

/// The same for the words of another provider that serves this dialect.
pub(super) fn write_foreign_event(kind: &str, message: &str, out: &mut BytesMut) {
    EventWriter::Sse.error(&ErrorBody::new(kind, message), out);
}
