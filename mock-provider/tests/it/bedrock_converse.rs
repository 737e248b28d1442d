//! Converse beyond plain text: tools, thinking, stop sequences, schemas, guardrails, the prompt cache.

use serde_json::{Value, json};
use wire::bedrock::converse::Response;
use wire::bedrock::converse_stream::{BlockStart, Delta, Incoming, ReasoningDelta, StreamEvent, decode};

use crate::harness::{Answered, Bench, EXACT, NONCE, against};

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";

/// A file whose answers take few tokens and have as many.
fn short(tokens: u32) -> String {
    format!("{EXACT}answer = {{ tokens_p50 = {tokens}, tokens_p90 = {tokens} }}\n")
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": [{"text": text}]})
}

fn weather() -> Value {
    json!({"toolSpec": {"name": "get_weather", "description": "Tells the weather.", "inputSchema": {"json": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
        "required": ["city", "unit"],
    }}}})
}

async fn converse(bench: &Bench, model: &str, body: &Value) -> Value {
    let answered = bench.post(&format!("/model/{model}/converse"), &body.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    Response::parse(&answered.body).expect("an answer of Converse");
    serde_json::from_slice(&answered.body).expect("JSON")
}

async fn stream(bench: &Bench, model: &str, body: &Value) -> Vec<StreamEvent<'static>> {
    let answered = bench.post(&format!("/model/{model}/converse-stream"), &body.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    events(&answered)
}

/// The events, cut loose from the answer.
fn events(answered: &Answered) -> Vec<StreamEvent<'static>> {
    let frames: &'static [_] = Box::leak(answered.frames().into_boxed_slice());
    frames
        .iter()
        .map(|frame| match decode(frame).expect("an event") {
            Incoming::Event(event) => event,
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn refused(bench: &Bench, model: &str, body: &Value) -> String {
    let answered = bench.post(&format!("/model/{model}/converse"), &body.to_string()).await;
    assert_eq!(answered.status(), 400, "{}", answered.text());
    assert!(answered.header("x-amzn-errortype").starts_with("ValidationException:"));
    let body: Value = serde_json::from_slice(&answered.body).expect("JSON");
    body["message"].as_str().expect("a text").to_owned()
}

fn check_arguments(input: &Value) {
    assert!(input["city"].is_string(), "{input}");
    assert!(["C", "F"].contains(&input["unit"].as_str().unwrap_or_default()), "{input}");
}

#[test]
fn a_tool_is_called_and_its_result_answered_in_text() {
    against(EXACT, |bench| async move {
        let tools = json!({"tools": [weather()]});
        let asked = json!({"messages": [user("How is the weather?")], "toolConfig": tools});
        let answer = converse(&bench, HAIKU, &asked).await;
        assert_eq!(answer["stopReason"], "tool_use");
        let message = answer["output"]["message"].clone();
        let call = message["content"].as_array().expect("blocks").last().expect("a call")["toolUse"].clone();
        assert_eq!(call["name"], "get_weather");
        let id = call["toolUseId"].as_str().expect("an id");
        assert!(id.starts_with("tooluse_") && id.len() == 30, "{id}");
        check_arguments(&call["input"]);

        let results: Vec<Value> = message["content"]
            .as_array()
            .expect("blocks")
            .iter()
            .filter_map(|block| block.get("toolUse"))
            .map(|call| json!({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"t": 21}}]}}))
            .collect();
        let answered = json!({
            "messages": [user("How is the weather?"), message, {"role": "user", "content": results}],
            "toolConfig": tools,
        });
        let answer = converse(&bench, HAIKU, &answered).await;
        assert!(["end_turn", "max_tokens"].contains(&answer["stopReason"].as_str().expect("a reason")));
        assert!(answer["output"]["message"]["content"][0]["text"].is_string());
    });
}

