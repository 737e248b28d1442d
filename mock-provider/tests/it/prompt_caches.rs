//! What a prompt cache holds is told, takes less time, and costs less of a quota; the same on every way that has one.

use std::time::Duration;

use crate::harness::{Bench, against};
use crate::ways::{Asked, Told, WAYS, Way};

/// A token of a prompt takes 1 ms, one that is cached a tenth of that.
const FILE: &str = "auth = \"off\"\n\
    latency = { overhead = \"100ms\", per_prompt_token = \"1ms\", per_cached_token = \"100us\", inter_token = \"10ms\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n\
    answer = { tokens_p50 = 10.0, tokens_p90 = 10.0 }\nstream = { tokens_per_frame = 1 }\n";
const LONG: usize = 6_000;

/// A request whose instructions are long and worth keeping.
fn long(topic: &str, user: &str) -> Asked {
    let system = format!("About {topic}:{}", " water".repeat(LONG));
    Asked { system, is_marked: true, ..Asked::new(user) }
}

/// What an answer tells, and how long its first token took.
async fn ask(bench: &Bench, way: Way, asked: &Asked) -> (Told, Duration) {
    let sent_at = bench.world.clock().now();
    let answered = way.ask(bench, asked, true).await;
    (way.told(&answered), answered.head_at.saturating_since(sent_at))
}

fn caching() -> impl Iterator<Item = Way> {
    WAYS.into_iter().filter(|way| way.caches)
}

#[test]
fn what_is_read_from_the_cache_is_told_and_takes_less_time() {
    assert_eq!(caching().count(), 11);
    for way in caching() {
        against(&way.file(FILE), |bench| async move {
            let bench = bench;
            let (first, first_took) = ask(&bench, way, &long("rivers", "What?")).await;
            let (again, again_took) = ask(&bench, way, &long("rivers", "And why?")).await;
            let (other, other_took) = ask(&bench, way, &long("lakes", "And why?")).await;
            let took = |prompt: u64, read: u64| {
                Duration::from_micros(100_000 + (prompt - read) * 1_000 + read * 100)
            };
            assert_eq!((first.read, other.read), (0, 0), "{}", way.name);
            assert!((LONG as u64 - 128..LONG as u64 + 32).contains(&again.read), "{}: {again:?}", way.name);
            assert_eq!(again.read % if way.is_automatic { 128 } else { 1 }, 0, "{}", way.name);
            assert_eq!(first.written, if way.is_automatic { 0 } else { again.read }, "{}", way.name);
            assert_eq!(again.written, 0, "{}", way.name);
            assert_eq!(first_took, took(first.prompt, 0), "{}", way.name);
            assert_eq!(again_took, took(again.prompt, again.read), "{}", way.name);
            assert_eq!(other_took, took(other.prompt, 0), "{}", way.name);
        });
    }
}

#[test]
fn a_cache_forgets_after_five_minutes_and_has_read_nothing_before_its_answer_begins() {
    for way in caching() {
        against(&way.file(FILE), |bench| async move {
            let bench = bench;
            let clock = *bench.world.clock();
            let asked = long("rivers", "What?");
            // The first token comes after six seconds.
            let (world, request) = (bench.world.clone(), way.request(&asked, true));
            let early = bench.world.spawn(async move {
                let client = world::http::Client::new(&world);
                client.send(&world::Address::new("mock"), request).await.is_ok()
            });
            clock.sleep(Duration::from_secs(1)).await;
            assert_eq!(ask(&bench, way, &asked).await.0.read, 0, "{}", way.name);
            assert!(early.await.expect("a task"));
            assert!(ask(&bench, way, &asked).await.0.read > 5_000, "{}", way.name);
            clock.sleep(Duration::from_secs(290)).await;
            assert!(ask(&bench, way, &asked).await.0.read > 5_000, "{}", way.name);
            clock.sleep(Duration::from_secs(310)).await;
            assert_eq!(ask(&bench, way, &asked).await.0.read, 0, "{}", way.name);
        });
    }
}

#[test]
fn gemini_has_one_cache_however_it_is_asked() {
    let way = |name| WAYS.into_iter().find(|way| way.name == name).expect(name);
    let ways = [way("generateContent"), way("chat completions at Vertex AI")];
    for (first, then) in [(ways[0], ways[1]), (ways[1], ways[0])] {
        against(&first.file(FILE), |bench| async move {
            let bench = bench;
            let asked = Asked { with_function: true, ..long("rivers", "What?") };
            assert_eq!(ask(&bench, first, &asked).await.0.read, 0);
            let (told, _) = ask(&bench, then, &asked).await;
            assert!(told.read > LONG as u64 - 128, "{} after {}: {told:?}", then.name, first.name);
        });
    }
}

#[test]
fn the_same_requests_read_the_same_in_every_run() {
    let run = |way: Way| {
        against(&way.file(FILE), |bench| async move {
            let bench = bench;
            let mut all = Vec::new();
            for number in 0..6 {
                all.push(ask(&bench, way, &long(["rivers", "lakes"][number % 2], "What?")).await);
            }
            all
        })
    };
    for way in caching() {
        assert_eq!(run(way), run(way), "{}", way.name);
    }
}

/// How many of eight requests a minute's quota of twice a prompt admits, with the same instructions or with others
/// each time. They come five seconds apart.
fn admitted(way: Way, quota: &str, is_same: bool) -> usize {
    let file = format!(
        "{}quota = {{ {quota} = 13000 }}\n",
        FILE.replace("\"1ms\"", "\"1us\"").replace("\"100us\"", "\"1us\"")
    );
    against(&way.file(&file), |bench| async move {
        let bench = bench;
        let mut admitted = 0;
        for number in 0..8 {
            let topic = if is_same { "rivers".to_owned() } else { format!("river {number}") };
            let answered = way.ask(&bench, &long(&topic, "What?"), false).await;
            admitted += usize::from(answered.status() == 200);
            bench.world.clock().sleep(Duration::from_secs(1)).await;
        }
        admitted
    })
}

/// Bedrock holds what is read while it answers and gives it back; Anthropic's input tokens do not count it; OpenAI and
/// Vertex AI count it like any other.
#[test]
fn quotas_count_what_is_read_as_the_providers_do() {
    for (name, quota, is_free) in [
        ("Converse", "tokens_per_minute", true),
        ("InvokeModel, Claude", "tokens_per_minute", true),
        ("InvokeModel, Nova", "tokens_per_minute", true),
        ("Messages", "input_tokens_per_minute", true),
        ("chat completions", "tokens_per_minute", false),
        ("responses", "tokens_per_minute", false),
    ] {
        let way = WAYS.into_iter().find(|way| way.name == name).expect(name);
        let others = admitted(way, quota, false);
        assert!((2..=4).contains(&others), "{name}: {others} of eight");
        assert_eq!(admitted(way, quota, true), if is_free { 8 } else { others }, "{name}");
    }
}
