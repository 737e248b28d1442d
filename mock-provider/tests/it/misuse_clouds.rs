//! Requests that no SDK sends: whatever comes, the provider's own error goes back, and nothing stays behind.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use proptest::prelude::*;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::http::Body;
use world::{Address, World};

use crate::harness::{Answered, Bench, EXACT, against, post, request};

const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0";
const GOOGLE: &str = "/v1/projects/p/locations/l/publishers/google/models";
const ANTHROPIC: &str = "/v1/projects/p/locations/l/publishers/anthropic/models";
const LOCATION: &str = "/v1beta1/projects/p/locations/l";

/// Whose errors an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// The code in a header, `{"message":…}`.
    Bedrock,
    /// `{"error":{"code":…,"status":…}}`, or a list of one.
    Google,
    /// That, or the model's own: `{"type":"error",…}`, `{"object":"error",…}`.
    GoogleOrModel,
}

/// An endpoint and a body that it takes.
#[derive(Debug, Clone)]
struct Endpoint {
    path: String,
    body: &'static str,
    speaks: Speaks,
}

fn endpoints() -> Vec<Endpoint> {
    let of = |speaks| move |(path, body): (String, &'static str)| Endpoint { path, body, speaks };
    let model = |id: &str, operation: &str| format!("/model/{id}/{operation}");
    let bedrock = [
        (format!("{HAIKU}/converse"), CONVERSATION),
        (format!("{HAIKU}/converse-stream"), CONVERSATION),
        (format!("{HAIKU}/invoke"), CLAUDE),
        (format!("{HAIKU}/invoke-with-response-stream"), CLAUDE),
        (
            format!("{HAIKU}/count-tokens"),
            r#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"x"}]}]}}}"#,
        ),
        (
            model("amazon.nova-lite-v1:0", "invoke"),
            r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":5,"topP":0.5}}"#,
        ),
        (
            model("amazon.titan-text-lite-v1", "invoke-with-response-stream"),
            r#"{"inputText":"x","textGenerationConfig":{"maxTokenCount":5,"stopSequences":["User:"]}}"#,
        ),
        (
            model("meta.llama3-8b-instruct-v1:0", "invoke"),
            r#"{"prompt":"x","max_gen_len":5,"temperature":0.5}"#,
        ),
        (
            model("mistral.mistral-7b-instruct-v0:2", "invoke"),
            r#"{"prompt":"<s>[INST] x [/INST]","max_tokens":5,"top_k":3,"stop":["a"]}"#,
        ),
        (
            model("cohere.command-text-v14", "invoke"),
            r#"{"prompt":"x","max_tokens":5,"num_generations":2,"truncate":"END"}"#,
        ),
        (
            model("cohere.command-r-v1:0", "invoke-with-response-stream"),
            r#"{"message":"x","tools":[{"name":"f","parameter_definitions":{"a":{"type":"List[str]","required":true}}}]}"#,
        ),
        (
            model("openai.gpt-oss-20b-1:0", "invoke"),
            r#"{"messages":[{"role":"user","content":"x"}],"max_tokens":5,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
        ),
        (
            model("amazon.titan-embed-text-v2:0", "invoke"),
            r#"{"inputText":"x","dimensions":256,"normalize":true,"embeddingTypes":["binary"]}"#,
        ),
        (
            model("amazon.titan-embed-image-v1", "invoke"),
            r#"{"inputText":"x","embeddingConfig":{"outputEmbeddingLength":256}}"#,
        ),
        (
            model("cohere.embed-english-v3", "invoke"),
            r#"{"texts":["x"],"input_type":"search_query","embedding_types":["int8"]}"#,
        ),
        (
            model("amazon.nova-canvas-v1:0", "invoke"),
            r#"{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"x"},"imageGenerationConfig":{"width":320,"height":320,"numberOfImages":1}}"#,
        ),
        (
            "/guardrail/abc/version/DRAFT/apply".to_owned(),
            r#"{"source":"INPUT","content":[{"text":{"text":"x@y.zz"}}]}"#,
        ),
        (
            "/guardrail-checks/invoke".to_owned(),
            r#"{"messages":[{"role":"user","content":[{"text":"é x@y.zz"}]}],"checks":{"sensitiveInformation":{"entities":[{"type":"EMAIL"}]}}}"#,
        ),
        (
            "/async-invoke".to_owned(),
            r#"{"modelId":"amazon.nova-reel-v1:1","modelInput":{},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/x"}}}"#,
        ),
    ];
    let google = [
        (format!("{GOOGLE}/gemini-2.5-flash:generateContent"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:streamGenerateContent?alt=sse"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:streamGenerateContent"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:countTokens"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:computeTokens"), CONTENTS),
        (
            format!("{GOOGLE}/text-embedding-005:predict"),
            r#"{"instances":[{"content":"x","task_type":"CLUSTERING"}],"parameters":{"outputDimensionality":8}}"#,
        ),
        (
            format!("{GOOGLE}/gemini-embedding-2:embedContent"),
            r#"{"content":{"parts":[{"text":"x"}]},"embedContentConfig":{"outputDimensionality":8}}"#,
        ),
        (
            format!("{GOOGLE}/multimodalembedding@001:predict"),
            r#"{"instances":[{"text":"x","image":{"gcsUri":"gs://b/x"}}],"parameters":{"dimension":128}}"#,
        ),
        (
            format!("{GOOGLE}/imagen-4.0-generate-001:predict"),
            r#"{"instances":[{"prompt":"brownout:filter"}],"parameters":{"sampleCount":1,"aspectRatio":"1:1"}}"#,
        ),
        (
            format!("{LOCATION}/endpoints/openapi/chat/completions"),
            r#"{"model":"google/gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"max_tokens":5}"#,
        ),
        (format!("{LOCATION}/endpoints/7:predict"), r#"{"instances":[1,2]}"#),
        (
            format!("{LOCATION}/cachedContents"),
            r#"{"model":"projects/p/locations/l/publishers/google/models/gemini-2.5-flash","contents":[{"role":"user","parts":[{"text":"x"}]}],"ttl":"60s"}"#,
        ),
    ];
    let models_own = [
        (format!("{ANTHROPIC}/claude-sonnet-4-5@20250929:rawPredict"), CLAUDE),
        (format!("{ANTHROPIC}/claude-sonnet-4-5@20250929:streamRawPredict"), CLAUDE),
        (
            format!("{ANTHROPIC}/count-tokens:rawPredict"),
            r#"{"model":"claude-sonnet-4-5@20250929","anthropic_version":"vertex-2023-10-16","messages":[{"role":"user","content":"x"}]}"#,
        ),
        (
            format!("{LOCATION}/publishers/mistralai/models/mistral-large-2411:rawPredict"),
            r#"{"model":"mistral-large-2411","messages":[{"role":"user","content":"x"}],"max_tokens":5}"#,
        ),
    ];
    let bedrock = bedrock.map(of(Speaks::Bedrock)).into_iter();
    bedrock.chain(google.map(of(Speaks::Google))).chain(models_own.map(of(Speaks::GoogleOrModel))).collect()
}

const CONVERSATION: &str = r#"{"messages":[{"role":"user","content":[{"text":"x"},{"image":{"format":"png","source":{"bytes":"aQ=="}}}]}],"system":[{"text":"s"}],"inferenceConfig":{"maxTokens":5,"temperature":0.5,"stopSequences":["a"]},"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"string"}}}}}}],"toolChoice":{"auto":{}}},"additionalModelResponseFieldPaths":["/stop_sequence"]}"#;
const CLAUDE: &str = r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"system":"s","temperature":0.5,"stop_sequences":["a"],"tools":[{"name":"f","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}],"tool_choice":{"type":"auto"}}"#;
const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"x"},{"inlineData":{"mimeType":"image/png","data":"aQ=="}}]}],"systemInstruction":{"parts":[{"text":"s"}]},"generationConfig":{"maxOutputTokens":5,"temperature":0.5,"stopSequences":["a"],"candidateCount":2},"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}]}],"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}"#;