#[test]
fn the_stream_of_a_call_makes_the_same_call() {
    for (model, has_empty_piece) in [(HAIKU, true), (NOVA, false)] {
        against(EXACT, |bench| async move {
            let asked = json!({
                // The nonce names the request, so that both ways of delivery give one answer.
                "messages": [user(&format!("{NONCE}\nHow is the weather?"))],
                "toolConfig": {"tools": [weather()], "toolChoice": {"any": {}}},
            });
            let whole = converse(&bench, model, &asked).await;
            let events = stream(&bench, model, &asked).await;
            let mut calls: Vec<(String, String, Vec<String>)> = Vec::new();
            for event in &events {
                match event {
                    StreamEvent::ContentBlockStart { start: BlockStart::ToolUse(start), .. } => {
                        calls.push((start.tool_use_id.to_string(), start.name.to_string(), Vec::new()));
                    }
                    StreamEvent::ContentBlockDelta { delta: Delta::ToolUse(piece), .. } => {
                        calls.last_mut().expect("a start").2.push(piece.input.to_string());
                    }
                    _ => {}
                }
            }
            let content = whole["output"]["message"]["content"].as_array().expect("blocks");
            let expected: Vec<&Value> = content.iter().filter_map(|block| block.get("toolUse")).collect();
            assert_eq!(calls.len(), expected.len());
            for ((id, name, pieces), call) in calls.iter().zip(expected) {
                assert_eq!((json!(id), json!(name)), (call["toolUseId"].clone(), call["name"].clone()));
                assert_eq!(pieces[0].is_empty(), has_empty_piece, "{pieces:?}");
                assert!(has_empty_piece || pieces.len() == 1, "one whole piece");
                let input: Value = serde_json::from_str(&pieces.concat()).expect("JSON");
                assert_eq!(input, call["input"]);
            }
            let StreamEvent::MessageStop { stop_reason, .. } = &events[events.len() - 2] else {
                panic!("no messageStop before the last")
            };
            assert_eq!(stop_reason.as_str(), "tool_use");
            assert!(matches!(events.last(), Some(StreamEvent::Metadata { .. })));
        });
    }
}

#[test]
fn blocks_of_a_stream_start_and_stop_in_order() {
    against(EXACT, |bench| async move {
        let asked = json!({
            "messages": [user("How is the weather?")],
            "toolConfig": {"tools": [weather()]},
            "inferenceConfig": {"maxTokens": 4_000},
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
        });
        let mut next = 0;
        for event in stream(&bench, SONNET, &asked).await {
            match event {
                StreamEvent::ContentBlockStart { index, .. }
                | StreamEvent::ContentBlockDelta { index, .. } => {
                    assert_eq!(index, next);
                }
                StreamEvent::ContentBlockStop { index } => {
                    assert_eq!(index, next);
                    next += 1;
                }
                _ => {}
            }
        }
        assert!(next >= 2, "thinking and a call at least");
    });
}

#[test]
fn thinking_comes_first_and_is_signed() {
    against(&short(40), |bench| async move {
        let asked = json!({
            "messages": [user(&format!("{NONCE}\nThink."))],
            "inferenceConfig": {"maxTokens": 4_000},
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
        });
        let whole = converse(&bench, SONNET, &asked).await;
        let content = &whole["output"]["message"]["content"];
        let thought = &content[0]["reasoningContent"]["reasoningText"];
        assert!(!thought["text"].as_str().expect("thoughts").is_empty());
        assert!(!thought["signature"].as_str().expect("a signature").is_empty());
        assert!(content[1]["text"].is_string());

        let (mut text, mut signatures) = (String::new(), 0);
        for event in stream(&bench, SONNET, &asked).await {
            match event {
                StreamEvent::ContentBlockStart { .. } => panic!("neither thinking nor text has a start"),
                StreamEvent::ContentBlockDelta { index, delta: Delta::ReasoningContent(delta) } => {
                    assert_eq!(index, 0);
                    match delta {
                        ReasoningDelta::Text(piece) => text.push_str(&piece),
                        ReasoningDelta::Signature(_) => signatures += 1,
                        ReasoningDelta::RedactedContent(_) => panic!("nothing is kept secret"),
                    }
                }
                _ => {}
            }
        }
        assert_eq!((json!(text), signatures), (thought["text"].clone(), 1));
    });
}

const REDACTED: &str = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_\
                        46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";

