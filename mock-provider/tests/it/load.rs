//! A mock under load: what its clients see, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use brownout_mock_provider::Profile;
use bytes::Bytes;
use http::{Method, Request, Response};
use world::http::{Body, Client, collect};
use world::{Address, Instant, World};

use crate::harness::{Bench, EXACT, against, ms, post, request, seeded};

const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
/// Exact, ten tokens in 100 ms and nine times 10 ms, of which a batch holds sixteen at a time.
const ENGINE: &str = "auth = \"off\"\n\
    latency = { overhead = \"100ms\", per_prompt_token = \"0s\", inter_token = \"10ms\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n\
    answer = { tokens_p50 = 10.0, tokens_p90 = 10.0 }\n\
    stream = { tokens_per_frame = 1 }\n";

fn converse(nonce: u64, max_tokens: u32) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"bo-{nonce:016x}"}}]}}],"inferenceConfig":{{"maxTokens":{max_tokens}}}}}"#
    )
}

/// What one client saw of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    status: u16,
    sent_at: Instant,
    first_at: Instant,
    end_at: Instant,
    body: Bytes,
}

/// Asks for a stream and reads it.
async fn stream(world: &World, client: &Client, nonce: u64) -> Seen {
    read(world, client, post(&format!("{HAIKU}-stream"), &converse(nonce, 100))).await
}

async fn read(world: &World, client: &Client, request: Request<Body>) -> Seen {
    let sent_at = world.clock().now();
    let response = client.send(&Address::new("mock"), request).await;
    let response: Response<Body> = response.expect("an answer");
    let (status, first_at) = (response.status().as_u16(), world.clock().now());
    let body = collect(response.into_body(), 1 << 20).await.expect("a whole body");
    Seen { status, sent_at, first_at, end_at: world.clock().now(), body }
}

/// What `clients` see that ask again as soon as they are answered, for `seconds`.
async fn closed_loop(bench: &Bench, clients: u64, seconds: u64) -> Vec<Seen> {
    let ask = |nonce| post(&format!("{HAIKU}-stream"), &converse(nonce, 100));
    closed_loop_of(bench, ask, clients, seconds).await
}

