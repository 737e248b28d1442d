//! Where clients get their access tokens: the token endpoint and the metadata server.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use wire::vertex::oauth::{
    FLAVOR_HEADER, FLAVOR_VALUE, MetadataPath, ServiceAccount, TokenError, TokenRequest, TokenResponse,
};
use world::http::Body;

use super::reply;
use crate::call::{Call, Engine};

/// The project of the machine that the mock pretends to be.
const PROJECT: &str = "mock-project";
const PROJECT_NUMBER: &str = "123456789012";
const ACCOUNT: &str = "mock@mock-project.iam.gserviceaccount.com";
/// Seconds; clients refresh 225 seconds before the end.
const EXPIRES_IN: u32 = 3_599;

const TEXT: HeaderValue = HeaderValue::from_static("text/html");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers a request for credentials; `None` when the path asks for something else.
pub(super) fn answer(engine: &Engine, call: &Call<'_>) -> Option<Response<Body>> {
    if matches!(call.path, "/token" | "/oauth2/token" | "/oauth2/v4/token") {
        return Some(token(engine, call));
    }
    if call.path == "/" || call.path.starts_with("/computeMetadata") {
        return Some(metadata(engine, call));
    }
    None
}

fn token(engine: &Engine, call: &Call<'_>) -> Response<Body> {
    if call.parts.method != Method::POST {
        return engine.response(StatusCode::METHOD_NOT_ALLOWED, JSON, Body::empty());
    }
    let (status, body) = match TokenRequest::parse(call.body) {
        Ok(TokenRequest::JwtBearer { assertion }) if assertion.split('.').count() != 3 => {
            (StatusCode::BAD_REQUEST, TokenError::invalid_signature().to_bytes())
        }
        Ok(_) => (StatusCode::OK, issue(engine, call)),
        Err(error) => (StatusCode::BAD_REQUEST, error.answer().to_bytes()),
    };
    engine.response(status, reply::JSON, Body::full(body))
}

fn issue(engine: &Engine, call: &Call<'_>) -> Bytes {
    let token = format!("ya29.mock-{}", reply::response_id(engine, call));
    TokenResponse::bearer(token, EXPIRES_IN).to_bytes()
}

fn metadata(engine: &Engine, call: &Call<'_>) -> Response<Body> {
    let is_asked = call.header(FLAVOR_HEADER) == Some(FLAVOR_VALUE);
    let query = call.parts.uri.query().unwrap_or_default();
    let mut response = match MetadataPath::parse(call.path, query) {
        None => engine.response(StatusCode::NOT_FOUND, TEXT, Body::empty()),
        Some(_) if !is_asked => engine.response(StatusCode::FORBIDDEN, TEXT, Body::empty()),
        Some(path) => {
            let (content_type, body) = metadata_value(engine, call, &path);
            engine.response(StatusCode::OK, content_type, Body::full(body))
        }
    };
    let flavor = HeaderName::from_static(FLAVOR_HEADER);
    response.headers_mut().insert(flavor, HeaderValue::from_static(FLAVOR_VALUE));
    response
}

fn metadata_value(engine: &Engine, call: &Call<'_>, path: &MetadataPath<'_>) -> (HeaderValue, Bytes) {
    let text = |text: &'static str| (TEXT, Bytes::from_static(text.as_bytes()));
    match path {
        MetadataPath::Ping => text("computeMetadata/\n"),
        MetadataPath::ProjectId => text(PROJECT),
        MetadataPath::ProjectNumber => text(PROJECT_NUMBER),
        MetadataPath::UniverseDomain => text("googleapis.com"),
        MetadataPath::ServiceAccount { .. } => (JSON, ServiceAccount::default_of(ACCOUNT).to_bytes()),
        MetadataPath::Token { .. } => (JSON, issue(engine, call)),
    }
}