#[test]
fn thinking_comes_encrypted_where_the_prompt_asks_for_it() {
    against(&short(40), |bench| async move {
        let asked = json!({
            "messages": [user(&format!("{NONCE}\nThink. {REDACTED}"))],
            "inferenceConfig": {"maxTokens": 4_000},
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
        });
        let whole = converse(&bench, SONNET, &asked).await;
        let thought = &whole["output"]["message"]["content"][0]["reasoningContent"];
        let sealed = thought["redactedContent"].as_str().expect("encrypted thoughts").to_owned();
        assert_eq!(thought.get("reasoningText"), None);
        use base64::Engine as _;
        assert!(base64::engine::general_purpose::STANDARD.decode(&sealed).is_ok_and(|data| data.len() > 100));

        let deltas: Vec<_> = stream(&bench, SONNET, &asked)
            .await
            .into_iter()
            .filter_map(|event| match event {
                StreamEvent::ContentBlockDelta { index: 0, delta } => Some(delta),
                _ => None,
            })
            .collect();
        let [Delta::ReasoningContent(ReasoningDelta::RedactedContent(data))] = &*deltas else {
            panic!("{deltas:?}")
        };
        assert_eq!(data.len(), sealed.len(), "another answer, of the same form");
        // It may be sent back.
        let again = json!({"messages": [user("x"), whole["output"]["message"], user("And?")]});
        assert_eq!(converse(&bench, SONNET, &again).await["stopReason"], "end_turn");
    });
}

#[test]
fn nova_counts_its_cache_in_two_spellings() {
    against(&short(3), |bench| async move {
        let asked = json!({"messages": [user(NONCE)], "inferenceConfig": {"maxTokens": 3}});
        let usage = converse(&bench, NOVA, &asked).await["usage"].clone();
        let expected = json!({
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
            "inputTokens": usage["inputTokens"],
            "outputTokens": 3,
            "serverToolUse": {},
            "totalTokens": usage["totalTokens"],
        });
        assert_eq!(usage, expected);
        assert_eq!(converse(&bench, HAIKU, &asked).await["usage"].get("serverToolUse"), None);
    });
}

/// A text of about so many tokens, as the model itself counts them.
async fn text_of(bench: &Bench, model: &str, tokens: usize) -> String {
    let thousand = "word ".repeat(1_000);
    let body = json!({"input": {"converse": {"messages": [user(&thousand)]}}}).to_string();
    let counted = bench.post(&format!("/model/{model}/count-tokens"), &body).await;
    let counted: Value = serde_json::from_slice(&counted.body).expect("JSON");
    "word ".repeat(tokens * 1_000 / counted["inputTokens"].as_u64().expect("a count") as usize)
}

#[test]
fn a_window_holds_prompt_and_answer() {
    let law = "answer = { tokens_p50 = 60000, tokens_p90 = 60000 }\n";
    against(&format!("profile = \"bedrock/titan-text\"\n{EXACT}{law}"), |bench| async move {
        let express = "amazon.titan-text-express-v1";
        let long = text_of(&bench, express, 8_000).await;
        let cut = converse(&bench, express, &json!({"messages": [user(&long)]})).await;
        assert_eq!(cut["stopReason"], "model_context_window_exceeded");
        assert_eq!(cut["usage"]["totalTokens"], 8_192);
        let asked = json!({"messages": [user(&long)], "inferenceConfig": {"maxTokens": 1}});
        assert_eq!(converse(&bench, express, &asked).await["stopReason"], "max_tokens");
        let too_long = json!({"messages": [user(&long.repeat(2))]});
        assert_eq!(refused(&bench, express, &too_long).await, "Input is too long for requested model.");

        let long = text_of(&bench, HAIKU, 198_000).await;
        let asked = json!({"messages": [user(&long)], "inferenceConfig": {"maxTokens": 4_096}});
        let refused = refused(&bench, HAIKU, &asked).await;
        let words =
            "The model returned the following errors: input length and `max_tokens` exceed context limit: ";
        assert!(refused.starts_with(words) && refused.contains(" + 4096 > 200000, "), "{refused}");
    });
}

#[test]
fn pictures_and_vectors_are_not_conversed_with() {
    against(EXACT, |bench| async move {
        let words = "This action doesn't support the model that you provided. Try again with a supported text or chat \
                     model.";
        for model in [
            "amazon.nova-canvas-v1:0",
            "amazon.titan-image-generator-v2:0",
            "stability.sd3-5-large-v1:0",
            "amazon.titan-embed-text-v2:0",
            "cohere.embed-v4:0",
            "amazon.nova-reel-v1:1",
        ] {
            for operation in ["converse", "converse-stream", "count-tokens"] {
                let body = json!({"messages": [user("Hi")]});
                let answered = bench.post(&format!("/model/{model}/{operation}"), &body.to_string()).await;
                assert_eq!(
                    (answered.status(), answered.text()),
                    (400, json!({"message": words}).to_string().as_str())
                );
            }
        }
    });
}

