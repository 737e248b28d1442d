//! Where clients get their access tokens: the token endpoint and the metadata server.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use wire::vertex::oauth::{
    AccountMember, Claims, FLAVOR_HEADER, FLAVOR_VALUE, MetadataPath, ServiceAccount, TokenError,
    TokenRequest, TokenResponse,
};
use world::http::Body;

use super::reply;
use crate::call::{Call, Engine};

/// The project of the machine that the mock pretends to be.
const PROJECT: &str = "mock-project";
const PROJECT_NUMBER: &str = "123456789012";
const ACCOUNT: &str = "mock@mock-project.iam.gserviceaccount.com";
/// How the tokens begin that the mock issues.
pub(in crate::vertex) const TOKEN_PREFIX: &str = "ya29.mock-";
/// Seconds; clients refresh 225 seconds before the end.
const EXPIRES_IN: u32 = 3_599;

/// The number of that machine, and where it stands.
const INSTANCE: &str = "4520031799277581759";
const ZONE: &str = "projects/123456789012/zones/us-central1-a";
const SCOPES: &str = "https://www.googleapis.com/auth/cloud-platform\n";

const TEXT: HeaderValue = HeaderValue::from_static("application/text");
const PAGE: HeaderValue = HeaderValue::from_static("text/html; charset=UTF-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers a request for credentials; `None` when the path asks for something else.
pub(in crate::vertex) fn answer(engine: &Engine, call: &Call<'_>) -> Option<Response<Body>> {
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
    let answered = match TokenRequest::parse(call.body) {
        Ok(asked) => granted(engine, call, &asked),
        Err(error) => Err(error.answer()),
    };
    let (status, body) = match answered {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            (StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST), error.to_bytes())
        }
    };
    engine.response(status, reply::JSON, Body::full(body))
}

/// A token for whatever is shown, except what is plainly wrong: a statement that does not hold, the refresh
/// token `revoked`, the application `unknown`, the secret `wrong`.
fn granted(engine: &Engine, call: &Call<'_>, asked: &TokenRequest<'_>) -> Result<Bytes, TokenError<'static>> {
    match asked {
        TokenRequest::JwtBearer { assertion } => {
            let claims = Claims::read(assertion, engine.clock.unix_micros() / 1_000_000)?;
            Ok(match claims.target_audience {
                Some(audience) => {
                    wire::json::to_bytes(&IdToken { id_token: identity(engine, call, &audience) })
                }
                None => issue(engine, call),
            })
        }
        TokenRequest::RefreshToken { client_id, .. } if client_id == "unknown" => {
            Err(TokenError::new("invalid_client", "The OAuth client was not found."))
        }
        TokenRequest::RefreshToken { client_secret, .. } if client_secret == "wrong" => {
            Err(TokenError::new("invalid_client", "Unauthorized"))
        }
        TokenRequest::RefreshToken { refresh_token, .. } if refresh_token == "revoked" => {
            Err(TokenError::new("invalid_grant", "Token has been expired or revoked."))
        }
        TokenRequest::RefreshToken { .. } => Ok(issue(engine, call)),
        TokenRequest::TokenExchange { .. } => Ok(wire::json::to_bytes(&Exchanged {
            access_token: token_text(engine, call),
            issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
            token_type: "Bearer",
            expires_in: EXPIRES_IN,
        })),
    }
}

#[derive(serde::Serialize)]
struct IdToken {
    id_token: String,
}

#[derive(serde::Serialize)]
struct Exchanged {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: u32,
}

fn token_text(engine: &Engine, call: &Call<'_>) -> String {
    format!("{TOKEN_PREFIX}{}", reply::response_id(engine, call))
}

fn issue(engine: &Engine, call: &Call<'_>) -> Bytes {
    TokenResponse::bearer(token_text(engine, call), EXPIRES_IN).to_bytes()
}

