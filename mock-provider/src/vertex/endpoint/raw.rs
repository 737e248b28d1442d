//! `:rawPredict` and `:streamRawPredict`: what the deployed model's server takes and answers, handed on as it is.
//!
//! The server takes a chat in OpenAI's shape, or instances as `:predict` does. Streamed predictions are events that end as
//! those of a chat do, which is our choice: servers differ.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::HeaderName;
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use wire::json::{Raw, Text};
use wire::openai::chat_stream::DONE;
use world::http::Body;

use super::pieces::Messages;
use crate::call::{Call, Engine};
use crate::head;
use crate::vertex::Vertex;
use crate::vertex::front::{Failure, Request, reply};
use crate::vertex::models::{endpoints, own};

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// What a body is told by.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(borrow, default)]
    instances: Option<Raw<'a>>,
    #[serde(default)]
    http_body: Option<HttpBody<'a>>,
}

/// A body within a body: the generated clients send one over REST.
#[derive(Deserialize)]
struct HttpBody<'a> {
    #[serde(borrow, default)]
    data: Text<'a>,
}

/// Writes pieces of texts as events.
struct Events;

impl Vertex {
    pub(super) async fn raw(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (endpoint, is_streamed): (&str, bool),
    ) -> Result<Response<Body>, Failure> {
        let body = unpacked(call.body);
        let call = &call.with_body(&body);
        let has_instances = read(&body).is_some_and(|told| told.instances.is_some());
        let mut response = match (has_instances, is_streamed) {
            (true, false) => self.predict_instances(engine, call, request).await?,
            (true, true) => self.stream_instances(engine, call, request).await?,
            (false, _) => self.chat_with_deployed(engine, call, request, Some(is_streamed)).await?,
        };
        name_server(&mut response, request, endpoint);
        Ok(response)
    }

    async fn stream_instances(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let predicted = self.decide_instances(engine, call, request)?;
        let mut timer = engine.sleep(call, predicted.first());
        (&mut timer).await;
        let head = reply::base(engine, StatusCode::OK, EVENTS, Body::empty());
        let mut response = engine.announce(head, &predicted);
        *response.body_mut() = engine.play(predicted.play(call, Events), timer);
        Ok(response)
    }
}

fn read(body: &[u8]) -> Option<Told<'_>> {
    serde_json::from_slice(body).ok()
}

/// The body that the model server sees.
fn unpacked(body: &Bytes) -> Bytes {
    let inner = read(body).and_then(|told| BASE64_STANDARD.decode(told.http_body?.data.as_bytes()).ok());
    inner.map_or_else(|| body.clone(), Bytes::from)
}

/// Who answered stands in the head, for the body is the model server's.
fn name_server(response: &mut Response<Body>, request: &Request<'_>, endpoint: &str) {
    let model = own::named(request.path.scope.as_ref(), "models", own::MODEL);
    for (name, value) in [
        ("x-vertex-ai-endpoint-id", endpoint),
        ("x-vertex-ai-deployed-model-id", endpoints::DEPLOYED),
        ("x-vertex-ai-model", &model),
        ("x-vertex-ai-model-version-id", own::VERSION),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), head::text(value));
    }
}

impl Messages for Events {
    fn write(&mut self, texts: Vec<String>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct Event {
            predictions: Vec<String>,
        }
        out.put_slice(b"data: ");
        wire::json::write(&Event { predictions: texts }, out);
        out.put_slice(b"\n\n");
    }

    fn end(&mut self, out: &mut BytesMut) {
        out.put_slice(DONE);
    }
}