#[test]
fn a_stop_sequence_ends_the_answer_and_is_told() {
    against(&short(64), |bench| async move {
        let asked = json!({
            "messages": [user(&format!("{NONCE}\nhello"))],
            "inferenceConfig": {"stopSequences": ["d0.3"]},
            "additionalModelResponseFieldPaths": ["/stop_sequence", "/nothing"],
        });
        let whole = converse(&bench, HAIKU, &asked).await;
        assert_eq!(whole["stopReason"], "stop_sequence");
        assert_eq!(whole["output"]["message"]["content"][0]["text"], " 8bd0.0 8bd0.1 8bd0.2 8b");
        assert_eq!(whole["additionalModelResponseFields"], json!({"stop_sequence": "d0.3"}));
        let events = stream(&bench, HAIKU, &asked).await;
        let text: String = events
            .iter()
            .filter_map(|event| match event {
                StreamEvent::ContentBlockDelta { delta: Delta::Text(text), .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, " 8bd0.0 8bd0.1 8bd0.2 8b");
        let StreamEvent::MessageStop { additional_model_response_fields, stop_reason } =
            &events[events.len() - 2]
        else {
            panic!("no messageStop")
        };
        assert_eq!(stop_reason.as_str(), "stop_sequence");
        assert_eq!(additional_model_response_fields.expect("fields").get(), r#"{"stop_sequence":"d0.3"}"#);
    });
}

#[test]
fn an_answer_follows_the_schema_asked_for() {
    against(EXACT, |bench| async move {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        let asked = json!({
            "messages": [user("A number, please.")],
            "outputConfig": {"textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": schema.to_string(), "name": "number"}},
            }},
        });
        let whole = converse(&bench, SONNET, &asked).await;
        let text = whole["output"]["message"]["content"][0]["text"].as_str().expect("a text");
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert!(value["n"].is_i64(), "{value}");
    });
}

#[test]
fn what_is_chosen_is_echoed() {
    against(EXACT, |bench| async move {
        let asked = json!({
            "messages": [user("Hi")],
            "performanceConfig": {"latency": "optimized"},
            "serviceTier": {"type": "flex"},
        });
        let whole = converse(&bench, HAIKU, &asked).await;
        assert_eq!(whole["performanceConfig"], json!({"latency": "optimized"}));
        assert_eq!(whole["serviceTier"], json!({"type": "flex"}));
        let events = stream(&bench, HAIKU, &asked).await;
        let Some(StreamEvent::Metadata { extras, .. }) = events.last() else { panic!("no metadata") };
        assert_eq!(extras.service_tier.as_ref().expect("a tier").r#type, "flex");
    });
}

fn guarded(text: &str, trace: &str) -> Value {
    json!({
        "messages": [user(text)],
        "guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": trace},
    })
}

const BLOCKED: &str = "Sorry, the model cannot answer this question.";

