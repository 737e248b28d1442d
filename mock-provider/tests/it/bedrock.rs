//! Routes of Bedrock.

use http::Method;
use wire::anthropic::stream::StreamEvent as ClaudeEvent;
use wire::bedrock::converse::{Response, StopReason};
use wire::bedrock::converse_stream::{Incoming, StreamEvent, decode};
use wire::bedrock::invoke_stream;
use wire::bedrock::sigv4::Signer;

use crate::harness::{Answered, Bench, EXACT, NONCE, against, ms, post, request};

const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0";

fn conversation(text: &str, max_tokens: u32) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"{NONCE}\n{text}"}}]}}],"inferenceConfig":{{"maxTokens":{max_tokens}}}}}"#
    )
}

fn token_texts(count: u32) -> String {
    let nonce: evidence::Nonce = NONCE.parse().expect("a nonce");
    (0..count).map(|seq| nonce.token_text(seq)).collect()
}

#[test]
fn converse_answers_whole() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/converse"), &conversation("hello", 8)).await;
        assert_eq!(
            answered.head_text(),
            "200\ndate: Thu, 01 Jan 2026 00:00:00 GMT\ncontent-type: application/json\nconnection: keep-alive\n\
             x-amzn-requestid: 778a7b83-35a5-45ca-b233-85fdbb811564\ncontent-length: 238\n"
        );
        // Nine tokens of text and seven around it: 300 ms + 16 × 50 µs, then seven tokens of 9 ms.
        assert_eq!(
            answered.text(),
            r#"{"metrics":{"latencyMs":363},"output":{"message":{"content":[{"text":" 8bd0.0 8bd0.1 8bd0.2 8bd0.3 8bd0.4 8bd0.5 8bd0.6 8bd0.7"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":16,"outputTokens":8,"totalTokens":24}}"#
        );
        assert_eq!(answered.end_at.as_micros(), 300_000 + 16 * 50 + 7 * 9_000);
    });
}

#[test]
fn an_answer_that_is_not_cut_ends_its_turn() {
    against(&format!("{EXACT}answer = {{ tokens_p50 = 3, tokens_p90 = 3 }}"), |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/converse"), &conversation("hello", 64)).await;
        let response = Response::parse(&answered.body).expect("an answer");
        assert_eq!(response.stop_reason, StopReason::EndTurn);
        assert_eq!(response.output.message.texts().collect::<String>(), token_texts(3));
        assert_eq!(response.usage.output_tokens, 3);
    });
}

#[test]
fn converse_streams_frame_by_frame() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/converse-stream"), &conversation("hello", 64)).await;
        assert_eq!(answered.status(), 200);
        assert_eq!(answered.header("content-type"), "application/vnd.amazon.eventstream");
        assert_eq!(answered.header("transfer-encoding"), "chunked");
        let frames = answered.frames();
        let events: Vec<_> = frames.iter().map(|frame| decode(frame).expect("an event")).collect();
        let names: Vec<_> =
            frames.iter().map(|frame| frame.text_header(":event-type").expect("named")).collect();
        let mut expected = vec!["messageStart"];
        expected.extend(["contentBlockDelta"; 4]);
        expected.extend(["contentBlockStop", "messageStop", "metadata"]);
        assert_eq!(names, expected);
        assert_eq!(texts(&events), token_texts(64));
        let Some(Incoming::Event(StreamEvent::Metadata { metrics, usage, .. })) = events.last() else {
            panic!("no metadata")
        };
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens), (16, 64, 80));
        assert_eq!(metrics.latency_ms, 300 + 63 * 9);
        // The head comes with the first token, the end with the last.
        assert_eq!(answered.head_at.as_micros(), 300_800);
        assert_eq!(answered.end_at.as_micros(), 300_800 + 63 * 9_000);
    });
}

fn texts(events: &[Incoming<'_>]) -> String {
    let mut all = String::new();
    for event in events {
        if let Incoming::Event(StreamEvent::ContentBlockDelta {
            delta: wire::bedrock::converse_stream::Delta::Text(text),
            ..
        }) = event
        {
            all.push_str(text);
        }
    }
    all
}

#[test]
fn frames_come_at_their_times() {
    against(EXACT, |bench| async move {
        let response =
            bench.send(post(&format!("{HAIKU}/converse-stream"), &conversation("hello", 64))).await;
        let mut body = response.into_body();
        let mut times = Vec::new();
        while let Some(piece) = body.next_data().await {
            piece.expect("a piece");
            times.push(bench.world.clock().now().as_micros() - 300_800);
        }
        // Token 0, then tokens 21, 42 and 63, nine milliseconds each.
        times.dedup();
        assert_eq!(times, [0, 21 * 9_000, 42 * 9_000, 63 * 9_000]);
    });
}

const CLAUDE: &str = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"bo-0123456789abcdef\nhello"}]}"#;

