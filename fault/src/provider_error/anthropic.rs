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

fn particulars<'a>(case: Case, mention: &Mention<'a>) -> Particulars<'a> {
    let usual = case.usual();
    Particulars {
        model: if mention.model.is_empty() { usual.model } else { mention.model },
        request_id: mention.request_id,
        now_unix_s: mention.now_unix_s,
        wait: mention.wait.unwrap_or(usual.wait),
        ..usual
    }
}

pub(super) fn response(case: Case, mention: &Mention<'_>) -> ErrorResponse {
    case.respond(&particulars(case, mention))
}

/// Appends the `error` event of a stream.
pub(super) fn write_event(case: Case, mention: &Mention<'_>, out: &mut BytesMut) {
    EventWriter::Sse.error(&case.error(&particulars(case, mention)), out);
}

/// The same for the words of another provider that serves this dialect.
pub(super) fn write_foreign_event(kind: &str, message: &str, mention: &Mention<'_>, out: &mut BytesMut) {
    let request_id = (!mention.request_id.is_empty()).then(|| mention.request_id.into());
    EventWriter::Sse.error(&ErrorBody { request_id, ..ErrorBody::new(kind, message) }, out);
}
