//! Requests that no SDK sends.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{Address, World};

use crate::harness::{EXACT, against};

const PATHS: [&str; 17] = [
    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/count-tokens",
    "/model/amazon.titan-embed-text-v2:0/invoke",
    "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent",
    "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/moderations",
    "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "/openai/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
];

/// Sound requests, each for one of the paths, to be spoiled.
const SOUND: [(&str, &str); 8] = [
    (
        "/v1/chat/completions",
        r#"{"model":"gpt-4o-mini","n":2,"stream":true,"stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":2,"max_completion_tokens":8,"stop":["x"],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"tool_choice":"auto","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}]}"#,
    ),
    (
        "/v1/responses",
        r#"{"model":"gpt-4o-mini","stream":true,"instructions":"i","max_output_tokens":16,"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}},"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"r"}]}"#,
    ),
    (
        "/v1/completions",
        r#"{"model":"gpt-3.5-turbo-instruct","prompt":["a","b"],"echo":true,"logprobs":2,"max_tokens":4,"n":2,"best_of":2}"#,
    ),
    (
        "/v1/embeddings",
        r#"{"model":"text-embedding-3-small","input":["a",[1,2,3]],"dimensions":8,"encoding_format":"base64"}"#,
    ),
    (
        "/v1/images/generations",
        r#"{"model":"gpt-image-1","prompt":"a cat","n":1,"size":"1024x1024","quality":"low","output_format":"png"}"#,
    ),
    ("/v1/moderations", r#"{"model":"omni-moderation-latest","input":[{"type":"text","text":"hi"}]}"#),
    (
        "/v1/messages",
        r#"{"model":"claude-sonnet-4-5","max_tokens":2048,"stream":true,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["x"],"metadata":{"user_id":"u"},"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}],"tool_choice":{"type":"auto"},"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":"b"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"r"}]}]}"#,
    ),
    (
        "/v1/messages/count_tokens",
        r#"{"model":"claude-haiku-4-5","system":"s","messages":[{"role":"user","content":"hi"}]}"#,
    ),
];

#[test]
fn nonsense_is_the_callers_fault() {
    against(EXACT, |bench| async move {
        let deep = "[".repeat(10_000);
        let bodies = [
            "",
            "null",
            "0",
            "\"",
            "{}",
            "[]",
            "{\"messages\":5}",
            "{\"contents\":[[]]}",
            "{\"inputText\":null}",
            "\u{0}",
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"\\ud800\"}]}]}",
            &deep,
            "{\"instances\":[{\"content\":\"x\"}],\"parameters\":{\"outputDimensionality\":-1}}",
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}],\"inferenceConfig\":{\"maxTokens\":-5}}",
        ];
        for path in PATHS {
            for body in bodies {
                let answered = bench.post(path, body).await;
                assert_eq!(answered.status(), 400, "{path} {body}: {}", answered.text());
            }
        }
    });
}

#[test]
fn a_body_without_end_is_refused_in_time() {
    against(EXACT, |bench| async move {
        for (path, length) in [(PATHS[0], 25_000_001), (PATHS[5], (32 << 20) + 1)] {
            let answered = bench.post(path, &" ".repeat(length)).await;
            assert_eq!(answered.status(), 400, "{path}");
            assert!(
                answered.text().contains("25000000") || answered.text().contains("33554432"),
                "{}",
                answered.text()
            );
        }
        let answered = bench.post("/v1/messages", &" ".repeat((32 << 20) + 1)).await;
        assert_eq!(answered.status(), 413, "{}", answered.text());
        assert!(answered.text().contains("request_too_large"), "{}", answered.text());
    });
}

async fn exchange(world: &World, sent: &str) -> Vec<u8> {
    let mut connection = world.network().connect(&Address::new("mock")).await.expect("a connection");
    connection.write_all(sent.as_bytes()).await.expect("written");
    connection.shutdown().await.expect("half closed");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.expect("an end");
    answer
}

