//! The named errors of the service: their status, header, in-stream name, body and usual text.
//!
//! The code of an error travels only in the `x-amzn-ErrorType` header; the body is `{"message":"…"}`. Within an event
//! stream the name is lower-camel and stands in `:exception-type`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error_response::ErrorResponse;
use crate::json;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident, $name:literal, $status:literal, $stream:expr, $origin:literal, $message:literal;)*) => {
        /// A named error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl ErrorKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The code: `ThrottlingException`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)* }
            }

            /// The value of `x-amzn-ErrorType`: the code and the service that raised it.
            pub fn error_type(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($name, ":http://internal.amazon.com/coral/com.amazon.", $origin, "/"),)*
                }
            }

            /// The name in an event stream; none for an error that is no member of one.
            pub fn stream_name(self) -> Option<&'static str> {
                match self { $(Self::$kind => $stream,)* }
            }

            /// The usual text.
            pub fn message(self) -> &'static str {
                match self { $(Self::$kind => $message,)* }
            }

            /// The error of that code; letter case matters.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A rate or token quota is used up; the text tells which: [`Throttle`].
    Throttling, "ThrottlingException", 429, Some("throttlingException"), "bedrock", "Too many requests, please wait before trying again.";
    /// An imported or custom model is still loading.
    ModelNotReady, "ModelNotReadyException", 429, None, "bedrock", "Model is not ready for inference. Wait and try your request again.";
    /// The model took too long. A stream member of InvokeModelWithResponseStream only.
    ModelTimeout, "ModelTimeoutException", 408, Some("modelTimeoutException"), "bedrock", "Model has timed out in processing the request. Try your request again.";
    /// The model failed.
    ModelError, "ModelErrorException", 424, None, "bedrock", "The system encountered an unexpected error during processing. Try your request again.";
    /// The model failed while it streamed.
    ModelStreamError, "ModelStreamErrorException", 424, Some("modelStreamErrorException"), "bedrock", "The system encountered an unexpected error during processing. Try your request again.";
    /// The service failed.
    InternalServer, "InternalServerException", 500, Some("internalServerException"), "bedrock", "The system encountered an unexpected error during processing. Try your request again.";
    /// The service is overloaded or down.
    ServiceUnavailable, "ServiceUnavailableException", 503, Some("serviceUnavailableException"), "bedrock", "Bedrock is unable to process your request.";
    /// Not authorised for the action or the model.
    AccessDenied, "AccessDeniedException", 403, None, "bedrock", "You don't have access to the model with the specified model ID.";
    /// The request is at fault; an unknown model id too.
    Validation, "ValidationException", 400, Some("validationException"), "bedrock", "The provided model identifier is invalid.";
    /// A resource is missing, a model's end of life included.
    ResourceNotFound, "ResourceNotFoundException", 404, None, "bedrock", "Could not resolve the foundation model from the provided model identifier.";
    /// A quota on the number of resources, not a rate.
    ServiceQuotaExceeded, "ServiceQuotaExceededException", 400, None, "bedrock", "Your request exceeds the service quota for your account.";
    /// Asynchronous invocations only.
    Conflict, "ConflictException", 400, None, "bedrock", "A conflict occurred with the state of the resource.";
    /// No `Authorization`.
    MissingAuthenticationToken, "MissingAuthenticationTokenException", 403, None, "coral.service", "Missing Authentication Token";
    /// `Authorization` lacks a part.
    IncompleteSignature, "IncompleteSignatureException", 403, None, "coral.service", "Authorization header requires 'Credential' parameter.";
    /// Scope, date or signature is wrong.
    InvalidSignature, "InvalidSignatureException", 403, None, "coral.service", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
    /// The access key or session token is unknown.
    UnrecognizedClient, "UnrecognizedClientException", 403, None, "coral.service", "The security token included in the request is invalid.";
    /// The session token has expired.
    ExpiredToken, "ExpiredTokenException", 403, None, "coral.service", "The security token included in the request is expired";
    /// No operation has this path and verb.
    UnknownOperation, "UnknownOperationException", 404, None, "coral.service", "";
}

impl ErrorKind {
    /// The error of that in-stream name; letter case matters.
    pub fn of_stream_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.stream_name() == Some(name))
    }

    /// Whether it says "too much": the caller should slow down rather than merely try again.
    pub fn is_throttling(self) -> bool {
        matches!(self, Self::Throttling)
    }
}

/// Which limiter throttled. Clients and operators can tell only by the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Throttle {
    /// Requests per minute.
    Requests,
    /// Tokens per minute.
    Tokens,
    /// Tokens per day.
    TokensPerDay,
    /// A short burst.
    Burst,
    /// Connections at once; mostly sent as `ServiceUnavailableException`.
    Connections,
}

