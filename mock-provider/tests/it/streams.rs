//! As many streams at once as descriptors allow, and how much memory one takes. Other tests of this process would
//! find no descriptor left, so `tests/run` runs it apart from them:
//! `ulimit -n 20000; cargo test --workspace --test it nine_and_a_half_thousand -- --ignored`

use std::time::Duration;

use brownout_mock_provider::{MockFile, start};
use world::http::{Body, Client};
use world::{Address, Seed, run_real};

use crate::harness::post;

/// Two descriptors each, for client and mock are one process, and some hundred for the rest.
const STREAMS: usize = 9_500;
const PATH: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream";
/// The first token at once, then one a minute: all streams are open at the same time.
const FILE: &str = "auth = \"off\"\n\
    latency = { overhead = \"0s\", per_prompt_token = \"0s\", inter_token = \"60s\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n\
    answer = { tokens_p50 = 64.0, tokens_p90 = 64.0 }\nstream = { tokens_per_frame = 1 }\n";

/// Resident bytes of this process.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = text.split(' ').nth(1).expect("a second field").parse().expect("a number");
    pages * 4_096
}

#[test]
#[ignore = "takes 19,000 of 20,000 descriptors: `tests/run` runs it apart from the others"]
fn nine_and_a_half_thousand_streams_at_once() {
    let file: MockFile = toml::from_str(FILE).expect("a mock file");
    let plan = file.plan("mock").expect("a sound file");
    run_real(Seed(7), 2, async |world| {
        let mock = start(&world, &Address::new("127.0.0.1:0"), plan).expect("a free port");
        let client = Client::new(&world);
        let before = resident();
        let mut streams: Vec<Body> = Vec::new();
        for nonce in 0..STREAMS {
            let body =
                format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"bo-{nonce:016x}"}}]}}]}}"#);
            let response = client.send(mock.address(), post(PATH, &body)).await.expect("an answer");
            let mut body = response.into_body();
            body.next_data().await.expect("a piece").expect("sound");
            streams.push(body);
        }
        assert_eq!(mock.counters().live_streams(), STREAMS as u64);
        let each = (resident() - before) / STREAMS;
        assert!(each < 128 << 10, "{each} bytes for a stream, both its ends together");
        drop(streams);
        world.clock().sleep(Duration::from_secs(2)).await;
        assert_eq!(mock.counters().live_streams(), 0, "all stop when their readers leave");
    })
    .expect("a runtime");
}
