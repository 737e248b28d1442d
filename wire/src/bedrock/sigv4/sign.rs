//! Signs requests.

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, request};
use thiserror::Error;

use super::canonical::{Head, PayloadHash, headers_to_sign, signature};
use super::key::{KeyRing, SigningKey};
use super::timestamp::Timestamp;
use super::{ALGORITHM, header};

/// Why a request cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// The host is always signed: set the `host` header or an absolute URI.
    #[error("a request without a host cannot be signed")]
    NoHost,
    /// The key belongs to another day.
    #[error("the signing key is not of the day of the request")]
    WrongDay,
    /// Access key or session token hold characters that no header can.
    #[error("the credentials do not fit into a header")]
    Credentials,
}

/// Adds `x-amz-date`, `authorization` and, with a session token, `x-amz-security-token`. What is signed: these,
/// `host`, `content-type`, `accept`, and all `x-amz-*` and `x-amzn-bedrock-*` headers present.
///
/// # Errors
/// When there is no host, the key is of another day, or the credentials do not fit into a header. The request is
/// then without `authorization`.
pub fn sign(
    request: &mut request::Parts,
    payload: &PayloadHash,
    access_key: &str,
    session_token: Option<&str>,
    key: &SigningKey,
    unix_seconds: u64,
) -> Result<(), SignError> {
    let moment = Timestamp::from_unix(unix_seconds);
    if !key.covers(moment) {
        return Err(SignError::WrongDay);
    }
    if !request.headers.contains_key(HOST) && request.uri.authority().is_none() {
        return Err(SignError::NoHost);
    }
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| SignError::Credentials);
    request.headers.remove(AUTHORIZATION);
    if let Some(token) = session_token {
        request.headers.insert(header::SECURITY_TOKEN, value(token)?);
    }
    request.headers.insert(header::DATE, value(moment.as_str())?);
    let names = headers_to_sign(&request.headers);
    let signature = signature(&Head::of_parts(request), &names, payload, moment, key);
    let scope = key.scope();
    let authorization =
        format!("{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}");
    request.headers.insert(AUTHORIZATION, value(&authorization)?);
    Ok(())
}

/// One caller's credentials, with the keys derived from them.
#[derive(Debug)]
pub struct Signer {
    access_key: String,
    secret: Secret,
    session_token: Option<Secret>,
    region: String,
    keys: KeyRing,
}

struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

impl Signer {
    /// A signer for one region.
    pub fn new(access_key: impl Into<String>, secret: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            access_key: access_key.into(),
            secret: Secret(secret.into()),
            session_token: None,
            region: region.into(),
            keys: KeyRing::default(),
        }
    }

    /// With the token of temporary credentials.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(Secret(token.into()));
        self
    }

    /// Signs a request at a moment, as [`sign`] does.
    ///
    /// # Errors
    /// As [`sign`], except that the key is always of the right day.
    pub fn sign(
        &self,
        request: &mut request::Parts,
        body: &[u8],
        unix_seconds: u64,
    ) -> Result<(), SignError> {
        let moment = Timestamp::from_unix(unix_seconds);
        let key = self.keys.key(&self.access_key, &self.secret.0, &self.region, moment);
        let token = self.session_token.as_ref().map(|token| token.0.as_str());
        sign(request, &PayloadHash::of(body), &self.access_key, token, &key, unix_seconds)
    }
}
