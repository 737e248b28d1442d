//! The control API: `/__brownout/…`, and health and metrics where orchestrators look for them.

use fault::FaultFile;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use world::http::{Body, CollectError, collect};

use super::faults::NotSet;
use super::journal::Filter;
use super::plan::Access;
use super::port::Edge;
use super::reply;

/// What all paths of the control API begin with.
const PREFIX: &str = "/__brownout";
/// The longest rule that is read, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// What a path of the control API is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Index,
    Health,
    Ready,
    Metrics,
    State,
    Requests,
    OneRequest(String),
    Faults,
    OneFault(String),
    Reset,
    /// A path under the prefix that leads nowhere.
    Unknown,
}

impl Place {
    /// The place of a path; none for paths of the providers. Health and metrics are for everybody.
    pub(crate) fn of(path: &str, access: &Access) -> Option<Self> {
        match path {
            "/healthz" => return Some(Self::Health),
            "/readyz" => return Some(Self::Ready),
            "/metrics" => return Some(Self::Metrics),
            _ if *access == Access::Closed => return None,
            _ => {}
        }
        let rest = path.strip_prefix(PREFIX)?;
        // `/__brownoutish` is somebody else's.
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some(match rest {
            "" => Self::Index,
            "health" => Self::Health,
            "ready" => Self::Ready,
            "metrics" => Self::Metrics,
            "state" => Self::State,
            "requests" => Self::Requests,
            "faults" => Self::Faults,
            "reset" => Self::Reset,
            _ => match rest.split_once('/') {
                Some(("requests", id)) => Self::OneRequest(id.to_owned()),
                Some(("faults", name)) => Self::OneFault(decoded(name)),
                _ => Self::Unknown,
            },
        })
    }

    fn is_public(&self) -> bool {
        matches!(self, Self::Health | Self::Ready | Self::Metrics)
    }

    fn methods(&self) -> &'static [Method] {
        match self {
            Self::OneFault(_) => &[Method::DELETE],
            Self::Requests => &[Method::GET, Method::DELETE],
            Self::Faults => &[Method::GET, Method::POST, Method::DELETE],
            Self::Reset => &[Method::POST],
            _ => &[Method::GET],
        }
    }
}

/// Answers a request of the control API.
pub(crate) async fn answer(
    edge: &Edge,
    access: &Access,
    place: Place,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if place == Place::Unknown {
        return nowhere(parts.uri.path());
    }
    if !place.is_public() && !is_admitted(access, &parts) {
        let message = "the control API of this mock wants its token";
        return reply::refusal(StatusCode::UNAUTHORIZED, message, "Authorization: Bearer TOKEN");
    }
    if !place.methods().contains(&parts.method) {
        let methods: Vec<_> = place.methods().iter().map(Method::as_str).collect();
        let message = format!("{} cannot be asked of {}", parts.method, parts.uri.path());
        return reply::refusal(StatusCode::METHOD_NOT_ALLOWED, &message, &methods.join(", "));
    }
    let query = parts.uri.query().unwrap_or_default();
    match (place, parts.method.as_str()) {
        (Place::Index, _) => index(),
        (Place::Health, _) => reply::json(StatusCode::OK, &json!({ "status": "ok" })),
        (Place::Ready, _) => ready(edge),
        (Place::Metrics, _) => metrics(edge),
        (Place::State, _) => state(edge),
        (Place::Requests, "DELETE") => {
            edge.books.journal().clear();
            reply::json(StatusCode::OK, &json!({ "cleared": true }))
        }
        (Place::Requests, _) => requests(edge, query),
        (Place::OneRequest(id), _) => one_request(edge, &id),
        (Place::Faults, "POST") => set_fault(edge, body).await,
        (Place::Faults, "DELETE") => {
            reply::json(StatusCode::OK, &json!({ "cleared": edge.books.faults.clear(None) }))
        }
        (Place::Faults, _) => {
            reply::json(StatusCode::OK, &json!({ "faults": edge.books.faults.list(edge.clock.now()) }))
        }
        (Place::OneFault(name), _) => clear_fault(edge, &name),
        (Place::Reset, _) => {
            edge.reset();
            reply::json(StatusCode::OK, &json!({ "reset": true }))
        }
        (Place::Unknown, _) => nowhere(parts.uri.path()),
    }
}

/// A path that leads nowhere.
pub(crate) fn nowhere(path: &str) -> Response<Body> {
    let accepted = "/healthz, /readyz, /metrics, and what GET /__brownout lists";
    reply::refusal(StatusCode::NOT_FOUND, &format!("there is nothing at {path}"), accepted)
}

fn is_admitted(access: &Access, parts: &http::request::Parts) -> bool {
    let Access::Token(token) = access else { return *access == Access::Open };
    let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|given| given.strip_prefix("Bearer ")) == Some(token)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn index() -> Response<Body> {
    let value = json!({
        "GET /healthz": "whether the process runs",
        "GET /readyz": "whether it takes requests: 503 while it drains",
        "GET /metrics": "counters in the exposition format of Prometheus",
        "GET /__brownout/state": "counters, connections, live streams, version, seed",
        "GET /__brownout/requests": "the last requests; filters: surface, operation, model, status, outcome, fault, nonce, after, limit",
        "GET /__brownout/requests/ID": "one of them",
        "DELETE /__brownout/requests": "forget them",
        "GET /__brownout/faults": "the rules in force",
        "POST /__brownout/faults": "set a rule, as an entry of [[faults]] in JSON, with a ttl (5m when left out)",
        "DELETE /__brownout/faults": "clear all rules that were set so",
        "DELETE /__brownout/faults/NAME": "clear one",
        "POST /__brownout/reset": "forget requests, counters, counts of identities, quotas used, rules that were set",
    });
    reply::json(StatusCode::OK, &value)
}