impl Endpoint {
    async fn send(&self, bench: &Bench, body: impl Into<Bytes>) -> Answered {
        let request =
            Request::post(&self.path).header("host", "mock").header("content-type", "application/json");
        bench.call(request.body(Body::full(body)).expect("a request")).await
    }

    /// An answer is a success, or an error in the words of whoever speaks here.
    fn check(&self, answered: &Answered, body: &[u8]) {
        let asked = || format!("{} {}: {}", self.path, String::from_utf8_lossy(body), answered.text());
        match answered.status() {
            200 => {}
            400 | 404 => assert!(self.is_own_error(answered), "{}", asked()),
            status => panic!("{status}: {}", asked()),
        }
    }

    fn is_own_error(&self, answered: &Answered) -> bool {
        let Ok(error) = serde_json::from_slice::<Value>(&answered.body) else { return false };
        let google = || {
            let error = error.get(0).unwrap_or(&error);
            error["error"]["code"] == answered.status() && error["error"]["status"].is_string()
        };
        let is_models = || error["type"] == "error" || error["object"] == "error";
        match self.speaks {
            Speaks::Bedrock => {
                let code = answered.header("x-amzn-errortype").split(':').next().unwrap_or_default();
                code.ends_with("Exception") && error["message"].is_string()
            }
            Speaks::Google => google(),
            Speaks::GoogleOrModel => google() || is_models(),
        }
    }
}

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
            let (limit, words) = match endpoint.speaks {
                Speaks::Bedrock => (25_000_000, "25000000"),
                Speaks::Google | Speaks::GoogleOrModel => (32 << 20, "33554432"),
            };
            let body = Bytes::from(vec![b' '; limit + 1]);
            let answered = endpoint.send(&bench, body).await;
            assert_eq!(answered.status(), 400, "{}", endpoint.path);
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