impl Throttle {
    /// The text. The capital T matters: some clients take `too many tokens` for an overlong prompt.
    pub fn message(self) -> &'static str {
        match self {
            Self::Requests => "Too many requests, please wait before trying again.",
            Self::Tokens => "Too many tokens, please wait before trying again.",
            Self::TokensPerDay => "Too many tokens per day, please wait before trying again.",
            Self::Burst => "Your request rate is too high. Reduce the frequency of requests.",
            Self::Connections => "Too many connections, please wait before trying again.",
        }
    }

    /// The error that carries it.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Connections => ErrorKind::ServiceUnavailable,
            Self::Requests | Self::Tokens | Self::TokensPerDay | Self::Burst => ErrorKind::Throttling,
        }
    }
}

/// The usual texts of `ValidationException`, `AccessDeniedException` and `ResourceNotFoundException`.
pub mod text {
    /// An id that names no model: 400, not 404.
    pub const UNKNOWN_MODEL: &str = "The provided model identifier is invalid.";
    /// A conversation that begins with the assistant.
    pub const MUST_START_WITH_USER: &str = "A conversation must start with a user message. Try again with a conversation that starts with a user message.";
    /// Converse on an embedding or image model.
    pub const UNSUPPORTED_ACTION: &str = "This action doesn't support the model that you provided. Try again with a supported text or chat model.";
    /// The prompt does not fit.
    pub const INPUT_TOO_LONG: &str = "Input is too long for requested model.";
    /// The vendor's use case form was not filled out (404).
    pub const USE_CASE_MISSING: &str = "Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model.";

    /// The bare id of a model that only inference profiles serve. The apostrophe is typographic.
    pub fn on_demand_unsupported(model: &str) -> String {
        format!(
            "Invocation of model ID {model} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
        )
    }

    /// A body that does not fit the model's schema.
    pub fn malformed_input(problem: &str) -> String {
        format!("Malformed input request: {problem}, please reformat your input and try again.")
    }

    /// A complaint of the model, as Converse passes it on.
    pub fn model_returned(complaint: &str) -> String {
        format!("The model returned the following errors: {complaint}")
    }

    /// Claude's own form of an overlong prompt.
    pub fn prompt_too_long(tokens: u64, maximum: u64) -> String {
        format!("prompt is too long: {tokens} tokens > {maximum} maximum")
    }

    /// Refused by a policy.
    pub fn not_authorized(principal_arn: &str, action: &str, resource_arn: &str) -> String {
        format!(
            "User: {principal_arn} is not authorized to perform: bedrock:{action} on resource: {resource_arn} because no identity-based policy allows the bedrock:{action} action"
        )
    }
}

/// An error as a server sends it or a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The HTTP status; within a stream that of the named error.
    pub status: u16,
    /// The code; none when the response named none.
    pub code: Option<Cow<'static, str>>,
    /// The text; empty when there was none.
    pub message: String,
    /// The model's own status, 100–599.
    pub original_status_code: Option<u16>,
    /// The model's own text.
    pub original_message: Option<String>,
    /// The model that failed.
    pub resource_name: Option<String>,
}

/// Both spellings of the message occur: failed authentication has the capital one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReceivedBody {
    message: Option<String>,
    #[serde(rename = "Message")]
    capital_message: Option<String>,
    code: Option<String>,
    #[serde(rename = "Code")]
    capital_code: Option<String>,
    #[serde(rename = "__type")]
    type_name: Option<String>,
    original_status_code: Option<u16>,
    original_message: Option<String>,
    resource_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SentBody<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

