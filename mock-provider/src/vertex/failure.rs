//! Why a request gets no answer, in Google's words.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use wire::vertex::error::{Case, Code, Particulars, Status, Wrapping};
use wire::vertex::path::{Path, Query};
use world::http::Body;

use super::reply;
use crate::call::Engine;

/// How long the front end takes to refuse. Our assumption.
const DELAY: Duration = Duration::from_millis(10);
/// How long a refusal for want of quota takes: tens to 200 ms have been seen.
const QUOTA_DELAY: Duration = Duration::from_millis(50);

/// A request that is refused.
#[derive(Debug)]
pub(super) enum Failure {
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
pub(super) struct Place {
    project: String,
    location: String,
    resource: String,
    model: String,
    grpc_method: String,
    wrapping: Wrapping,
}

impl Place {
    pub(super) fn of(path: &Path<'_>, query: &Query) -> Self {
        let scope = path.scope.as_ref();
        Self {
            project: scope.map_or_else(String::new, |scope| scope.project.clone().into_owned()),
            location: scope.map_or_else(|| "global".to_owned(), |scope| scope.location.clone().into_owned()),
            resource: path.resource(),
            model: path.operation.model().unwrap_or_default().to_owned(),
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
    pub(super) fn of(status: Status<'static>) -> Self {
        Self::Status(Box::new(status))
    }

    /// A body that is not JSON, or not of the proto's shape.
    pub(super) fn payload(error: &wire::json::Error) -> Self {
        Self::of(Status::new(Code::InvalidArgument, format!("Invalid JSON payload received. {error}")))
    }

    /// A quota that refuses. `exhausted` is the case of the project's own quota of this kind of model.
    pub(super) fn quota(refusal: quota::vertex::Refusal, exhausted: Case) -> Self {
        Self::Case(match refusal {
            quota::vertex::Refusal::SharedPool => Case::ResourceExhausted,
            _ => exhausted,
        })
    }

    /// How long after the request the refusal comes.
    pub(super) fn delay(&self) -> Duration {
        match self {
            Self::Case(case) if case.status() == 429 => QUOTA_DELAY,
            _ => DELAY,
        }
    }

    /// The whole answer.
    pub(super) fn respond(&self, engine: &Engine, place: &Place) -> Response<Body> {
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
