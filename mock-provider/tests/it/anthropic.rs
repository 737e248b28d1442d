//! The Anthropic API: messages, counts, models, and who may ask.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wire::anthropic::messages::MessagesResponse;
use wire::sse::Event;
use world::Address;
use world::http::Client;

use crate::harness::{Answered, Bench, NONCE, against, request};

pub(crate) const EXACT: &str =
    "profile = \"anthropic/claude-haiku\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const KEY: [(&str, &str); 2] = [("x-api-key", "sk-ant-mock"), ("anthropic-version", "2023-06-01")];

pub(crate) async fn ask(bench: &Bench, path: &str, body: &str) -> Answered {
    bench.call(request(Method::POST, path, &KEY, body)).await
}

async fn get(bench: &Bench, path: &str) -> Answered {
    bench.call(request(Method::GET, path, &KEY, "")).await
}

/// A question of one turn, and more members.
pub(crate) fn question(members: Value) -> String {
    let mut body = json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 4,
        "messages": [{"role": "user", "content": format!("{NONCE}\nhello")}],
    });
    if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
        body.extend(members);
    }
    body.to_string()
}

/// Names and data of a stream.
pub(crate) fn events(answered: &Answered) -> Vec<(String, Value)> {
    let blocks = answered.text().split_terminator("\n\n");
    blocks
        .map(|block| {
            let event = Event::parse(block.as_bytes());
            let data: Value = serde_json::from_str(&event.data).expect("JSON");
            assert_eq!(data["type"].as_str(), event.name, "{block}");
            (event.name.expect("a name").to_owned(), data)
        })
        .collect()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_message_whole() {
    against(EXACT, |bench| async move {
        let answered = ask(&bench, "/v1/messages", &question(json!({}))).await;
        let id = MessagesResponse::parse(&answered.body).expect("a message").id.to_string();
        assert!(id.starts_with("msg_01") && id.len() == 28, "{id}");
        assert_eq!(
            answered.text(),
            format!(
                r#"{{"id":"{id}","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{{"type":"text","text":" 8bd0.0 8bd0.1 8bd0.2 8bd0.3"}}],"stop_reason":"max_tokens","stop_sequence":null,"usage":{{"input_tokens":16,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}},"output_tokens":4,"service_tier":"standard"}}}}"#
            )
        );
        let request_id = answered.header("request-id");
        assert!(request_id.starts_with("req_01") && request_id.len() == 28, "{request_id}");
        assert_eq!(answered.header("content-type"), "application/json");
        assert_eq!(answered.header("anthropic-organization-id").len(), 36);
        assert_eq!(answered.header("server"), "cloudflare");
        assert!(answered.header("cf-ray").ends_with("-IAD"));
        assert_eq!(answered.end_at.as_micros(), 600_000 + 16 * 80 + 3 * 11_000);
    });
}

#[test]
fn a_message_in_events() {
    against(EXACT, |bench| async move {
        let body = question(json!({"stream": true, "max_tokens": 30}));
        let answered = ask(&bench, "/v1/messages", &body).await;
        assert_eq!(answered.header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(answered.header("cache-control"), "no-cache");
        let events = events(&answered);
        assert_eq!(
            names(&events),
            [
                "message_start",
                "content_block_start",
                "content_block_delta",
                "ping",
                "content_block_delta",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
            ]
        );
        let message = &events[0].1["message"];
        assert_eq!((&message["content"], &message["stop_reason"]), (&json!([]), &Value::Null));
        assert_eq!(message["usage"]["input_tokens"], 16);
        assert_eq!(message["usage"]["output_tokens"], 1);
        let text: String = events.iter().filter_map(|(_, data)| data["delta"]["text"].as_str()).collect();
        let nonce: evidence::Nonce = NONCE.parse().expect("a nonce");
        assert_eq!(text, (0..30).map(|seq| nonce.token_text(seq)).collect::<String>());
        let (_, end) = &events[8];
        assert_eq!(end["delta"], json!({"stop_reason": "max_tokens", "stop_sequence": null}));
        assert_eq!(
            end["usage"],
            json!({"input_tokens": 16, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 30})
        );
        assert_eq!(answered.head_at.as_micros(), 601_280);
        assert_eq!(answered.end_at.as_micros(), 601_280 + 29 * 11_000);
    });
}

#[test]
fn a_stop_sequence_ends_the_message() {
    against(EXACT, |bench| async move {
        let body = question(json!({"max_tokens": 64, "stop_sequences": ["8bd0.2"]}));
        let answered: Value =
            serde_json::from_str(ask(&bench, "/v1/messages", &body).await.text()).expect("JSON");
        assert_eq!(answered["content"][0]["text"], " 8bd0.0 8bd0.1 ");
        assert_eq!(
            (&answered["stop_reason"], &answered["stop_sequence"]),
            (&json!("stop_sequence"), &json!("8bd0.2"))
        );
    });
}

fn with_tools(members: Value) -> String {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let mut all = json!({"max_tokens": 300, "tools": [{"name": "get_weather", "input_schema": schema}]});
    if let (Value::Object(all), Value::Object(members)) = (&mut all, members) {
        all.extend(members);
    }
    question(all)
}

#[test]
fn a_tool_is_called_whole_and_in_events() {
    against(EXACT, |bench| async move {
        let one = json!({"tool_choice": {"type": "any", "disable_parallel_tool_use": true}});
        let whole = ask(&bench, "/v1/messages", &with_tools(one.clone())).await;
        let message: Value = serde_json::from_str(whole.text()).expect("JSON");
        assert_eq!(message["stop_reason"], "tool_use");
        let call = &message["content"][0];
        assert_eq!((&call["type"], &call["name"]), (&json!("tool_use"), &json!("get_weather")));
        assert!(call["id"].as_str().is_some_and(|id| id.starts_with("toolu_01")), "{call}");
        assert!(call["input"]["city"].is_string(), "{call}");

        let mut streamed = one;
        streamed["stream"] = json!(true);
        let events = events(&ask(&bench, "/v1/messages", &with_tools(streamed)).await);
        let start = events.iter().find(|(name, _)| name == "content_block_start").expect("a start");
        assert_eq!(start.1["content_block"]["input"], json!({}));
        assert_eq!(start.1["content_block"]["id"], call["id"], "the same request is answered alike");
        let pieces: Vec<&str> =
            events.iter().filter_map(|(_, data)| data["delta"]["partial_json"].as_str()).collect();
        assert_eq!(pieces[0], "");
        assert_eq!(serde_json::from_str::<Value>(&pieces.concat()).expect("JSON"), call["input"]);
        assert_eq!(events[events.len() - 2].1["delta"]["stop_reason"], "tool_use");
    });
}

#[test]
fn a_result_or_a_refusal_to_call_brings_text() {
    against(EXACT, |bench| async move {
        let turns = json!({"messages": [
            {"role": "user", "content": format!("{NONCE}\nhello")},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_01", "name": "get_weather", "input": {"city": "x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01", "content": "sunny"}]},
        ]});
        for members in [turns, json!({"tool_choice": {"type": "none"}})] {
            let answered = ask(&bench, "/v1/messages", &with_tools(members)).await;
            let message: Value = serde_json::from_str(answered.text()).expect("JSON");
            assert_eq!(message["content"][0]["type"], "text", "{message}");
            assert_ne!(message["stop_reason"], "tool_use");
        }
    });
}

const BUDGET: &str = r#"{"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}}"#;

fn thinking() -> Value {
    serde_json::from_str(BUDGET).expect("JSON")
}

#[test]
fn thoughts_come_first_and_signed() {
    against(EXACT, |bench| async move {
        let whole = ask(&bench, "/v1/messages", &question(thinking())).await;
        let message: Value = serde_json::from_str(whole.text()).expect("JSON");
        let (thought, text) = (&message["content"][0], &message["content"][1]);
        assert_eq!((&thought["type"], &text["type"]), (&json!("thinking"), &json!("text")));
        assert!(thought["signature"].as_str().is_some_and(|text| text.len() > 100), "{thought}");
        let details = &message["usage"]["output_tokens_details"]["thinking_tokens"];
        assert!(details.as_u64() < message["usage"]["output_tokens"].as_u64(), "{message}");

        let mut streamed = thinking();
        streamed["stream"] = json!(true);
        let events = events(&ask(&bench, "/v1/messages", &question(streamed)).await);
        let of = |key: &str| -> String {
            events.iter().filter_map(|(_, data)| data["delta"][key].as_str()).collect()
        };
        assert_eq!(of("thinking"), thought["thinking"].as_str().unwrap_or_default());
        assert_eq!(Some(of("signature").len()), thought["signature"].as_str().map(str::len));
        assert_eq!(of("text"), text["text"].as_str().unwrap_or_default());
        let signed = events.iter().position(|(_, data)| data["delta"]["signature"].is_string());
        assert_eq!(signed.map(|at| events[at + 1].0.as_str()), Some("content_block_stop"));
    });
}

#[test]
fn thoughts_may_be_hidden() {
    against(EXACT, |bench| async move {
        let mut omitted = thinking();
        omitted["thinking"]["display"] = json!("omitted");
        let redacted = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";
        let mut sealed = thinking();
        sealed["messages"] = json!([{"role": "user", "content": redacted}]);
        for (members, kind, key) in
            [(omitted, "thinking", "signature"), (sealed, "redacted_thinking", "data")]
        {
            let whole = ask(&bench, "/v1/messages", &question(members.clone())).await;
            let message: Value = serde_json::from_str(whole.text()).expect("JSON");
            let thought = &message["content"][0];
            assert_eq!(thought["type"], kind);
            assert!(thought[key].as_str().is_some_and(|text| !text.is_empty()), "{thought}");
            assert_eq!(thought["thinking"].as_str().unwrap_or_default(), "");
            let mut streamed = members;
            streamed["stream"] = json!(true);
            let events = events(&ask(&bench, "/v1/messages", &question(streamed)).await);
            assert_eq!(events[1].1["content_block"]["type"], kind);
            assert!(events.iter().all(|(_, data)| data["delta"]["thinking"].is_null()));
        }
    });
}

#[test]
fn an_answer_keeps_to_its_schema() {
    against(EXACT, |bench| async move {
        let schema = json!({
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name", "age"],
            "additionalProperties": false,
        });
        let members = json!({"max_tokens": 500, "output_config": {"format": {"type": "json_schema", "schema": schema}}});
        let answered = ask(&bench, "/v1/messages", &question(members)).await;
        let message: Value = serde_json::from_str(answered.text()).expect("JSON");
        let said: Value =
            serde_json::from_str(message["content"][0]["text"].as_str().expect("text")).expect("JSON");
        assert!(said["name"].is_string() && said["age"].is_i64(), "{said}");
    });
}

#[test]
fn tokens_are_counted_as_they_are_billed() {
    against(EXACT, |bench| async move {
        let body = r#"{"model":"claude-haiku-4-5","system":"be brief","messages":[{"role":"user","content":"hello"}]}"#;
        let counted = ask(&bench, "/v1/messages/count_tokens", body).await;
        assert_eq!((counted.status(), counted.text()), (200, r#"{"input_tokens":10}"#));
    });
}

#[test]
fn models_are_listed_page_by_page() {
    against(EXACT, |bench| async move {
        let page = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let mut path = "/v1/models?limit=10".to_owned();
        let mut ids: Vec<String> = Vec::new();
        loop {
            let list = page(get(&bench, &path).await.text());
            let data = list["data"].as_array().expect("a list").clone();
            assert_eq!((&list["first_id"], &list["last_id"]), (&data[0]["id"], &data[data.len() - 1]["id"]));
            ids.extend(data.iter().filter_map(|model| model["id"].as_str()).map(str::to_owned));
            if list["has_more"] == json!(false) {
                break;
            }
            path = format!("/v1/models?limit=10&after_id={}", list["last_id"].as_str().expect("an id"));
        }
        assert_eq!(ids.len(), wire::anthropic::catalogue::MODELS.len());
        let before = page(get(&bench, &format!("/v1/models?limit=2&before_id={}", ids[3])).await.text());
        let found: Vec<_> =
            before["data"].as_array().expect("a list").iter().map(|model| &model["id"]).collect();
        assert_eq!(found, [&json!(ids[1]), &json!(ids[2])]);
        assert_eq!(before["has_more"], true);

        let one = get(&bench, "/v1/models/claude-sonnet-4-5").await;
        let head = r#"{"type":"model","id":"claude-sonnet-4-5-20250929","display_name":"Claude Sonnet 4.5","created_at":"2025-09-29T00:00:00Z","max_input_tokens":200000,"max_tokens":64000,"capabilities":{"batch":{"supported":true},"#;
        assert!(one.text().starts_with(head), "{}", one.text());
        assert!(one.text().ends_with(r#"},"lifecycle":"deprecated","line":"sonnet"}"#), "{}", one.text());
        let can = page(one.text())["capabilities"]["thinking"].clone();
        let (budget, adaptive) = (&can["types"]["enabled"], &can["types"]["adaptive"]);
        assert_eq!((budget, adaptive), (&json!({"supported": true}), &json!({"supported": false})));
        let none = get(&bench, "/v1/models/claude-nope").await;
        assert_eq!(none.status(), 404);
        assert!(
            none.text().contains(r#""type":"not_found_error","message":"model: claude-nope""#),
            "{}",
            none.text()
        );
        for (query, words) in [("limit=0", "greater than or equal to 1"), ("limit=x", "a valid integer")] {
            let refused = get(&bench, &format!("/v1/models?{query}")).await;
            assert!(refused.status() == 400 && refused.text().contains(words), "{}", refused.text());
        }
    });
}

#[test]
fn a_key_of_either_form_opens() {
    let strict = format!("{EXACT}api_keys = [\"sk-ant-good\"]\n");
    against(&strict, |bench| async move {
        let version = ("anthropic-version", "2026-10-21");
        for (headers, status, words) in [
            (vec![("x-api-key", "sk-ant-good"), version], 200, ""),
            (vec![("authorization", "Bearer sk-ant-good"), version], 200, ""),
            (vec![("x-api-key", "sk-ant-bad"), version], 401, "invalid x-api-key"),
            (vec![("authorization", "Bearer sk-ant-bad"), version], 401, "Invalid bearer token"),
            (vec![version], 401, "x-api-key header is required"),
            (vec![("x-api-key", "sk-ant-good")], 400, "anthropic-version: header is required"),
            (
                vec![("x-api-key", "sk-ant-good"), ("anthropic-version", "2023-13-01")],
                400,
                r#"anthropic-version: \"2023-13-01\" is not a valid version"#,
            ),
        ] {
            let sent = request(Method::POST, "/v1/messages", &headers, &question(json!({})));
            let answered = bench.call(sent).await;
            assert_eq!(answered.status(), status, "{headers:?}: {}", answered.text());
            assert!(answered.text().contains(words), "{headers:?}: {}", answered.text());
            assert!(answered.header("request-id").starts_with("req_01"));
        }
    });
}

#[test]
fn an_error_names_its_request() {
    against(EXACT, |bench| async move {
        for (path, body, status, kind, words) in [
            ("/v1/messages", "{", 400, "invalid_request_error", "The request body is not valid JSON: "),
            ("/v1/messages", "{}", 400, "invalid_request_error", "messages: Field required"),
            (
                "/v1/messages",
                r#"{"messages":[{"role":"user","content":"x"}],"max_tokens":1}"#,
                400,
                "invalid_request_error",
                "model: Field required",
            ),
            (
                "/v1/messages",
                r#"{"model":"claude-nope","messages":[{"role":"user","content":"x"}],"max_tokens":1}"#,
                404,
                "not_found_error",
                "model: claude-nope",
            ),
            ("/v1/messages/batches", "{}", 404, "not_found_error", "Not Found"),
        ] {
            let answered = ask(&bench, path, body).await;
            let error: Value = serde_json::from_str(answered.text()).expect("JSON");
            assert_eq!(answered.status(), status, "{body}: {error}");
            assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!(kind)));
            assert!(
                error["error"]["message"].as_str().is_some_and(|text| text.starts_with(words)),
                "{error}"
            );
            assert_eq!(error["request_id"], answered.header("request-id"));
        }
        let wrong = bench.call(request(Method::GET, "/v1/messages", &KEY, "")).await;
        assert_eq!(wrong.status(), 405);
        let large = ask(&bench, "/v1/messages", &" ".repeat((32 << 20) + 1)).await;
        assert_eq!(large.status(), 413);
        assert!(large.text().contains("request_too_large"), "{}", large.text());
    });
}

#[test]
fn a_model_may_be_a_fault() {
    against(EXACT, |bench| async move {
        let fault = |name: &str| question(json!({"model": format!("fault.{name}")}));
        let limited = ask(&bench, "/v1/messages", &fault("http-429-retry-after")).await;
        assert_eq!(limited.status(), 429);
        assert!(!limited.header("retry-after").is_empty());
        assert!(limited.text().contains("rate_limit_error"), "{}", limited.text());
        let overloaded = ask(&bench, "/v1/messages", &fault("http-529")).await;
        assert_eq!(overloaded.status(), 529);
        assert!(overloaded.text().contains(r#""type":"overloaded_error","message":"Overloaded""#));
        let mut broken: Value = serde_json::from_str(&fault("stream-error-event")).expect("JSON");
        broken["stream"] = json!(true);
        broken["max_tokens"] = json!(64);
        let events = events(&ask(&bench, "/v1/messages", &broken.to_string()).await);
        let (name, data) = events.last().expect("an event");
        assert_eq!((name.as_str(), &data["error"]["type"]), ("error", &json!("overloaded_error")));
        assert!(names(&events).contains(&"content_block_delta"));
    });
}

/// What each home is asked, with the same words.
const HOMES: [(&str, &str, &str); 3] = [
    ("/v1/messages", r#""model":"claude-sonnet-4-5""#, "_01"),
    (
        "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/invoke",
        r#""anthropic_version":"bedrock-2023-05-31""#,
        "_bdrk_01",
    ),
    (
        "/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
        r#""anthropic_version":"vertex-2023-10-16""#,
        "_vrtx_01",
    ),
];

#[test]
fn three_homes_speak_one_language() {
    against(&format!("{EXACT}auth = \"off\"\n"), |bench| async move {
        let tool =
            r#""tools":[{"name":"look","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}"#;
        for (path, member, ids) in HOMES {
            let asked = |members: &str| {
                format!(
                    r#"{{{member},"max_tokens":64,"messages":[{{"role":"user","content":"{NONCE}"}}]{members}}}"#
                )
            };
            let answered = ask(&bench, path, &asked("")).await;
            let message: Value = serde_json::from_str(answered.text()).expect("JSON");
            assert_eq!(message["model"], "claude-sonnet-4-5-20250929", "{path}");
            assert_eq!(
                message["content"][0]["text"].as_str().map(|text| &text[..14]),
                Some(" 8bd0.0 8bd0.1")
            );
            assert!(
                message["id"].as_str().is_some_and(|id| id.starts_with(&format!("msg{ids}"))),
                "{message}"
            );

            let called = ask(&bench, path, &asked(&format!(",{tool}"))).await;
            let message: Value = serde_json::from_str(called.text()).expect("JSON");
            let id = message["content"][0]["id"].as_str().expect("an id");
            assert!(id.starts_with(&format!("toolu{ids}")), "{message}");

            let refused = ask(&bench, path, &asked(r#","temperature":2"#)).await;
            assert_eq!(refused.status(), 400);
            assert!(refused.text().contains("temperature: range: 0..1"), "{}", refused.text());
        }
    });
}

#[test]
fn vertex_streams_and_counts_for_claude() {
    against(&format!("{EXACT}auth = \"off\"\n"), |bench| async move {
        let models = "/v1/projects/p/locations/global/publishers/anthropic/models";
        let ask_of = |members: &str| {
            format!(
                r#"{{"anthropic_version":"2026-10-21","max_tokens":40,"messages":[{{"role":"user","content":"{NONCE}"}}]{members}}}"#
            )
        };
        let streamed = ask(
            &bench,
            &format!("{models}/claude-haiku-4-5%4020251001:streamRawPredict"),
            &ask_of(r#","stream":true"#),
        )
        .await;
        assert_eq!(streamed.header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(names(&events(&streamed)).last(), Some(&"message_stop"));
        let counted = ask(
            &bench,
            &format!("{models}/count-tokens:rawPredict"),
            &ask_of(r#","model":"claude-haiku-4-5@20251001""#),
        )
        .await;
        assert_eq!(counted.text(), r#"{"input_tokens":14}"#);
        let unknown = ask(&bench, &format!("{models}/claude-nope:rawPredict"), &ask_of("")).await;
        assert_eq!(unknown.status(), 404);
        assert!(unknown.text().contains("NOT_FOUND"), "{}", unknown.text());
    });
}

#[test]
fn limits_are_told_and_imposed() {
    let limited = format!("{EXACT}quota = {{ requests_per_minute = 2, output_tokens_per_minute = 5000 }}\n");
    against(&limited, |bench| async move {
        let first = ask(&bench, "/v1/messages", &question(json!({}))).await;
        for (name, value) in [
            ("anthropic-ratelimit-requests-limit", "2"),
            ("anthropic-ratelimit-requests-remaining", "1"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:30Z"),
            ("anthropic-ratelimit-output-tokens-limit", "5000"),
            ("anthropic-ratelimit-output-tokens-remaining", "5000"),
            ("anthropic-ratelimit-input-tokens-limit", "50000"),
        ] {
            assert_eq!(first.header(name), value, "{name}");
        }
        assert_eq!(ask(&bench, "/v1/messages", &question(json!({}))).await.status(), 200);
        let refused = ask(&bench, "/v1/messages", &question(json!({}))).await;
        assert_eq!(refused.status(), 429);
        assert!(
            refused.text().contains("exceed your organization's rate limit of 2 requests per minute"),
            "{}",
            refused.text()
        );
        assert_eq!(refused.header("anthropic-ratelimit-requests-remaining"), "0");
        assert_eq!(refused.header("retry-after"), "29");
    });
}

#[test]
fn the_prompt_cache_is_told() {
    against(EXACT, |bench| async move {
        let marked = |rest: &str| {
            let system = json!([{"type": "text", "text": " water".repeat(2_000), "cache_control": {"type": "ephemeral"}}]);
            let turns = json!([{"role": "user", "content": rest}]);
            question(json!({"model": "claude-sonnet-4-5", "system": system, "messages": turns}))
        };
        let usage = |answered: &Answered| {
            let message: Value = serde_json::from_str(answered.text()).expect("JSON");
            let count = |key: &str| message["usage"][key].as_u64().expect("a count");
            ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"].map(count)
        };
        assert_eq!(usage(&ask(&bench, "/v1/messages", &marked("abcd")).await), [5, 2_003, 0]);
        assert_eq!(usage(&ask(&bench, "/v1/messages", &marked("efgh")).await), [5, 0, 2_003]);
    });
}

#[test]
fn limits_that_nobody_imposes_are_told_as_they_are_used_up_and_come_back() {
    against(EXACT, |bench| async move {
        let left = |answered: &Answered| -> u64 {
            answered.header("anthropic-ratelimit-requests-remaining").parse().expect("a number")
        };
        let first = ask(&bench, "/v1/messages", &question(json!({}))).await;
        let limit: u64 = first.header("anthropic-ratelimit-requests-limit").parse().expect("a number");
        assert_eq!(left(&first), limit - 1);
        // All at once: nothing comes back in the time of no request.
        let mut tasks = Vec::new();
        for _ in 0..limit {
            let world = bench.world.clone();
            tasks.push(bench.world.spawn(async move {
                let client = Client::new(&world);
                let body = question(json!({}));
                let request = request(Method::POST, "/v1/messages", &KEY, &body);
                let response = client.send(&Address::new("mock"), request).await.expect("an answer");
                (response.status().as_u16(), response.headers().clone())
            }));
        }
        let mut least = u64::MAX;
        for task in tasks {
            let (status, headers) = task.await.expect("a client");
            assert_eq!(status, 200, "nobody is refused");
            let told = headers["anthropic-ratelimit-requests-remaining"].to_str().expect("ASCII");
            least = least.min(told.parse().expect("a number"));
        }
        assert!(least <= 1, "told to the last: {least}");
        bench.world.clock().sleep(Duration::from_secs(60)).await;
        let later = ask(&bench, "/v1/messages", &question(json!({}))).await;
        assert_eq!(left(&later), limit - 1, "a minute later all is back");
    });
}

/// Documented: has the service's guard break the answer off, to test a client.
const REFUSED: &str = "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_\
    1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86";

#[test]
fn the_guard_breaks_an_answer_off_at_each_home() {
    against(&format!("{EXACT}auth = \"off\"\n"), |bench| async move {
        let turns = json!([{"role": "user", "content": format!("{NONCE} {REFUSED}")}]);
        let whole =
            ask(&bench, "/v1/messages", &question(json!({"max_tokens": 64, "messages": turns}))).await;
        let message: Value = serde_json::from_str(whole.text()).expect("JSON");
        assert_eq!(message["stop_reason"], "refusal", "{message}");
        assert_eq!(message["usage"]["output_tokens"], 8, "what was said until then counts");
        assert_eq!(message["stop_details"]["type"], "refusal");
        let body = question(json!({"max_tokens": 64, "stream": true, "messages": turns}));
        let streamed = events(&ask(&bench, "/v1/messages", &body).await);
        let (_, end) = &streamed[streamed.len() - 2];
        assert_eq!(end["delta"]["stop_reason"], "refusal", "{end}");
        assert_eq!(streamed.last().map(|(name, _)| name.as_str()), Some("message_stop"));
        for (path, member, _) in HOMES {
            let body = format!(r#"{{{member},"max_tokens":64,"messages":{turns}}}"#);
            let message: Value = serde_json::from_str(ask(&bench, path, &body).await.text()).expect("JSON");
            assert_eq!(message["stop_reason"], "refusal", "{path} {message}");
        }
    });
}

#[test]
fn what_is_not_served_is_not_found_in_the_services_words() {
    against(EXACT, |bench| async move {
        for (method, path) in [
            (Method::POST, "/v1/messages/batches"),
            (Method::GET, "/v1/messages/batches"),
            (Method::GET, "/v1/messages/batches/msgbatch_01/results"),
            (Method::GET, "/v1/files"),
            (Method::GET, "/v1/files/file_011/content"),
            (Method::POST, "/v1/complete"),
            (Method::POST, "/v1/skills"),
            (Method::GET, "/v1/organizations/me"),
            (Method::GET, "/v1/messages"),
        ] {
            let answered = bench.call(request(method.clone(), path, &KEY, "{}")).await;
            let status = answered.status();
            assert!(matches!(status, 404 | 405), "{method} {path}: {status} {}", answered.text());
            let error: Value = serde_json::from_str(answered.text()).expect("JSON");
            assert_eq!(error["type"], "error", "{method} {path}");
            assert!(error["error"]["type"].as_str().is_some_and(|kind| kind.ends_with("_error")), "{error}");
            assert_eq!(error["request_id"], answered.header("request-id"), "{method} {path}");
        }
    });
}

#[test]
fn an_error_that_a_fault_makes_names_the_request_as_its_head_does() {
    against(EXACT, |bench| async move {
        let failed = ask(&bench, "/fault/http-529/v1/messages", &question(json!({}))).await;
        let error: Value = serde_json::from_str(failed.text()).expect("JSON");
        assert_eq!(failed.status(), 529);
        assert_eq!(error["request_id"], failed.header("request-id"));
        assert!(failed.header("request-id").starts_with("req_01"));
        let again = ask(&bench, "/fault/http-529/v1/messages", &question(json!({}))).await;
        assert_ne!(again.header("request-id"), failed.header("request-id"));
        let body = question(json!({"stream": true, "max_tokens": 30}));
        let broken = ask(&bench, "/fault/stream-error-event/v1/messages", &body).await;
        let events = events(&broken);
        let (name, error) = events.last().expect("events");
        assert_eq!((name.as_str(), &error["error"]["type"]), ("error", &json!("overloaded_error")));
        assert_eq!(error["request_id"], broken.header("request-id"));
    });
}
