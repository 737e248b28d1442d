//! What is wrong with a request's credentials, and how the service says so.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;

use super::timestamp::Timestamp;
use super::{MAX_SKEW, SERVICE, TERMINATOR};
use crate::bedrock::error::ErrorKind;
use crate::error_response::ErrorResponse;
use crate::json;

/// Why a request is not let in; one variant per check, in the order of the checks. The display is the message that
/// the service sends.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthError {
    /// No `Authorization`.
    #[error("Missing Authentication Token")]
    MissingToken,
    /// A bearer key without a known prefix.
    #[error("Invalid API Key format: Must start with pre-defined prefix")]
    BearerFormat,
    /// A bearer key that nobody has.
    #[error("Authentication failed: Please make sure your API Key is valid.")]
    BearerUnknown,
    /// A bearer key of the past.
    #[error("Bearer Token has expired")]
    BearerExpired,
    /// Parts of the signature are missing.
    #[error("{}", sentences(.0))]
    Incomplete(Vec<MissingPart>),
    /// The date is no compact ISO 8601.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    MalformedDate(String),
    /// The credential has fewer than five parts.
    #[error(
        "Credential must have at least 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    MalformedCredential(String),
    /// Scoped to another service.
    #[error("Credential should be scoped to correct service: '{SERVICE}'. ")]
    WrongService,
    /// Scoped to another region.
    #[error("Credential should be scoped to a valid region. ")]
    WrongRegion,
    /// The scope ends in another word.
    #[error("Credential should be scoped with a valid terminator: '{TERMINATOR}'. ")]
    WrongTerminator,
    /// The scope is of another day than the request.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope_date}' != '{}', from '{moment}'. ",
        moment.date()
    )]
    WrongDate {
        /// As sent.
        scope_date: String,
        /// The date of the request.
        moment: Timestamp,
    },
    /// Dated more than five minutes ago.
    #[error("Signature expired: {moment} is now earlier than {} ({now} - 5 min.)", earliest(*now))]
    Expired {
        /// The date of the request.
        moment: Timestamp,
        /// The service's clock.
        now: Timestamp,
    },
    /// Dated more than five minutes ahead.
    #[error("Signature not yet current: {moment} is still later than {} ({now} + 5 min.)", latest(*now))]
    NotYetCurrent {
        /// The date of the request.
        moment: Timestamp,
        /// The service's clock.
        now: Timestamp,
    },
    /// An access key that nobody has, or a session token that is not its own.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// A session token of the past.
    #[error("The security token included in the request is expired")]
    TokenExpired,
    /// The signature leaves out the host.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// Another request, or another secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    SignatureMismatch,
}

/// A part that every signed request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingPart {
    /// In `Authorization`.
    Credential,
    /// In `Authorization`.
    Signature,
    /// In `Authorization`.
    SignedHeaders,
    /// A header.
    Date,
}

fn sentences(parts: &[MissingPart]) -> String {
    let sentence = |part: &MissingPart| match part {
        MissingPart::Credential => "Authorization header requires 'Credential' parameter.",
        MissingPart::Signature => "Authorization header requires 'Signature' parameter.",
        MissingPart::SignedHeaders => "Authorization header requires 'SignedHeaders' parameter.",
        MissingPart::Date => {
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        }
    };
    parts.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn earliest(now: Timestamp) -> Timestamp {
    Timestamp::from_unix(now.unix_seconds().saturating_sub(MAX_SKEW))
}

fn latest(now: Timestamp) -> Timestamp {
    Timestamp::from_unix(now.unix_seconds().saturating_add(MAX_SKEW))
}

/// Bearer failures spell the key with a capital.
#[derive(Serialize)]
enum Body<'a> {
    #[serde(rename = "message")]
    Signed(&'a str),
    #[serde(rename = "Message")]
    Bearer(&'a str),
}

impl AuthError {
    /// The code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingToken => ErrorKind::MissingAuthenticationToken,
            Self::BearerFormat | Self::BearerUnknown | Self::BearerExpired => ErrorKind::AccessDenied,
            Self::Incomplete(_) | Self::MalformedDate(_) | Self::MalformedCredential(_) => {
                ErrorKind::IncompleteSignature
            }
            Self::UnknownKey => ErrorKind::UnrecognizedClient,
            Self::TokenExpired => ErrorKind::ExpiredToken,
            Self::WrongService
            | Self::WrongRegion
            | Self::WrongTerminator
            | Self::WrongDate { .. }
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::HostNotSigned
            | Self::SignatureMismatch => ErrorKind::InvalidSignature,
        }
    }

    /// The status: 403.
    pub fn status(&self) -> u16 {
        self.kind().status()
    }

    /// The value of `x-amzn-ErrorType`. Bearer failures carry the code a second time, as a fragment.
    pub fn error_type(&self) -> Cow<'static, str> {
        if self.is_bearer() {
            let name = ErrorKind::AccessDenied.name();
            let origin = "http://internal.amazon.com/coral/com.amazon.coral.service/";
            return format!("{name}:{origin}#{name}").into();
        }
        self.kind().error_type().into()
    }

    /// The body.
    pub fn body(&self) -> Bytes {
        let message = self.to_string();
        json::to_bytes(&if self.is_bearer() { Body::Bearer(&message) } else { Body::Signed(&message) })
    }

    /// The whole answer.
    pub fn response(&self) -> ErrorResponse {
        ErrorResponse {
            status: self.status(),
            content_type: "application/json",
            headers: vec![("x-amzn-errortype", self.error_type().into_owned())],
            body: self.body(),
        }
    }

    fn is_bearer(&self) -> bool {
        matches!(self, Self::BearerFormat | Self::BearerUnknown | Self::BearerExpired)
    }
}
