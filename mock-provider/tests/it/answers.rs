//! Answers that users script, on every surface.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answered, Bench, EXACT, against, post, request};

const BEDROCK: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0";
const VERTEX: &str = "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash";

fn value(answered: &Answered) -> Value {
    serde_json::from_slice(&answered.body).unwrap_or_else(|error| panic!("{error}: {}", answered.text()))
}

async fn converse(bench: &Bench, prompt: &str) -> Answered {
    let body = json!({"messages": [{"role": "user", "content": [{"text": prompt}]}]});
    bench.post(&format!("{BEDROCK}/converse"), &body.to_string()).await
}

async fn generate(bench: &Bench, prompt: &str) -> Answered {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]});
    bench.post(&format!("{VERTEX}:generateContent"), &body.to_string()).await
}

async fn chat(bench: &Bench, prompt: &str) -> Answered {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]});
    bench.post("/v1/chat/completions", &body.to_string()).await
}

async fn messages(bench: &Bench, prompt: &str) -> Answered {
    let said = json!([{"role": "user", "content": prompt}]);
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 64, "messages": said});
    ask_claude(bench, "/v1/messages", &body.to_string()).await
}

async fn ask_claude(bench: &Bench, path: &str, body: &str) -> Answered {
    bench.call(request(Method::POST, path, &[("anthropic-version", "2023-06-01")], body)).await
}

async fn responses(bench: &Bench, prompt: &str) -> Answered {
    bench.post("/v1/responses", &json!({"model": "gpt-4o-mini", "input": prompt}).to_string()).await
}

fn said(answered: &Answered) -> String {
    let value = value(answered);
    let places = [
        "/content/0/text",
        "/output/0/content/0/text",
        "/output/message/content/0/text",
        "/candidates/0/content/parts/0/text",
        "/choices/0/message/content",
    ];
    places.iter().find_map(|place| value.pointer(place)?.as_str()).unwrap_or_default().to_owned()
}

#[test]
fn one_script_serves_every_surface() {
    let file = format!(
        "{EXACT}[[answers]]\nmatch = {{ text = \"weather\" }}\nreply = {{ text = \"Rain, \\\"mostly\\\".\" }}\n"
    );
    against(&file, |bench| async move {
        for answered in [
            converse(&bench, "the weather?").await,
            generate(&bench, "the weather?").await,
            chat(&bench, "the weather?").await,
            messages(&bench, "the weather?").await,
            responses(&bench, "the weather?").await,
        ] {
            assert_eq!(answered.status(), 200, "{}", answered.text());
            assert_eq!(said(&answered), "Rain, \"mostly\".");
        }
        for answered in [
            converse(&bench, "else").await,
            generate(&bench, "else").await,
            chat(&bench, "else").await,
            messages(&bench, "else").await,
            responses(&bench, "else").await,
        ] {
            assert!(!said(&answered).is_empty() && !said(&answered).contains("Rain"));
        }
    });
}

#[test]
fn a_sequence_goes_by_the_order_of_arrival() {
    let file = format!(
        "{EXACT}[[answers]]\nmatch = {{ surface = \"bedrock\" }}\nthen = \"cycle\"\n\
         sequence = [{{ error = \"http-429\" }}, {{ text = \"first\" }}, {{ json = {{ b = 1, a = [true] }} }}]\n\
         [[answers]]\nmatch = {{ surface = \"vertex\" }}\nthen = \"engine\"\n\
         sequence = [{{ error = \"http-503\" }}, {{ tokens = 7 }}]\n"
    );
    against(&file, |bench| async move {
        for _ in 0..2 {
            let refused = converse(&bench, "x").await;
            assert_eq!(refused.status(), 429, "{}", refused.text());
            assert!(refused.header("x-amzn-errortype").starts_with("ThrottlingException"));
            // Counting tokens generates none, and takes no turn.
            let counted =
                json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "x"}]}]}}});
            bench.post(&format!("{BEDROCK}/count-tokens"), &counted.to_string()).await;
            assert_eq!(said(&converse(&bench, "x").await), "first");
            assert_eq!(said(&converse(&bench, "x").await), r#"{"b":1,"a":[true]}"#);
        }
        assert_eq!(generate(&bench, "x").await.status(), 503);
        let seven = value(&generate(&bench, "x").await);
        assert_eq!(seven["usageMetadata"]["candidatesTokenCount"], 7);
        let engine = value(&generate(&bench, "x").await);
        assert!(engine["usageMetadata"]["candidatesTokenCount"].as_u64() > Some(7));
    });
}

