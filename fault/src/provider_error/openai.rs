//! OpenAI's errors: which is usual for a status, and what their words mention.

use wire::error_response::ErrorResponse;
use wire::openai::error::{Case, Particulars};

use super::Mention;

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "invalid-value"),
    (401, "invalid-api-key"),
    (403, "unsupported-country"),
    (404, "model-not-found"),
    (429, "requests-rate-limit"),
    (500, "server-error"),
    (502, "bad-gateway"),
    (503, "overloaded"),
    (504, "gateway-timeout"),
    (520, "edge-unknown-error"),
];

pub(super) fn particulars<'a>(mention: &Mention<'a>) -> Particulars<'a> {
    let usual = Particulars::default();
    Particulars {
        model: if mention.model.is_empty() { usual.model } else { mention.model },
        path: if mention.path.is_empty() { usual.path } else { mention.path },
        wait: mention.wait.unwrap_or(usual.wait),
        ..usual
    }
}

pub(super) fn response(case: Case, mention: &Mention<'_>) -> ErrorResponse {
    case.respond(&particulars(mention))
}
