//! OpenAI's shape on Vertex AI: `endpoints/openapi`, Mistral's `:rawPredict`, and models of one's own.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Bench, NONCE, against, request};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const SCOPE: &str = "/v1/projects/p-1/locations/us-central1";

async fn ask(bench: &Bench, path: &str, body: &Value) -> (u16, Value) {
    let answered = bench.post(&format!("{SCOPE}/{path}"), &body.to_string()).await;
    (answered.status(), serde_json::from_slice(&answered.body).expect("JSON"))
}

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": format!("{NONCE}\nhello")}], "max_tokens": 4})
}

const OPENAPI: &str = "endpoints/openapi/chat/completions";

#[test]
fn any_model_chats_in_openais_shape() {
    against(EXACT, |bench| async move {
        let (status, answered) = ask(&bench, OPENAPI, &chat("google/gemini-2.5-flash")).await;
        assert_eq!(status, 200, "{answered}");
        assert_eq!(
            (&answered["object"], &answered["model"]),
            (&json!("chat.completion"), &json!("google/gemini-2.5-flash"))
        );
        assert_eq!(answered["choices"][0]["message"]["content"], " 8bd0.0 8bd0.1 8bd0.2 8bd0.3");
        assert_eq!(answered["choices"][0]["finish_reason"], "length");
        // A message of four tokens, the nonce a line of its own; nothing that is zero, and whose capacity it was.
        let prompt = answered["usage"]["prompt_tokens"].as_u64().expect("a count");
        let on_demand = json!({"google": {"traffic_type": "ON_DEMAND"}});
        let usage = json!({"completion_tokens": 4, "extra_properties": on_demand, "prompt_tokens": prompt, "total_tokens": prompt + 4});
        assert_eq!(answered["usage"], usage);
        let mut body = chat("google/gemini-2.5-flash");
        body["stream"] = json!(true);
        body["reasoning_effort"] = json!("low");
        body["temperature"] = json!(0.5);
        body["max_tokens"] = json!(600);
        let streamed = bench.post(&format!("{SCOPE}/{OPENAPI}"), &body.to_string()).await;
        assert_eq!(streamed.header("content-type"), "text/event-stream");
        assert!(streamed.text().ends_with("data: [DONE]\n\n"), "{}", streamed.text());
        assert!(streamed.text().contains(" 8bd0.1"));
    });
}

#[test]
fn every_stream_says_at_its_end_what_it_cost() {
    against(EXACT, |bench| async move {
        for options in [json!(null), json!({"include_usage": true})] {
            let mut body = chat("google/gemini-2.5-flash");
            body["stream"] = json!(true);
            body["n"] = json!(2);
            body["stream_options"] = options;
            let streamed = bench.post(&format!("{SCOPE}/{OPENAPI}"), &body.to_string()).await;
            let events =
                streamed.text().split_terminator("\n\n").filter_map(|event| event.strip_prefix("data: "));
            let mut chunks: Vec<Value> = events
                .filter(|data| *data != "[DONE]")
                .map(|data| serde_json::from_str(data).expect("JSON"))
                .collect();
            let last = chunks.pop().expect("an event");
            assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()), "{chunks:?}");
            assert_eq!(last["choices"][0]["finish_reason"], "length");
            assert_eq!(last["usage"]["completion_tokens"], 8);
            assert_eq!(last["usage"]["extra_properties"]["google"]["traffic_type"], "ON_DEMAND");
        }
    });
}

#[test]
fn usage_names_thoughts_and_the_capacity_asked_for() {
    against(EXACT, |bench| async move {
        let mut body = chat("google/gemini-2.5-flash");
        body["reasoning_effort"] = json!("low");
        body["max_tokens"] = json!(2_000);
        let path = format!("{SCOPE}/{OPENAPI}");
        for (name, value, traffic) in [
            ("x-vertex-ai-llm-shared-request-type", "priority", "ON_DEMAND_PRIORITY"),
            ("x-vertex-ai-llm-shared-request-type", "flex", "ON_DEMAND_FLEX"),
            ("x-vertex-ai-llm-request-type", "dedicated", "PROVISIONED_THROUGHPUT"),
        ] {
            let asked = request(
                Method::POST,
                &path,
                &[("content-type", "application/json"), (name, value)],
                &body.to_string(),
            );
            let answered = bench.call(asked).await;
            let answered: Value = serde_json::from_slice(&answered.body).expect("JSON");
            let usage = &answered["usage"];
            assert_eq!(usage["extra_properties"]["google"]["traffic_type"], traffic);
            let of = |member: &Value| member.as_u64().expect("a count");
            let thought = of(&usage["completion_tokens_details"]["reasoning_tokens"]);
            let said = answered["choices"][0]["message"]["content"]
                .as_str()
                .expect("a text")
                .matches("8bd0.")
                .count();
            assert!(thought > 0 && of(&usage["completion_tokens"]) == said as u64, "{usage}");
            assert_eq!(of(&usage["total_tokens"]), of(&usage["prompt_tokens"]) + said as u64 + thought);
        }
    });
}

