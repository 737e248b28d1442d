//! Chat completions of the OpenAI API.

use evidence::Nonce;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answered, Bench, NONCE, against, ms, post, request};

pub(crate) const EXACT: &str =
    "profile = \"openai/gpt-4o-mini\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
pub(crate) const CHAT: &str = "/v1/chat/completions";

/// A chat of the nonce with further fields.
pub(crate) fn chat(fields: &str) -> String {
    format!(r#"{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"{NONCE}\nhello"}}]{fields}}}"#)
}

/// A chat without a nonce.
fn words(model: &str, fields: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]{fields}}}"#)
}

const WEATHER: &str = r#","tools":[{"type":"function","function":{"name":"get_weather","description":"weather",
    "parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"]}}}]"#;

fn token_texts(count: u32) -> String {
    let nonce: Nonce = NONCE.parse().expect("a nonce");
    (0..count).map(|seq| nonce.token_text(seq)).collect()
}

pub(crate) fn parsed(answered: &Answered) -> Value {
    serde_json::from_slice(&answered.body).unwrap_or_else(|error| panic!("{error}: {}", answered.text()))
}

/// The data of every event, the last of which must be `[DONE]`.
pub(crate) fn chunks(answered: &Answered) -> Vec<Value> {
    let events: Vec<&str> = answered.text().split_terminator("\n\n").collect();
    let (done, chunks) = events.split_last().expect("events");
    assert_eq!(*done, "data: [DONE]");
    let data =
        |event: &&str| serde_json::from_str(event.strip_prefix("data: ").expect("data")).expect("JSON");
    chunks.iter().map(data).collect()
}

