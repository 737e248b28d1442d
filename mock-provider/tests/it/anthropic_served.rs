//! Claude with the service's own tools, and with documents that it cites.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wire::anthropic::messages::MessagesResponse;

use crate::anthropic::{EXACT, ask, events, question};
use crate::harness::{Answered, Bench, NONCE, against};

fn search() -> Value {
    json!({"type": "web_search_20250305", "name": "web_search"})
}

fn asking(text: &str, members: Value) -> String {
    let mut asked: Value = serde_json::from_str(&question(members)).expect("JSON");
    if asked["max_tokens"] == 4 {
        asked["max_tokens"] = json!(2_000);
    }
    asked["messages"][0]["content"] = json!(format!("{NONCE}\n{text}"));
    asked.to_string()
}

fn parsed(answered: &Answered) -> Value {
    assert_eq!(answered.status(), 200, "{}", answered.text());
    serde_json::from_slice(&answered.body).expect("JSON")
}

fn kinds(message: &Value) -> Vec<&str> {
    let blocks = message["content"].as_array().expect("blocks");
    blocks.iter().map(|block| block["type"].as_str().expect("a type")).collect()
}

/// The message that a stream's events make.
fn assembled(answered: &Answered) -> Value {
    let mut message = Value::Null;
    let mut inputs = BTreeMap::<usize, String>::new();
    for (name, data) in events(answered) {
        let index = data["index"].as_u64().unwrap_or(0) as usize;
        let text = |key: &str| data["delta"][key].as_str().expect("a text").to_owned();
        match (&*name, data["delta"]["type"].as_str()) {
            ("message_start", _) => message = data["message"].clone(),
            ("content_block_start", _) => {
                let content = message["content"].as_array_mut().expect("a list");
                assert_eq!(content.len(), index, "blocks open in order");
                content.push(data["content_block"].clone());
            }
            ("content_block_delta", Some("text_delta")) => {
                let said = message["content"][index]["text"].as_str().expect("a text").to_owned();
                message["content"][index]["text"] = json!(said + &text("text"));
            }
            ("content_block_delta", Some("input_json_delta")) => {
                inputs.entry(index).or_default().push_str(&text("partial_json"));
            }
            ("content_block_delta", Some("citations_delta")) => {
                assert_eq!(message["content"][index]["text"], "", "before the text");
                let citations = message["content"][index]["citations"].as_array_mut();
                citations.expect("it opened with a list").push(data["delta"]["citation"].clone());
            }
            ("message_delta", _) => {
                for (key, value) in data["delta"].as_object().expect("members") {
                    message[key] = value.clone();
                }
                for (key, value) in data["usage"].as_object().expect("members") {
                    message["usage"][key] = value.clone();
                }
            }
            _ => {}
        }
    }
    for (index, input) in inputs {
        message["content"][index]["input"] = serde_json::from_str(&input).expect("JSON");
    }
    message
}

/// The same message, whole and as a stream.
async fn both(bench: &Bench, body: &str) -> Value {
    let whole = parsed(&ask(bench, "/v1/messages", body).await);
    let mut streamed: Value = serde_json::from_str(body).expect("JSON");
    streamed["stream"] = json!(true);
    let streamed = assembled(&ask(bench, "/v1/messages", &streamed.to_string()).await);
    for key in ["content", "stop_reason", "usage"] {
        assert_eq!(streamed[key], whole[key], "{key}");
    }
    assert_eq!(streamed["container"]["id"], whole["container"]["id"]);
    whole
}

#[test]
fn a_search_comes_before_the_answer_that_cites_it() {
    against(EXACT, |bench| async move {
        let message = both(&bench, &asking("hello", json!({"tools": [search()]}))).await;
        assert_eq!(kinds(&message), ["server_tool_use", "web_search_tool_result", "text", "text"]);
        let content = &message["content"];
        let (used, brought) = (&content[0], &content[1]);
        assert!(used["id"].as_str().is_some_and(|id| id.starts_with("srvtoolu_01")));
        assert_eq!((&used["name"], &brought["tool_use_id"]), (&json!("web_search"), &used["id"]));
        assert!(used["input"]["query"].is_string());
        let page = &brought["content"][0];
        assert_eq!(page["type"], "web_search_result");
        assert!(content[2].get("citations").is_none(), "the first text cites nothing");
        let citation = &content[3]["citations"][0];
        assert_eq!(citation["type"], "web_search_result_location");
        assert_eq!((&citation["url"], &citation["title"]), (&page["url"], &page["title"]));
        let usage = &message["usage"];
        assert_eq!(usage["server_tool_use"], json!({"web_search_requests": 1, "web_fetch_requests": 0}));
        assert_eq!(message["stop_reason"], "end_turn");
        // Every token of the nonce is there, in order, over both blocks.
        let said = [&content[2], &content[3]].map(|block| block["text"].as_str().expect("a text")).concat();
        assert!(said.starts_with(" 8bd0.0 8bd0.1"), "{said}");
        let last = said.rsplit('.').next().and_then(|seq| seq.parse::<u64>().ok()).expect("a number");
        assert_eq!(said.split(' ').count() as u64, last + 2, "{said}");
    });
}

