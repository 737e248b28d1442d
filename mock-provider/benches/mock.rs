//! What does the mock cost per request, per event of a stream, and per Bedrock frame? Over virtual pipes, client
//! and HTTP included; a handler that answers the same number of bytes and does nothing else shows what of it is
//! HTTP. Waiting costs nothing in virtual time.

use std::hint::black_box;
use std::sync::Arc;

use brownout_mock_provider::{MockFile, MockPlan, start};
use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{Method, Request, Response};
use mimalloc::MiMalloc;
use wire::bedrock::converse_stream::StreamEvent;
use wire::bedrock::stream_frame::Padding;
use world::http::{Abort, Body, Client, Handler, collect, serve};
use world::{Address, ConnectionHandle, Seed, World, run_virtual};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const REQUESTS: u64 = 200;
const MODEL: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0";

fn plan(tokens: u32) -> MockPlan {
    let text = format!(
        "auth = \"off\"\nanswer = {{ tokens_p50 = {tokens}.0, tokens_p90 = {tokens}.0 }}\nstream = {{ tokens_per_frame = 1 }}"
    );
    toml::from_str::<MockFile>(&text).expect("a mock file").plan("mock").expect("a sound file")
}

fn chat(path: &str) -> Request<Body> {
    let body =
        r#"{"messages":[{"role":"user","content":[{"text":"bo-0123456789abcdef\nWhat is a brownout?"}]}]}"#;
    let request = Request::builder().method(Method::POST).uri(path).header("host", "mock");
    request.header("content-type", "application/json").body(Body::full(body)).expect("a request")
}

/// Asks `count` times, one after the other; returns how many bytes came.
async fn ask(world: &World, path: &str, count: u64) -> usize {
    let (client, address) = (Client::new(world), Address::new("mock"));
    let mut bytes = 0;
    for _ in 0..count {
        let response = client.send(&address, chat(path)).await.expect("an answer");
        bytes += collect(response.into_body(), 64 << 20).await.expect("a whole body").len();
    }
    bytes
}

fn of_mock(plan: &MockPlan, path: &str, count: u64) -> usize {
    run_virtual(Seed(7), |world| {
        let plan = plan.clone();
        async move {
            let _mock = start(&world, &Address::new("mock"), plan).expect("a free name");
            ask(&world, path, count).await
        }
    })
}

/// Answers at once, always the same.
struct Echo(Bytes);

impl Handler for Echo {
    async fn handle(
        &self,
        request: Request<Body>,
        _connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        collect(request.into_body(), 1 << 20).await.map_err(|_| Abort)?;
        Ok(Response::new(Body::full(self.0.clone())))
    }
}

fn of_nothing(answer: &Bytes, count: u64) -> usize {
    run_virtual(Seed(7), |world| {
        let answer = answer.clone();
        async move {
            let listener = world.network().listen(&Address::new("mock")).expect("a free name");
            let _server = serve(&world, listener, Arc::new(Echo(answer)));
            ask(&world, "/", count).await
        }
    })
}

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(REQUESTS)).sample_size(30);
    let plan = plan(64);
    let path = format!("{MODEL}/converse");
    let answer = Bytes::from(vec![b'x'; of_mock(&plan, &path, 1)]);
    group.bench_function("HTTP alone", |bencher| bencher.iter(|| black_box(of_nothing(&answer, REQUESTS))));
    group.bench_function("Converse, 64 tokens", |bencher| {
        bencher.iter(|| black_box(of_mock(&plan, &path, REQUESTS)));
    });
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stream of 10,000 events");
    group.throughput(Throughput::Elements(10_000)).sample_size(20);
    let plan = plan(10_000);
    let path = format!("{MODEL}/converse-stream");
    group.bench_function("ConverseStream", |bencher| {
        bencher.iter(|| black_box(of_mock(&plan, &path, 1)));
    });
    group.finish();
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Elements(1));
    let mut out = BytesMut::with_capacity(4_096);
    group.bench_function("contentBlockDelta of one token", |bencher| {
        bencher.iter(|| {
            out.clear();
            StreamEvent::text(0, black_box(" 3fa9.17")).encode(Padding::of_len(31), &mut out);
            black_box(out.len())
        });
    });
    group.finish();
}

criterion_group!(benches, requests, events, frames);
criterion_main!(benches);
