//! Who may enter: anybody who shows anything, unless the mock was told whose keys count.

use http::header::AUTHORIZATION;
use wire::vertex::error::Case;
use wire::vertex::path::Query;

use super::failure::Failure;
use super::tokens::TOKEN_PREFIX;
use crate::call::{Call, Engine};
use crate::file::AuthMode;

/// A token of any form may be good: the mock issues some, other issuers sign their own. Only where the mock was
/// told which keys there are does it know the others for wrong, its own tokens apart.
pub(in crate::vertex) fn admit(engine: &Engine, call: &Call<'_>, query: &Query) -> Result<(), Failure> {
    let known = &engine.plan.api_keys;
    let is_open = known.is_empty() || engine.plan.auth != AuthMode::Strict;
    let is_known = |key: &str| is_open || known.iter().any(|known| known == key);
    match (token(call), key(call, query)) {
        _ if engine.plan.auth == AuthMode::Off => Ok(()),
        (Some(token), _) if is_known(token) || token.starts_with(TOKEN_PREFIX) => Ok(()),
        (Some(_), _) => Err(Failure::Case(Case::AccessTokenUnsupported)),
        (None, Some(key)) if is_known(key) => Ok(()),
        (None, Some(_)) => Err(Failure::Case(Case::ApiKeyInvalid)),
        (None, None) => Err(Failure::Case(Case::CredentialsMissing)),
    }
}

fn token<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (scheme, token) = call.header(AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn key<'c>(call: &'c Call<'_>, query: &'c Query) -> Option<&'c str> {
    call.header("x-goog-api-key").or(query.key.as_deref()).filter(|key| !key.is_empty())
}
