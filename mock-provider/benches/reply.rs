//! What does it cost to make an answer up: token texts, words, a tool call and JSON by a schema?
//! Whole requests over virtual pipes; the first kind is the floor.

use std::hint::black_box;

use brownout_mock_provider::{MockFile, MockPlan, start};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use world::http::{Body, Client, collect};
use world::{Address, Seed, run_virtual};

const REQUESTS: u64 = 100;
const PATH: &str =
    "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent";
const SCHEMA: &str = r#"{"type":"OBJECT","properties":{"city":{"type":"STRING"},"days":{"type":"INTEGER","minimum":1,"maximum":14},
    "units":{"type":"ARRAY","items":{"type":"STRING","enum":["C","F"]},"minItems":"1"}},"required":["city","days","units"]}"#;

fn plan() -> MockPlan {
    let text =
        "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nanswer = { tokens_p50 = 100, tokens_p90 = 100 }";
    toml::from_str::<MockFile>(text).expect("a mock file").plan("mock").expect("a sound file")
}

/// Asks one after the other; returns how many bytes came.
fn ask(plan: &MockPlan, body: &str) -> usize {
    run_virtual(Seed(7), |world| {
        let (plan, body) = (plan.clone(), body.to_owned());
        async move {
            let _mock = start(&world, &Address::new("mock"), plan).expect("a free name");
            let (client, address) = (Client::new(&world), Address::new("mock"));
            let mut bytes = 0;
            for _ in 0..REQUESTS {
                let request =
                    Request::post(PATH).header("host", "mock").header("content-type", "application/json");
                let request = request.body(Body::full(body.clone())).expect("a request");
                let response = client.send(&address, request).await.expect("an answer");
                assert!(response.status().is_success());
                bytes += collect(response.into_body(), 1 << 20).await.expect("a whole body").len();
            }
            bytes
        }
    })
}

fn reply(criterion: &mut Criterion) {
    let of = |prompt: &str, more: &str| {
        format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{prompt}"}}]}}]{more}}}"#)
    };
    let tool =
        format!(r#","tools":[{{"functionDeclarations":[{{"name":"get_weather","parameters":{SCHEMA}}}]}}]"#);
    let json =
        format!(r#","generationConfig":{{"responseMimeType":"application/json","responseSchema":{SCHEMA}}}"#);
    let plan = plan();
    let mut group = criterion.benchmark_group("reply");
    group.throughput(Throughput::Elements(REQUESTS));
    for (name, body) in [
        ("token texts", of("bo-0123456789abcdef", "")),
        ("words", of("hello", "")),
        ("tool call", of("hello", &tool)),
        ("json by schema", of("hello", &json)),
    ] {
        group.bench_function(name, |bench| bench.iter(|| black_box(ask(&plan, &body))));
    }
    group.finish();
}

criterion_group!(benches, reply);
criterion_main!(benches);
