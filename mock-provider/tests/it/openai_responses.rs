//! Responses of the OpenAI API: whole, streamed, kept.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answered, NONCE, against, request};
use crate::openai::{EXACT, parsed};

const RESPONSES: &str = "/v1/responses";

fn ask(fields: &str) -> String {
    format!(r#"{{"model":"gpt-4o-mini","input":"{NONCE}\nhello"{fields}}}"#)
}

const WEATHER: &str = r#","tools":[{"type":"function","name":"get_weather","parameters":{"type":"object",
    "properties":{"city":{"type":"string"}},"required":["city"]},"strict":true}]"#;

/// Name and data of every event.
fn events(answered: &Answered) -> Vec<(String, Value)> {
    answered
        .text()
        .split_terminator("\n\n")
        .map(|event| {
            let (name, data) = event.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("a name");
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON");
            assert_eq!(data["type"], name);
            (name.to_owned(), data)
        })
        .collect()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names
}

#[test]
fn a_response_tells_what_was_asked_and_answered() {
    against(EXACT, |bench| async move {
        let answered =
            bench.post(RESPONSES, &ask(r#","max_output_tokens":16,"instructions":"be brief""#)).await;
        let body = parsed(&answered);
        assert_eq!(answered.status(), 200);
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with("resp_") && id.len() == 55));
        assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("incomplete")));
        assert_eq!(body["incomplete_details"], json!({"reason": "max_output_tokens"}));
        assert_eq!(body["instructions"], "be brief");
        assert_eq!(body["model"], "gpt-4o-mini-2024-07-18");
        let message = &body["output"][0];
        assert_eq!((&message["type"], &message["role"]), (&json!("message"), &json!("assistant")));
        assert!(
            message["content"][0]["text"].as_str().is_some_and(|text| text.starts_with(" 8bd0.0 8bd0.1"))
        );
        assert_eq!(body["usage"]["output_tokens"], 16);
        assert_eq!((&body["tool_choice"], &body["tools"]), (&json!("auto"), &json!([])));
        assert_eq!(body["text"], json!({"format": {"type": "text"}, "verbosity": "medium"}));
        assert_eq!(answered.header("openai-version"), "2020-10-01");
    });
}

