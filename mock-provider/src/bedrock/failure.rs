//! Why a request gets no answer, in Bedrock's words.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use wire::bedrock::error::{Error, ErrorKind, Throttle};
use wire::bedrock::headers::{self, JSON};
use wire::bedrock::sigv4::AuthError;
use world::http::Body;

use super::reply;
use crate::call::{Call, Engine};

/// How long the front end takes to refuse. Our assumption; nothing that is retried is free.
pub(super) const DELAY: Duration = Duration::from_millis(10);

/// A request that is refused.
#[derive(Debug)]
pub(super) enum Failure {
    Service(Box<Error>),
    Auth(AuthError),
}

impl Failure {
    /// A `ValidationException` with this text.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Validation, message).into()
    }

    /// The whole answer. The code travels in the header alone.
    pub(super) fn respond(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let (status, error_type, body) = match self {
            Self::Service(error) => {
                let error_type = error.kind().map_or("", ErrorKind::error_type);
                (error.status, HeaderValue::from_static(error_type), error.body())
            }
            Self::Auth(error) => (error.status(), header_value(&error.error_type()), error.body()),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = reply::base(engine, call, status, JSON, Body::full(body));
        let error_type_header: HeaderName = headers::ERROR_TYPE;
        response.headers_mut().insert(error_type_header, error_type);
        response
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Service(Box::new(error))
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<quota::bedrock::Refusal> for Failure {
    fn from(refusal: quota::bedrock::Refusal) -> Self {
        use quota::bedrock::Refusal;
        Error::throttled(match refusal {
            Refusal::Requests => Throttle::Requests,
            Refusal::Tokens => Throttle::Tokens,
            Refusal::TokensPerDay => Throttle::TokensPerDay,
        })
        .into()
    }
}