#[test]
fn claude_answers_in_its_own_format() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/invoke"), CLAUDE).await;
        let id = &answered.text()[7..40];
        assert!(id.starts_with("msg_bdrk_01"), "{id}");
        assert_eq!(
            answered.text(),
            format!(
                r#"{{"id":"{id}","type":"message","role":"assistant","model":"claude-3-haiku-20240307","content":[{{"type":"text","text":"{}"}}],"stop_reason":"max_tokens","stop_sequence":null,"usage":{{"input_tokens":16,"output_tokens":5}}}}"#,
                token_texts(5)
            )
        );
        assert_eq!(answered.header("x-amzn-bedrock-input-token-count"), "16");
        assert_eq!(answered.header("x-amzn-bedrock-output-token-count"), "5");
        assert_eq!(answered.header("x-amzn-bedrock-invocation-latency"), "336");
    });
}

#[test]
fn claude_streams_its_own_events() {
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/invoke-with-response-stream"), CLAUDE).await;
        assert_eq!(answered.header("x-amzn-bedrock-content-type"), "application/json");
        let objects: Vec<Vec<u8>> = answered.frames().iter().map(chunk).collect();
        let name = |object: &Vec<u8>| {
            let object: serde_json::Value = serde_json::from_slice(object).expect("an object");
            object["type"].as_str().map(str::to_owned).expect("a type")
        };
        let names: Vec<String> = objects.iter().map(name).collect();
        assert_eq!(
            names,
            [
                "message_start",
                "content_block_start",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop"
            ]
        );
        let last = ClaudeEvent::parse(objects.last().expect("an object"));
        let Ok(ClaudeEvent::MessageStop(Some(metrics))) = last else { panic!("no metrics") };
        assert_eq!((metrics.input_token_count, metrics.output_token_count), (16, 5));
        assert_eq!((metrics.first_byte_latency, metrics.invocation_latency), (300, 336));
    });
}

