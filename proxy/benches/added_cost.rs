//! What a proxy adds to a request and to an event of a stream: the same work with and without one in between,
//! in virtual time, where a run takes as long as its CPU does.

use std::sync::Arc;
use std::time::Duration;

use brownout_proxy::{ProxyPlan, RoutePlan, start};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use evidence::{Journal, Nonce};
use fault::{Effect, Family, Rule, spec};
use http::header::{CONTENT_TYPE, HOST};
use http::{Request, Response};
use world::http::{Abort, Body, Client, collect, serve};
use world::{Address, BaseUrl, ConnectionHandle, Seed, World};

const REQUESTS: u64 = 500;
const EVENTS: u64 = 2_000;

/// Answers 1 KiB, or a stream of [`EVENTS`].
async fn provider(request: Request<Body>, _: ConnectionHandle) -> Result<Response<Body>, Abort> {
    let is_stream = request.uri().path().ends_with("converse-stream");
    collect(request.into_body(), 1 << 20).await.map_err(|_| Abort)?;
    let (content_type, body) = match is_stream {
        false => ("application/json", Body::full(vec![b'x'; 1_024])),
        true => ("text/event-stream", stream()),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    Ok(response)
}

fn stream() -> Body {
    let (sender, body) = Body::channel(16);
    let event = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\" 3fa9.1234\"}}]}\n\n");
    tokio::spawn(async move {
        for _ in 0..EVENTS {
            if !sender.send(event.clone()).await {
                return;
            }
        }
    });
    body
}

/// Sends requests one after the other, through a proxy or not.
fn run(through_proxy: bool, requests: u64, segment: &'static str, rules: &[Rule]) {
    world::run_virtual(Seed(1), |world: World| async move {
        let mock = Address::new("mock");
        let listener = world.network().listen(&mock).expect("a free name");
        let server = serve(&world, listener, Arc::new(provider));
        let route = RoutePlan {
            provider: "bedrock".to_owned(),
            family: Family::Bedrock,
            listen: Address::new("proxy"),
            upstream: BaseUrl::of(mock.clone()),
        };
        let plan = ProxyPlan { routes: vec![route], rules: rules.to_vec(), allow_overrides: false };
        let proxy = start(&world, plan, &Journal::discard()).expect("a free name");
        let address = if through_proxy { Address::new("proxy") } else { mock };
        let client = Client::new(&world);
        for number in 0..requests {
            let body =
                format!("{{\"messages\":[{{\"content\":[{{\"text\":\"{}\\nhi\"}}]}}]}}", Nonce::new(number));
            let request = Request::post(format!("/model/anthropic.claude-3-haiku-20240307-v1%3A0/{segment}"))
                .header(HOST, "bedrock-runtime.us-east-1.amazonaws.com")
                .header(CONTENT_TYPE, "application/json")
                .body(Body::full(body))
                .expect("a request");
            let mut body = client.send(&address, request).await.expect("an answer").into_body();
            while let Some(piece) = body.next_data().await {
                piece.expect("a whole answer");
            }
        }
        drop((proxy, server));
    });
}

/// A rule that is asked about every request and hits none.
fn idle_rule() -> Rule {
    let effect: Effect = spec::parse("error=503", Family::Bedrock).expect("a spec");
    let mut rule = Rule::always("idle", effect);
    rule.extent = fault::selection::Extent::Share { share: notation::Share::NONE, ramp: None };
    rule
}

fn plain_requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plain request");
    group.throughput(Throughput::Elements(REQUESTS)).measurement_time(Duration::from_secs(5));
    group.bench_function("direct", |bencher| bencher.iter(|| run(false, REQUESTS, "converse", &[])));
    group.bench_function("proxied", |bencher| bencher.iter(|| run(true, REQUESTS, "converse", &[])));
    let rules = [idle_rule()];
    group.bench_function("proxied, one rule", |bencher| {
        bencher.iter(|| run(true, REQUESTS, "converse", &rules));
    });
    group.finish();
}

fn stream_events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stream event");
    group.throughput(Throughput::Elements(EVENTS)).measurement_time(Duration::from_secs(5));
    group.bench_function("direct", |bencher| bencher.iter(|| run(false, 1, "converse-stream", &[])));
    group.bench_function("proxied", |bencher| bencher.iter(|| run(true, 1, "converse-stream", &[])));
    group.finish();
}

criterion_group!(benches, plain_requests, stream_events);
criterion_main!(benches);
