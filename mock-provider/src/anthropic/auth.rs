//! Who may enter: a key, old form or new, and the version of the API that is meant.

use http::header::AUTHORIZATION;
use wire::anthropic::error::Case;

use super::failure::Failure;
use crate::call::{Call, Engine};
use crate::file::AuthMode;

/// The versions that there have been. Clients of old and new releases name the second and the last.
const VERSIONS: [&str; 3] = ["2023-01-01", "2023-06-01", "2026-10-21"];

/// Lets a caller in that shows a key and names a version.
pub(super) fn admit(engine: &Engine, call: &Call<'_>) -> Result<(), Failure> {
    if engine.plan.auth != AuthMode::Off {
        check_key(engine, call)?;
    }
    check_version(call)
}

/// The key stands in a header of its own or is a bearer token. A stranger cannot tell a good one from a
/// bad one, unless the plan says which there are.
fn check_key(engine: &Engine, call: &Call<'_>) -> Result<(), Failure> {
    let known = &engine.plan.api_keys;
    let is_known = |key: &str| {
        !key.is_empty()
            && (engine.plan.auth != AuthMode::Strict
                || known.is_empty()
                || known.iter().any(|one| one == key))
    };
    match (call.header("x-api-key"), bearer(call)) {
        (Some(key), _) if is_known(key) => Ok(()),
        (Some(_), _) => Err(Case::Authentication.into()),
        (None, Some(token)) if is_known(token) => Ok(()),
        (None, Some(_)) => Err(Case::InvalidBearerToken.into()),
        (None, None) => Err(Case::KeyMissing.into()),
    }
}

fn bearer<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (scheme, token) = call.header(AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn check_version(call: &Call<'_>) -> Result<(), Failure> {
    match call.header("anthropic-version") {
        Some(version) if VERSIONS.contains(&version) => Ok(()),
        Some(version) => {
            Err(Failure::invalid(format!("anthropic-version: \"{version}\" is not a valid version")))
        }
        None => Err(Failure::invalid("anthropic-version: header is required")),
    }
}
