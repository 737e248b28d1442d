//! What does the load generator add to a request? One plain request at a time over a virtual pipe: by the
//! bare HTTP client, and as an arrival of a plan with its prompt, its judged answer and its record.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use evidence::Journal;
use http::{Request, Response, header};
use world::http::{Abort, Body, Client, collect, serve};
use world::{Address, ConnectionHandle, Seed, World, run_virtual};

use brownout_loadgen::plan::{Binding, LoadFile, LoadPlan};
use brownout_loadgen::{Progress, Target};

const REQUESTS: u64 = 2_000;

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","content":"Nothing that looks like a token text, at some length, so that parsing has work to do."},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220}}"#;

async fn answer(request: Request<Body>, _: ConnectionHandle) -> Result<Response<Body>, Abort> {
    collect(request.into_body(), 1 << 20).await.map_err(|_| Abort)?;
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    response.body(Body::full(Bytes::from_static(ANSWER.as_bytes()))).map_err(|_| Abort)
}

fn plan() -> LoadPlan {
    let file: LoadFile =
        toml::from_str("arrivals = { constant = \"1000/s\" }\nmix = { chat = 1 }").expect("a load section");
    let binding = Binding {
        seed: Seed(1),
        duration: Some(Duration::from_millis(REQUESTS)),
        models: [].into(),
        pinned: [].into(),
    };
    file.plan(&binding).expect("a plan")
}

fn with_server<R>(program: impl AsyncFnOnce(World) -> R) -> R {
    run_virtual(Seed(1), |world| async move {
        let listener = world.network().listen(&Address::new("gateway")).expect("a name");
        let _server = serve(&world, listener, Arc::new(answer));
        program(world.clone()).await
    })
}

async fn bare(world: World) {
    let client = Client::new(&world);
    let address = Address::new("gateway");
    for _ in 0..REQUESTS {
        let request = Request::post("/v1/chat/completions").header("host", "gateway");
        let request = request.body(Body::full(vec![b'x'; 900])).expect("a request");
        let response = client.send(&address, request).await.expect("an answer");
        black_box(collect(response.into_body(), 1 << 20).await.expect("a body"));
    }
}

async fn planned(world: World, plan: &LoadPlan) {
    let target = Target::new("http://gateway".parse().expect("a URL"));
    let summary = brownout_loadgen::run(&world, target, plan, Journal::discard(), Progress::default()).await;
    assert_eq!(summary.completed, REQUESTS);
}

fn requests(criterion: &mut Criterion) {
    let plan = plan();
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(REQUESTS)).sample_size(20);
    group.bench_function("bare client", |bencher| bencher.iter(|| with_server(bare)));
    group.bench_function("load generator", |bencher| {
        bencher.iter(|| with_server(async |world| planned(world, &plan).await));
    });
    group.bench_function("arrivals alone", |bencher| bencher.iter(|| black_box(plan.arrivals().count())));
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
