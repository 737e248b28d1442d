//! Bedrock's errors by name: the named errors of the service, and its throttles by limiter.

use wire::bedrock::error::{Error, ErrorKind, Throttle};
use wire::error_response::ErrorResponse;

use super::{Mention, normal};

/// The usual error of a status.
pub(super) const USUAL: &[(u16, &str)] = &[
    (400, "validation"),
    (403, "access-denied"),
    (404, "resource-not-found"),
    (408, "model-timeout"),
    (424, "model-error"),
    (429, "throttling"),
    (500, "internal-server"),
    (503, "service-unavailable"),
];

const THROTTLES: [(&str, Throttle); 5] = [
    ("throttling-requests", Throttle::Requests),
    ("throttling-tokens", Throttle::Tokens),
    ("throttling-tokens-per-day", Throttle::TokensPerDay),
    ("throttling-burst", Throttle::Burst),
    ("too-many-connections", Throttle::Connections),
];

/// The status that a failed model is said to have answered with.
const MODEL_STATUS: u16 = 500;

/// An error of Bedrock that has a name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A named error with its usual text.
    Kind(ErrorKind),
    /// A throttle that tells which limiter it was.
    Throttle(Throttle),
}

impl Named {
    pub(super) fn find(name: &str) -> Option<Self> {
        let throttle = THROTTLES.iter().find(|(of, _)| *of == name).map(|(_, throttle)| *throttle);
        let kind = || ErrorKind::ALL.iter().copied().find(|kind| normal(kind.name()) == name);
        throttle.map(Self::Throttle).or_else(|| kind().map(Self::Kind))
    }

    pub(super) fn names() -> Vec<String> {
        let kinds = ErrorKind::ALL.iter().map(|kind| normal(kind.name()));
        kinds.chain(THROTTLES.iter().map(|(name, _)| (*name).to_owned())).collect()
    }

    pub(super) fn kind(self) -> ErrorKind {
        match self {
            Self::Kind(kind) => kind,
            Self::Throttle(throttle) => throttle.kind(),
        }
    }

    fn error(self) -> Error {
        match self {
            Self::Kind(kind) => Error::from(kind),
            Self::Throttle(throttle) => Error::throttled(throttle),
        }
    }

    /// The error with what it says of the model: whose status it was, and what that was.
    pub(super) fn error_of(self, mention: &Mention<'_>) -> Error {
        let mut error = self.error();
        if matches!(self.kind(), ErrorKind::ModelError | ErrorKind::ModelStreamError) {
            error.original_status_code = Some(MODEL_STATUS);
        }
        if self.kind() == ErrorKind::ModelError {
            error.resource_name = Some(mention.model.to_owned());
        }
        if self.kind() == ErrorKind::ModelStreamError {
            error.original_message = Some(error.message.clone());
        }
        error
    }

    pub(super) fn response(self, mention: &Mention<'_>) -> ErrorResponse {
        ErrorResponse {
            status: self.kind().status(),
            content_type: "application/json",
            headers: vec![("x-amzn-errortype", self.kind().error_type().to_owned())],
            body: self.error_of(mention).body(),
        }
    }
}
