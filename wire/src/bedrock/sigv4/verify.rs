//! Checks a request's credentials as the service does.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, HOST};

use super::auth_error::AuthError;
use super::authorization::Claim;
use super::canonical::{AUTHORITY, Head, PayloadHash, signature};
use super::key::KeyRing;
use super::timestamp::Timestamp;
use super::{MAX_SKEW, MOCK_ACCESS_KEY, MOCK_API_KEY, MOCK_SECRET_KEY, SERVICE, TERMINATOR, header};

/// Who may call.
#[derive(Clone)]
pub struct Credentials {
    /// By access key id.
    pub access_keys: BTreeMap<String, AccessKey>,
    /// By the whole bearer key.
    pub api_keys: BTreeMap<String, ApiKey>,
}

impl std::fmt::Debug for Credentials {
    /// Without secrets, which bearer keys are.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (access_keys, api_keys) = (self.access_keys.keys(), self.api_keys.len());
        write!(out, "Credentials {{ access_keys: {access_keys:?}, api_keys: {api_keys} }}")
    }
}

/// What belongs to an access key id.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The secret.
    pub secret: String,
    /// Of temporary credentials: the token that must come along.
    pub session_token: Option<String>,
    /// Whether that token has expired.
    pub expired: bool,
}

impl std::fmt::Debug for AccessKey {
    /// Without secret and token.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessKey {{ temporary: {}, expired: {} }}", self.session_token.is_some(), self.expired)
    }
}

/// Whether a bearer key is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiKey {
    /// Whether it was good once.
    pub expired: bool,
}

impl Default for Credentials {
    /// The mock's own.
    fn default() -> Self {
        let key = AccessKey { secret: MOCK_SECRET_KEY.to_owned(), session_token: None, expired: false };
        Self {
            access_keys: BTreeMap::from([(MOCK_ACCESS_KEY.to_owned(), key)]),
            api_keys: BTreeMap::from([(MOCK_API_KEY.to_owned(), ApiKey::default())]),
        }
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// Nobody asked.
    Anonymous,
    /// The owner of this access key id.
    AccessKey(&'a str),
    /// The owner of this bearer key.
    ApiKey(&'a str),
}

/// The bearer key in an `Authorization`, if it is of that scheme.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Checks everything: the form, the scope, the date (±5 minutes of `now`, in Unix seconds), the key, the signature.
/// With a region, the scope must name it.
///
/// # Errors
/// The first check that fails.
pub fn verify<'a>(
    head: &Head<'a>,
    payload: &PayloadHash,
    credentials: &Credentials,
    region: Option<&str>,
    keys: &KeyRing,
    now: u64,
) -> Result<Identity<'a>, AuthError> {
    let authorization = head.text(&AUTHORIZATION).ok_or(AuthError::MissingToken)?;
    if let Some(key) = bearer(authorization) {
        return check_bearer(key, credentials);
    }
    let claim = Claim::of_head(head, authorization)?;
    check_scope(&claim, region)?;
    check_date(claim.moment, Timestamp::from_unix(now))?;
    let key = known_key(head, &claim, credentials)?;
    if !claim.signs(HOST.as_str()) && !claim.signs(AUTHORITY) {
        return Err(AuthError::HostNotSigned);
    }
    let key = keys.key(claim.access_key, &key.secret, claim.region, claim.moment);
    if signature(head, claim.signed_headers, payload, claim.moment, &key) == claim.signature {
        Ok(Identity::AccessKey(claim.access_key))
    } else {
        Err(AuthError::SignatureMismatch)
    }
}

fn check_bearer<'a>(key: &'a str, credentials: &Credentials) -> Result<Identity<'a>, AuthError> {
    if !["bedrock-api-key-", "ABSK"].iter().any(|prefix| key.starts_with(prefix)) {
        return Err(AuthError::BearerFormat);
    }
    match credentials.api_keys.get(key) {
        None => Err(AuthError::BearerUnknown),
        Some(ApiKey { expired: true }) => Err(AuthError::BearerExpired),
        Some(ApiKey { expired: false }) => Ok(Identity::ApiKey(key)),
    }
}

fn check_scope(claim: &Claim<'_>, region: Option<&str>) -> Result<(), AuthError> {
    if claim.service != SERVICE {
        return Err(AuthError::WrongService);
    }
    if claim.region.is_empty() || region.is_some_and(|region| region != claim.region) {
        return Err(AuthError::WrongRegion);
    }
    if claim.terminator != TERMINATOR {
        return Err(AuthError::WrongTerminator);
    }
    if claim.date != claim.moment.date() {
        return Err(AuthError::WrongDate { scope_date: claim.date.to_owned(), moment: claim.moment });
    }
    Ok(())
}

pub(super) fn check_date(moment: Timestamp, now: Timestamp) -> Result<(), AuthError> {
    if moment.unix_seconds().saturating_add(MAX_SKEW) < now.unix_seconds() {
        return Err(AuthError::Expired { moment, now });
    }
    if moment.unix_seconds() > now.unix_seconds().saturating_add(MAX_SKEW) {
        return Err(AuthError::NotYetCurrent { moment, now });
    }
    Ok(())
}

fn known_key<'t>(
    head: &Head<'_>,
    claim: &Claim<'_>,
    credentials: &'t Credentials,
) -> Result<&'t AccessKey, AuthError> {
    let key = credentials.access_keys.get(claim.access_key).ok_or(AuthError::UnknownKey)?;
    if key.session_token.as_deref() != head.text(&header::SECURITY_TOKEN) {
        return Err(AuthError::UnknownKey);
    }
    if key.expired { Err(AuthError::TokenExpired) } else { Ok(key) }
}