/// The texts of the first choice, joined.
fn content(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[test]
fn an_answer_is_the_services_byte_by_byte() {
    against(EXACT, |bench| async move {
        let answered = bench.post(CHAT, &chat(r#","max_tokens":4"#)).await;
        let body = parsed(&answered);
        let id = body["id"].as_str().expect("an id").to_owned();
        let fingerprint = body["system_fingerprint"].as_str().expect("a fingerprint").to_owned();
        assert!(id.starts_with("chatcmpl-") && id.len() == 38 && fingerprint.starts_with("fp_"));
        let prompt = body["usage"]["prompt_tokens"].as_u64().expect("a count");
        let total = prompt + 4;
        assert_eq!(
            answered.text(),
            format!(
                r#"{{"id":"{id}","object":"chat.completion","created":1767225600,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":" 8bd0.0 8bd0.1 8bd0.2 8bd0.3","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"length"}}],"usage":{{"prompt_tokens":{prompt},"completion_tokens":4,"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"{fingerprint}"}}"#
            )
        );
        let request_id = answered.header("x-request-id").to_owned();
        let ray = answered.header("cf-ray").to_owned();
        assert!(request_id.starts_with("req_") && request_id.len() == 36, "{request_id}");
        let milliseconds = 450 + prompt * 50 / 1_000 + 3 * 10;
        assert_eq!(
            answered.head_text(),
            format!(
                "200\ndate: Thu, 01 Jan 2026 00:00:00 GMT\ncontent-type: application/json\n\
                 openai-organization: mock-organization\nopenai-processing-ms: {milliseconds}\n\
                 openai-version: 2020-10-01\nx-request-id: {request_id}\ncf-ray: {ray}\nserver: cloudflare\n\
                 strict-transport-security: max-age=31536000; includeSubDomains; preload\n\
                 x-content-type-options: nosniff\nx-ratelimit-limit-requests: 500\n\
                 x-ratelimit-limit-tokens: 200000\nx-ratelimit-remaining-requests: 499\n\
                 x-ratelimit-remaining-tokens: {}\nx-ratelimit-reset-requests: 120ms\n\
                 x-ratelimit-reset-tokens: {}ms\ncontent-length: {}\n",
                200_000 - prompt.max(4),
                (prompt.max(4) * 60_000).div_ceil(200_000),
                answered.body.len()
            )
        );
        assert_eq!(answered.end_at.as_micros(), 450_000 + prompt * 50 + 3 * 10_000);
    });
}

#[test]
fn a_stream_begins_with_the_role_and_ends_with_a_reason() {
    against(EXACT, |bench| async move {
        let answered = bench.post(CHAT, &chat(r#","max_tokens":20,"stream":true"#)).await;
        assert_eq!(answered.header("content-type"), "text/event-stream; charset=utf-8");
        let chunks = chunks(&answered);
        assert_eq!(chunks.len(), 22, "the role, twenty tokens, the reason");
        let delta = |index: usize| chunks[index]["choices"][0]["delta"].clone();
        assert_eq!(delta(0), json!({"role": "assistant", "content": "", "refusal": null}));
        assert_eq!(delta(1), json!({"content": " 8bd0.0"}));
        assert_eq!(delta(21), json!({}));
        assert_eq!(chunks[21]["choices"][0]["finish_reason"], "length");
        assert_eq!(content(&chunks), token_texts(20));
        for chunk in &chunks {
            assert_eq!(chunk["id"], chunks[0]["id"]);
            assert_eq!(chunk["object"], "chat.completion.chunk");
            assert!(chunk.get("usage").is_none(), "nobody asked for it");
            assert!(chunk["obfuscation"].as_str().is_some_and(|text| text.len() >= 2));
        }
        assert!(answered.end_at > answered.head_at);
        assert_eq!((answered.end_at - answered.head_at).as_millis(), 190);
    });
}

#[test]
fn usage_comes_last_and_null_before() {
    against(EXACT, |bench| async move {
        let options = r#","max_tokens":3,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}"#;
        let chunks = chunks(&bench.post(CHAT, &chat(options)).await);
        let (last, others) = chunks.split_last().expect("chunks");
        assert_eq!(last["choices"], json!([]));
        assert_eq!(last["usage"]["completion_tokens"], 3);
        for chunk in others {
            assert!(chunk["usage"].is_null() && chunk.get("usage").is_some());
            assert!(chunk.get("obfuscation").is_none());
        }
    });
}

#[test]
fn whole_and_streamed_answers_have_the_same_words_when_the_prompt_has_a_nonce() {
    against(EXACT, |bench| async move {
        let whole = parsed(&bench.post(CHAT, &chat("")).await);
        let streamed = chunks(&bench.post(CHAT, &chat(r#","stream":true"#)).await);
        assert_eq!(whole["choices"][0]["message"]["content"], content(&streamed));
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    });
}

#[test]
fn several_answers_come_side_by_side() {
    against(EXACT, |bench| async move {
        let whole = parsed(&bench.post(CHAT, &words("gpt-4o-mini", r#","n":3"#)).await);
        let choices = whole["choices"].as_array().expect("choices");
        assert_eq!(choices.len(), 3);
        assert_ne!(choices[0]["message"]["content"], choices[1]["message"]["content"]);
        let streamed = chunks(&bench.post(CHAT, &words("gpt-4o-mini", r#","n":2,"stream":true"#)).await);
        for index in 0..2 {
            let of_choice: Vec<&Value> =
                streamed.iter().filter(|chunk| chunk["choices"][0]["index"] == index).collect();
            assert_eq!(of_choice[0]["choices"][0]["delta"]["role"], "assistant");
            let reasons = of_choice.iter().filter(|chunk| !chunk["choices"][0]["finish_reason"].is_null());
            assert_eq!(reasons.count(), 1, "choice {index}");
        }
    });
}

#[test]
fn a_stop_text_ends_the_answer_before_it() {
    against(EXACT, |bench| async move {
        let body = parsed(&bench.post(CHAT, &chat(r#","stop":["8bd0.3"]"#)).await);
        assert_eq!(body["choices"][0]["message"]["content"], " 8bd0.0 8bd0.1 8bd0.2 ");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
    });
}

#[test]
fn tools_are_called_with_arguments_of_their_schema() {
    against(EXACT, |bench| async move {
        let body = parsed(&bench.post(CHAT, &words("gpt-4o-mini", WEATHER)).await);
        let choice = &body["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls");
        assert!(choice["message"]["content"].is_null());
        let call = &choice["message"]["tool_calls"][0];
        assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("get_weather")));
        assert!(call["id"].as_str().is_some_and(|id| id.starts_with("call_") && id.len() == 29));
        let arguments: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().expect("text")).expect("JSON");
        assert!(arguments["city"].is_string() && arguments["days"].is_i64(), "{arguments}");
        let named =
            format!(r#"{WEATHER},"tool_choice":{{"type":"function","function":{{"name":"get_weather"}}}}"#);
        let body = parsed(&bench.post(CHAT, &words("gpt-4o-mini", &named)).await);
        assert_eq!(body["choices"][0]["finish_reason"], "stop", "the caller named the function");
        assert!(body["choices"][0]["message"]["tool_calls"][0].is_object());
        let none = format!(r#"{WEATHER},"tool_choice":"none""#);
        let body = parsed(&bench.post(CHAT, &words("gpt-4o-mini", &none)).await);
        assert!(body["choices"][0]["message"]["content"].is_string());
    });
}

#[test]
fn calls_stream_in_pieces() {
    against(EXACT, |bench| async move {
        let body = words("gpt-4o-mini", &format!(r#"{WEATHER},"stream":true"#));
        let chunks = chunks(&bench.post(CHAT, &body).await);
        assert_eq!(
            chunks[0]["choices"][0]["delta"],
            json!({"role": "assistant", "content": null, "refusal": null})
        );
        let deltas: Vec<&Value> =
            chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).collect();
        assert_eq!(deltas[1]["function"], json!({"name": "get_weather", "arguments": ""}));
        assert_eq!((&deltas[1]["index"], &deltas[1]["type"]), (&json!(0), &json!("function")));
        let pieces = &deltas[2..deltas.len() - 1];
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| piece["id"].is_null() && piece["function"]["name"].is_null()));
        let arguments: String =
            pieces.iter().filter_map(|piece| piece["function"]["arguments"].as_str()).collect();
        let arguments: Value = serde_json::from_str(&arguments).expect("JSON in pieces");
        assert!(arguments["city"].is_string());
        assert_eq!(chunks.last().expect("chunks")["choices"][0]["finish_reason"], "tool_calls");
    });
}

#[test]
fn a_tools_result_is_answered_in_text() {
    against(EXACT, |bench| async move {
        let body = format!(
            r#"{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"hi"}},
            {{"role":"assistant","tool_calls":[{{"id":"call_1","type":"function","function":{{"name":"get_weather","arguments":"{{}}"}}}}]}},
            {{"role":"tool","tool_call_id":"call_1","content":"sunny"}}]{WEATHER}}}"#
        );
        let body = parsed(&bench.post(CHAT, &body).await);
        assert!(body["choices"][0]["message"]["content"].is_string(), "{body}");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
    });
}

#[test]
fn answers_have_the_form_that_was_asked_for() {
    against(EXACT, |bench| async move {
        let schema = r#","response_format":{"type":"json_schema","json_schema":{"name":"p","strict":true,"schema":
            {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}}}"#;
        let body = parsed(&bench.post(CHAT, &words("gpt-4o-mini", schema)).await);
        let text = body["choices"][0]["message"]["content"].as_str().expect("text");
        let person: Value = serde_json::from_str(text).expect(text);
        assert!(person["name"].is_string() && person["age"].is_i64(), "{person}");
        let object = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"some JSON"}],"response_format":{"type":"json_object"}}"#;
        let body = parsed(&bench.post(CHAT, object).await);
        let text = body["choices"][0]["message"]["content"].as_str().expect("text");
        assert!(serde_json::from_str::<Value>(text).expect(text).is_object());
    });
}

#[test]
fn thinking_is_counted_and_not_shown() {
    against(EXACT, |bench| async move {
        let whole = parsed(&bench.post(CHAT, &words("gpt-5", "")).await);
        let usage = &whole["usage"];
        let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().expect("a count");
        assert!(reasoning > 0 && usage["completion_tokens"].as_u64() > Some(reasoning));
        assert_eq!(whole["model"], "gpt-5-2025-08-07");
        let minimal = parsed(&bench.post(CHAT, &words("gpt-5", r#","reasoning_effort":"minimal""#)).await);
        assert_eq!(minimal["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
        let streamed = chunks(&bench.post(CHAT, &words("gpt-5", r#","stream":true"#)).await);
        assert!(!content(&streamed).is_empty());
        assert_eq!(streamed.last().expect("chunks")["choices"][0]["finish_reason"], "stop");
    });
}

#[test]
fn log_probabilities_fit_their_tokens() {
    against(EXACT, |bench| async move {
        let fields = r#","max_tokens":3,"logprobs":true,"top_logprobs":2"#;
        let whole = parsed(&bench.post(CHAT, &chat(fields)).await);
        let tokens = whole["choices"][0]["logprobs"]["content"].as_array().expect("tokens").clone();
        let texts: String = tokens.iter().filter_map(|token| token["token"].as_str()).collect();
        assert_eq!(texts, token_texts(3));
        assert!(
            tokens.iter().all(|token| token["top_logprobs"].as_array().is_some_and(|top| top.len() == 2))
        );
        let streamed = chunks(&bench.post(CHAT, &chat(&format!(r#"{fields},"stream":true"#))).await);
        assert_eq!(streamed[1]["choices"][0]["logprobs"]["content"][0], tokens[0]);
    });
}

#[test]
fn what_is_wrong_is_named() {
    against(EXACT, |bench| async move {
        let refused = async |body: &str| {
            let answered = bench.post(CHAT, body).await;
            let error = parsed(&answered)["error"].clone();
            (answered.status(), error["type"].clone(), error["param"].clone(), error["code"].clone())
        };
        let invalid = json!("invalid_request_error");
        for (body, status, param, code) in [
            ("{", 400, json!(null), json!(null)),
            ("", 400, json!(null), json!(null)),
            (r#"{"model":"gpt-4o"}"#, 400, json!("messages"), json!("missing_required_parameter")),
            (&chat(r#","temperature":3"#), 400, json!("temperature"), json!("decimal_above_max_value")),
            (&chat(r#","system":"x""#), 400, json!(null), json!(null)),
            (&words("gpt-9", ""), 404, json!(null), json!("model_not_found")),
            (&words("gpt-3.5-turbo-instruct", ""), 404, json!("model"), json!(null)),
            (&words("text-embedding-3-small", ""), 404, json!(null), json!("model_not_found")),
        ] {
            assert_eq!(refused(body).await, (status, invalid.clone(), param, code), "{body}");
        }
        let long = format!(
            r#"{{"model":"gpt-4","messages":[{{"role":"user","content":"{}"}}]}}"#,
            "a b ".repeat(9_000)
        );
        assert_eq!(refused(&long).await.3, "context_length_exceeded");
    });
}

#[test]
fn paths_methods_and_keys_are_checked() {
    let strict = EXACT.replace("\"off\"", "\"strict\"") + "api_keys = [\"sk-good\"]\n";
    against(&strict, |bench| async move {
        let ask = async |method: Method, path: &str, key: Option<&str>| {
            let bearer = key.map(|key| format!("Bearer {key}")).unwrap_or_default();
            let headers: Vec<(&str, &str)> = key.iter().map(|_| ("authorization", bearer.as_str())).collect();
            let answered = bench.call(request(method, path, &headers, &chat(""))).await;
            let error = parsed(&answered)["error"].clone();
            (
                answered.status(),
                error["code"].clone(),
                error["message"].as_str().unwrap_or_default().to_owned(),
            )
        };
        assert_eq!(ask(Method::POST, CHAT, Some("sk-good")).await.0, 200);
        let (status, code, message) = ask(Method::POST, CHAT, Some("sk-0123456789abcdefghij")).await;
        assert_eq!((status, code), (401, json!("invalid_api_key")));
        assert_eq!(
            message,
            "Incorrect API key provided: sk-01234***********ghij. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        );
        let (status, code, message) = ask(Method::POST, CHAT, None).await;
        assert_eq!((status, code), (401, json!(null)));
        assert!(message.starts_with("You didn't provide an API key."));
        let (status, code, message) = ask(Method::POST, "/v1/chat/nonsense", Some("sk-good")).await;
        assert_eq!((status, code), (404, json!(null)));
        assert_eq!(message, "Invalid URL (POST /v1/chat/nonsense)");
        assert_eq!(ask(Method::GET, CHAT, Some("sk-good")).await.0, 405);
    });
}

#[test]
fn faults_come_by_the_models_name() {
    against(EXACT, |bench| async move {
        let answered = bench.post(CHAT, &words("fault.http-503", "")).await;
        assert_eq!(answered.status(), 503);
        assert_eq!(parsed(&answered)["error"]["code"], "server_is_overloaded");
        let body = words("fault.no-terminator", r#","stream":true"#);
        let response = bench.try_send(post(CHAT, &body)).await.expect("a head");
        let (_, body) = response.into_parts();
        let body = world::http::collect(body, 1 << 20).await.expect("a clean end");
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(text.contains("\"content\"") && !text.contains("[DONE]"), "{text}");
    });
}

#[test]
fn limits_refuse_in_the_services_words() {
    let limited = format!("{EXACT}quota = {{ requests_per_minute = 2, tokens_per_minute = 1000 }}\n");
    against(&limited, |bench| async move {
        let first = bench.post(CHAT, &chat(r#","max_tokens":100"#)).await;
        assert_eq!(first.header("x-ratelimit-remaining-requests"), "1");
        let too_large = bench.post(CHAT, &chat(r#","max_tokens":2000"#)).await;
        assert_eq!(too_large.status(), 429);
        assert!(
            parsed(&too_large)["error"]["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("Request too large for gpt-4o-mini"))
        );
        let refused = bench.post(CHAT, &chat(r#","max_tokens":10"#)).await;
        assert_eq!(refused.status(), 429, "a refused request counted too");
        let error = parsed(&refused)["error"].clone();
        assert_eq!((&error["type"], &error["code"]), (&json!("requests"), &json!("rate_limit_exceeded")));
        let message = error["message"].as_str().expect("words").to_owned();
        assert!(
            message.contains("on requests per min (RPM): Limit 2, Used 2, Requested 1. Please try again in ")
        );
        assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
        let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
        let millis: u64 = refused.header("retry-after-ms").parse().expect("milliseconds");
        assert!(seconds == millis.div_ceil(1_000) && millis <= 30_000, "{seconds} {millis}");
        bench.world.clock().sleep(std::time::Duration::from_millis(millis)).await;
        assert_eq!(bench.post(CHAT, &chat(r#","max_tokens":10"#)).await.status(), 200);
    });
}

#[test]
fn a_request_cut_short_or_too_large_does_no_harm() {
    against(EXACT, |bench| async move {
        let large = format!(r#"{{"model":"{}"}}"#, "x".repeat((64 << 20) + 1));
        let answered = bench.post(CHAT, &large).await;
        assert_eq!(answered.status(), 413);
        let latin = bench.call(post(CHAT, "\u{0}")).await;
        assert_eq!(latin.status(), 400);
        still_serves(&bench).await;
    });
}

async fn still_serves(bench: &Bench) {
    let answered = bench.post(CHAT, &chat(r#","max_tokens":1"#)).await;
    assert_eq!(answered.status(), 200);
    assert!(answered.end_at > ms(0));
}