async fn closed_loop_of(
    bench: &Bench,
    ask: impl Fn(u64) -> Request<Body> + Copy + Send + 'static,
    clients: u64,
    seconds: u64,
) -> Vec<Seen> {
    let mut tasks = Vec::new();
    let end = bench.world.clock().now() + Duration::from_secs(seconds);
    for number in 0..clients {
        let world = bench.world.clone();
        tasks.push(bench.world.spawn(async move {
            let client = Client::new(&world);
            world.clock().sleep(Duration::from_millis(number * 7 % 190)).await;
            let mut seen = Vec::new();
            while world.clock().now() < end {
                let nonce = number << 32 | seen.len() as u64;
                seen.push(read(&world, &client, ask(nonce)).await);
                if seen.last().is_some_and(|seen| seen.status != 200) {
                    world.clock().sleep(Duration::from_millis(500)).await;
                }
            }
            seen
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a client"));
    }
    all
}

fn mean_first(seen: &[Seen]) -> Duration {
    let answered: Vec<_> = seen.iter().filter(|seen| seen.status == 200).collect();
    let sum: Duration = answered.iter().map(|seen| seen.first_at.saturating_since(seen.sent_at)).sum();
    sum / u32::try_from(answered.len()).expect("few").max(1)
}

fn mean_rest(seen: &[Seen]) -> Duration {
    let answered: Vec<_> = seen.iter().filter(|seen| seen.status == 200).collect();
    let sum: Duration = answered.iter().map(|seen| seen.end_at.saturating_since(seen.first_at)).sum();
    sum / u32::try_from(answered.len()).expect("few").max(1)
}

#[test]
fn percentiles_of_answers_keep_within_five_percent_of_the_profile() {
    let law = Profile::named("bedrock/claude-haiku").expect("ships").latency;
    let mut firsts = against("auth = \"off\"", |bench| async move {
        let mut firsts = Vec::new();
        for nonce in 0..4_000 {
            let sent_at = bench.world.clock().now();
            let answered = bench.post(HAIKU, &converse(nonce, 1)).await;
            firsts.push(answered.end_at.saturating_since(sent_at).as_micros());
        }
        firsts
    });
    firsts.sort_unstable();
    for (q, index) in [(0.5, 2_000), (0.95, 3_800), (0.99, 3_960)] {
        let expected = law.ttft(15).quantile(q).expect("lognormal");
        let measured = firsts[index] as f64;
        assert!((measured / expected - 1.0).abs() < 0.05, "q {q}: {measured} of {expected}");
    }
}

#[test]
fn throughput_bends_at_the_size_of_the_batch() {
    let answers = |clients| {
        let file = format!("{ENGINE}scheduler = {{ max_batch = 16, collapses = false }}");
        against(&file, |bench| async move { closed_loop(&bench, clients, 20).await.len() as f64 })
    };
    let (one, eight, many) = (answers(1), answers(8), answers(40));
    assert!((eight / one / 8.0 - 1.0).abs() < 0.05, "below the knee each client gets as much as one alone");
    let knee = many / one;
    assert!((knee / 16.0 - 1.0).abs() < 0.1, "the knee is at {knee}");
}

#[test]
fn a_model_is_slow_before_its_quota_refuses() {
    let file = format!(
        "{ENGINE}scheduler = {{ max_batch = 16, slowdown = 2.0 }}\nquota = {{ tokens_per_minute = 1000000, requests_per_minute = 1200 }}"
    );
    let at =
        |clients, seconds| against(&file, |bench| async move { closed_loop(&bench, clients, seconds).await });
    let (idle, busy, full) = (at(1, 5), at(14, 5), at(48, 5));
    for seen in [&idle, &busy, &full] {
        assert!(seen.iter().all(|seen| seen.status == 200), "nobody is refused");
    }
    assert_eq!(
        (mean_first(&idle), mean_rest(&idle)),
        (Duration::from_millis(100), Duration::from_millis(90))
    );
    // The batch fills: tokens come more slowly.
    assert!(mean_rest(&busy) > Duration::from_millis(150), "{:?}", mean_rest(&busy));
    assert!(mean_first(&busy) < Duration::from_millis(220), "{:?}", mean_first(&busy));
    // It is full: the first token comes late, the others no later than before.
    assert!(mean_first(&full) > 3 * mean_first(&busy), "{:?}", mean_first(&full));
    assert!(mean_rest(&full) <= Duration::from_millis(180), "{:?}", mean_rest(&full));
    // Only more than the account allows is refused, and fast.
    let refused = against(&file, |bench| async move {
        let bench = bench;
        let clock = *bench.world.clock();
        for nonce in 0..1_200 {
            let world = bench.world.clone();
            bench.world.spawn(async move { stream(&world, &Client::new(&world), nonce).await });
        }
        clock.sleep(Duration::from_millis(1)).await;
        stream(&bench.world, &Client::new(&bench.world), 1_201).await
    });
    assert_eq!(refused.status, 429);
    assert!(refused.end_at.saturating_since(refused.sent_at) <= Duration::from_millis(100));
}

/// A streamed request of each surface, by its number.
fn streamed(surface: usize, nonce: u64) -> Request<Body> {
    let say = format!("bo-{nonce:016x}");
    let (path, body) = match surface {
        0 => (
            "/v1/messages",
            format!(
                r#"{{"model":"claude-haiku-4-5","max_tokens":100,"stream":true,"messages":[{{"role":"user","content":"{say}"}}]}}"#
            ),
        ),
        1 => (
            "/v1/chat/completions",
            format!(
                r#"{{"model":"gpt-4o-mini","stream":true,"messages":[{{"role":"user","content":"{say}"}}]}}"#
            ),
        ),
        2 => ("/v1/responses", format!(r#"{{"model":"gpt-4o-mini","stream":true,"input":"{say}"}}"#)),
        _ => (
            "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            format!(
                r#"{{"contents":[{{"role":"user","parts":[{{"text":"{say}"}}]}}],"generationConfig":{{"thinkingConfig":{{"thinkingBudget":0}}}}}}"#
            ),
        ),
    };
    request(Method::POST, path, &[("anthropic-version", "2023-06-01")], &body)
}

#[test]
fn load_slows_the_streams_of_every_surface() {
    const PROFILES: [&str; 4] =
        ["anthropic/claude-haiku", "openai/gpt-4o-mini", "openai/gpt-4o-mini", "vertex/gemini-flash"];
    for (surface, profile) in PROFILES.into_iter().enumerate() {
        let file =
            format!("profile = \"{profile}\"\n{ENGINE}scheduler = {{ max_batch = 16, slowdown = 2.0 }}");
        let at = |clients| {
            against(&file, |bench| async move {
                closed_loop_of(&bench, move |nonce| streamed(surface, nonce), clients, 5).await
            })
        };
        let (idle, busy, full) = (at(1), at(14), at(48));
        assert!([&idle, &busy, &full].into_iter().flatten().all(|seen| seen.status == 200), "{surface}");
        let (alone, shared) = (mean_rest(&idle), mean_rest(&busy));
        assert!(shared > alone * 3 / 2, "surface {surface}: the batch fills: {alone:?}, {shared:?}");
        let (early, late) = (mean_first(&busy), mean_first(&full));
        assert!(late > early * 2, "surface {surface}: the batch is full: {early:?}, {late:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_at_the_same_times_under_load() {
    let run = |seed| {
        let file = "auth = \"off\"\nscheduler = { max_batch = 4, slowdown = 3.0 }\n\
            [latency.slow]\nshare = \"20%\"\nttft_p50 = \"2s\"\nttft_p95 = \"3s\"";
        seeded(seed, file, |bench| async move { closed_loop(&bench, 12, 5).await })
    };
    let (first, again, other) = (run(7), run(7), run(8));
    assert!(first.len() > 12);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn recorded_latencies_are_replayed_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.csv");
    std::fs::write(&path, "ttft_ms,inter_token_ms\n100,5\n2000.5,50\n").expect("written");
    let file = format!(
        "{ENGINE}[latency.recorded]\nfile = {path:?}\norder = \"in-order\"\n",
        path = path.to_str().expect("text")
    );
    // The inline table of the engine cannot be added to.
    let file = file.replacen(
        "latency = { overhead = \"100ms\", per_prompt_token = \"0s\", inter_token = \"10ms\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n",
        "",
        1,
    );
    against(&file, |bench| async move {
        let bench = bench;
        let client = Client::new(&bench.world);
        let mut times = Vec::new();
        for nonce in 0..3 {
            let seen = stream(&bench.world, &client, nonce).await;
            times.push((
                seen.first_at.saturating_since(seen.sent_at),
                seen.end_at.saturating_since(seen.first_at),
            ));
        }
        let of = |first_us, rest_ms| (Duration::from_micros(first_us), Duration::from_millis(rest_ms));
        assert_eq!(times, [of(100_000, 45), of(2_000_500, 450), of(100_000, 45)]);
    });
}

#[test]
fn an_idle_engine_changes_nothing() {
    let times = |extra: &str| {
        let file = format!("{EXACT}{extra}");
        against(&file, |bench| async move {
            let bench = bench;
            let mut ends = BTreeMap::new();
            for nonce in 0..5 {
                bench.world.clock().sleep_until(ms(nonce * 10_000 + 3)).await;
                let client = Client::new(&bench.world);
                ends.insert(nonce, Arc::new(stream(&bench.world, &client, nonce).await));
            }
            ends
        })
    };
    assert_eq!(times(""), times("scheduler = { max_batch = 2, slowdown = 5.0 }"));
}
