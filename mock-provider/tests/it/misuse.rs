//! Requests that no SDK sends.

use std::time::Duration;

use http::Method;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{Address, World};

use crate::harness::{EXACT, against, request};

const PATHS: [&str; 7] = [
    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
    "/model/anthropic.claude-3-haiku-20240307-v1:0/count-tokens",
    "/model/amazon.titan-embed-text-v2:0/invoke",
    "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent",
    "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
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
        for path in ["/model/%ff/converse", "/model//converse", "//", "/v1/%ff", "/%00"] {
            let status = bench.post(path, "{}").await.status();
            assert!(status == 400 || status == 404, "{path}: {status}");
        }
        for method in [Method::GET, Method::DELETE, Method::PUT] {
            let answered = bench.call(request(method.clone(), PATHS[0], &[], "")).await;
            assert_eq!(answered.status(), 404, "{method}");
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
        let head = format!("POST {} HTTP/1.1\r\nhost: mock\r\ncontent-length: 100\r\n\r\n", PATHS[0]);
        let half = exchange(&bench.world, &format!("{head}{{\"mess")).await;
        assert!(half.is_empty(), "{}", String::from_utf8_lossy(&half));
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
        Just("\"inputText\":\"x\"".to_owned()),
        Just("\"instances\":[{\"content\":\"x\"}]".to_owned()),
        Just("\"inferenceConfig\":{\"maxTokens\":99999999999}".to_owned()),
        Just(",".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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
