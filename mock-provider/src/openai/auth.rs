//! Who may enter: who shows a key, one of those that the mock was told if it was told any.

use http::header::AUTHORIZATION;
use wire::openai::error::{Case, Particulars};
use wire::openai::path::Host;

use super::failure::Failure;
use crate::call::{Call, Engine};
use crate::file::AuthMode;

/// Lets a caller in. Any key will do, unless the mock was told which there are.
pub(super) fn admit(engine: &Engine, call: &Call<'_>, host: &Host<'_>) -> Result<(), Failure> {
    if engine.plan.auth == AuthMode::Off {
        return Ok(());
    }
    let key = if host.is_azure() { call.header("api-key").or_else(|| bearer(call)) } else { bearer(call) };
    let is_strict = engine.plan.auth == AuthMode::Strict;
    let known = &engine.plan.api_keys;
    match key {
        None => Err(Failure::case(Case::MissingApiKey, &Particulars::default())),
        Some(key) if is_strict && !known.is_empty() && !known.iter().any(|known| known == key) => {
            let api_key = &masked(key);
            Err(Failure::case(Case::InvalidApiKey, &Particulars { api_key, ..Particulars::default() }))
        }
        Some(_) => Ok(()),
    }
}

fn bearer<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (scheme, key) = call.header(AUTHORIZATION)?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

/// A key as errors show it: short ones whole, of longer ones the ends.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    if letters.len() <= 16 {
        return key.to_owned();
    }
    let (begin, end) = (&letters[..8], &letters[letters.len() - 4..]);
    let stars = "*".repeat(letters.len() - 12);
    format!("{}{stars}{}", begin.iter().collect::<String>(), end.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_key_is_not_shown_whole() {
        assert_eq!(super::masked("sk-invalid"), "sk-invalid");
        assert_eq!(super::masked("sk-invalid-0123456789"), "sk-inval*********6789");
    }
}
