//! The OpenAI dialect towards clients: routes, and the stages that every model request passes.

mod chat;
mod embeddings;
mod models;
mod observe;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use evidence::Name;
use evidence::nonce::find_last;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use world::ConnectionHandle;
use world::http::{Abort, Body, Handler, collect};

use crate::auth;
use crate::billing::Account;
use crate::caller::Caller;
use crate::core::Core;
use crate::plan::OnLeave;
use crate::refusal::Refusal;
use crate::response::json;

/// The largest request, in bytes.
const REQUEST_LIMIT: usize = 32 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROVIDER: HeaderName = HeaderName::from_static("x-brownout-provider");

/// Answers clients.
#[derive(Debug)]
pub(crate) struct Front(pub(crate) Arc<Core>);

/// A request that is not answered, with its name once it has one.
struct Refused {
    refusal: Refusal,
    request_id: Option<Name>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, request_id: None }
    }
}

/// What model requests can be for.
#[derive(Debug, Clone, Copy)]
enum Route {
    Chat,
    Embeddings,
    Models,
    Model,
}

impl Route {
    fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::Models | Self::Model => "models",
        }
    }
}

impl Handler for Front {
    fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> impl Future<Output = Result<Response<Body>, Abort>> + Send {
        let core = Arc::clone(&self.0);
        async move {
            let path = request.uri().path();
            let route = match (request.method(), path) {
                (&Method::GET, "/health") => return Ok(observe::health()),
                (&Method::GET, "/metrics") => return Ok(observe::metrics(&core)),
                (&Method::GET, "/debug/state") => return Ok(observe::debug_state(&core)),
                (&Method::POST, "/v1/chat/completions") => Ok(Route::Chat),
                (&Method::POST, "/v1/embeddings") => Ok(Route::Embeddings),
                (&Method::GET, "/v1/models") => Ok(Route::Models),
                (&Method::GET, path) if path.starts_with("/v1/models/") => Ok(Route::Model),
                (method, path) => Err(Refusal::NoRoute { method: method.clone(), path: path.to_owned() }),
            };
            let label = route.as_ref().map_or("none", |route| route.name());
            let response = if core.policy.streams.on_leave == OnLeave::Drain {
                // It is answered to its end, whether its client waits for that or not.
                let work = core.world.spawn(serve(Arc::clone(&core), route, request, connection));
                work.await.unwrap_or_else(|_| Response::new(Body::empty()))
            } else {
                serve(Arc::clone(&core), route, request, connection).await
            };
            core.metrics.answered(label, response.status().as_u16());
            Ok(response)
        }
    }
}

async fn serve(
    core: Arc<Core>,
    route: Result<Route, Refusal>,
    request: Request<Body>,
    connection: ConnectionHandle,
) -> Response<Body> {
    match route {
        Err(refusal) => refusal.respond(core.policy.errors),
        Ok(route) => match admitted(&core, route, request, connection).await {
            Ok(response) => response,
            Err(Refused { refusal, request_id }) => {
                core.metrics.refused(&refusal);
                let mut response = refusal.respond(core.policy.errors);
                name(&mut response, REQUEST_ID, request_id.as_deref().unwrap_or_default());
                response
            }
        },
    }
}

/// Admission, then the body, then the caller, then the work.
async fn admitted(
    core: &Arc<Core>,
    route: Route,
    request: Request<Body>,
    connection: ConnectionHandle,
) -> Result<Response<Body>, Refused> {
    let began = core.clock.now();
    let in_flight = core.admission.enter().await.map_err(Refusal::from)?;
    let (head, body) = request.into_parts();
    let body = collect(body, REQUEST_LIMIT).await.map_err(Refusal::from)?;
    let tenant = auth::tenant(&*core.store, &head.headers).await.map_err(Refusal::from)?;
    let nonce = find_last(&body);
    let identity = core.identity(nonce);
    let request_id = core.request_id(identity);
    let account = Account { request_id: Name::clone(&request_id), nonce, tenant };
    let caller = Caller { account, identity, began, connection, _in_flight: in_flight };
    // Boxed: a request is moved several times until it gets here, and would move the room for these each time.
    let answered = match route {
        Route::Chat => Box::pin(chat::answer(core, body, caller)).await,
        Route::Embeddings => Box::pin(embeddings::answer(core, &body, &caller)).await,
        Route::Models => Ok(models::list(core)),
        Route::Model => models::one(core, head.uri.path()),
    };
    answered.map_err(|refusal| Refused { refusal, request_id: Some(request_id) })
}

/// A good JSON answer that a provider gave.
fn served(body: Bytes, caller: &Caller, provider: &str) -> Response<Body> {
    let mut response = json(StatusCode::OK, body);
    sign(&mut response, caller, provider);
    response
}

/// Names the request and who served it.
fn sign(response: &mut Response<Body>, caller: &Caller, provider: &str) {
    name(response, REQUEST_ID, &caller.account.request_id);
    name(response, PROVIDER, provider);
}

fn name(response: &mut Response<Body>, header: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text)
        && !text.is_empty()
    {
        response.headers_mut().insert(header, value);
    }
}