#[test]
fn a_stream_has_named_and_numbered_events() {
    against(EXACT, |bench| async move {
        let answered = bench.post(RESPONSES, &ask(r#","max_output_tokens":16,"stream":true"#)).await;
        let events = events(&answered);
        assert_eq!(
            names(&events),
            [
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.incomplete",
            ]
        );
        for (number, (_, data)) in events.iter().enumerate() {
            assert_eq!(data["sequence_number"], number);
        }
        let deltas: String = events.iter().filter_map(|(_, data)| data["delta"].as_str()).collect();
        let (_, last) = events.last().expect("events");
        assert_eq!(last["response"]["output"][0]["content"][0]["text"], deltas);
        assert!(events[0].1["response"]["usage"].is_null() && events[0].1["response"]["output"] == json!([]));
        assert_eq!(last["response"]["usage"]["output_tokens"], 16);
    });
}

#[test]
fn functions_are_called_and_their_results_carried_on() {
    against(EXACT, |bench| async move {
        let question = format!(r#"{{"model":"gpt-4o-mini","input":"hello"{WEATHER}}}"#);
        let first = parsed(&bench.post(RESPONSES, &question).await);
        let call = &first["output"][0];
        assert_eq!((&call["type"], &call["name"]), (&json!("function_call"), &json!("get_weather")));
        let arguments: Value = serde_json::from_str(call["arguments"].as_str().expect("text")).expect("JSON");
        assert!(arguments["city"].is_string());
        let (id, call_id) = (first["id"].as_str().expect("an id"), call["call_id"].as_str().expect("an id"));
        let carry_on = |input: &str| {
            format!(r#"{{"model":"gpt-4o-mini","previous_response_id":"{id}","input":{input}{WEATHER}}}"#)
        };
        let open = bench.post(RESPONSES, &carry_on("\"and?\"")).await;
        assert_eq!(open.status(), 400);
        assert_eq!(
            parsed(&open)["error"]["message"],
            format!("No tool output found for function call {call_id}.")
        );
        let result = format!(r#"[{{"type":"function_call_output","call_id":"{call_id}","output":"sunny"}}]"#);
        let second = parsed(&bench.post(RESPONSES, &carry_on(&result)).await);
        assert_eq!(second["output"][0]["type"], "message", "{second}");
        assert_eq!(second["previous_response_id"], id);
        assert!(second["usage"]["input_tokens"].as_u64() > first["usage"]["total_tokens"].as_u64());
        let unknown = r#"{"model":"gpt-4o-mini","previous_response_id":"resp_0","input":"x"}"#;
        let refused = bench.post(RESPONSES, unknown).await;
        assert_eq!(
            (refused.status(), parsed(&refused)["error"]["code"].clone()),
            (400, json!("previous_response_not_found"))
        );
    });
}

#[test]
fn calls_stream_their_arguments() {
    against(EXACT, |bench| async move {
        let body = format!(r#"{{"model":"gpt-4o-mini","input":"hello","stream":true{WEATHER}}}"#);
        let events = events(&bench.post(RESPONSES, &body).await);
        assert_eq!(
            names(&events)[2..],
            [
                "response.output_item.added",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
                "response.output_item.done",
                "response.completed",
            ]
        );
        let deltas: String = events.iter().filter_map(|(_, data)| data["delta"].as_str()).collect();
        let done = events.iter().find(|(name, _)| name.ends_with("arguments.done")).expect("done");
        assert_eq!(done.1["arguments"], deltas);
        assert_eq!(done.1["name"], "get_weather");
    });
}

#[test]
fn thoughts_are_an_item_and_summed_up_where_asked() {
    against(EXACT, |bench| async move {
        let body = r#"{"model":"gpt-5","input":"hello","reasoning":{"effort":"low","summary":"auto"},"stream":true}"#;
        let events = events(&bench.post(RESPONSES, body).await);
        let names = names(&events);
        assert!(names.contains(&"response.reasoning_summary_text.delta"), "{names:?}");
        let (_, last) = events.last().expect("events");
        let output = &last["response"]["output"];
        assert_eq!((&output[0]["type"], &output[1]["type"]), (&json!("reasoning"), &json!("message")));
        assert!(output[0]["summary"][0]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(last["response"]["usage"]["output_tokens_details"]["reasoning_tokens"].as_u64() > Some(0));
        let silent = parsed(&bench.post(RESPONSES, r#"{"model":"gpt-5","input":"hello"}"#).await);
        assert_eq!(silent["output"][0]["summary"], json!([]));
        assert_eq!(silent["reasoning"], json!({"effort": "medium", "summary": null}));
    });
}

#[test]
fn responses_are_kept_until_they_are_deleted() {
    against(EXACT, |bench| async move {
        let made = parsed(&bench.post(RESPONSES, &ask("")).await);
        let path = format!("{RESPONSES}/{}", made["id"].as_str().expect("an id"));
        let get = |path: &str| request(Method::GET, path, &[], "");
        let kept = bench.call(get(&path)).await;
        assert_eq!(parsed(&kept), made);
        let items = parsed(&bench.call(get(&format!("{path}/input_items"))).await);
        assert_eq!((&items["object"], &items["has_more"]), (&json!("list"), &json!(false)));
        assert_eq!(items["data"][0]["content"][0]["type"], "input_text");
        assert_eq!(items["data"][0]["id"], items["first_id"]);
        let deleted = parsed(&bench.call(request(Method::DELETE, &path, &[], "")).await);
        assert_eq!((&deleted["deleted"], &deleted["object"]), (&json!(true), &json!("response")));
        let gone = bench.call(get(&path)).await;
        assert_eq!(gone.status(), 404);
        let unkept = parsed(&bench.post(RESPONSES, &ask(r#","store":false"#)).await);
        let path = format!("{RESPONSES}/{}", unkept["id"].as_str().expect("an id"));
        assert_eq!(bench.call(get(&path)).await.status(), 404);
    });
}

#[test]
fn a_response_in_the_background_is_ready_later() {
    against(EXACT, |bench| async move {
        let answered = bench.post(RESPONSES, &ask(r#","background":true"#)).await;
        let made = parsed(&answered);
        assert_eq!((&made["status"], &made["background"]), (&json!("queued"), &json!(true)));
        assert_eq!(answered.end_at.as_micros(), 0, "nobody waits");
        let path = format!("{RESPONSES}/{}", made["id"].as_str().expect("an id"));
        let status =
            async || parsed(&bench.call(request(Method::GET, &path, &[], "")).await)["status"].clone();
        assert_eq!(status().await, "in_progress");
        bench.world.clock().sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(status().await, "completed");
        let other = parsed(&bench.post(RESPONSES, &ask(r#","background":true,"store":true"#)).await);
        let cancel = format!("{RESPONSES}/{}/cancel", other["id"].as_str().expect("an id"));
        let cancelled = parsed(&bench.post(&cancel, "").await);
        assert_eq!(cancelled["status"], "cancelled");
    });
}

#[test]
fn input_tokens_are_counted_before() {
    against(EXACT, |bench| async move {
        let counted = parsed(&bench.post("/v1/responses/input_tokens", &ask("")).await);
        let made = parsed(&bench.post(RESPONSES, &ask("")).await);
        assert_eq!(counted["object"], "response.input_tokens");
        assert_eq!(counted["input_tokens"], made["usage"]["input_tokens"]);
    });
}

#[test]
fn faults_break_named_events() {
    against(EXACT, |bench| async move {
        let body = r#"{"model":"fault.no-terminator","input":"hello","stream":true}"#;
        let events = events(&bench.post(RESPONSES, body).await);
        assert_eq!(events.last().expect("events").0, "response.output_item.done");
        let body = r#"{"model":"fault.stream-error-event","input":"hello","stream":true}"#;
        let answered = bench.post(RESPONSES, body).await;
        assert!(answered.text().contains("event: error\ndata: {\"type\":\"error\""), "{}", answered.text());
    });
}

#[test]
fn an_input_that_is_too_long_is_refused_in_words_of_its_own() {
    against(EXACT, |bench| async move {
        let body = json!({"model": "gpt-4o-mini", "input": "one two three ".repeat(50_000)});
        let refused = bench.post(RESPONSES, &body.to_string()).await;
        let error = parsed(&refused)["error"].clone();
        assert_eq!((refused.status(), &error["code"]), (400, &json!("context_length_exceeded")));
        assert_eq!(error["param"], "input");
        let words = error["message"].as_str().expect("words");
        assert!(words.starts_with("Your input exceeds the context window of this model."), "{words}");
    });
}
