//! A mock in the virtual world, and a client that reads what it sends.

use std::time::Duration;

use brownout_mock_provider::{EdgePlan, Mock, MockFile, MockPlan, start, start_alone};
use bytes::Bytes;
use http::{Method, Request, Response};
use wire::event_stream::Frame;
use world::http::{Body, Client, SendError, collect};
use world::{Address, Instant, Seed, World, run_virtual};

/// The nonce of most requests, and its tag.
pub(crate) const NONCE: &str = "bo-0123456789abcdef";

/// Without spread: every latency is exact.
pub(crate) const EXACT: &str = "auth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";

/// A mock and a client of it.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) mock: Mock,
    client: Client,
}

/// An answer, read to its end.
pub(crate) struct Answered {
    pub(crate) head: Response<()>,
    pub(crate) body: Bytes,
    /// When the head came, and the end of the body.
    pub(crate) head_at: Instant,
    pub(crate) end_at: Instant,
}

/// Runs `test` against a mock of `file` named `mock`.
pub(crate) fn against<T, F: Future<Output = T>>(file: &str, test: impl FnOnce(Bench) -> F) -> T {
    seeded(7, file, test)
}

/// The same with a seed.
pub(crate) fn seeded<T, F: Future<Output = T>>(seed: u64, file: &str, test: impl FnOnce(Bench) -> F) -> T {
    let file: MockFile = toml::from_str(file).expect("a mock file");
    planned(seed, file.plan("mock").expect("a sound file"), test)
}

/// The same with a plan.
pub(crate) fn planned<T, F: Future<Output = T>>(
    seed: u64,
    plan: MockPlan,
    test: impl FnOnce(Bench) -> F,
) -> T {
    run_virtual(Seed(seed), |world| async move {
        let mock = start(&world, &Address::new("mock"), plan).expect("a free name");
        test(Bench { client: Client::new(&world), world, mock }).await
    })
}

/// Runs `test` against a mock of `file` that stands alone.
pub(crate) fn alone<T, F: Future<Output = T>>(
    file: &str,
    edge: EdgePlan,
    test: impl FnOnce(Bench) -> F,
) -> T {
    let file: MockFile = toml::from_str(file).expect("a mock file");
    let plan = file.plan("mock").expect("a sound file");
    run_virtual(Seed(7), |world| async move {
        let mock = start_alone(&world, &Address::new("mock"), plan, edge).expect("a free name");
        test(Bench { client: Client::new(&world), world, mock }).await
    })
}

impl Bench {
    /// Sends a request and returns its head, if one comes.
    pub(crate) async fn try_send(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        self.client.send(&Address::new("mock"), request).await
    }

    /// Sends a request and returns its head.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.try_send(request).await.expect("an answer")
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn call(&self, request: Request<Body>) -> Answered {
        let response = self.send(request).await;
        let head_at = self.world.clock().now();
        let (parts, body) = response.into_parts();
        let body = collect(body, 64 << 20).await.expect("a whole body");
        Answered { head: Response::from_parts(parts, ()), body, head_at, end_at: self.world.clock().now() }
    }

    /// Posts a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answered {
        self.call(post(path, body)).await
    }
}

impl Answered {
    pub(crate) fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// Status line and headers, in order.
    pub(crate) fn head_text(&self) -> String {
        let mut text = format!("{}\n", self.status());
        for (name, value) in self.head.headers() {
            text += &format!("{name}: {}\n", value.to_str().expect("ASCII"));
        }
        text
    }

    /// The messages of an event stream.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let mut rest = self.body.clone();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().expect("a prelude")) as usize;
            let frame = Frame::parse(rest.split_to(length)).expect("a message");
            frame.verify().expect("sound checksums");
            frames.push(frame);
        }
        frames
    }
}

/// A POST of a JSON body.
pub(crate) fn post(path: &str, body: &str) -> Request<Body> {
    request(Method::POST, path, &[("content-type", "application/json")], body)
}

/// Any request.
pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "mock");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::full(body.to_owned())).expect("a request")
}

/// Milliseconds of a run.
pub(crate) fn ms(milliseconds: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(milliseconds)
}
