//! Why a request gets no answer, in Google's words.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use serde::Deserialize;
use wire::json::Text;
use wire::vertex::error::{Case, Code, Particulars, Status, Wrapping};
use wire::vertex::path::{Path, Query};
use world::http::Body;

use super::reply;
use super::request::base_model;
use crate::call::Engine;

/// How long the front end takes to refuse. Our assumption.
const DELAY: Duration = Duration::from_millis(10);
/// How long a refusal for want of quota takes: tens to 200 ms have been seen.
const QUOTA_DELAY: Duration = Duration::from_millis(50);

/// A request that is refused.
#[derive(Debug)]
pub(in crate::vertex) enum Failure {
    /// One of the service's own.
    Case(Case),
    /// In other words.
    Status(Box<Status<'static>>),
    /// The input has more tokens than the model takes.
    TooLong { used: u64, limit: u64 },
    /// A parameter is out of range.
    Parameter(String),
}

/// What an error says of the request.
#[derive(Debug, Default)]
pub(in crate::vertex) struct Place {
    project: String,
    location: String,
    resource: String,
    model: String,
    grpc_method: String,
    wrapping: Wrapping,
}

impl Place {
    pub(in crate::vertex) fn of(path: &Path<'_>, query: &Query) -> Self {
        let scope = path.scope.as_ref();
        Self {
            project: scope.map_or_else(String::new, |scope| scope.project.clone().into_owned()),
            location: scope.map_or_else(|| "global".to_owned(), |scope| scope.location.clone().into_owned()),
            resource: path.resource(),
            model: base_model(path.operation.model().unwrap_or_default()).to_owned(),
            grpc_method: path
                .operation
                .verb()
                .map_or_else(String::new, wire::vertex::path::Verb::grpc_method),
            wrapping: Wrapping::when(path.wraps_errors(query)),
        }
    }

    fn particulars(&self) -> Particulars<'_> {
        Particulars {
            project: &self.project,
            resource: &self.resource,
            base_model: &self.model,
            location: &self.location,
            grpc_method: &self.grpc_method,
            ..Particulars::default()
        }
    }
}

impl Failure {
    pub(in crate::vertex) fn of(status: Status<'static>) -> Self {
        Self::Status(Box::new(status))
    }

    /// A 400 in these words.
    pub(in crate::vertex) fn invalid(message: impl Into<Text<'static>>) -> Self {
        Self::of(Status::new(Code::InvalidArgument, message))
    }

    /// A 404 in these words.
    pub(in crate::vertex) fn not_found(message: impl Into<Text<'static>>) -> Self {
        Self::of(Status::new(Code::NotFound, message))
    }

    /// A Gemini model that is asked as older models were.
    pub(in crate::vertex) fn gemini_predict() -> Self {
        let message = "Gemini cannot be accessed through Vertex Predict/RawPredict API. Please follow \
                       https://cloud.google.com/vertex-ai/docs/generative-ai/start/quickstarts/quickstart-multimodal for \
                       Gemini usage.";
        Self::of(Status::new(Code::FailedPrecondition, message))
    }

    /// What the service does and this mock does not.
    pub(in crate::vertex) fn unserved(what: &str) -> Self {
        Self::of(Status::new(
            Code::Unimplemented,
            format!("Operation is not implemented: this mock does not serve {what}."),
        ))
    }

    /// A body that is not JSON, or not of the proto's shape.
    pub(in crate::vertex) fn payload<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Self {
        Self::of(Status::of_payload::<T>(body))
    }

    /// The same of a model that only the body names.
    pub(in crate::vertex) fn of_model(self, model: &str) -> Self {
        let of = Particulars { base_model: base_model(model), ..Particulars::default() };
        match self {
            Self::Case(case) if case.status() == 429 => case.error(&of).map_or(self, Self::of),
            _ => self,
        }
    }

    /// How long after the request the refusal comes.
    pub(in crate::vertex) fn delay(&self) -> Duration {
        match self {
            Self::Case(case) if case.status() == 429 => QUOTA_DELAY,
            Self::Status(status) if status.code == 429 => QUOTA_DELAY,
            _ => DELAY,
        }
    }

    /// The whole answer.
    pub(in crate::vertex) fn respond(&self, engine: &Engine, place: &Place) -> Response<Body> {
        let of = place.particulars();
        let sent = match self {
            Self::Case(case) => case.respond(&of, place.wrapping),
            Self::TooLong { used, limit } => {
                Case::InputTooLong.respond(&Particulars { used: *used, limit: *limit, ..of }, place.wrapping)
            }
            Self::Parameter(reason) => {
                Case::InvalidParameter.respond(&Particulars { reason, ..of }, place.wrapping)
            }
            Self::Status(status) => {
                let http = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let body = Body::full(status.to_bytes(place.wrapping));
                return reply::base(engine, http, reply::JSON, body);
            }
        };
        let status = StatusCode::from_u16(sent.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static(sent.content_type);
        reply::base(engine, status, content_type, Body::full(sent.body))
    }
}
