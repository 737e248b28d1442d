//! The `Authorization` header of a signed request, taken apart.

use super::ALGORITHM;
use super::auth_error::{AuthError, MissingPart};
use super::canonical::Head;
use super::header;
use super::timestamp::Timestamp;

/// What a signed request says of itself.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) access_key: &'a str,
    /// The scope's four parts.
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) terminator: &'a str,
    /// Joined by `;`, as sent.
    pub(super) signed_headers: &'a str,
    pub(super) signature: &'a str,
    pub(super) moment: Timestamp,
}

impl<'a> Claim<'a> {
    pub(super) fn of_head(head: &Head<'a>, authorization: &'a str) -> Result<Self, AuthError> {
        let parameters = authorization.strip_prefix(ALGORITHM).unwrap_or_default();
        let parameter = |name| parameter(parameters, name);
        let (credential, signature) = (parameter("Credential"), parameter("Signature"));
        let (signed_headers, date) = (parameter("SignedHeaders"), head.text(&header::DATE));
        let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (credential, signature, signed_headers, date)
        else {
            return Err(missing([
                (MissingPart::Credential, credential.is_none()),
                (MissingPart::Signature, signature.is_none()),
                (MissingPart::SignedHeaders, signed_headers.is_none()),
                (MissingPart::Date, date.is_none()),
            ]));
        };
        let moment = Timestamp::parse(date).ok_or_else(|| AuthError::MalformedDate(date.to_owned()))?;
        let malformed = || AuthError::MalformedCredential(credential.to_owned());
        // An access key may hold slashes, so the scope is taken from the end.
        let mut parts = credential.rsplitn(5, '/');
        let mut part = || parts.next().ok_or_else(malformed);
        let (terminator, service, region, date, access_key) = (part()?, part()?, part()?, part()?, part()?);
        Ok(Self { access_key, date, region, service, terminator, signed_headers, signature, moment })
    }

    /// The access key that an `Authorization` names, if it names one.
    pub(super) fn access_key_of(authorization: &'a str) -> Option<&'a str> {
        parameter(authorization.strip_prefix(ALGORITHM)?, "Credential")?.split('/').next()
    }

    /// Whether the signature covers that header.
    pub(super) fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters
        .split(',')
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

fn missing(parts: [(MissingPart, bool); 4]) -> AuthError {
    AuthError::Incomplete(parts.into_iter().filter_map(|(part, missing)| missing.then_some(part)).collect())
}