impl Error {
    /// A named error with this text.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            status: kind.status(),
            code: Some(Cow::Borrowed(kind.name())),
            message: message.into(),
            original_status_code: None,
            original_message: None,
            resource_name: None,
        }
    }

    /// A throttle by this limiter.
    pub fn throttled(throttle: Throttle) -> Self {
        Self::new(throttle.kind(), throttle.message())
    }

    /// Reads a response as an SDK does: the code from the header up to its first `:`, else from the body; the message
    /// from either spelling. A body that is no JSON object yields no message.
    pub fn parse(status: u16, error_type: Option<&str>, body: &[u8]) -> Self {
        let received: ReceivedBody = serde_json::from_slice(body).unwrap_or_default();
        let in_body = || {
            received.code.as_deref().or(received.capital_code.as_deref()).or(received.type_name.as_deref())
        };
        let code = error_type.and_then(bare_code).or_else(|| in_body().and_then(bare_code)).map(owned_code);
        Self {
            status,
            code,
            message: received.message.or(received.capital_message).unwrap_or_default(),
            original_status_code: received.original_status_code,
            original_message: received.original_message,
            resource_name: received.resource_name,
        }
    }

    /// Reads an exception message of an event stream. As in the SDKs, a name that is no stream member, in the wrong
    /// case for example, leaves no code.
    pub fn parse_exception(exception_type: &str, payload: &[u8]) -> Self {
        let kind = ErrorKind::of_stream_name(exception_type);
        let parsed = Self::parse(kind.map_or(200, ErrorKind::status), None, payload);
        Self { code: kind.map(|kind| Cow::Borrowed(kind.name())), ..parsed }
    }

    /// The named error, if the code is a known one.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.code.as_deref().and_then(ErrorKind::of_name)
    }

    /// The body, in an HTTP response or an exception message.
    pub fn body(&self) -> Bytes {
        let body = SentBody {
            message: &self.message,
            original_message: self.original_message.as_deref(),
            original_status_code: self.original_status_code,
            resource_name: self.resource_name.as_deref(),
        };
        json::to_bytes(&body)
    }

    /// The whole answer. An error without a code is sent as a front end's: no `x-amzn-ErrorType`.
    pub fn response(&self) -> ErrorResponse {
        let code = self
            .kind()
            .map(|kind| kind.error_type().to_owned())
            .or_else(|| self.code.as_deref().map(str::to_owned));
        ErrorResponse {
            status: self.status,
            content_type: "application/json",
            headers: code.map(|code| ("x-amzn-errortype", code)).into_iter().collect(),
            body: self.body(),
        }
    }
}

impl From<ErrorKind> for Error {
    /// With the usual text.
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, kind.message())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}: {}", self.status, self.code.as_deref().unwrap_or("without a code"), self.message)
    }
}

impl std::error::Error for Error {}

/// The code in `ThrottlingException:http://…/` or `com.amazon.coral#ThrottlingException`.
fn bare_code(text: &str) -> Option<&str> {
    let head = text.split(':').next().unwrap_or_default();
    let code = head.rsplit('#').next().unwrap_or_default().trim();
    (!code.is_empty()).then_some(code)
}

fn owned_code(code: &str) -> Cow<'static, str> {
    ErrorKind::of_name(code).map_or_else(|| Cow::Owned(code.to_owned()), |kind| Cow::Borrowed(kind.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_is_written_as_the_service_writes_it() {
        let error = Error::throttled(Throttle::Tokens);
        assert_eq!(&error.body()[..], br#"{"message":"Too many tokens, please wait before trying again."}"#);
        assert_eq!(error.body().len(), 63);
        let response = error.response();
        assert_eq!(
            (response.status, response.headers[0].1.as_str()),
            (429, ErrorKind::Throttling.error_type())
        );
        assert_eq!(
            ErrorKind::Throttling.error_type(),
            "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
        );
    }

    #[test]
    fn every_error_is_read_back_from_its_header_and_from_a_stream() {
        for kind in ErrorKind::ALL.iter().copied() {
            let sent = Error::from(kind);
            let seen = Error::parse(kind.status(), Some(kind.error_type()), &sent.body());
            assert_eq!((seen.kind(), &seen), (Some(kind), &sent));
            if let Some(name) = kind.stream_name() {
                assert_eq!(Error::parse_exception(name, &sent.body()), sent);
            }
        }
    }

    #[test]
    fn the_models_own_failure_travels_along() {
        let error = Error {
            original_status_code: Some(503),
            resource_name: Some("m".into()),
            ..Error::from(ErrorKind::ModelError)
        };
        assert!(error.body().ends_with(br#"again.","originalStatusCode":503,"resourceName":"m"}"#));
        assert_eq!(Error::parse(424, Some("ModelErrorException"), &error.body()), error);
    }

    #[test]
    fn other_places_of_the_code_are_found_as_sdks_find_them() {
        let bearer = "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/#AccessDeniedException";
        let denied = Error::parse(403, Some(bearer), br#"{"Message":"Bearer Token has expired"}"#);
        assert_eq!(
            (denied.kind(), denied.message.as_str()),
            (Some(ErrorKind::AccessDenied), "Bearer Token has expired")
        );
        let in_body = Error::parse(429, None, br#"{"__type":"com.amazon.coral#ThrottlingException"}"#);
        assert_eq!(in_body.kind(), Some(ErrorKind::Throttling));
        let front_end = Error::parse(503, None, b"<html>");
        assert_eq!((front_end.code.as_ref(), front_end.message.as_str()), (None, ""));
    }

    #[test]
    fn a_name_in_the_wrong_case_is_not_the_error() {
        let error = Error::parse_exception("ThrottlingException", br#"{"message":"slow"}"#);
        assert_eq!((error.status, error.code, error.message), (200, None, "slow".to_owned()));
    }
}
