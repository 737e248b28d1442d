//! A provider that behaves as the model in the path says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::Nonce;
use evidence::nonce::find_last;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Request, Response};
use world::http::{Abort, Body, Handler, collect};
use world::{ConnectionHandle, World};

/// Events of a whole stream: one without content, four tokens, the end.
pub(crate) const EVENTS: u32 = 6;

/// From one event to the next.
pub(crate) const GAP: Duration = Duration::from_millis(50);

/// How a provider treats a request to model `m`, `slow`, `reset`, …
#[derive(Clone)]
pub(crate) struct Behaviour {
    pub(crate) world: World,
    /// Requests as they came.
    pub(crate) requests: Arc<std::sync::Mutex<Vec<(http::request::Parts, Bytes)>>>,
}

pub(crate) fn plain_body(nonce: Nonce) -> String {
    let text: String = (0..4).map(|seq| nonce.token_text(seq)).collect();
    format!("{{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}}}}]}}")
}

pub(crate) fn stream_bytes(nonce: Nonce) -> Vec<Bytes> {
    let chunk =
        |content: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n");
    let mut events = vec![chunk("")];
    events.extend((0..4).map(|seq| chunk(&nonce.token_text(seq))));
    events.push("data: [DONE]\n\n".to_owned());
    events.into_iter().map(Bytes::from).collect()
}

impl Handler for Behaviour {
    async fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        let (parts, body) = request.into_parts();
        let body = collect(body, 64 << 20).await.map_err(|_| Abort)?;
        let nonce = find_last(&body).unwrap_or(Nonce::new(0));
        let text = String::from_utf8_lossy(&body).into_owned();
        let lists_models = parts.uri.path().ends_with("/models");
        self.requests.lock().expect("no panic").push((parts, body));
        let is = |model: &str| text.contains(&format!("\"model\":\"{model}\""));
        if lists_models {
            return Ok(Response::new(Body::full("{\"data\":[]}")));
        }
        if is("slow") {
            self.world.clock().sleep(Duration::from_secs(5)).await;
        }
        if is("reset") {
            connection.reset();
            return Err(Abort);
        }
        if is("closes") {
            connection.finish();
            return Err(Abort);
        }
        if text.contains("\"stream\":true") {
            return Ok(self.stream(nonce, is("breaks"), connection));
        }
        let mut response = Response::new(Body::full(plain_body(nonce)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
        headers.insert(CONTENT_LENGTH, plain_body(nonce).len().into());
        headers.insert("x-request-id", "req_1".parse().expect("a value"));
        headers.insert("x-brownout-tokens-planned", 4.into());
        headers.insert("connection", "keep-alive".parse().expect("a value"));
        Ok(response)
    }
}

impl Behaviour {
    fn stream(&self, nonce: Nonce, breaks: bool, connection: ConnectionHandle) -> Response<Body> {
        let (sender, body) = Body::channel(1);
        let clock = *self.world.clock();
        drop(self.world.spawn(async move {
            for (index, event) in stream_bytes(nonce).into_iter().enumerate() {
                clock.sleep(GAP).await;
                if breaks && index == 3 {
                    connection.reset();
                    return;
                }
                if !sender.send(event).await {
                    return;
                }
            }
        }));
        let mut response = Response::new(body);
        response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().expect("a value"));
        response
    }
}
