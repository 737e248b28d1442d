//! A client of the OpenAI dialect that reports everything it gets.

use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use world::http::Body;

use super::{Rig, nonce};

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// When each piece of the body came, in ms.
    pub(crate) pieces: Vec<u128>,
    pub(crate) ending: Ending,
    /// When the response head came, in ms.
    pub(crate) head_at: u128,
    /// When the body ended, in ms.
    pub(crate) ended_at: u128,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Clean,
    Broken,
}

impl Answer {
    pub(crate) fn provider(&self) -> &str {
        self.headers.get("x-brownout-provider").map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        let value = self.headers.get("retry-after")?;
        value.to_str().ok()?.parse().ok()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The data of each event.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.body.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect()
    }

    /// The text of a streamed answer.
    pub(crate) fn text(&self) -> String {
        let chunks = self.events().into_iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
        chunks
            .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
            .collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.events().last() == Some(&"[DONE]")
    }

    pub(crate) fn has_error_event(&self) -> bool {
        self.events().iter().any(|data| data.starts_with(r#"{"error":"#))
    }
}

impl Rig {
    /// A chat, whole.
    pub(crate) async fn chat(&self, model: &str, n: u64) -> Answer {
        self.post("/v1/chat/completions", &chat_body(model, n, false)).await
    }

    /// A chat, streamed with usage.
    pub(crate) async fn stream(&self, model: &str, n: u64) -> Answer {
        self.post("/v1/chat/completions", &chat_body(model, n, true)).await
    }

    /// Embeddings of one text.
    pub(crate) async fn embed(&self, n: u64) -> Answer {
        let body = json!({ "model": "vectors", "input": format!("{}\nsome text", nonce(n)) });
        self.post("/v1/embeddings", &body).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(request(Method::POST, path, body.to_string(), "sk-1")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, String::new(), "sk-1")).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.client.send(self.gateway.address(), request).await.expect("a response");
        let head_at = self.now_ms();
        let (head, mut body) = response.into_parts();
        let mut answer = Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::new(),
            pieces: Vec::new(),
            ending: Ending::Clean,
            head_at,
            ended_at: head_at,
        };
        while let Some(piece) = body.next_data().await {
            match piece {
                Ok(bytes) => {
                    answer.pieces.push(self.now_ms());
                    answer.body.push_str(std::str::from_utf8(&bytes).expect("text"));
                }
                Err(_) => answer.ending = Ending::Broken,
            }
        }
        answer.ended_at = self.now_ms();
        answer
    }

    /// Sends a chat and leaves after `ms`, or with the first piece of the body when none is given.
    pub(crate) async fn leave(&self, body: &Value, after_ms: Option<u64>) {
        let request = request(Method::POST, "/v1/chat/completions", body.to_string(), "sk-1");
        let sent = self.client.send(self.gateway.address(), request);
        match after_ms {
            Some(ms) => {
                let left = self.clock().timeout(std::time::Duration::from_millis(ms), sent).await;
                assert!(left.is_err(), "an answer came first");
            }
            None => {
                let mut body = sent.await.expect("a response").into_body();
                body.next_data().await.expect("a piece").expect("bytes");
            }
        }
    }
}

pub(crate) fn chat_body(model: &str, n: u64, streamed: bool) -> Value {
    let content = format!("{}\nsay something", nonce(n));
    let mut body =
        json!({ "model": model, "messages": [{ "role": "user", "content": content }], "max_tokens": 64 });
    if streamed {
        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": true });
    }
    body
}

pub(crate) fn request(method: Method, path: &str, body: String, key: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "gateway")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {key}"))
        .body(Body::full(body))
        .expect("a request")
}