#[test]
fn its_errors_are_googles_in_a_list() {
    against(EXACT, |bench| async move {
        let mut endless = chat("google/gemini-2.5-flash");
        endless["temperature"] = json!(9);
        for (body, status, message) in [
            (
                chat("google/gemini-0"),
                404,
                "Publisher Model `projects/p-1/locations/us-central1/publishers/google/models/gemini-0` was not found",
            ),
            (chat("gemini-2.5-flash"), 400, "Malformed publisher model `gemini-2.5-flash`."),
            (endless, 400, "Invalid 'temperature'"),
        ] {
            let (found, error) = ask(&bench, OPENAPI, &body).await;
            assert_eq!(found, status, "{error}");
            let said = error[0]["error"]["message"].as_str().expect("a message");
            assert!(said.starts_with(message), "{said}");
            assert_eq!(error[0]["error"]["code"], status);
        }
    });
}

#[test]
fn mistral_answers_as_its_own_api_does() {
    against(EXACT, |bench| async move {
        let path = "publishers/mistralai/models/mistral-small-2503:rawPredict";
        let (status, answered) = ask(&bench, path, &chat("mistral-small-2503")).await;
        assert_eq!(status, 200, "{answered}");
        assert_eq!(answered["model"], "mistral-small-2503");
        assert_eq!(answered["choices"][0]["message"]["content"], " 8bd0.0 8bd0.1 8bd0.2 8bd0.3");
        let mut called = chat("mistral-small-2503");
        called["max_tokens"] = json!(500);
        called["tools"] =
            json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
        called["tool_choice"] = json!("any");
        let (status, answered) = ask(&bench, path, &called).await;
        assert_eq!(status, 200, "{answered}");
        assert_eq!(answered["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "f");
        let stream = format!("{SCOPE}/{}", path.replace(":raw", ":streamRaw"));
        let streamed = bench.post(&stream, &chat("mistral-small-2503").to_string()).await;
        assert!(streamed.text().ends_with("data: [DONE]\n\n"), "{}", streamed.text());
        let (status, error) =
            ask(&bench, path, &json!({"model": "mistral-small-2503", "messages": []})).await;
        assert_eq!((status, &error["object"]), (400, &json!("error")), "the model's own error");
        let unknown = path.replace("small", "tiny");
        let (status, error) = ask(&bench, &unknown, &chat("x")).await;
        assert_eq!((status, &error["error"]["status"]), (404, &json!("NOT_FOUND")), "the platform's error");
    });
}

#[test]
fn a_tuned_model_is_listed_and_answers_at_its_endpoint() {
    against(EXACT, |bench| async move {
        let get = |path: &str| request(Method::GET, &format!("{SCOPE}/{path}"), &[], "");
        let listed = bench.call(get("models")).await;
        let listed: Value = serde_json::from_slice(&listed.body).expect("JSON");
        let model = &listed["models"][0];
        let (_, name) =
            model["name"].as_str().and_then(|name| name.split_once("us-central1/")).expect("a name");
        assert_eq!(bench.call(get(name)).await.status(), 200);
        assert_eq!(bench.call(get("models/1")).await.status(), 404);
        let endpoint =
            model["deployedModels"][0]["endpoint"].as_str().and_then(|name| name.split_once("us-central1/"));
        let endpoint = endpoint.expect("an endpoint").1;
        let contents = json!({"contents": [{"role": "user", "parts": [{"text": NONCE}]}]});
        let (status, answered) = ask(&bench, &format!("{endpoint}:generateContent"), &contents).await;
        assert_eq!(status, 200, "{answered}");
        let (status, answered) =
            ask(&bench, &format!("{endpoint}:predict"), &json!({"instances": [{}, {}]})).await;
        assert_eq!((status, answered["predictions"].as_array().map(Vec::len)), (200, Some(2)), "{answered}");
        assert!(answered["deployedModelId"].is_string());
        assert_eq!(ask(&bench, &format!("{endpoint}/chat/completions"), &chat("")).await.0, 200);
        assert_eq!(ask(&bench, "endpoints/none:generateContent", &contents).await.0, 404);
    });
}