#[test]
fn a_tool_is_called_as_scripted_and_its_results_are_answered() {
    let file = format!(
        "{EXACT}[[answers]]\nmatch = {{ regex = \"(?i)weather in (paris|rome)\" }}\nsequence = [\n\
         {{ tool = {{ name = \"get_weather\", arguments = {{ city = \"Paris\", days = 2 }} }} }},\n{{ text = \"Sun.\" }} ]\n"
    );
    against(&file, |bench| async move {
        let question = json!({"role": "user", "content": [{"text": "Weather in Paris?"}]});
        let called = value(&converse(&bench, "Weather in Paris?").await);
        assert_eq!(called["stopReason"], "tool_use");
        let call = &called["output"]["message"]["content"][0]["toolUse"];
        assert_eq!(
            (&call["name"], &call["input"]),
            (&json!("get_weather"), &json!({"city": "Paris", "days": 2}))
        );
        let tool = json!({"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object"}}}});
        let result = json!({"role": "user", "content": [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "sun"}]}}]});
        let body = json!({"messages": [question, called["output"]["message"], result], "toolConfig": {"tools": [tool]}});
        let answered = bench.post(&format!("{BEDROCK}/converse"), &body.to_string()).await;
        assert_eq!((answered.status(), said(&answered).as_str()), (200, "Sun."), "{}", answered.text());
    });
}

#[test]
fn a_stream_says_the_same() {
    let file = format!("{EXACT}[[answers]]\nreply = {{ text = \"Grüße – 日本 in a stream of its own.\" }}\n");
    against(&file, |bench| async move {
        let body = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]});
        let answered =
            bench.call(post(&format!("{VERTEX}:streamGenerateContent?alt=sse"), &body.to_string())).await;
        let text: String = answered
            .text()
            .split_terminator("\r\n\r\n")
            .map(|event| serde_json::from_str::<Value>(event.trim_start_matches("data: ")).expect("JSON"))
            .filter_map(|chunk| {
                chunk["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned)
            })
            .collect();
        assert_eq!(text, "Grüße – 日本 in a stream of its own.");
    });
}

#[test]
fn claude_says_what_is_scripted_in_its_own_forms() {
    let file = format!(
        "{EXACT}[[answers]]\nmatch = {{ surface = \"anthropic\" }}\nthen = \"cycle\"\nsequence = [\n\
         {{ error = \"http-529\" }},\n\
         {{ tool = {{ name = \"get_weather\", arguments = {{ city = \"Paris\", days = 2 }} }} }},\n\
         {{ json = {{ b = 1, a = [true] }} }},\n{{ tokens = 7 }} ]\n"
    );
    against(&file, |bench| async move {
        for _ in 0..2 {
            let refused = messages(&bench, "x").await;
            assert_eq!(refused.status(), 529, "{}", refused.text());
            let error = value(&refused);
            assert_eq!(error["error"]["type"], "overloaded_error");
            assert_eq!(error["request_id"], refused.header("request-id"));
            let counted =
                json!({"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "x"}]});
            ask_claude(&bench, "/v1/messages/count_tokens", &counted.to_string()).await;
            let called = value(&messages(&bench, "x").await);
            assert_eq!(called["stop_reason"], "tool_use");
            let call = &called["content"][0];
            assert_eq!((&call["type"], &call["name"]), (&json!("tool_use"), &json!("get_weather")));
            assert_eq!(call["input"], json!({"city": "Paris", "days": 2}));
            assert!(call["id"].as_str().is_some_and(|id| id.starts_with("toolu_01")), "{call}");
            assert_eq!(said(&messages(&bench, "x").await), r#"{"b":1,"a":[true]}"#);
            let seven = value(&messages(&bench, "x").await);
            assert_eq!(seven["usage"]["output_tokens"], 7);
        }
    });
}

/// What the data of a stream's events has at `pointer`, joined.
fn streamed(answered: &Answered, pointer: &str) -> String {
    let data = answered.text().lines().filter_map(|line| line.strip_prefix("data: "));
    let events = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events.filter_map(|event| Some(event.pointer(pointer)?.as_str()?.to_owned())).collect()
}

#[test]
fn named_events_say_what_is_scripted() {
    let file = format!(
        "{EXACT}[[answers]]\nmatch = {{ text = \"call\" }}\n\
         reply = {{ tool = {{ name = \"f\", arguments = {{ city = \"Rom \\\"ä\\\"\" }} }} }}\n\
         [[answers]]\nreply = {{ text = \"Grüße – 日本 in a stream.\" }}\n"
    );
    against(&file, |bench| async move {
        let ask = |prompt: &str| {
            let said = json!([{"role": "user", "content": prompt}]);
            json!({"model": "claude-haiku-4-5", "max_tokens": 64, "stream": true, "messages": said})
                .to_string()
        };
        let text = ask_claude(&bench, "/v1/messages", &ask("say")).await;
        assert_eq!(streamed(&text, "/delta/text"), "Grüße – 日本 in a stream.");
        let call = ask_claude(&bench, "/v1/messages", &ask("call")).await;
        assert_eq!(streamed(&call, "/delta/partial_json"), r#"{"city":"Rom \"ä\""}"#);
        assert_eq!(streamed(&call, "/delta/stop_reason"), "tool_use");
        let ask = |prompt: &str| json!({"model": "gpt-4o-mini", "stream": true, "input": prompt}).to_string();
        let text = bench.post("/v1/responses", &ask("say")).await;
        assert_eq!(streamed(&text, "/text"), "Grüße – 日本 in a stream.");
        let call = bench.post("/v1/responses", &ask("call")).await;
        assert_eq!(streamed(&call, "/arguments"), r#"{"city":"Rom \"ä\""}"#);
    });
}
