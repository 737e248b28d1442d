//! What OpenAI and Azure withhold: prompts that are blocked, answers that are broken off, refusals, failures.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answered, Bench, NONCE, against, request};
use crate::openai::{CHAT, EXACT, chat, chunks, parsed};

const AZURE: &str = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21";

fn marked(mark: &str, fields: &str) -> String {
    chat(fields).replace("hello", &format!("hello brownout:{mark}"))
}

fn finish(chunks: &[Value]) -> Vec<&str> {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str()).collect()
}

#[test]
fn a_blocked_prompt_gets_the_error_of_the_one_who_filters() {
    against(EXACT, |bench| async move {
        for (path, body) in [
            ("/v1/chat/completions", marked("block", "")),
            ("/v1/chat/completions", marked("block", r#","stream":true"#)),
            ("/v1/responses", r#"{"model":"gpt-4o-mini","input":"brownout:block"}"#.to_owned()),
            ("/v1/completions", r#"{"model":"gpt-3.5-turbo-instruct","prompt":"brownout:block"}"#.to_owned()),
            ("/v1/images/generations", r#"{"model":"gpt-image-1","prompt":"brownout:block"}"#.to_owned()),
        ] {
            let answered = bench.post(path, &body).await;
            assert_eq!(answered.status(), 400, "{path}: {}", answered.text());
            let code = &parsed(&answered)["error"]["code"];
            assert_eq!(code, "content_policy_violation", "{path}: {}", answered.text());
        }
        let answered = bench.post(AZURE, &marked("block", "")).await;
        let error = parsed(&answered)["error"].clone();
        assert_eq!((answered.status(), &error["code"]), (400, &json!("content_filter")));
        assert_eq!(error["innererror"]["code"], "ResponsibleAIPolicyViolation");
        let result = &error["innererror"]["content_filter_result"];
        let filtered = ["hate", "self_harm", "sexual", "violence"]
            .iter()
            .filter(|category| result[**category]["filtered"] == json!(true));
        assert_eq!(filtered.count(), 1, "{error}");
    });
}

#[test]
fn an_answer_is_broken_off() {
    against(EXACT, |bench| async move {
        for path in [CHAT, AZURE] {
            let whole = parsed(&bench.post(path, &marked("finish=content_filter", "")).await);
            assert_eq!(whole["choices"][0]["finish_reason"], "content_filter", "{whole}");
            assert_eq!(whole["usage"]["completion_tokens"], 8);
            let answered = bench.post(path, &marked("finish=content_filter", r#","stream":true"#)).await;
            let chunks = chunks(&answered);
            assert_eq!(finish(&chunks), ["content_filter"]);
        }
        let whole = parsed(&bench.post(AZURE, &marked("finish=content_filter", "")).await);
        let results = whole["choices"][0]["content_filter_results"].as_object().expect("results").clone();
        assert!(results.values().any(|result| result["filtered"] == json!(true)), "{results:?}");
    });
}

const SCHEMA: &str = r#","response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}}"#;

#[test]
fn a_refusal_stands_where_the_text_would() {
    against(EXACT, |bench| async move {
        for fields in ["", SCHEMA] {
            let whole = parsed(&bench.post(CHAT, &marked("refuse", fields)).await);
            let message = &whole["choices"][0]["message"];
            assert!(message["content"].is_null(), "{whole}");
            let refusal = message["refusal"].as_str().expect("a refusal").to_owned();
            assert!(!refusal.is_empty());
            assert_eq!(whole["choices"][0]["finish_reason"], "stop");
            let streamed = bench.post(CHAT, &marked("refuse", &format!(r#"{fields},"stream":true"#))).await;
            let chunks = chunks(&streamed);
            let said: String =
                chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["refusal"].as_str()).collect();
            assert_eq!(said, refusal, "in pieces the same");
            let texts = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
            assert_eq!(texts.collect::<String>(), "");
            assert_eq!(finish(&chunks), ["stop"]);
        }
        let likely = parsed(&bench.post(CHAT, &marked("refuse", r#","logprobs":true"#)).await);
        let logprobs = &likely["choices"][0]["logprobs"];
        assert!(logprobs["content"].is_null() && logprobs["refusal"].is_array(), "{likely}");
    });
}

fn ask(mark: &str, is_streamed: bool) -> String {
    let input = format!("{NONCE} brownout:{mark}");
    json!({"model": "gpt-4o-mini", "input": input, "stream": is_streamed}).to_string()
}

async fn respond(bench: &Bench, mark: &str) -> Value {
    parsed(&bench.post("/v1/responses", &ask(mark, false)).await)
}

/// Name and data of every event, numbered without a gap.
async fn stream(bench: &Bench, mark: &str) -> Vec<(String, Value)> {
    let answered: Answered = bench.post("/v1/responses", &ask(mark, true)).await;
    let data = answered.text().lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|data| serde_json::from_str(data).expect("JSON")).collect();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"].as_u64(), Some(number as u64), "{event}");
    }
    events.into_iter().map(|event| (event["type"].as_str().unwrap_or_default().to_owned(), event)).collect()
}

#[test]
fn a_response_refuses_in_a_part_of_its_own() {
    against(EXACT, |bench| async move {
        let whole = respond(&bench, "refuse").await;
        assert_eq!(whole["status"], "completed");
        let part = &whole["output"][0]["content"][0];
        assert_eq!(part["type"], "refusal", "{whole}");
        let events = stream(&bench, "refuse").await;
        let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        assert_eq!(
            names,
            [
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added",
                "response.refusal.delta",
                "response.refusal.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.completed",
            ]
        );
        let deltas = events.iter().filter(|(name, _)| name == "response.refusal.delta");
        let said: String = deltas.filter_map(|(_, data)| data["delta"].as_str()).collect();
        let done = events.iter().find(|(name, _)| name == "response.refusal.done").expect("an event");
        assert_eq!(done.1["refusal"], json!(said));
    });
}

#[test]
fn a_response_fails_or_is_left_incomplete() {
    against(EXACT, |bench| async move {
        let failed = respond(&bench, "fail=server_error").await;
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_error")));
        let events = stream(&bench, "fail=rate_limit_exceeded").await;
        let (name, last) = events.last().expect("events");
        assert_eq!(name, "response.failed");
        assert_eq!(last["response"]["error"]["code"], "rate_limit_exceeded", "{last}");
        let filtered = respond(&bench, "finish=content_filter").await;
        assert_eq!(filtered["status"], "incomplete");
        assert_eq!(filtered["incomplete_details"], json!({"reason": "content_filter"}));
        let events = stream(&bench, "finish=content_filter").await;
        assert_eq!(events.last().map(|(name, _)| name.as_str()), Some("response.incomplete"));
    });
}

#[test]
fn what_is_not_served_is_an_unknown_address() {
    against(EXACT, |bench| async move {
        for (method, path) in [
            (Method::POST, "/v1/images/edits"),
            (Method::POST, "/v1/images/variations"),
            (Method::POST, "/v1/audio/speech"),
            (Method::POST, "/v1/batches"),
            (Method::GET, "/v1/files"),
            (Method::GET, "/v1/assistants"),
            (Method::POST, "/v1/fine_tuning/jobs"),
            (Method::GET, "/v1/vector_stores"),
            (Method::POST, "/v1/realtime/sessions"),
        ] {
            let answered = bench.call(request(method.clone(), path, &[], "{}")).await;
            assert_eq!(answered.status(), 404, "{method} {path}");
            let error = parsed(&answered)["error"].clone();
            assert_eq!(error["message"], format!("Invalid URL ({method} {path})"));
            assert_eq!(error["type"], "invalid_request_error");
        }
    });
}

#[test]
fn a_tool_that_is_no_function_is_refused_by_its_type() {
    against(EXACT, |bench| async move {
        let custom = r#","tools":[{"type":"custom","custom":{"name":"f"}}]"#;
        let refused = bench.post(CHAT, &chat(custom)).await;
        assert_eq!(refused.status(), 400);
        let error = parsed(&refused)["error"].clone();
        assert_eq!((&error["param"], &error["code"]), (&json!("tools[0].type"), &json!("invalid_value")));
        assert!(error["message"].as_str().is_some_and(|text| text.contains("'custom'")), "{error}");
    });
}

#[test]
fn limits_that_nobody_imposes_are_told_as_they_are_used_up_and_come_back() {
    against(EXACT, |bench| async move {
        let left = |answered: &Answered| -> u64 {
            answered.header("x-ratelimit-remaining-tokens").parse().expect("a number")
        };
        let first = bench.post(CHAT, &chat(r#","max_tokens":16000"#)).await;
        assert_eq!(left(&first), 184_000);
        let second = bench.post(CHAT, &chat(r#","max_tokens":16000"#)).await;
        assert!(left(&second) < left(&first), "{} then {}", left(&first), left(&second));
        bench.world.clock().sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(left(&bench.post(CHAT, &chat(r#","max_tokens":16000"#)).await), 184_000);
        // Azure counts for itself, and in windows of ten seconds.
        let azure = bench.post(AZURE, &chat("")).await;
        assert_eq!(azure.header("x-ratelimit-remaining-requests"), "83");
        assert_eq!(
            azure.header("x-ratelimit-reset-requests"),
            "6",
            "whole seconds, until the window of ten ends"
        );
    });
}
