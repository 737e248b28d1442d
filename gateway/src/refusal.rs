//! What a client gets instead of an answer: why, in the OpenAI dialect's error object, and when to come
//! back.

use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode};
use wire::openai::error::ErrorDetail;
use world::Instant;
use world::http::{Body, CollectError};

use crate::admission::Shed;
use crate::attempt::Exhausted;
use crate::auth::Unauthorized;
use crate::failure::{Cause, Failure};
use crate::plan::ErrorStyle;
use crate::response::json;
use crate::router::Unroutable;

/// The longest wait that a client is told, in seconds.
const RETRY_AFTER_MAX: u64 = 60;

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is nothing there.
    NoRoute { method: Method, path: String },
    /// The gateway has too much to do.
    Shed(Shed),
    /// The caller is not known.
    Unauthorized(Unauthorized),
    /// The request is at fault.
    Invalid { message: String },
    /// The request is too large.
    TooLarge { limit: usize },
    /// The client broke off while it sent.
    Broken,
    /// Nobody has this model.
    UnknownModel { model: String },
    /// The model is for something else.
    WrongKind { model: String },
    /// No provider answered.
    Upstream { failure: Option<Failure>, wait: Duration },
}

/// How a refusal is said.
struct Said {
    status: StatusCode,
    family: &'static str,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    /// No target answered; `now` tells how long the client should stay away.
    pub(crate) fn exhausted(exhausted: Exhausted, now: Instant) -> Self {
        Self::Upstream { failure: exhausted.failure, wait: exhausted.available_at - now }
    }

    /// A short name, for counters.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoRoute { .. } => "no_route",
            Self::Shed(shed) => shed.name(),
            Self::Unauthorized(Unauthorized::Unavailable) => "store_unavailable",
            Self::Unauthorized(_) => "unauthorized",
            Self::Invalid { .. } | Self::TooLarge { .. } | Self::Broken => "invalid",
            Self::UnknownModel { .. } | Self::WrongKind { .. } => "unroutable",
            Self::Upstream { failure: None, .. } => "no_target",
            Self::Upstream { failure: Some(failure), .. } => failure.cause.name(),
        }
    }

    /// The response.
    pub(crate) fn respond(&self, style: ErrorStyle) -> Response<Body> {
        match style {
            ErrorStyle::Clear => self.say().respond(),
            ErrorStyle::Opaque => opaque(),
        }
    }

    fn say(&self) -> Said {
        match self {
            Self::NoRoute { method, path } => {
                invalid(StatusCode::NOT_FOUND, "", format!("Invalid URL ({method} {path})"))
            }
            Self::Shed(shed) => {
                unavailable(shed.name(), "The gateway is overloaded, please try again later.", Duration::ZERO)
            }
            Self::Unauthorized(why) => unauthorized(*why),
            Self::Invalid { message } => invalid(StatusCode::BAD_REQUEST, "", message.clone()),
            Self::TooLarge { limit } => {
                let message = format!("The request is larger than {limit} bytes.");
                invalid(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
            }
            Self::Broken => invalid(StatusCode::BAD_REQUEST, "", "The request broke off.".to_owned()),
            Self::UnknownModel { model } => {
                let message = format!("The model `{model}` does not exist or you do not have access to it.");
                invalid(StatusCode::NOT_FOUND, "model_not_found", message)
            }
            Self::WrongKind { model } => {
                let message = format!("The model `{model}` is not for this route.");
                invalid(StatusCode::BAD_REQUEST, "unsupported_model", message)
            }
            Self::Upstream { failure: None, wait } => unavailable(
                "providers_unavailable",
                "No provider is available, please try again later.",
                *wait,
            ),
            Self::Upstream { failure: Some(failure), wait } => upstream(failure, *wait),
        }
    }
}

/// The error of a failed attempt, as it is said inside a stream.
pub(crate) fn stream_error(failure: &Failure) -> ErrorDetail<'_> {
    let code = match failure.cause {
        Cause::Status(429) => "rate_limit_exceeded",
        Cause::TimedOut { .. } | Cause::OutOfTime => "upstream_timeout",
        _ => "upstream_error",
    };
    ErrorDetail::new(failure.message.as_str(), "server_error").with_code(code)
}