fn chunk(frame: &wire::event_stream::Frame) -> Vec<u8> {
    match invoke_stream::decode(frame).expect("a chunk") {
        invoke_stream::Incoming::Chunk(object) => object,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tokens_are_counted_and_models_listed() {
    against(EXACT, |bench| async move {
        let body = format!(r#"{{"input":{{"converse":{}}}}}"#, conversation("hello", 8));
        let counted = bench.post(&format!("{HAIKU}/count-tokens"), &body).await;
        assert_eq!((counted.status(), counted.text()), (200, r#"{"inputTokens":16}"#));

        let get = |path: &str| request(Method::GET, path, &[], "");
        let listed = bench.call(get("/foundation-models?byProvider=amazon&byOutputModality=EMBEDDING")).await;
        assert_eq!(listed.text().matches(r#""modelId":"amazon.titan-embed-"#).count(), 3);
        assert_eq!(listed.text().matches(r#""modelId":"#).count(), 3);
        let one = bench.call(get("/foundation-models/amazon.titan-embed-text-v1")).await;
        assert_eq!(
            one.text(),
            r#"{"modelDetails":{"customizationsSupported":[],"inferenceTypesSupported":["ON_DEMAND"],"inputModalities":["TEXT"],"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v1","modelId":"amazon.titan-embed-text-v1","modelLifecycle":{"status":"ACTIVE"},"modelName":"Titan Embeddings G1 - Text","outputModalities":["EMBEDDING"],"providerName":"Amazon","responseStreamingSupported":false}}"#
        );
    });
}

async fn refused(bench: &Bench, path: &str, body: &str) -> (u16, String, String) {
    let answered = bench.post(path, body).await;
    let error_type = answered.header("x-amzn-errortype").split(':').next().unwrap_or_default().to_owned();
    (answered.status(), error_type, answered.text().to_owned())
}

#[test]
fn what_is_wrong_is_said_in_the_services_words() {
    against(EXACT, |bench| async move {
        let good = conversation("hello", 8);
        let cases = [
            (
                "/model/no.such-model/converse",
                good.as_str(),
                400,
                "ValidationException",
                "The provided model identifier is invalid.",
            ),
            (
                "/model/amazon.titan-embed-text-v1/converse",
                &good,
                400,
                "ValidationException",
                "This action doesn't support the model",
            ),
            (
                "/model/anthropic.claude-sonnet-4-5-20250929-v1:0/converse",
                &good,
                400,
                "ValidationException",
                "with on-demand throughput isn’t supported",
            ),
            (&format!("{HAIKU}/converse"), "{", 400, "ValidationException", "Malformed input request: "),
            (&format!("{HAIKU}/converse"), "[]", 400, "ValidationException", "Malformed input request: "),
            (
                &format!("{HAIKU}/converse"),
                r#"{"messages":[]}"#,
                400,
                "ValidationException",
                "A conversation must start with a user message.",
            ),
            (
                &format!("{HAIKU}/converse"),
                &conversation("hello", 5_000),
                400,
                "ValidationException",
                "The maximum tokens you requested exceeds the model limit of 4096.",
            ),
            (
                &format!("{HAIKU}/invoke"),
                r#"{"anthropic_version":"x","messages":[]}"#,
                400,
                "ValidationException",
                "max_tokens: Field required",
            ),
            (&format!("{HAIKU}/dance"), &good, 404, "UnknownOperationException", ""),
            ("/nonsense", &good, 404, "UnknownOperationException", ""),
        ];
        for (path, body, status, error_type, message) in cases {
            let (seen_status, seen_type, seen_body) = refused(&bench, path, body).await;
            assert_eq!((seen_status, seen_type.as_str()), (status, error_type), "{path} {body}");
            assert!(
                seen_body.starts_with(r#"{"message":""#) && seen_body.contains(message),
                "{path}: {seen_body}"
            );
        }
    });
}

#[test]
fn every_spelling_of_a_model_id_is_served() {
    against(EXACT, |bench| async move {
        let body = conversation("hello", 8);
        for id in [
            "anthropic.claude-3-haiku-20240307-v1:0",
            "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0",
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123",
            "arn:aws:bedrock:us-east-1::foundation-model%2Fanthropic.claude-3-haiku-20240307-v1:0",
        ] {
            let answered = bench.post(&format!("/model/{id}/converse"), &body).await;
            assert_eq!(answered.status(), 200, "{id}: {}", answered.text());
        }
    });
}

fn signed(path: &str, body: &str, at: u64) -> http::Request<world::http::Body> {
    let signer = Signer::new("AKIDEXAMPLE", "mock-secret-key", "eu-west-1");
    let (mut parts, payload) = post(path, body).into_parts();
    signer.sign(&mut parts, body.as_bytes(), at).expect("signable");
    http::Request::from_parts(parts, payload)
}

#[test]
fn strict_credentials_are_verified() {
    against("", |bench| async move {
        let (path, body) = (format!("{HAIKU}/converse"), conversation("hello", 8));
        let now = bench.world.clock().unix_micros() / 1_000_000;
        let good = bench.call(signed(&path, &body, now)).await;
        assert_eq!(good.status(), 200, "{}", good.text());

        let missing = bench.post(&path, &body).await;
        assert_eq!(
            (missing.status(), missing.text()),
            (403, r#"{"message":"Missing Authentication Token"}"#)
        );
        let expired = bench.call(signed(&path, &body, now - 301)).await;
        assert!(expired.header("x-amzn-errortype").starts_with("InvalidSignatureException:"));
        assert!(expired.text().contains("Signature expired"), "{}", expired.text());

        let bearer =
            |key: &str| request(Method::POST, &path, &[("authorization", &format!("Bearer {key}"))], &body);
        assert_eq!(bench.call(bearer("bedrock-api-key-MOCK")).await.status(), 200);
        let unknown = bench.call(bearer("bedrock-api-key-other")).await;
        assert_eq!(
            (unknown.status(), unknown.text()),
            (403, r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#)
        );
    });
}

#[test]
fn presence_takes_any_credentials() {
    against("auth = \"presence\"", |bench| async move {
        let (path, body) = (format!("{HAIKU}/converse"), conversation("hello", 8));
        assert_eq!(bench.post(&path, &body).await.status(), 403);
        let any = request(Method::POST, &path, &[("authorization", "Bearer anything")], &body);
        assert_eq!(bench.call(any).await.status(), 200);
    });
}

#[test]
fn a_refusal_is_quick_and_says_so() {
    against(EXACT, |bench| async move {
        let answered: Answered = bench.post("/nonsense", "{}").await;
        assert_eq!(answered.end_at, ms(10));
        assert_eq!(answered.header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(answered.header("x-amzn-requestid").len(), 36);
    });
}

#[test]
fn an_announced_answer_says_its_length_to_the_layer_in_front() {
    let mut plan = toml::from_str::<brownout_mock_provider::MockFile>(EXACT)
        .expect("a file")
        .plan("mock")
        .expect("sound");
    plan.announces_tokens = true;
    crate::harness::planned(7, plan, |bench| async move {
        for verb in ["converse", "converse-stream"] {
            let answered = bench.post(&format!("{HAIKU}/{verb}"), &conversation("hello", 8)).await;
            assert_eq!(answered.header("x-brownout-tokens-planned"), "8", "{verb}");
        }
    });
    against(EXACT, |bench| async move {
        let answered = bench.post(&format!("{HAIKU}/converse"), &conversation("hello", 8)).await;
        assert_eq!(answered.header("x-brownout-tokens-planned"), "", "a provider says no such thing");
    });
}
