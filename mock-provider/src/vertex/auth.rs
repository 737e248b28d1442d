//! Who may enter: anybody who shows anything.

use http::header::AUTHORIZATION;
use wire::vertex::error::Case;
use wire::vertex::path::Query;

use super::failure::Failure;
use crate::call::{Call, Engine};
use crate::file::AuthMode;

/// Tokens are issued by the mock or by nobody, and a self-signed one has any form: none can be told from a
/// forgery, so presence is all that is checked.
pub(super) fn admit(engine: &Engine, call: &Call<'_>, query: &Query) -> Result<(), Failure> {
    if engine.plan.auth == AuthMode::Off || has_token(call) || has_key(call, query) {
        return Ok(());
    }
    Err(Failure::Case(Case::CredentialsMissing))
}

fn has_token(call: &Call<'_>) -> bool {
    let scheme_and_token = call.header(AUTHORIZATION).and_then(|value| value.split_once(' '));
    scheme_and_token
        .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
}

fn has_key(call: &Call<'_>, query: &Query) -> bool {
    let in_header = call.header("x-goog-api-key").is_some_and(|key| !key.is_empty());
    in_header || query.key.as_ref().is_some_and(|key| !key.is_empty())
}
