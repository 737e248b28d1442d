//! What a service account states to get a token: a JWT, of which nobody but Google can check the signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::TokenError;

/// The longest life of a statement, in seconds.
const LIFE_MAX: u64 = 3_600;
/// How far the caller's clock may be off, in seconds.
const SKEW: u64 = 300;

/// What is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The account.
    #[serde(default)]
    pub iss: String,
    /// The token endpoint.
    #[serde(default)]
    pub aud: String,
    /// When it was stated, in seconds since 1970.
    #[serde(default)]
    pub iat: u64,
    /// Until when it holds.
    #[serde(default)]
    pub exp: u64,
    /// What the token shall be able to do.
    #[serde(default)]
    pub scope: Option<String>,
    /// For whom an identity is wanted in place of a token.
    #[serde(default)]
    pub target_audience: Option<String>,
}

impl Claims {
    /// Reads a JWT; the signature must be there and is not looked at.
    ///
    /// # Errors
    /// When it is no JWT, or states what Google does not accept at `now`, in seconds since 1970.
    pub fn read(assertion: &str, now: u64) -> Result<Self, TokenError<'static>> {
        let claims = Self::decode(assertion).ok_or_else(TokenError::invalid_signature)?;
        if claims.iss.is_empty() {
            return Err(TokenError::new("invalid_grant", "Invalid grant: account not found"));
        }
        let is_short = claims.exp.checked_sub(claims.iat).is_some_and(|life| life <= LIFE_MAX);
        if !is_short || claims.iat > now + SKEW || claims.exp + SKEW < now {
            return Err(TokenError::new(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check \
                 your iat and exp values in the JWT claim.",
            ));
        }
        if claims.scope.as_deref().unwrap_or_default().is_empty() && claims.target_audience.is_none() {
            return Err(TokenError::new("invalid_scope", "Empty or missing scope not allowed."));
        }
        Ok(claims)
    }

    fn decode(assertion: &str) -> Option<Self> {
        let mut segments = assertion.split('.');
        let [head, claims, signature] = [segments.next()?, segments.next()?, segments.next()?];
        if head.is_empty() || signature.is_empty() || segments.next().is_some() {
            return None;
        }
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&claims).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn read(claims: &str) -> Result<Claims, String> {
        let assertion = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        Claims::read(&assertion, NOW).map_err(|error| error.error.to_string())
    }

    #[test]
    fn a_statement_holds_for_an_hour_and_says_what_for() {
        let claims = |more: &str, iat: u64, exp: u64| {
            format!(r#"{{"iss":"a@p.iam","aud":"http://mock/token","iat":{iat},"exp":{exp}{more}}}"#)
        };
        let scope = r#","scope":"https://www.googleapis.com/auth/cloud-platform""#;
        assert!(read(&claims(scope, NOW, NOW + 3_600)).is_ok());
        assert!(read(&claims(r#","target_audience":"x""#, NOW - 200, NOW + 3_000)).is_ok());
        for (claims, error) in [
            (claims("", NOW, NOW + 3_600), "invalid_scope"),
            (claims(scope, NOW, NOW + 3_601), "invalid_grant"),
            (claims(scope, NOW - 9_000, NOW - 8_000), "invalid_grant"),
            (claims(scope, NOW + 9_000, NOW + 9_001), "invalid_grant"),
            (claims(scope, NOW, NOW - 1), "invalid_grant"),
            ("{}".to_owned(), "invalid_grant"),
            ("[]".to_owned(), "invalid_grant"),
        ] {
            assert_eq!(read(&claims), Err(error.to_owned()), "{claims}");
        }
    }

    #[test]
    fn what_is_no_jwt_has_no_good_signature() {
        for assertion in ["", "a", "a.b", "a.b.c", "e30.e30.c2ln.x", "e30.e30.", ".e30.c2ln"] {
            let error = Claims::read(assertion, NOW).expect_err(assertion);
            assert_eq!(error.error.as_str(), "invalid_grant", "{assertion}");
        }
    }
}
