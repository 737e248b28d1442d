//! Building requests: everything that does not change from one to the next is prepared once.

use std::collections::BTreeMap;

use bytes::Bytes;
use evidence::Nonce;
use evidence::record::{Deliberate, Name};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use wire::json::Text;
use wire::openai::chat::{ChatRequest, Message, Role, StreamOptions};
use wire::openai::embeddings::{EmbeddingRequest, Input};
use world::http::Body;

use super::prompt;
use crate::plan::{Kind, LoadPlan, Planned};
use crate::target::Target;

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("brownout-loadgen/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// In the manner of the official SDKs, which count their tries here.
const RETRY_COUNT: &str = "x-stainless-retry-count";

/// A temperature beyond every provider's range: refused by whoever validates, forwarded by a gateway
/// that does not, and never admitted to a token quota for more than its prompt.
const INVALID_TEMPERATURE: f64 = 9.0;

/// What requests of one plan to one target are made of.
#[derive(Debug)]
pub(super) struct Requests {
    headers: HeaderMap,
    keys: BTreeMap<Name, HeaderValue>,
    paths: BTreeMap<String, Uri>,
}

impl Requests {
    pub(super) fn new(target: &Target, plan: &LoadPlan) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, USER_AGENT);
        if let Ok(host) = HeaderValue::from_str(target.url.authority()) {
            headers.insert(header::HOST, host);
        }
        headers.extend(target.headers.iter().cloned());
        let keys = plan.tenants().map(|tenant| (Name::clone(&tenant.name), bearer(target.key_of(tenant))));
        let path = |path: &String| Some((path.clone(), target.path(path).parse().ok()?));
        let paths = plan.classes().filter_map(|class| path(&class.path)).collect();
        Self { headers, keys: keys.collect(), paths }
    }

    pub(super) fn build(&self, planned: &Planned, nonce: Option<Nonce>, attempt: u32) -> Request<Body> {
        let body = body(planned, nonce);
        let mut request = Request::new(body.map_or_else(Body::empty, Body::full));
        *request.uri_mut() = self.paths.get(&planned.class.path).cloned().unwrap_or_default();
        let headers = request.headers_mut();
        *headers = self.headers.clone();
        headers.insert(header::AUTHORIZATION, self.authorization(planned));
        if planned.class.kind.has_prompt() {
            headers.insert(header::CONTENT_TYPE, JSON);
            *request.method_mut() = Method::POST;
        }
        if attempt > 0 {
            request.headers_mut().insert(RETRY_COUNT, HeaderValue::from(attempt));
        }
        request
    }

    fn authorization(&self, planned: &Planned) -> HeaderValue {
        if planned.deliberate == Some(Deliberate::UnknownKey) {
            return bearer(&format!("sk-unknown-{:x}", planned.ordinal));
        }
        let known = self.keys.get(&planned.tenant.name).cloned();
        known.unwrap_or_else(|| bearer(&planned.tenant.key))
    }
}

/// A bearer key as a header that logs do not show.
fn bearer(key: &str) -> HeaderValue {
    let text = format!("Bearer {key}");
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

fn body(planned: &Planned, nonce: Option<Nonce>) -> Option<Bytes> {
    match planned.class.kind {
        Kind::Chat => Some(chat(planned, nonce)),
        Kind::Embeddings => Some(embeddings(planned, nonce)),
        Kind::Images => Some(image(planned, nonce)),
        Kind::Models | Kind::Get => None,
    }
}

fn chat(planned: &Planned, nonce: Option<Nonce>) -> Bytes {
    let text = prompt::text(nonce, planned.prompt_tokens);
    let is_invalid = planned.deliberate == Some(Deliberate::InvalidRequest);
    let usage = StreamOptions { include_usage: Some(true), include_obfuscation: None };
    ChatRequest {
        model: Text::from(&*planned.model),
        messages: vec![Message::of_text(Role::User, text)],
        max_tokens: planned.class.max_tokens,
        stream: planned.streamed.then_some(true),
        stream_options: planned.streamed.then_some(usage),
        temperature: is_invalid.then_some(INVALID_TEMPERATURE),
        ..ChatRequest::default()
    }
    .to_bytes()
}

fn embeddings(planned: &Planned, nonce: Option<Nonce>) -> Bytes {
    let text = |nonce| prompt::text(nonce, planned.prompt_tokens).into();
    let input = match planned.class.batch {
        0 | 1 => Input::Text(text(nonce)),
        // Named once: where a model takes one text at a time, the calls for the others are no retries.
        batch => Input::Texts((0..batch).map(|index| text(nonce.filter(|_| index == 0))).collect()),
    };
    EmbeddingRequest { model: Text::from(&*planned.model), input, ..EmbeddingRequest::default() }.to_bytes()
}

fn image(planned: &Planned, nonce: Option<Nonce>) -> Bytes {
    #[derive(serde::Serialize)]
    struct ImageRequest<'a> {
        model: &'a str,
        prompt: String,
        n: u32,
        size: &'static str,
    }
    let prompt = prompt::text(nonce, planned.prompt_tokens);
    wire::json::to_bytes(&ImageRequest { model: &planned.model, prompt, n: 1, size: "1024x1024" })
}