#[test]
fn half_a_request_gets_no_answer_and_does_no_harm() {
    against(EXACT, |bench| async move {
        for path in PATHS {
            let head = format!("POST {path} HTTP/1.1\r\nhost: mock\r\ncontent-length: 100\r\n\r\n");
            let half = exchange(&bench.world, &format!("{head}{{\"mess")).await;
            assert!(half.is_empty(), "{path}: {}", String::from_utf8_lossy(&half));
        }
        let junk = exchange(&bench.world, "\u{1}\u{2}nonsense\r\n\r\n").await;
        assert!(junk.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&junk));
        bench.world.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(bench.mock.connections(), 0);
        assert_eq!(bench.post(PATHS[4], r#"{"inputText":"x"}"#).await.status(), 200);
    });
}

/// Bytes that are nearly a request: pieces of good ones in any order, and anything at all between them.
fn nearly_a_request() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("]}".to_owned()),
        Just("\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]".to_owned()),
        Just("\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]".to_owned()),
        Just("\"model\":\"gpt-4o-mini\"".to_owned()),
        Just("\"model\":\"claude-haiku-4-5\",\"max_tokens\":7".to_owned()),
        Just("\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]".to_owned()),
        Just("\"input\":\"x\"".to_owned()),
        Just("\"prompt\":\"x\"".to_owned()),
        Just("\"stream\":true".to_owned()),
        Just("\"inputText\":\"x\"".to_owned()),
        Just("\"instances\":[{\"content\":\"x\"}]".to_owned()),
        Just("\"inferenceConfig\":{\"maxTokens\":99999999999}".to_owned()),
        Just(",".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// One thing that goes wrong with a sound body.
#[derive(Debug, Clone)]
enum Spoiling {
    /// The rest from here on is lost.
    Cut(prop::sample::Index),
    /// A byte is another.
    Flip(prop::sample::Index, u8),
    /// The value that begins at a colon or comma is another.
    Replace(prop::sample::Index, &'static str),
    /// A stretch comes twice.
    Twice(prop::sample::Index, usize),
}

fn spoiling() -> impl Strategy<Value = Spoiling> {
    let index = any::<prop::sample::Index>;
    let values = prop::sample::select(vec![
        "null",
        "-1",
        "1e999",
        "9999999999999999999999",
        "\"\"",
        "[]",
        "{}",
        "true",
        "\"\\ud800\"",
        "0.5",
        "[[[[]]]]",
    ]);
    prop_oneof![
        index().prop_map(Spoiling::Cut),
        (index(), any::<u8>()).prop_map(|(at, byte)| Spoiling::Flip(at, byte)),
        (index(), values).prop_map(|(at, value)| Spoiling::Replace(at, value)),
        (index(), 1..40_usize).prop_map(|(at, length)| Spoiling::Twice(at, length)),
    ]
}

fn spoiled(body: &str, spoilings: &[Spoiling]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for spoiling in spoilings {
        if bytes.is_empty() {
            break;
        }
        match spoiling {
            Spoiling::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Spoiling::Flip(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            Spoiling::Replace(at, value) => replace_value(&mut bytes, *at, value),
            Spoiling::Twice(at, length) => {
                let start = at.index(bytes.len());
                let again = bytes[start..bytes.len().min(start + length)].to_vec();
                bytes.splice(start..start, again);
            }
        }
    }
    bytes
}

/// Puts `value` in place of one of the values of `bytes`, if these are JSON.
fn replace_value(bytes: &mut Vec<u8>, at: prop::sample::Index, value: &str) {
    let Ok(mut whole) = serde_json::from_slice::<Value>(bytes) else { return };
    let mut places = Vec::new();
    note_places(&whole, String::new(), &mut places);
    let place = whole.pointer_mut(&places[at.index(places.len())]).expect("a place");
    // Numbers that no JSON type holds go in as text, in place of a mark.
    *place = Value::String("@".into());
    *bytes = whole.to_string().replacen("\"@\"", value, 1).into_bytes();
}

fn note_places(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                note_places(inner, format!("{here}/{index}"), places);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                note_places(inner, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        _ => {}
    }
    places.push(here);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_spoiled_body_goes_unanswered(spoilings in prop::collection::vec(spoiling(), 1..4), which in 0..SOUND.len()) {
        against(EXACT, |bench| async move {
            let (path, body) = SOUND[which];
            let request = http::Request::post(path).header("host", "mock").header("content-type", "application/json");
            let bytes = spoiled(body, &spoilings);
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let answered = bench.call(request.body(world::http::Body::full(bytes)).expect("a request")).await;
            let status = answered.status();
            assert!(matches!(status, 200 | 400 | 404), "{path} {shown}: {status}");
            if status != 200 {
                let error: Value = serde_json::from_slice(&answered.body).expect("JSON");
                assert!(error["error"]["message"].is_string(), "{path} {shown}: {error}");
                assert!(error["error"]["type"].is_string(), "{path} {shown}: {error}");
            }
        });
    }

    #[test]
    fn no_body_goes_unanswered(body in nearly_a_request()) {
        against(EXACT, |bench| async move {
            for path in PATHS {
                let status = bench.post(path, &body).await.status();
                assert!(status == 200 || status == 400, "{path} {body}: {status}");
            }
        });
    }

    #[test]
    fn no_path_goes_unanswered(path in "/(model|v1|fault|computeMetadata|token)?[a-zA-Z0-9/:.=,%?&@-]{0,40}") {
        against(EXACT, |bench| async move {
            let Ok(uri) = path.parse::<http::Uri>() else { return };
            let status = bench.post(&uri.to_string(), "{}").await.status();
            assert!((200..600).contains(&status), "{path}: {status}");
        });
    }
}
