//! Latencies as clients measure them, against the configured law worked out by hand; the same on every way.

use std::time::Duration;

use world::Address;
use world::http::{Body, Client, collect};

use crate::harness::{Bench, against};
use crate::ways::{Asked, WAYS, Way};

/// Means and coefficients of variation, lognormal: first token 400 ms and 0.15, then 20 ms and 0.1 each.
const LAW: &str = "auth = \"off\"\n\
    latency = { overhead = \"400ms\", per_prompt_token = \"0s\", inter_token = \"20ms\", ttft_cv = 0.15, inter_token_cv = 0.1 }\n\
    answer = { tokens_p50 = 16.0, tokens_p90 = 16.0 }\nstream = { tokens_per_frame = 1 }\n";
const TOKENS: u32 = 16;
const REQUESTS: usize = 1_600;
/// Quantiles that are told, with those of the standard normal law.
const QUANTILES: [(f64, f64); 3] = [(0.5, 0.0), (0.95, 1.644_854), (0.99, 2.326_348)];

/// The quantile of a lognormal law by its mean and coefficient of variation; `z` is that of the normal law.
fn lognormal(mean: f64, cv: f64, z: f64) -> f64 {
    let sigma = (1.0 + cv * cv).ln().sqrt();
    mean * (z * sigma - sigma * sigma / 2.0).exp()
}

fn assert_follows(name: &str, what: &str, mut samples: Vec<f64>, (mean, cv): (f64, f64)) {
    samples.sort_unstable_by(f64::total_cmp);
    for (q, z) in QUANTILES {
        let measured = samples[(samples.len() as f64 * q) as usize];
        let expected = lognormal(mean, cv, z);
        let error = measured / expected - 1.0;
        assert!(error.abs() < 0.05, "{name}: {what} at {q}: {measured:.4} of {expected:.4}, {error:+.3}");
    }
}

/// Seconds to the first token, from each to the next, and to the end of a whole answer.
#[derive(Default)]
struct Samples {
    firsts: Vec<f64>,
    inters: Vec<f64>,
    wholes: Vec<f64>,
}

fn measure(way: Way) -> Samples {
    against(&way.file(LAW), |bench| async move {
        let bench = bench;
        let mut samples = Samples::default();
        for number in 0..REQUESTS {
            let asked = Asked { max_tokens: TOKENS, ..Asked::new(&format!("Number {number}?")) };
            let sent_at = bench.world.clock().now();
            let is_streamed = number % 8 != 0;
            let answered = way.ask(&bench, &asked, is_streamed).await;
            assert_eq!(answered.status(), 200, "{}", way.name);
            let first = answered.head_at.saturating_since(sent_at).as_secs_f64();
            let rest = answered.end_at.saturating_since(answered.head_at).as_secs_f64();
            if is_streamed {
                samples.firsts.push(first);
                samples.inters.push(rest / f64::from(TOKENS - 1));
            } else {
                samples.wholes.push(first);
            }
        }
        samples
    })
}

#[test]
fn percentiles_keep_within_five_percent_of_the_law_on_every_way() {
    for way in WAYS {
        let Samples { firsts, inters, wholes } = measure(way);
        assert_follows(way.name, "first token", firsts, (0.4, 0.15));
        assert_follows(way.name, "token by token", inters, (0.02, 0.1));
        let mean = wholes.iter().sum::<f64>() / wholes.len() as f64;
        let expected = 0.4 + 0.02 * f64::from(TOKENS - 1);
        assert!((mean / expected - 1.0).abs() < 0.05, "{}: {mean} of {expected}", way.name);
    }
}

#[test]
fn percentiles_of_vectors_keep_within_five_percent_of_the_law() {
    let vertex = "/v1/projects/p/locations/us-central1/publishers/google/models/text-embedding-005:predict";
    for (profile, path, body) in [
        (
            "bedrock/titan-embed",
            "/model/amazon.titan-embed-text-v2%3A0/invoke",
            r#"{"inputText":"NUMBER","dimensions":256}"#,
        ),
        (
            "vertex/text-embedding",
            vertex,
            r#"{"instances":[{"content":"NUMBER"}],"parameters":{"outputDimensionality":64}}"#,
        ),
        (
            "openai/text-embedding",
            "/v1/embeddings",
            r#"{"model":"text-embedding-3-small","input":"NUMBER","dimensions":64}"#,
        ),
    ] {
        let file = format!("profile = \"{profile}\"\n{LAW}");
        let firsts = against(&file, |bench| async move {
            let bench = bench;
            let mut firsts = Vec::new();
            for number in 0..REQUESTS {
                let sent_at = bench.world.clock().now();
                let answered = bench.post(path, &body.replace("NUMBER", &number.to_string())).await;
                assert_eq!(answered.status(), 200, "{path}: {}", answered.text());
                firsts.push(answered.end_at.saturating_since(sent_at).as_secs_f64());
            }
            firsts
        });
        assert_follows(path, "vector", firsts, (0.4, 0.15));
    }
}

/// Exact: ten tokens in 100 ms and nine times 10 ms, of which a batch holds twelve at a time.
const ENGINE: &str = "auth = \"off\"\n\
    latency = { overhead = \"100ms\", per_prompt_token = \"0s\", inter_token = \"10ms\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n\
    answer = { tokens_p50 = 16.0, tokens_p90 = 16.0 }\nstream = { tokens_per_frame = 1 }\n\
    scheduler = { max_batch = 12, collapses = false }\n";

/// Asks again as soon as it is answered, until `end`; returns how many answers it got.
async fn client(world: world::World, way: Way, number: usize) -> usize {
    let client = Client::new(&world);
    let clock = *world.clock();
    clock.sleep(Duration::from_millis(number as u64 * 7 % 190)).await;
    let mut answers = 0;
    while clock.now() < world::Instant::from_secs(10) {
        let asked = Asked { max_tokens: TOKENS, ..Asked::new(&format!("Number {number}, {answers}?")) };
        let response =
            client.send(&Address::new("mock"), way.request(&asked, true)).await.expect("an answer");
        let body: Body = response.into_body();
        collect(body, 1 << 20).await.expect("a whole body");
        answers += 1;
    }
    answers
}

/// Answers that so many clients get in ten seconds.
fn throughput(way: Way, clients: usize) -> f64 {
    against(&way.file(ENGINE), |bench| async move {
        let Bench { world, mock: _mock, .. } = bench;
        let tasks: Vec<_> =
            (0..clients).map(|number| world.spawn(client(world.clone(), way, number))).collect();
        let mut answers = 0;
        for task in tasks {
            answers += task.await.expect("a client");
        }
        answers as f64
    })
}

#[test]
fn the_knee_is_at_the_size_of_the_batch_on_every_way() {
    for way in WAYS {
        let (one, six, many) = (throughput(way, 1), throughput(way, 6), throughput(way, 30));
        assert!((six / one / 6.0 - 1.0).abs() < 0.05, "{}: {six} of six times {one}", way.name);
        let knee = many / one;
        assert!((knee / 12.0 - 1.0).abs() < 0.1, "{}: the knee is at {knee}", way.name);
    }
}