#[test]
fn code_runs_in_a_container_that_a_later_request_names() {
    against(EXACT, |bench| async move {
        let of = |kind: &str| json!({"tools": [{"type": kind, "name": "code_execution"}]});
        let message = both(&bench, &asking("hello", of("code_execution_20250825"))).await;
        assert_eq!(kinds(&message), ["server_tool_use", "bash_code_execution_tool_result", "text"]);
        let (used, brought) = (&message["content"][0], &message["content"][1]["content"]);
        assert_eq!(
            (&used["name"], &brought["type"]),
            (&json!("bash_code_execution"), &json!("bash_code_execution_result"))
        );
        let command = used["input"]["command"].as_str().expect("a command");
        let factors = command.trim_start_matches("echo $((").trim_end_matches("))").split(" * ");
        let product: u64 = factors.map(|factor| factor.parse::<u64>().expect("a number")).product();
        assert_eq!(brought["stdout"], format!("{product}\n"));
        assert_eq!(message["container"]["expires_at"], "2026-01-31T00:00:00Z");
        let mut older = of("code_execution_20250522");
        older["container"] = message["container"]["id"].clone();
        let again = both(&bench, &asking("hello", older)).await;
        assert_eq!(kinds(&again), ["server_tool_use", "code_execution_tool_result", "text"]);
        assert_eq!(again["container"]["id"], message["container"]["id"]);
    });
}

#[test]
fn a_long_turn_is_paused_and_goes_on_where_it_is_given_back() {
    against(EXACT, |bench| async move {
        let text = "brownout:server-tools=12";
        let paused = both(&bench, &asking(text, json!({"tools": [search()]}))).await;
        assert_eq!(paused["stop_reason"], "pause_turn");
        assert_eq!(kinds(&paused).len(), 20);
        assert_eq!(paused["usage"]["server_tool_use"]["web_search_requests"], 10);
        for model in ["claude-haiku-4-5", "claude-opus-5"] {
            let mut body: Value =
                serde_json::from_str(&asking(text, json!({"tools": [search()]}))).expect("JSON");
            body["model"] = json!(model);
            let turns = body["messages"].as_array_mut().expect("turns");
            turns.push(json!({"role": "assistant", "content": paused["content"]}));
            let ended = both(&bench, &body.to_string()).await;
            assert_eq!((ended["stop_reason"].as_str(), kinds(&ended)[..4].len()), (Some("end_turn"), 4));
            assert_eq!(ended["usage"]["server_tool_use"]["web_search_requests"], 2);
            assert_eq!(kinds(&ended)[4], "text");
        }
    });
}