/// A good body with some of its bytes changed, put in or cut off.
fn damaged() -> impl Strategy<Value = (Endpoint, Vec<u8>)> {
    let damage = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4);
    (prop::sample::select(endpoints()), damage).prop_map(|(endpoint, damage)| {
        let mut body = endpoint.body.as_bytes().to_vec();
        for (place, byte, kind) in damage {
            let place = place.index(body.len().max(1));
            match kind {
                0 if place < body.len() => body[place] = byte,
                1 => body.insert(place.min(body.len()), byte),
                _ => body.truncate(place),
            }
        }
        (endpoint, body)
    })
}

/// A good body of JSON in which some values are of another kind.
fn altered() -> impl Strategy<Value = (Endpoint, Vec<u8>)> {
    let other = prop_oneof![
        Just(Value::Null),
        Just(Value::from("")),
        Just(Value::from("\u{0}\u{fffd}\u{1f600}")),
        Just(Value::from("x".repeat(70_000))),
        Just(Value::from(vec![Value::Null])),
        Just(Value::from(serde_json::Map::new())),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let alterations = proptest::collection::vec((any::<prop::sample::Index>(), other), 1..3);
    (prop::sample::select(endpoints()), alterations).prop_map(|(endpoint, alterations)| {
        let mut body: Value = serde_json::from_str(endpoint.body).expect("JSON");
        for (place, other) in alterations {
            let mut places = Vec::new();
            pointers(&body, String::new(), &mut places);
            let place = &places[place.index(places.len())];
            *body.pointer_mut(place).expect("a place of its own") = other;
        }
        (endpoint, body.to_string().into_bytes())
    })
}

/// Where there is a value in a value, itself included.
fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers(value, format!("{at}/{name}"), places));
        }
        Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), places));
        }
        _ => {}
    }
    places.push(at);
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
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_damaged_body_gets_the_providers_own_error((endpoint, body) in prop_oneof![damaged(), altered()]) {
        against(EXACT, |bench| async move {
            endpoint.check(&endpoint.send(&bench, body.clone()).await, &body);
            assert_eq!(bench.mock.counters().live_streams(), 0);
        });
    }
}
