//! Guardrails that InvokeModel is asked for in headers.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wire::bedrock::invoke_stream::{self, Incoming};

use crate::harness::{Answered, Bench, EXACT, against, request};

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
/// A model with a prompt cache.
const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const BLOCKED: &str = "Sorry, the model cannot answer this question.";
const GUARDRAIL: [(&str, &str); 2] =
    [("x-amzn-bedrock-guardrailidentifier", "abc123"), ("x-amzn-bedrock-guardrailversion", "DRAFT")];

type Headers<'h> = &'h [(&'h str, &'h str)];

async fn send(bench: &Bench, path: &str, headers: &[(&str, &str)], body: &Value) -> Answered {
    bench.call(request(Method::POST, &format!("/model/{path}"), headers, &body.to_string())).await
}

async fn guarded(bench: &Bench, model: &str, body: &Value) -> (Answered, Value) {
    let answered = send(bench, &format!("{model}/invoke"), &GUARDRAIL, body).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let value = serde_json::from_slice(&answered.body).expect("JSON");
    (answered, value)
}

async fn streamed(bench: &Bench, model: &str, headers: &[(&str, &str)], body: &Value) -> Vec<Value> {
    let answered = send(bench, &format!("{model}/invoke-with-response-stream"), headers, body).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let chunk = |frame: &_| match invoke_stream::decode(frame).expect("a chunk") {
        Incoming::Chunk(object) => serde_json::from_slice(&object).expect("JSON"),
        other => panic!("{other:?}"),
    };
    answered.frames().iter().map(chunk).collect()
}

fn claude(text: &str) -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 30,
        "messages": [{"role": "user", "content": text}],
    })
}

/// Each family's body of a prompt, and where its answer stands.
fn families(text: &str) -> Vec<(&'static str, Value, &'static str)> {
    vec![
        (HAIKU, claude(text), "/content/0/text"),
        (
            "amazon.nova-lite-v1:0",
            json!({"messages": [{"role": "user", "content": [{"text": text}]}]}),
            "/output/message/content/0/text",
        ),
        ("amazon.titan-text-express-v1", json!({"inputText": text}), "/results/0/outputText"),
        ("meta.llama3-1-8b-instruct-v1:0", json!({"prompt": text}), "/generation"),
        ("mistral.mistral-7b-instruct-v0:2", json!({"prompt": text}), "/outputs/0/text"),
        ("cohere.command-r-v1:0", json!({"message": text}), "/text"),
        ("cohere.command-text-v14", json!({"prompt": text}), "/generations/0/text"),
        (
            "openai.gpt-oss-20b-1:0",
            json!({"messages": [{"role": "user", "content": text}]}),
            "/choices/0/message/content",
        ),
    ]
}

#[test]
fn a_prompt_is_blocked_in_every_familys_form() {
    against(EXACT, |bench| async move {
        for (model, body, place) in families("Please blockme.") {
            let (answered, blocked) = guarded(&bench, model, &body).await;
            assert_eq!(blocked.pointer(place), Some(&json!(BLOCKED)), "{model}: {blocked}");
            assert_eq!(blocked["amazon-bedrock-guardrailAction"], "INTERVENED", "{model}");
            assert_eq!(blocked.get("amazon-bedrock-trace"), None, "nobody asked");
            // The model never saw it.
            assert_eq!(answered.header("x-amzn-bedrock-input-token-count"), "0", "{model}");
            assert_eq!(answered.header("x-amzn-bedrock-output-token-count"), "0", "{model}");
        }
        for (model, body, place) in families("Hello.") {
            let (_, passed) = guarded(&bench, model, &body).await;
            assert_ne!(passed.pointer(place), Some(&json!(BLOCKED)), "{model}");
            assert_eq!(passed["amazon-bedrock-guardrailAction"], "NONE", "{model}");
        }
    });
}

#[test]
fn a_prompt_that_is_blocked_is_not_kept_in_the_prompt_cache() {
    against(EXACT, |bench| async move {
        let marked = json!([{
            "type": "text",
            "text": "word ".repeat(5_000),
            "cache_control": {"type": "ephemeral"},
        }]);
        let mut reads = Vec::new();
        for text in ["Please blockme.", "Hello.", "Hello."] {
            let mut body = claude(text);
            body["system"] = marked.clone();
            let (_, answer) = guarded(&bench, SONNET, &body).await;
            reads.push(answer["usage"]["cache_read_input_tokens"].as_u64());
            // What is kept can be read once its answer has begun.
            bench.world.clock().sleep(Duration::from_secs(30)).await;
        }
        assert!(reads[..2].iter().all(|read| read.is_none_or(|tokens| tokens == 0)), "{reads:?}");
        assert!(reads[2].is_some_and(|tokens| tokens >= 5_000), "{reads:?}: the answer that passed is kept");
    });
}