#[test]
fn a_search_too_many_brings_an_error() {
    against(EXACT, |bench| async move {
        let mut limited = search();
        limited["max_uses"] = json!(1);
        let text = "brownout:server-tools=3";
        let message = both(&bench, &asking(text, json!({"tools": [limited]}))).await;
        assert_eq!(
            message["content"][3]["content"],
            json!({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"})
        );
        assert_eq!(message["usage"]["server_tool_use"]["web_search_requests"], 1);
        assert_eq!(kinds(&message)[4..].iter().filter(|kind| **kind != "text").count(), 0);
    });
}

#[test]
fn the_callers_tools_are_called_after_the_services() {
    against(EXACT, |bench| async move {
        let own = json!({"name": "look", "input_schema": {"type": "object"}});
        let one = json!({"type": "auto", "disable_parallel_tool_use": true});
        let body = asking("hello", json!({"tools": [own, search()], "tool_choice": one}));
        let first = both(&bench, &body).await;
        assert_eq!(kinds(&first), ["server_tool_use", "web_search_tool_result", "tool_use"]);
        assert_eq!(first["stop_reason"], "tool_use");
        for choice in [json!({"type": "none"}), json!({"type": "tool", "name": "look"})] {
            let body = asking("hello", json!({"tools": [own, search()], "tool_choice": choice}));
            assert!(!kinds(&both(&bench, &body).await).contains(&"server_tool_use"), "{choice}");
        }
        let body = asking(
            "hello",
            json!({"tools": [own, search()], "tool_choice": {"type": "tool", "name": "web_search"}}),
        );
        assert_eq!(kinds(&both(&bench, &body).await)[..2], ["server_tool_use", "web_search_tool_result"]);
    });
}

#[test]
fn what_is_cited_stands_where_it_is_said_to() {
    against(EXACT, |bench| async move {
        let data = "The grass is green. The sky is blue. The sea is wide.";
        let document = |enabled: bool| {
            json!({"type": "document", "title": "Colours", "citations": {"enabled": enabled},
                "source": {"type": "text", "media_type": "text/plain", "data": data}})
        };
        let with = |documents: Vec<Value>| {
            let mut body: Value = serde_json::from_str(&asking("", json!({}))).expect("JSON");
            let mut content = documents;
            content.push(json!({"type": "text", "text": NONCE}));
            body["messages"][0]["content"] = json!(content);
            body.to_string()
        };
        let message = both(&bench, &with(vec![document(true), document(true)])).await;
        assert_eq!(kinds(&message), ["text", "text", "text"]);
        for (index, block) in message["content"].as_array().expect("blocks")[1..].iter().enumerate() {
            let place = &block["citations"][0];
            assert_eq!((&place["type"], &place["document_index"]), (&json!("char_location"), &json!(index)));
            assert_eq!(place["document_title"], "Colours");
            let at = |key: &str| place[key].as_u64().expect("a place") as usize;
            assert_eq!(place["cited_text"], data[at("start_char_index")..at("end_char_index")]);
        }
        assert_eq!(kinds(&both(&bench, &with(vec![document(false)])).await), ["text"]);
        let refused = ask(&bench, "/v1/messages", &with(vec![document(true), document(false)])).await;
        assert_eq!(refused.status(), 400);
        assert!(refused.text().contains("citations must be enabled on all or none"), "{}", refused.text());
        // They read back as what the client library of ours takes them for.
        assert!(MessagesResponse::parse(message.to_string().as_bytes()).is_ok());
    });
}

const BEDROCK: &str = "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/invoke";
const VERTEX: &str =
    "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict";

#[test]
fn each_home_has_the_tools_that_it_has() {
    against(&format!("{EXACT}auth = \"off\"\n"), |bench| async move {
        let body = |version: &str, tool: &str| {
            let mut body: Value = serde_json::from_str(&asking("hello", json!({}))).expect("JSON");
            let name = if tool.starts_with("web") { "web_search" } else { "code_execution" };
            body["tools"] = json!([{"type": tool, "name": name}]);
            if !version.is_empty() {
                body["anthropic_version"] = json!(version);
                body.as_object_mut().expect("members").remove("model");
            }
            body.to_string()
        };
        let homes = [("/v1/messages", ""), (BEDROCK, "bedrock-2023-05-31"), (VERTEX, "vertex-2023-10-16")];
        for (tool, has) in [
            ("web_search_20250305", [true, false, true]),
            ("web_search_20260209", [true, false, false]),
            ("code_execution_20250825", [true, false, false]),
            ("function", [false; 3]),
        ] {
            for ((path, version), has) in homes.into_iter().zip(has) {
                let answered = ask(&bench, path, &body(version, tool)).await;
                let text = answered.text();
                assert_eq!(answered.status(), if has { 200 } else { 400 }, "{tool} {path}: {text}");
                let words = format!(
                    "tools.0: Input tag '{tool}' found using 'type' does not match any of the expected tags: \
                     'bash_20250124', 'custom', "
                );
                assert_eq!(text.contains(&words), !has, "{text}");
            }
        }
        let served = parsed(&ask(&bench, VERTEX, &body("vertex-2023-10-16", "web_search_20250305")).await);
        assert!(served["content"][0]["id"].as_str().is_some_and(|id| id.starts_with("srvtoolu_vrtx_01")));
        let both_kinds = json!([{"type": "web_search_20250305", "name": "web_search",
            "allowed_domains": ["a.example"], "blocked_domains": ["b.example"]}]);
        let refused = ask(&bench, "/v1/messages", &asking("hello", json!({"tools": both_kinds}))).await;
        assert_eq!(refused.status(), 400);
    });
}