#[test]
fn a_guardrail_blocks_prompts() {
    against(EXACT, |bench| async move {
        let whole = converse(&bench, HAIKU, &guarded("Please blockme now.", "enabled")).await;
        assert_eq!(whole["stopReason"], "guardrail_intervened");
        assert_eq!(whole["output"]["message"]["content"], json!([{"text": BLOCKED}]));
        assert_eq!(whole["usage"], json!({"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}));
        let found = &whole["trace"]["guardrail"]["inputAssessment"]["abc123"]["wordPolicy"]["customWords"][0];
        assert_eq!((&found["match"], &found["action"]), (&json!("blockme"), &json!("BLOCKED")));

        let events = stream(&bench, HAIKU, &guarded("Please blockme now.", "disabled")).await;
        assert_eq!(events.len(), 5);
        assert_eq!(events[1], StreamEvent::text(0, BLOCKED));
        let Some(StreamEvent::Metadata { extras, .. }) = events.last() else { panic!("no metadata") };
        assert_eq!(extras.trace, None);

        let harmless = converse(&bench, HAIKU, &guarded("Hi", "enabled")).await;
        assert_ne!(harmless["stopReason"], "guardrail_intervened");
        assert!(harmless["trace"]["guardrail"]["outputAssessments"]["abc123"][0].is_object());
    });
}

#[test]
fn a_guardrail_blocks_answers() {
    against(&short(30), |bench| async move {
        let whole = converse(&bench, HAIKU, &guarded("Please blockanswer now.", "enabled")).await;
        assert_eq!(whole["stopReason"], "guardrail_intervened");
        assert_eq!(whole["output"]["message"]["content"], json!([{"text": BLOCKED}]));
        assert_eq!(whole["usage"]["outputTokens"], 30, "the model has spoken");
        let events = stream(&bench, HAIKU, &guarded("Please blockanswer now.", "enabled")).await;
        let texts = events.iter().filter(|event| matches!(event, StreamEvent::ContentBlockDelta { .. }));
        assert_eq!(texts.collect::<Vec<_>>(), [&StreamEvent::text(0, BLOCKED)]);
    });
}

#[test]
fn a_cached_prompt_is_written_once_and_then_read() {
    against(EXACT, |bench| async move {
        let asked = |question: &str| {
            json!({
                "system": [{"text": "word ".repeat(2_000)}, {"cachePoint": {"type": "default"}}],
                "messages": [user(question)],
            })
        };
        let first = converse(&bench, SONNET, &asked("12345678")).await["usage"].clone();
        assert_eq!((&first["inputTokens"], &first["cacheWriteInputTokens"]), (&json!(7), &json!(2_004)));
        assert_eq!(first["cacheDetails"], json!([{"inputTokens": 2_004, "ttl": "5m"}]));
        let output = first["outputTokens"].as_u64().expect("a count");
        assert_eq!(first["totalTokens"], 7 + 2_004 + output);
        let again = converse(&bench, SONNET, &asked("87654321")).await["usage"].clone();
        assert_eq!(
            (&again["cacheReadInputTokens"], &again["cacheWriteInputTokens"]),
            (&json!(2_004), &json!(0))
        );
        assert_eq!(again.get("cacheDetails"), None);
        let other = converse(&bench, HAIKU, &asked("12345678")).await["usage"].clone();
        assert_eq!(other["inputTokens"], 2_011, "a model without a cache");
    });
}

#[test]
fn what_makes_no_sense_is_refused_in_the_services_words() {
    against(EXACT, |bench| async move {
        let call = json!({"toolUse": {"toolUseId": "a", "name": "get_weather", "input": {}}});
        let tools = json!({"tools": [weather()]});
        for (model, body, words) in [
            (
                HAIKU,
                json!({"messages": [user("Hi"), user("Ho")]}),
                "must alternate between user and assistant roles",
            ),
            (
                HAIKU,
                json!({"messages": [user("Hi"), {"role": "assistant", "content": [call]}, user("Ho")], "toolConfig": tools}),
                "Expected toolResult blocks at messages.2.content for the following Ids: a",
            ),
            (
                HAIKU,
                json!({"messages": [user("Hi"), {"role": "assistant", "content": [call]}]}),
                "The toolConfig field must be defined",
            ),
            (
                "amazon.titan-text-express-v1",
                json!({"messages": [user("Hi")], "toolConfig": tools}),
                "This model doesn't support tool use.",
            ),
            (
                HAIKU,
                json!({"messages": [user("Hi")], "toolConfig": {"tools": [weather()], "toolChoice": {"tool": {"name": "x"}}}}),
                "The model returned the following errors: Tool 'x' not found in provided tools",
            ),
            (
                HAIKU,
                json!({"messages": [user(&"word ".repeat(200_000))]}),
                "Input is too long for requested model.",
            ),
            (
                HAIKU,
                json!({"messages": [user("Hi")], "additionalModelResponseFieldPaths": ["x"]}),
                "is not a valid JSON pointer",
            ),
            (
                HAIKU,
                json!({"messages": [user("Hi")], "guardrailConfig": {"trace": "on"}}),
                "'on' at 'guardrailConfig.trace'",
            ),
        ] {
            let message = refused(&bench, model, &body).await;
            assert!(message.contains(words), "{message}");
        }
    });
}
