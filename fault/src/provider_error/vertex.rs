//! Vertex AI's errors: which is usual for a status, and what their words mention.

use wire::error_response::ErrorResponse;
use wire::vertex::error::{Case, Particulars, Wrapping};

use super::Mention;

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "invalid-argument"),
    (401, "access-token-unsupported"),
    (403, "permission-denied"),
    (404, "model-not-found"),
    (429, "resource-exhausted"),
    (499, "cancelled"),
    (500, "internal"),
    (502, "bad-gateway"),
    (503, "unavailable"),
    (504, "deadline-exceeded"),
];

pub(super) fn particulars<'a>(mention: &Mention<'a>) -> Particulars<'a> {
    let usual = Particulars::default();
    let model = if mention.model.is_empty() { usual.base_model } else { mention.model };
    Particulars { base_model: model, ..usual }
}

pub(super) fn response(case: Case, mention: &Mention<'_>) -> ErrorResponse {
    case.respond(&particulars(mention), Wrapping::when(mention.wrapped))
}