fn ready(edge: &Edge) -> Response<Body> {
    if edge.is_draining() {
        return reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "draining" }));
    }
    reply::json(StatusCode::OK, &json!({ "status": "ready" }))
}

fn metrics(edge: &Edge) -> Response<Body> {
    match edge.books.metrics.expose(edge.now()) {
        Ok(text) => reply::exposition(text),
        Err(error) => reply::refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string(), "nothing"),
    }
}

fn state(edge: &Edge) -> Response<Body> {
    let now = edge.now();
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "provider": edge.plan.name,
        "profile": edge.plan.main().name,
        "seed": edge.seed.0,
        "uptime_ms": edge.clock.now().as_micros() / 1_000,
        "draining": edge.is_draining(),
        "requests": edge.counters().requests(),
        "live_requests": now.live_requests,
        "live_streams": now.live_streams,
        "connections": now.connections,
        "connections_accepted": now.accepted,
        "faults": edge.books.faults.count(edge.clock.now()),
    });
    reply::json(StatusCode::OK, &value)
}

fn requests(edge: &Edge, query: &str) -> Response<Body> {
    let filter = match Filter::parse(query) {
        Ok(filter) => filter,
        Err((message, accepted)) => return reply::refusal(StatusCode::BAD_REQUEST, &message, accepted),
    };
    let journal = edge.books.journal();
    let (entries, matched) = journal.select(&filter);
    reply::json(StatusCode::OK, &json!({ "matched": matched, "requests": entries }))
}

fn one_request(edge: &Edge, id: &str) -> Response<Body> {
    let journal = edge.books.journal();
    match id.parse().ok().and_then(|id| journal.find(id)) {
        Some(entry) => reply::json(StatusCode::OK, entry),
        None => {
            let message = format!("the journal has no request `{id}`");
            reply::refusal(StatusCode::NOT_FOUND, &message, "an id that GET /__brownout/requests lists")
        }
    }
}

async fn set_fault(edge: &Edge, body: Body) -> Response<Body> {
    let accepted =
        "an entry of [[faults]] as JSON, such as {\"error\": 503, \"share\": \"50%\", \"ttl\": \"1m\"}";
    let bytes = match collect(body, BODY_MAX).await {
        Ok(bytes) => bytes,
        Err(CollectError::TooLarge { limit }) => {
            let message = format!("a rule has at most {limit} bytes");
            return reply::refusal(StatusCode::PAYLOAD_TOO_LARGE, &message, accepted);
        }
        // Nobody waits for an answer.
        Err(error) => return reply::refusal(StatusCode::BAD_REQUEST, &error.to_string(), accepted),
    };
    let file: FaultFile = match serde_json::from_slice::<Value>(&bytes).and_then(serde_json::from_value) {
        Ok(file) => file,
        Err(error) => return reply::refusal(StatusCode::BAD_REQUEST, &error.to_string(), accepted),
    };
    match edge.books.faults.set(&file, edge.clock.now()) {
        Ok(told) => reply::json(StatusCode::CREATED, &told),
        Err(NotSet::Wrong(problems)) => reply::problems(&problems),
        Err(NotSet::Taken(name)) => {
            let message = format!("`{name}` is a rule of the configuration, which stays");
            reply::refusal(StatusCode::CONFLICT, &message, "another name")
        }
        Err(NotSet::TooMany) => {
            let message = "too many rules are set";
            reply::refusal(StatusCode::CONFLICT, message, "DELETE /__brownout/faults first")
        }
    }
}

fn clear_fault(edge: &Edge, name: &str) -> Response<Body> {
    if edge.books.faults.clear(Some(name)) > 0 {
        return reply::json(StatusCode::OK, &json!({ "cleared": 1 }));
    }
    let message = format!("no rule `{name}` has been set here");
    reply::refusal(
        StatusCode::NOT_FOUND,
        &message,
        "a name that GET /__brownout/faults lists, of \"control\"",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_place() {
        let place = |path| Place::of(path, &Access::Open);
        assert_eq!(place("/__brownout"), Some(Place::Index));
        assert_eq!(place("/__brownout/"), Some(Place::Index));
        assert_eq!(place("/__brownout/requests/7"), Some(Place::OneRequest("7".to_owned())));
        assert_eq!(place("/__brownout/faults/a%20b"), Some(Place::OneFault("a b".to_owned())));
        assert_eq!(place("/__brownout/nonsense"), Some(Place::Unknown));
        for path in ["/__brownoutish", "/model/m/converse", "/", "/v1/metrics"] {
            assert_eq!(place(path), None, "{path}");
        }
    }

    #[test]
    fn a_closed_port_has_health_and_metrics_alone() {
        assert_eq!(Place::of("/__brownout/state", &Access::Closed), None);
        assert_eq!(Place::of("/readyz", &Access::Closed), Some(Place::Ready));
        assert_eq!(Place::of("/metrics", &Access::Closed), Some(Place::Metrics));
    }
}