#[test]
fn a_stream_says_at_its_end_what_the_guardrail_did() {
    against(EXACT, |bench| async move {
        for (model, body, _) in families("Please blockanswer.") {
            let objects = streamed(&bench, model, &GUARDRAIL, &body).await;
            let last = objects.last().expect("an object");
            assert_eq!(last["amazon-bedrock-guardrailAction"], "INTERVENED", "{model}");
            let spent = &last["amazon-bedrock-invocationMetrics"]["outputTokenCount"];
            assert!(spent.as_u64().expect("a count") > 0, "{model}: the model has spoken");
            let said: String = objects.iter().map(Value::to_string).collect();
            assert!(
                said.contains("Sorry, the model cannot answer") || said.contains("Sorry"),
                "{model}: {said}"
            );
            let others = objects.len() - 1;
            assert!(
                objects[..others].iter().all(|object| object.get("amazon-bedrock-guardrailAction").is_none())
            );
        }
    });
}

#[test]
fn what_a_guardrail_found_is_told_where_it_is_asked_for() {
    against(EXACT, |bench| async move {
        let headers = [&GUARDRAIL[..], &[("x-amzn-bedrock-trace", "ENABLED")]].concat();
        let answered = send(&bench, &format!("{HAIKU}/invoke"), &headers, &claude("blockme")).await;
        let blocked: Value = serde_json::from_slice(&answered.body).expect("JSON");
        let found = &blocked["amazon-bedrock-trace"]["guardrail"]["input"]["abc123"];
        assert_eq!(found["wordPolicy"]["customWords"][0]["match"], "blockme");
        let answered = send(&bench, &format!("{HAIKU}/invoke"), &headers, &claude("blockanswer")).await;
        let replaced: Value = serde_json::from_slice(&answered.body).expect("JSON");
        let trace = &replaced["amazon-bedrock-trace"]["guardrail"];
        assert!(trace["outputs"][0]["abc123"]["wordPolicy"].is_object(), "{trace}");
        assert_ne!(trace["modelOutput"][0], BLOCKED);
        assert_eq!(replaced["content"][0]["text"], BLOCKED);
        assert_eq!(replaced["usage"]["output_tokens"], 30);
        let silent = [&GUARDRAIL[..], &[("x-amzn-bedrock-trace", "DISABLED")]].concat();
        let answered = send(&bench, &format!("{HAIKU}/invoke"), &silent, &claude("blockme")).await;
        assert!(!answered.text().contains("amazon-bedrock-trace"));
    });
}

#[test]
fn a_body_may_say_what_is_read_and_when() {
    against(EXACT, |bench| async move {
        let tag = "amazon-bedrock-guardrails-guardContent_x1";
        let tagged = |text: &str, config: Value| {
            let mut body = claude(text);
            body["amazon-bedrock-guardrailConfig"] = config;
            body
        };
        let outside = tagged(&format!("blockme <{tag}>fine</{tag}>"), json!({"tagSuffix": "x1"}));
        assert_eq!(guarded(&bench, HAIKU, &outside).await.1["amazon-bedrock-guardrailAction"], "NONE");
        let inside = tagged(&format!("fine <{tag}>blockme</{tag}>"), json!({"tagSuffix": "x1"}));
        assert_eq!(guarded(&bench, HAIKU, &inside).await.1["amazon-bedrock-guardrailAction"], "INTERVENED");

        let asynchronous = tagged("blockanswer", json!({"streamProcessingMode": "ASYNCHRONOUS"}));
        let objects = streamed(&bench, HAIKU, &GUARDRAIL, &asynchronous).await;
        assert_eq!(objects.last().expect("one")["amazon-bedrock-guardrailAction"], "INTERVENED");
        assert!(
            !objects.iter().any(|object| object.to_string().contains("Sorry")),
            "it has been said already"
        );
    });
}

#[test]
fn a_guardrail_that_is_asked_for_badly_is_refused() {
    against(EXACT, |bench| async move {
        let mut config = claude("Hi");
        config["amazon-bedrock-guardrailConfig"] = json!({"tagSuffix": "x"});
        let id = "x-amzn-bedrock-guardrailidentifier";
        let version = "x-amzn-bedrock-guardrailversion";
        let cases: [(Headers<'_>, Value, &str); 5] = [
            (&[], config, "The guardrail identifier is required"),
            (&[(id, "abc")], claude("Hi"), "The guardrail version is required"),
            (&[(id, "ABC!"), (version, "1")], claude("Hi"), "The provided guardrail identifier is invalid."),
            (&[(id, "abc"), (version, "0")], claude("Hi"), "The provided guardrail version is invalid."),
            (&[("x-amzn-bedrock-trace", "LOUD")], claude("Hi"), "Value 'LOUD' at 'trace' failed to satisfy"),
        ];
        for (headers, body, words) in cases {
            let answered = send(&bench, &format!("{HAIKU}/invoke"), headers, &body).await;
            assert_eq!(answered.status(), 400, "{words}");
            assert!(answered.header("x-amzn-errortype").starts_with("ValidationException:"));
            assert!(answered.text().contains(words), "{}", answered.text());
        }
        // Words about it are none.
        let spoken = claude("What is \"amazon-bedrock-guardrailConfig\"?");
        assert_eq!(send(&bench, &format!("{HAIKU}/invoke"), &[], &spoken).await.status(), 200);
    });
}