fn upstream(failure: &Failure, wait: Duration) -> Said {
    let message = failure.message.clone();
    match failure.cause {
        Cause::Status(429) => Said {
            status: StatusCode::TOO_MANY_REQUESTS,
            family: "requests",
            code: "rate_limit_exceeded",
            message,
            retry_after: Some(seconds(wait)),
        },
        // A provider that refuses *our* credentials says nothing about the client's.
        Cause::Status(401 | 403) => {
            unavailable("upstream_refused", "The provider refused the gateway's credentials.", wait)
        }
        Cause::Status(404) => invalid(StatusCode::NOT_FOUND, "model_not_found", message),
        Cause::Status(status @ 400..=499) if !failure.cause.is_retryable() => {
            invalid(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), "", message)
        }
        Cause::Untranslatable => invalid(StatusCode::BAD_REQUEST, "", message),
        Cause::TimedOut { .. } | Cause::OutOfTime => unavailable("upstream_timeout", message, wait),
        Cause::Status(_) | Cause::Connect | Cause::Lost | Cause::Malformed => {
            unavailable("upstream_error", message, wait)
        }
    }
}

fn unauthorized(why: Unauthorized) -> Said {
    let (status, family, retry_after) = (StatusCode::UNAUTHORIZED, "invalid_request_error", None);
    match why {
        Unauthorized::Missing => {
            let message = "You didn't provide an API key.".to_owned();
            Said { status, family, code: "", message, retry_after }
        }
        Unauthorized::Unknown => {
            let message = "Incorrect API key provided.".to_owned();
            Said { status, family, code: "invalid_api_key", message, retry_after }
        }
        Unauthorized::Unavailable => {
            unavailable("keys_unavailable", "Keys cannot be checked at the moment.", Duration::ZERO)
        }
    }
}

fn invalid(status: StatusCode, code: &'static str, message: String) -> Said {
    Said { status, family: "invalid_request_error", code, message, retry_after: None }
}

fn unavailable(code: &'static str, message: impl Into<String>, wait: Duration) -> Said {
    Said {
        status: StatusCode::SERVICE_UNAVAILABLE,
        family: "service_unavailable_error",
        code,
        message: message.into(),
        retry_after: Some(seconds(wait)),
    }
}

/// Whole seconds, rounded up: a client that comes early is refused again.
fn seconds(wait: Duration) -> u64 {
    let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    rounded.clamp(1, RETRY_AFTER_MAX)
}

fn opaque() -> Response<Body> {
    let mut response = Response::new(Body::full("Internal Server Error"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

impl Said {
    fn respond(self) -> Response<Body> {
        let detail = ErrorDetail::new(self.message, self.family);
        let detail = if self.code.is_empty() { detail } else { detail.with_code(self.code) };
        let mut response = json(self.status, detail.to_bytes());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Shed> for Refusal {
    fn from(shed: Shed) -> Self {
        Self::Shed(shed)
    }
}

impl From<Unauthorized> for Refusal {
    fn from(why: Unauthorized) -> Self {
        Self::Unauthorized(why)
    }
}

impl From<CollectError> for Refusal {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::TooLarge { limit } => Self::TooLarge { limit },
            CollectError::Broken(_) => Self::Broken,
        }
    }
}

impl Refusal {
    /// The name of a model leads nowhere.
    pub(crate) fn unroutable(why: Unroutable, model: &str) -> Self {
        match why {
            Unroutable::Unknown => Self::UnknownModel { model: model.to_owned() },
            Unroutable::WrongKind => Self::WrongKind { model: model.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cause: Cause, wait_ms: u64, status: u16, retry_after: Option<&str>) {
        let failure = Some(Failure::new(cause, "words"));
        let refusal = Refusal::Upstream { failure, wait: Duration::from_millis(wait_ms) };
        let response = refusal.respond(ErrorStyle::Clear);
        let header = response.headers().get(RETRY_AFTER).map(|value| value.to_str().expect("text"));
        assert_eq!((response.status().as_u16(), header), (status, retry_after), "{cause:?}");
    }

    #[test]
    fn the_last_failure_decides_the_status() {
        check(Cause::Status(429), 2_001, 429, Some("3"));
        check(Cause::Status(503), 0, 503, Some("1"));
        check(Cause::Status(500), 5_000, 503, Some("5"));
        check(Cause::Lost, 3_600_000, 503, Some("60"));
        check(Cause::TimedOut { is_scaled: false }, 0, 503, Some("1"));
        check(Cause::Status(400), 0, 400, None);
        check(Cause::Status(403), 0, 503, Some("1"));
        check(Cause::Untranslatable, 0, 400, None);
    }

    #[test]
    fn an_opaque_error_says_nothing() {
        let response = Refusal::Shed(Shed::QueueFull).respond(ErrorStyle::Opaque);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers().get(RETRY_AFTER), None);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
    }
}
