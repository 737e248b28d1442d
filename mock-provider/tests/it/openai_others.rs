//! Embeddings, completions, models and moderations of the OpenAI API, and all of it at Azure.

use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{against, request};
use crate::openai::{EXACT, chat, chunks, parsed};

fn get(path: &str) -> http::Request<world::http::Body> {
    request(Method::GET, path, &[], "")
}

#[test]
fn both_encodings_hold_the_same_vectors() {
    against(EXACT, |bench| async move {
        let ask = async |fields: &str| {
            let body = format!(r#"{{"model":"text-embedding-3-small","input":["a","b"]{fields}}}"#);
            parsed(&bench.post("/v1/embeddings", &body).await)
        };
        let (floats, base64) =
            (ask(r#","dimensions":64"#).await, ask(r#","dimensions":64,"encoding_format":"base64""#).await);
        assert_eq!((&floats["object"], &floats["model"]), (&json!("list"), &json!("text-embedding-3-small")));
        assert_eq!(floats["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
        for index in 0..2 {
            let text = base64["data"][index]["embedding"].as_str().expect("base64");
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
            let decoded: Vec<f32> = bytes
                .chunks_exact(4)
                .map(|chunk| f32::from_le_bytes(chunk.try_into().expect("four")))
                .collect();
            let listed: Vec<f32> = floats["data"][index]["embedding"]
                .as_array()
                .expect("floats")
                .iter()
                .map(|float| float.as_f64().expect("a number") as f32)
                .collect();
            assert_eq!(decoded, listed);
            assert_eq!(listed.len(), 64);
        }
        assert_ne!(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);
    });
}

#[test]
fn every_form_of_input_and_every_size_is_checked() {
    against(EXACT, |bench| async move {
        let ask = async |model: &str, input: &str, fields: &str| {
            let body = format!(r#"{{"model":"{model}","input":{input}{fields}}}"#);
            let answered = bench.post("/v1/embeddings", &body).await;
            let body = parsed(&answered);
            let first = body["data"][0]["embedding"].as_array().map_or(0, Vec::len);
            (
                answered.status(),
                body["data"].as_array().map_or(0, Vec::len),
                first,
                body["error"]["param"].clone(),
            )
        };
        let (small, large, ada) =
            ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002");
        assert_eq!(ask(small, "\"a\"", "").await, (200, 1, 1_536, json!(null)));
        assert_eq!(ask(small, "[1,2,3]", "").await, (200, 1, 1_536, json!(null)));
        assert_eq!(ask(large, "[[1],[2,3]]", "").await, (200, 2, 3_072, json!(null)));
        assert_eq!(ask(ada, "\"a\"", "").await, (200, 1, 1_536, json!(null)));
        assert_eq!(ask(ada, "\"a\"", r#","dimensions":8"#).await.3, "dimensions");
        assert_eq!(ask(small, "\"a\"", r#","dimensions":1537"#).await.3, "dimensions");
        assert_eq!(ask(small, "\"\"", "").await.0, 400);
        assert_eq!(ask(small, "[]", "").await.0, 400);
        assert_eq!(ask(small, "true", "").await.3, "input");
        assert_eq!(ask("gpt-4o", "\"a\"", "").await.0, 404);
        assert_eq!(ask(small, "\"a\"", r#","encoding_format":"hex""#).await.3, "encoding_format");
    });
}

#[test]
fn completions_echo_stream_and_count() {
    against(EXACT, |bench| async move {
        let ask =
            |fields: &str| format!(r#"{{"model":"gpt-3.5-turbo-instruct","prompt":["one","two"]{fields}}}"#);
        let whole = parsed(&bench.post("/v1/completions", &ask(r#","n":2,"echo":true,"logprobs":1"#)).await);
        assert_eq!(
            (&whole["object"], &whole["model"]),
            (&json!("text_completion"), &json!("gpt-3.5-turbo-instruct:20230824-v2"))
        );
        let choices = whole["choices"].as_array().expect("choices");
        assert_eq!(choices.len(), 4);
        assert!(choices[1]["text"].as_str().is_some_and(|text| text.starts_with("one")));
        assert!(choices[2]["text"].as_str().is_some_and(|text| text.starts_with("two")));
        assert_eq!(choices[3]["index"], 3);
        assert_eq!(choices[0]["logprobs"]["text_offset"][0], 3);
        assert_eq!(choices[0]["finish_reason"], "length", "sixteen tokens when nothing is said");
        assert_eq!(whole["usage"]["completion_tokens"], 64);
        let body = ask(r#","stream":true,"stream_options":{"include_usage":true},"max_tokens":3"#);
        let chunks = chunks(&bench.post("/v1/completions", &body).await);
        let (last, others) = chunks.split_last().expect("chunks");
        assert_eq!(last["usage"]["completion_tokens"], 6);
        assert_eq!(others.len(), 6);
        assert!(others.iter().all(|chunk| chunk["object"] == "text_completion"));
        assert_eq!(others[5]["choices"][0]["finish_reason"], "length");
        let chat_model = bench.post("/v1/completions", r#"{"model":"gpt-4o","prompt":"x"}"#).await;
        assert_eq!(
            (chat_model.status(), parsed(&chat_model)["error"]["param"].clone()),
            (404, json!("model"))
        );
    });
}

#[test]
fn models_are_listed_and_told_apart_from_anthropics() {
    let file = format!("{EXACT}models = [\"my-model\"]\n");
    against(&file, |bench| async move {
        let list = parsed(&bench.call(get("/v1/models")).await);
        let ids: Vec<&str> = list["data"]
            .as_array()
            .expect("models")
            .iter()
            .filter_map(|model| model["id"].as_str())
            .collect();
        assert!(ids.contains(&"gpt-4o-mini") && ids.contains(&"my-model"), "{ids:?}");
        assert!(!ids.iter().any(|id| id.contains("claude") || id.contains("gemini")));
        let one = parsed(&bench.call(get("/v1/models/gpt-4o-mini")).await);
        assert_eq!(
            one,
            json!({"id":"gpt-4o-mini","object":"model","created":1_721_172_741,"owned_by":"system"})
        );
        let none = bench.call(get("/v1/models/gpt-9")).await;
        assert_eq!((none.status(), parsed(&none)["error"]["code"].clone()), (404, json!("model_not_found")));
        let anthropic = request(Method::GET, "/v1/models", &[("anthropic-version", "2023-06-01")], "");
        assert!(parsed(&bench.call(anthropic).await).get("has_more").is_some());
    });
}

#[test]
fn moderations_find_nothing() {
    against(EXACT, |bench| async move {
        let verdict = parsed(&bench.post("/v1/moderations", r#"{"input":["a","b"]}"#).await);
        assert_eq!(verdict["results"].as_array().map(Vec::len), Some(2));
        assert_eq!(verdict["results"][0]["flagged"], false);
        assert_eq!(verdict["results"][0]["categories"]["self-harm/intent"], false);
        assert_eq!(bench.post("/v1/moderations", "{}").await.status(), 400);
    });
}

#[test]
fn azure_answers_by_deployment_with_filters() {
    against(EXACT, |bench| async move {
        let path = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21";
        let body = r#"{"messages":[{"role":"user","content":"hello"}],"max_tokens":3}"#;
        let answered = bench.post(path, body).await;
        let whole = parsed(&answered);
        assert_eq!(whole["model"], "gpt-4o-mini-2024-07-18");
        assert_eq!(
            whole["choices"][0]["content_filter_results"]["hate"],
            json!({"filtered": false, "severity": "safe"})
        );
        assert_eq!(whole["prompt_filter_results"][0]["prompt_index"], 0);
        assert_eq!(answered.header("apim-request-id").len(), 36);
        assert_eq!(answered.header("x-ratelimit-limit-tokens"), "200000");
        assert_eq!(answered.header("openai-version"), "");
        let streamed = chunks(&bench.post(path, &body.replace("3}", "3,\"stream\":true}")).await);
        assert_eq!((&streamed[0]["choices"], &streamed[0]["model"]), (&json!([]), &json!("")));
        assert!(streamed[0]["prompt_filter_results"].is_array());
        assert_eq!(streamed[1]["choices"][0]["delta"]["role"], "assistant");
        assert!(streamed[2]["choices"][0]["content_filter_results"]["violence"].is_object());
        let v1 = bench.post("/openai/v1/chat/completions", &chat(r#","max_tokens":1"#)).await;
        assert_eq!(v1.status(), 200);
    });
}

#[test]
fn azure_refuses_in_its_own_words() {
    let strict = EXACT.replace("\"off\"", "\"strict\"") + "quota = { tokens_per_minute = 1000 }\n";
    against(&strict, |bench| async move {
        let ask = async |path: &str, headers: &[(&str, &str)]| {
            let body = r#"{"messages":[{"role":"user","content":"hello"}],"max_tokens":600}"#;
            let answered = bench.call(request(Method::POST, path, headers, body)).await;
            let error: Value = parsed(&answered)["error"].clone();
            (answered.status(), error["code"].as_str().unwrap_or_default().to_owned(), answered)
        };
        let key = [("api-key", "k")];
        let path = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";
        let (status, code, denied) = ask(path, &[]).await;
        assert_eq!((status, code.as_str()), (401, "401"));
        assert!(
            denied.text().starts_with(r#"{"error":{"code":"401","message":"Access denied due to invalid"#)
        );
        let (status, code, _) = ask(&path.replace("gpt-4o", "nothing"), &key).await;
        assert_eq!((status, code.as_str()), (404, "DeploymentNotFound"));
        let (status, code, _) = ask(path.split('?').next().expect("a path"), &key).await;
        assert_eq!((status, code.as_str()), (404, "404"));
        assert_eq!(ask(path, &key).await.0, 200);
        let (status, code, refused) = ask(path, &key).await;
        assert_eq!((status, code.as_str()), (429, "429"));
        assert!(
            refused.text().contains("under Azure OpenAI API version 2024-10-21 have exceeded"),
            "{}",
            refused.text()
        );
        assert_eq!(refused.header("retry-after-ms"), format!("{}000", refused.header("retry-after")));
        let bearer = [("authorization", "Bearer entra-token")];
        assert_eq!(ask(&path.replace("gpt-4o", "gpt-4.1"), &bearer).await.0, 200);
    });
}

#[test]
fn pictures_come_in_base64_by_address_and_as_events() {
    let file = EXACT.replace("gpt-4o-mini", "gpt-image");
    against(&file, |bench| async move {
        let draw = async |body: &str| bench.post("/v1/images/generations", body).await;
        let is_png = |text: &Value| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().expect("base64"));
            bytes.expect("base64").starts_with(b"\x89PNG\r\n\x1a\n")
        };
        let drawn = draw(r#"{"model":"gpt-image-1","prompt":"a lamp","n":2,"size":"1536x1024"}"#).await;
        assert_eq!(drawn.end_at.as_micros() / 1_000_000, 8);
        let body = parsed(&drawn);
        assert!(is_png(&body["data"][0]["b64_json"]) && is_png(&body["data"][1]["b64_json"]));
        assert_ne!(body["data"][0], body["data"][1]);
        assert_eq!(
            (&body["size"], &body["usage"]["output_tokens"]),
            (&json!("1536x1024"), &json!(2 * 1_568))
        );
        let placed = parsed(&draw(r#"{"prompt":"a lamp","size":"256x256"}"#).await);
        let url = placed["data"][0]["url"].as_str().expect("an address");
        let picture = bench.call(get(url.strip_prefix("http://mock").expect("this mock"))).await;
        assert_eq!(picture.header("content-type"), "image/png");
        assert!(picture.body.starts_with(b"\x89PNG"));
        let streamed =
            draw(r#"{"model":"gpt-image-1","prompt":"a lamp","stream":true,"partial_images":1}"#).await;
        let names: Vec<&str> =
            streamed.text().lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(names, ["image_generation.partial_image", "image_generation.completed"]);
        assert_eq!((streamed.end_at - streamed.head_at).as_millis(), 4_001, "half way, and the end");
        for (body, param) in [
            (r#"{"model":"dall-e-3","prompt":"x","n":2}"#, json!("n")),
            (r#"{"model":"gpt-image-1","prompt":"x","size":"7x7"}"#, json!("size")),
            (r#"{"model":"gpt-image-1","prompt":"x","response_format":"url"}"#, json!("response_format")),
            (r#"{"model":"gpt-image-1","prompt":"x","quality":"best"}"#, json!("quality")),
            (r#"{"model":"gpt-image-1"}"#, json!("prompt")),
        ] {
            let refused = draw(body).await;
            assert_eq!(
                (refused.status(), parsed(&refused)["error"]["param"].clone()),
                (400, param),
                "{body}"
            );
        }
        assert_eq!(bench.call(get("/v1/images/files/0-9999x9999.png")).await.status(), 404);
    });
}