/// A statement of who the machine is: a JWT with a signature of nobody's.
fn identity(engine: &Engine, call: &Call<'_>, audience: &str) -> String {
    #[derive(serde::Serialize)]
    struct Identity<'a> {
        aud: &'a str,
        azp: &'a str,
        email: &'a str,
        email_verified: bool,
        exp: u64,
        iat: u64,
        iss: &'a str,
        sub: &'a str,
    }
    let iat = engine.clock.unix_micros() / 1_000_000;
    let claims = Identity {
        aud: audience,
        azp: INSTANCE,
        email: ACCOUNT,
        email_verified: true,
        exp: iat + 3_600,
        iat,
        iss: "https://accounts.google.com",
        sub: INSTANCE,
    };
    let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"mock","typ":"JWT"}"#);
    let claims = BASE64_URL_SAFE_NO_PAD.encode(wire::json::to_bytes(&claims));
    format!("{head}.{claims}.{}", reply::response_id(engine, call))
}

fn metadata(engine: &Engine, call: &Call<'_>) -> Response<Body> {
    let is_asked = call.header(FLAVOR_HEADER) == Some(FLAVOR_VALUE);
    let query = call.parts.uri.query().unwrap_or_default();
    let mut response = match MetadataPath::parse(call.path, query) {
        // The ping of a client that looks whether there is such a server needs no header.
        Some(path) if is_asked || path == MetadataPath::Ping => {
            let (content_type, body) = metadata_value(engine, call, &path);
            engine.response(StatusCode::OK, content_type, Body::full(body))
        }
        Some(_) => {
            let page = page(403, "Forbidden", "Missing Metadata-Flavor:Google header.");
            engine.response(StatusCode::FORBIDDEN, PAGE, Body::full(page))
        }
        None => {
            let page = page(404, "Not Found", "The requested URL was not found on this server.");
            engine.response(StatusCode::NOT_FOUND, PAGE, Body::full(page))
        }
    };
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(HeaderName::from_static(FLAVOR_HEADER), fixed(FLAVOR_VALUE));
    headers.insert(header::SERVER, fixed("Metadata Server for VM"));
    headers.insert(HeaderName::from_static("x-xss-protection"), fixed("0"));
    headers.insert(HeaderName::from_static("x-frame-options"), fixed("SAMEORIGIN"));
    response
}

fn page(status: u16, reason: &str, said: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {status} ({reason})!!1</title>\n  \
         <p><b>{status}.</b> <ins>That\u{2019}s an error.</ins>\n  <p>{said}  <ins>That\u{2019}s all we know.</ins>\n"
    )
}

fn metadata_value(engine: &Engine, call: &Call<'_>, path: &MetadataPath<'_>) -> (HeaderValue, Bytes) {
    let text = |text: &str| (TEXT, Bytes::copy_from_slice(text.as_bytes()));
    match path {
        MetadataPath::Ping => text("computeMetadata/\n"),
        MetadataPath::ProjectId => text(PROJECT),
        MetadataPath::ProjectNumber => text(PROJECT_NUMBER),
        MetadataPath::UniverseDomain => text("googleapis.com"),
        MetadataPath::InstanceId => text(INSTANCE),
        MetadataPath::Zone => text(ZONE),
        MetadataPath::ServiceAccounts { is_recursive: false } => text(&format!("default/\n{ACCOUNT}/\n")),
        MetadataPath::ServiceAccounts { is_recursive: true } => (JSON, all_accounts()),
        MetadataPath::ServiceAccount { is_recursive: false, .. } => {
            text("aliases\nemail\nidentity\nscopes\ntoken\n")
        }
        MetadataPath::ServiceAccount { is_recursive: true, .. } => {
            (JSON, ServiceAccount::default_of(ACCOUNT).to_bytes())
        }
        MetadataPath::AccountMember { member, .. } => text(match member {
            AccountMember::Aliases => "default\n",
            AccountMember::Email => ACCOUNT,
            AccountMember::Scopes => SCOPES,
        }),
        MetadataPath::Identity { audience, .. } => text(&identity(engine, call, audience)),
        MetadataPath::Token { .. } => (JSON, issue(engine, call)),
    }
}

fn all_accounts() -> Bytes {
    let account = ServiceAccount::default_of(ACCOUNT);
    wire::json::to_bytes(&BTreeMap::from([("default", &account), (ACCOUNT, &account)]))
}
