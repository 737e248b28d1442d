//! Requests that no SDK sends: whatever comes, the provider's own error goes back, and nothing stays behind.

mod endpoints;
mod spoiled;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{Address, World};

use crate::harness::{EXACT, against, post, request};
use endpoints::{GOOGLE, HAIKU, Speaks, endpoints};
use spoiled::{nearly_a_request, spoiled, spoiling};

#[test]
fn the_bodies_here_are_good_ones() {
    against(EXACT, |bench| async move {
        for endpoint in endpoints() {
            let answered = endpoint.send(&bench, endpoint.body).await;
            let is_short = endpoint.path.ends_with("cachedContents");
            assert_eq!(
                answered.status(),
                if is_short { 400 } else { 200 },
                "{endpoint:?} {}",
                answered.text()
            );
        }
    });
}

#[test]
fn nonsense_is_the_callers_fault() {
    against(EXACT, |bench| async move {
        let deep = "[".repeat(10_000);
        let nested = format!("{}1{}", r#"{"messages":"#.repeat(3_000), "}".repeat(3_000));
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
            &nested,
        ];
        for endpoint in endpoints() {
            for body in bodies {
                let answered = endpoint.send(&bench, body.to_owned()).await;
                assert_ne!(answered.status(), 200, "{endpoint:?} {body}: {}", answered.text());
                endpoint.check(&answered, body.as_bytes());
            }
        }
        for (path, body) in [
            (
                format!("{GOOGLE}/text-embedding-005:predict"),
                r#"{"instances":[{"content":"x"}],"parameters":{"outputDimensionality":-1}}"#,
            ),
            (
                format!("{HAIKU}/converse"),
                r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":-5}}"#,
            ),
        ] {
            assert_eq!(bench.post(&path, body).await.status(), 400, "{path} {body}");
        }
    });
}

#[test]
fn a_path_of_nobodys_is_refused() {
    against(EXACT, |bench| async move {
        for path in ["/model/%ff/converse", "/model//converse", "//", "/v1/%ff", "/%00"] {
            let status = bench.post(path, "{}").await.status();
            assert!(status == 400 || status == 404, "{path}: {status}");
        }
        for method in [Method::GET, Method::DELETE, Method::PUT] {
            let answered = bench.call(request(method.clone(), &format!("{HAIKU}/converse"), &[], "")).await;
            assert_eq!(answered.status(), 404, "{method}");
        }
    });
}

#[test]
fn a_body_without_end_is_refused_in_time() {
    against(EXACT, |bench| async move {
        for endpoint in endpoints() {
            let (limit, status, words) = match endpoint.speaks {
                Speaks::Bedrock => (25_000_000, 400, "25000000"),
                Speaks::Google | Speaks::GoogleOrModel => (32 << 20, 400, "33554432"),
                Speaks::OpenAi => (64 << 20, 413, "67108864"),
                Speaks::Anthropic => (32 << 20, 413, "request_too_large"),
            };
            let body = Bytes::from(vec![b' '; limit + 1]);
            let answered = endpoint.send(&bench, body).await;
            assert_eq!(answered.status(), status, "{}", endpoint.path);
            assert!(
                endpoint.is_own_error(&answered) && answered.text().contains(words),
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
        for endpoint in endpoints() {
            let head = format!("POST {} HTTP/1.1\r\nhost: mock\r\n", endpoint.path);
            let half = &endpoint.body[..endpoint.body.len() / 2];
            for sent in [
                head.clone(),
                format!("{head}content-length: 9999\r\n\r\n{half}"),
                format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{half}\r\n", half.len()),
            ] {
                let answer = exchange(&bench.world, &sent).await;
                assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
            }
        }
        let junk = exchange(&bench.world, "\u{1}\u{2}nonsense\r\n\r\n").await;
        assert!(junk.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&junk));
        bench.world.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!((bench.mock.connections(), bench.mock.counters().live_streams()), (0, 0));
        let last = post("/model/amazon.titan-embed-text-v2:0/invoke", r#"{"inputText":"x"}"#);
        assert_eq!(bench.call(last).await.status(), 200);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_body_goes_unanswered(body in nearly_a_request()) {
        against(EXACT, |bench| async move {
            for endpoint in endpoints() {
                endpoint.check(&endpoint.send(&bench, body.clone()).await, body.as_bytes());
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn a_spoiled_body_gets_the_providers_own_error(
        endpoint in prop::sample::select(endpoints()),
        spoilings in prop::collection::vec(spoiling(), 1..4),
    ) {
        against(EXACT, |bench| async move {
            let body = spoiled(endpoint.body, &spoilings);
            endpoint.check(&endpoint.send(&bench, body.clone()).await, &body);
            assert_eq!(bench.mock.counters().live_streams(), 0);
        });
    }
}
