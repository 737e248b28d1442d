//! The same seed gives the same bytes at the same instants.

use world::Instant;

use crate::harness::seeded;

/// Everything that the client saw.
type Seen = Vec<(Instant, Instant, String, Vec<u8>)>;

fn run(seed: u64) -> Seen {
    seeded(seed, "auth = \"off\"", |bench| async move {
        let mut seen = Vec::new();
        for round in 0..40_u64 {
            let nonce = format!("bo-{:016x}", round / 2);
            for (path, body) in [
                (
                    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream",
                    format!(
                        r#"{{"messages":[{{"role":"user","content":[{{"text":"{nonce}"}}]}}],"inferenceConfig":{{"maxTokens":64}}}}"#
                    ),
                ),
                (
                    "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                    format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{nonce}"}}]}}]}}"#),
                ),
                (
                    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse",
                    r#"{"messages":[{"role":"user","content":[{"text":"no name"}]}]}"#.to_owned(),
                ),
                ("/model/amazon.titan-embed-text-v2:0/invoke", r#"{"inputText":"hello"}"#.to_owned()),
            ] {
                let answered = bench.post(path, &body).await;
                assert_eq!(answered.status(), 200, "{}", answered.text());
                seen.push((answered.head_at, answered.end_at, answered.head_text(), answered.body.to_vec()));
            }
        }
        seen
    })
}

#[test]
fn two_runs_are_equal_and_another_seed_is_another_run() {
    let first = run(7);
    assert!(first == run(7), "two runs of one seed differ");
    let other = run(8);
    let equal = first.iter().zip(&other).filter(|(a, b)| a.1 == b.1).count();
    assert_eq!(equal, 0, "instants are the seed's");
}

#[test]
fn a_try_again_is_answered_alike_at_another_speed() {
    let seen = run(7);
    let text = |entry: &(Instant, Instant, String, Vec<u8>)| String::from_utf8_lossy(&entry.3).into_owned();
    let duration = |entry: &(Instant, Instant, String, Vec<u8>)| entry.1.saturating_since(entry.0);
    let (first, again) = (&seen[1], &seen[5]);
    assert!(!generated(&text(first)).is_empty());
    assert_eq!(generated(&text(first)), generated(&text(again)), "the same request, the same answer");
    assert_ne!(duration(first), duration(again), "another arrival, another speed");
}

fn generated(stream: &str) -> Vec<&str> {
    stream.split("\"text\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}
