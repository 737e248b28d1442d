//! Mock OpenAI, and Azure OpenAI.

mod auth;
pub(crate) mod chat;
mod chat_completions;
mod completions;
mod embeddings;
mod failure;
mod filter;
mod ids;
mod images;
mod limits;
pub(crate) mod model;
mod models;
mod moderations;
pub(crate) mod prompt;
mod reply;
mod responses;
mod target;
mod withheld;

use std::borrow::Cow;

use http::{Response, StatusCode};
use quota::Pools;
use wire::openai::error::{Case, ErrorDetail, Particulars};
use wire::openai::path::{Operation, Path};
use world::Clock;
use world::http::Body;

use crate::call::{Call, Engine};
use crate::plan::MockPlan;
use failure::Failure;
use limits::Accounts;
use responses::Store;

/// The largest request, in bytes; pictures in place make it large. Our assumption.
pub(crate) const BODY_LIMIT: usize = 64 << 20;

/// The OpenAI surface of a mock.
#[derive(Debug)]
pub(crate) struct OpenAi {
    accounts: Accounts,
    /// Responses that can be asked for again.
    store: Store,
}

/// A request whose path is understood.
struct Request<'a> {
    path: Path<'a>,
    /// Which version of Azure's API is meant.
    api_version: Cow<'a, str>,
    /// The body, with the model of the path in it.
    body: Cow<'a, [u8]>,
}

impl OpenAi {
    pub(crate) fn new(plan: &MockPlan, pools: &Pools, clock: Clock) -> Self {
        Self { accounts: Accounts::new(plan, pools, clock), store: Store::default() }
    }

    /// Answers a request, as late as the model would.
    pub(crate) async fn answer(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        // The address of a picture needs no key.
        if let Some(response) = images::file(engine, call) {
            return response;
        }
        match self.route(engine, call).await {
            Ok(response) => response,
            Err(failure) => {
                engine.sleep(call, failure::DELAY).await;
                failure.respond(engine, call)
            }
        }
    }

    /// Answers a request whose body is beyond [`BODY_LIMIT`].
    pub(crate) fn too_large(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let message = format!("Request body is larger than {BODY_LIMIT} bytes.");
        let detail = ErrorDetail::new(message, "invalid_request_error");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, detail).respond(engine, call)
    }

    /// Answers a request that asks for a fault that there is not.
    pub(crate) fn refuse(&self, engine: &Engine, call: &Call<'_>, message: &str) -> Response<Body> {
        Failure::message(message).respond(engine, call)
    }

    async fn route(&self, engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
        let method = call.parts.method.as_str();
        let nowhere = Particulars { method, path: call.path, ..Particulars::default() };
        let Some(path) = Path::parse(call.path) else {
            return Err(Failure::case(Case::InvalidUrl, &nowhere));
        };
        let api_version = api_version(call);
        if path.host.is_versioned() && api_version.is_empty() {
            return Err(Failure::case(Case::InvalidUrl, &nowhere));
        }
        auth::admit(engine, call, &path.host)?;
        if !path.operation.methods().contains(&method) {
            return Err(Failure::case(Case::MethodNotAllowed, &nowhere));
        }
        let body = target::with_model(call.body, &path);
        self.operate(engine, call, &Request { path, api_version, body }).await
    }

    async fn operate(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        match &request.path.operation {
            Operation::ChatCompletions => self.chat_completion(engine, call, request).await,
            Operation::Completions => self.completion(engine, call, request).await,
            Operation::Embeddings => self.embeddings(engine, call, request).await,
            Operation::Responses => self.respond(engine, call, request).await,
            Operation::Response(id) => self.kept_response(engine, call, id),
            Operation::ResponseInputItems(id) => self.kept_input(engine, call, id),
            Operation::ResponseCancel(id) => self.cancel(engine, call, id),
            Operation::ResponseInputTokens => self.input_tokens(engine, call, request),
            Operation::Models => Ok(models::list(engine, call)),
            Operation::Model(id) => models::get(engine, call, id),
            Operation::Moderations => moderations::answer(engine, call, request).await,
            Operation::ImageGenerations => self.images(engine, call, request).await,
        }
    }
}

fn api_version<'c>(call: &Call<'c>) -> Cow<'c, str> {
    let query = call.parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "api-version")
        .map_or(Cow::Borrowed(""), |(_, version)| version)
}
