//! InvokeModel of every family, whole and streamed.

use serde_json::{Value, json};
use wire::bedrock::invoke_stream::{self, Incoming};

use crate::harness::{Answered, Bench, EXACT, NONCE, against, post, request};

const FIVE: &str = " 8bd0.0 8bd0.1 8bd0.2 8bd0.3 8bd0.4";

/// Models of a profile with streams of two frames: one token, then the rest.
fn bench(profile: &str, test: impl AsyncFnOnce(Bench)) {
    let stream = "stream = { first_frame_tokens = 1, tokens_per_frame = 4 }";
    against(&format!("profile = \"bedrock/{profile}\"\n{EXACT}{stream}\n"), |bench| test(bench));
}

async fn invoke(bench: &Bench, model: &str, body: &Value) -> (Answered, Value) {
    let answered = bench.post(&format!("/model/{model}/invoke"), &body.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    let value = serde_json::from_slice(&answered.body).expect("JSON");
    (answered, value)
}

async fn stream(bench: &Bench, model: &str, body: &Value) -> Vec<Value> {
    let path = format!("/model/{model}/invoke-with-response-stream");
    let answered = bench.post(&path, &body.to_string()).await;
    assert_eq!(answered.status(), 200, "{}", answered.text());
    assert_eq!(answered.header("x-amzn-bedrock-content-type"), "application/json");
    let mut objects: Vec<Value> = answered.frames().iter().map(object).collect();
    let metrics = objects.last_mut().expect("an object").as_object_mut().expect("an object");
    let metrics = metrics.remove("amazon-bedrock-invocationMetrics").expect("metrics in the last object");
    let counts_cache = metrics.get("cacheReadInputTokenCount").is_some();
    assert_eq!(counts_cache, model.contains("nova"), "Nova alone tells of its cache unasked");
    assert_eq!(metrics["outputTokenCount"], 5);
    assert!(metrics["firstByteLatency"].as_u64() < metrics["invocationLatency"].as_u64());
    assert!(objects.iter().all(|object| object.get("amazon-bedrock-invocationMetrics").is_none()));
    objects
}

fn prompt() -> String {
    format!("{NONCE}\nhi")
}

#[test]
fn titan_completes_texts() {
    bench("titan-text", async |bench| {
        let model = "amazon.titan-text-express-v1";
        let body = json!({"inputText": prompt(), "textGenerationConfig": {"maxTokenCount": 5}});
        let (answered, whole) = invoke(&bench, model, &body).await;
        assert_eq!(
            whole,
            json!({"inputTextTokenCount": 9, "results": [{"tokenCount": 5, "outputText": FIVE, "completionReason": "LENGTH"}]})
        );
        assert_eq!(answered.header("x-amzn-bedrock-input-token-count"), "9");
        assert_eq!(answered.header("x-amzn-bedrock-output-token-count"), "5");
        assert_eq!(
            stream(&bench, model, &body).await,
            [
                json!({"outputText": " 8bd0.0", "index": 0, "totalOutputTextTokenCount": null, "completionReason": null, "inputTextTokenCount": null}),
                json!({"outputText": &FIVE[7..], "index": 0, "totalOutputTextTokenCount": 5, "completionReason": "LENGTH", "inputTextTokenCount": 9}),
            ]
        );
    });
}

#[test]
fn llama_completes_texts() {
    bench("llama", async |bench| {
        let model = "meta.llama3-1-8b-instruct-v1:0";
        let body = json!({"prompt": prompt(), "max_gen_len": 5});
        let (_, whole) = invoke(&bench, model, &body).await;
        assert_eq!(
            whole,
            json!({"generation": FIVE, "prompt_token_count": 9, "generation_token_count": 5, "stop_reason": "length"})
        );
        assert_eq!(
            stream(&bench, model, &body).await,
            [
                json!({"generation": " 8bd0.0", "prompt_token_count": 9, "generation_token_count": 1, "stop_reason": null}),
                json!({"generation": &FIVE[7..], "prompt_token_count": null, "generation_token_count": 5, "stop_reason": null}),
                json!({"generation": "", "prompt_token_count": null, "generation_token_count": 5, "stop_reason": "length"}),
            ]
        );
    });
}

#[test]
fn mistral_completes_texts() {
    bench("mistral", async |bench| {
        let model = "mistral.mistral-7b-instruct-v0:2";
        let body = json!({"prompt": format!("<s>[INST] {} [/INST]", prompt()), "max_tokens": 5});
        let (_, whole) = invoke(&bench, model, &body).await;
        assert_eq!(whole, json!({"outputs": [{"text": FIVE, "stop_reason": "length"}]}));
        assert_eq!(
            stream(&bench, model, &body).await,
            [
                json!({"outputs": [{"text": " 8bd0.0", "stop_reason": null}]}),
                json!({"outputs": [{"text": &FIVE[7..], "stop_reason": null}]}),
                json!({"outputs": [{"text": "", "stop_reason": "length"}]}),
            ]
        );
    });
}

#[test]
fn cohere_completes_texts_and_chats() {
    bench("cohere-command", async |bench| {
        let model = "cohere.command-text-v14";
        let body = json!({"prompt": prompt(), "max_tokens": 5, "num_generations": 2});
        let (_, whole) = invoke(&bench, model, &body).await;
        assert_eq!(whole["generations"].as_array().expect("a list").len(), 2);
        assert_eq!(whole["generations"][0]["text"], FIVE);
        assert_eq!(whole["generations"][0]["finish_reason"], "MAX_TOKENS");
        let last = stream(&bench, model, &body).await.pop();
        assert_eq!(last, Some(json!({"is_finished": true, "finish_reason": "MAX_TOKENS"})));

        let model = "cohere.command-r-v1:0";
        let body = json!({"message": prompt(), "max_tokens": 5});
        let (_, whole) = invoke(&bench, model, &body).await;
        assert_eq!((&whole["text"], &whole["finish_reason"]), (&json!(FIVE), &json!("MAX_TOKENS")));
        assert_eq!(whole["chat_history"][1], json!({"role": "CHATBOT", "message": FIVE}));
        let objects = stream(&bench, model, &body).await;
        let kinds: Vec<_> =
            objects.iter().map(|object| object["event_type"].as_str().expect("a name")).collect();
        assert_eq!(kinds, ["stream-start", "text-generation", "text-generation", "stream-end"]);
        assert_eq!(objects[3]["response"]["text"], FIVE);
    });
}

#[test]
fn cohere_calls_tools() {
    against(EXACT, |bench| async move {
        let model = "cohere.command-r-plus-v1:0";
        let tools = json!([{
            "name": "get_weather",
            "description": "Tells the weather.",
            "parameter_definitions": {
                "city": {"description": "Where", "type": "str", "required": true},
                "days": {"type": "int", "required": true},
            },
        }]);
        let body = json!({"message": format!("{NONCE}\nWeather?"), "tools": tools});
        let (_, whole) = invoke(&bench, model, &body).await;
        let call = &whole["tool_calls"][0];
        assert_eq!((&call["name"], &whole["finish_reason"]), (&json!("get_weather"), &json!("COMPLETE")));
        assert!(call["parameters"]["city"].is_string() && call["parameters"]["days"].is_i64(), "{call}");
        let turns = whole["chat_history"].as_array().expect("turns");
        assert_eq!(turns.last().expect("its own")["tool_calls"], whole["tool_calls"]);

        let path = format!("/model/{model}/invoke-with-response-stream");
        let streamed = bench.post(&path, &body.to_string()).await;
        let objects: Vec<Value> = streamed.frames().iter().map(object).collect();
        let kinds: Vec<_> = objects.iter().filter_map(|object| object["event_type"].as_str()).collect();
        assert_eq!(kinds, ["stream-start", "tool-calls-generation", "stream-end"]);
        assert_eq!(objects[1]["tool_calls"], whole["tool_calls"]);

        let results = json!([{"call": call, "outputs": [{"t": 21}]}]);
        let body =
            json!({"message": "Weather?", "chat_history": turns, "tools": tools, "tool_results": results});
        let (_, answer) = invoke(&bench, model, &body).await;
        assert!(answer["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(answer.get("tool_calls"), None);
        assert_eq!(answer["chat_history"][1], turns[1], "turns are told back as they came");
    });
}

fn object(frame: &wire::event_stream::Frame) -> Value {
    match invoke_stream::decode(frame).expect("a chunk") {
        Incoming::Chunk(object) => serde_json::from_slice(&object).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nova_speaks_converse() {
    bench("nova-lite", async |bench| {
        let model = "amazon.nova-lite-v1:0";
        let body = json!({
            "schemaVersion": "messages-v1",
            "messages": [{"role": "user", "content": [{"text": prompt()}]}],
            "inferenceConfig": {"max_new_tokens": 5},
        });
        let (answered, whole) = invoke(&bench, model, &body).await;
        for count in ["cache-read", "cache-write"] {
            assert_eq!(answered.header(&format!("x-amzn-bedrock-{count}-input-token-count")), "0");
        }
        assert_eq!(
            whole,
            json!({
                "output": {"message": {"content": [{"text": FIVE}], "role": "assistant"}},
                "stopReason": "max_tokens",
                "usage": {"inputTokens": 16, "outputTokens": 5, "totalTokens": 21, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0},
            })
        );
        assert_eq!(
            stream(&bench, model, &body).await,
            [
                json!({"messageStart": {"role": "assistant"}}),
                json!({"contentBlockDelta": {"delta": {"text": " 8bd0.0"}, "contentBlockIndex": 0}}),
                json!({"contentBlockStop": {"contentBlockIndex": 0}}),
                json!({"contentBlockDelta": {"delta": {"text": &FIVE[7..]}, "contentBlockIndex": 1}}),
                json!({"contentBlockStop": {"contentBlockIndex": 1}}),
                json!({"messageStop": {"stopReason": "max_tokens"}}),
                json!({"metadata": {
                    "usage": {"inputTokens": 16, "outputTokens": 5, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0},
                    "metrics": {}, "trace": {},
                }}),
            ]
        );
    });
}

#[test]
fn nova_calls_tools() {
    against(EXACT, |bench| async move {
        let body = json!({
            "messages": [{"role": "user", "content": [{"text": "Weather?"}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}], "toolChoice": {"any": {}}},
        });
        let (_, whole) = invoke(&bench, "amazon.nova-lite-v1:0", &body).await;
        assert_eq!(whole["stopReason"], "tool_use");
        let call = &whole["output"]["message"]["content"].as_array().expect("blocks").last().expect("a call")
            ["toolUse"];
        assert_eq!((&call["name"], call["toolUseId"].as_str().map(str::len)), (&json!("f"), Some(36)));
    });
}

#[test]
fn newer_models_chat() {
    for (profile, model, reason) in [
        ("mistral", "mistral.mistral-large-2407-v1:0", "stop_reason"),
        ("open-weights", "openai.gpt-oss-20b-1:0", "finish_reason"),
    ] {
        bench(profile, async |bench| {
            let body = json!({"messages": [{"role": "user", "content": prompt()}], "max_tokens": 5});
            let (_, whole) = invoke(&bench, model, &body).await;
            let choice = &whole["choices"][0];
            assert_eq!(choice["message"], json!({"role": "assistant", "content": FIVE}));
            assert_eq!(choice[reason], "length");
            assert_eq!(whole["usage"]["total_tokens"], 18);
            let objects = stream(&bench, model, &body).await;
            assert_eq!(objects[0]["choices"][0]["delta"], json!({"role": "assistant", "content": " 8bd0.0"}));
            assert_eq!(objects.last().expect("an object")["choices"][0][reason], "length");
            let tools = json!({
                "messages": [{"role": "user", "content": "Weather?"}],
                "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
                "tool_choice": "any",
            });
            let (_, whole) = invoke(&bench, model, &tools).await;
            assert_eq!(whole["choices"][0][reason], "tool_calls");
            let arguments = whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str();
            assert!(serde_json::from_str::<Value>(arguments.expect("a text")).expect("JSON").is_object());
        });
    }
}

#[test]
fn cohere_embeds_texts_in_every_form() {
    against(EXACT, |bench| async move {
        let (model, texts) = ("cohere.embed-english-v3", json!(["one", "two"]));
        let (answered, floats) =
            invoke(&bench, model, &json!({"texts": texts, "input_type": "search_document"})).await;
        assert_eq!(floats["response_type"], "embeddings_floats");
        assert_eq!(floats["embeddings"][1].as_array().expect("a vector").len(), 1024);
        assert_eq!(answered.header("x-amzn-bedrock-output-token-count"), "");
        let typed =
            json!({"texts": texts, "input_type": "search_document", "embedding_types": ["int8", "ubinary"]});
        let (_, typed) = invoke(&bench, model, &typed).await;
        let (int8, ubinary) = (&typed["embeddings"]["int8"][0], &typed["embeddings"]["ubinary"][0]);
        assert_eq!(int8.as_array().expect("a vector").len(), 1024);
        assert_eq!(ubinary.as_array().expect("a vector").len(), 128);
        // The forms are of one vector.
        let first = floats["embeddings"][0][0].as_f64().expect("a number");
        assert_eq!(first > 0.0, int8[0].as_i64().expect("a number") > 0);
        assert_eq!(first > 0.0, ubinary[0].as_u64().expect("a number") >= 128);
        let body = json!({"inputText": "one", "embeddingConfig": {"outputEmbeddingLength": 256}});
        let (_, titan) = invoke(&bench, "amazon.titan-embed-image-v1", &body).await;
        assert_eq!(titan["embedding"].as_array().expect("a vector").len(), 256);
    });
}

#[test]
fn bodies_of_the_wrong_form_are_refused() {
    against(EXACT, |bench| async move {
        for (model, body, words) in [
            ("amazon.titan-text-express-v1", "{}", "#: required key [inputText] not found"),
            (
                "meta.llama3-1-8b-instruct-v1:0",
                r#"{"prompt":"x","max_gen_len":9000}"#,
                "9000 is not less or equal to 8192",
            ),
            (
                "mistral.mistral-7b-instruct-v0:2",
                r#"{"messages":[]}"#,
                "extraneous key [messages] is not permitted",
            ),
            (
                "amazon.nova-lite-v1:0",
                r#"{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}"#,
                "must start with a user message",
            ),
            ("cohere.embed-english-v3", r#"{"texts":["x"]}"#, "required key [input_type] not found"),
            ("openai.gpt-oss-20b-1:0", "[]", "Malformed input request: "),
            ("cohere.command-r-v1:0", "{", "Malformed input request: "),
        ] {
            let answered = bench.post(&format!("/model/{model}/invoke"), body).await;
            assert_eq!(answered.status(), 400, "{model}");
            assert!(answered.header("x-amzn-errortype").starts_with("ValidationException:"));
            assert!(answered.text().contains(words), "{model}: {}", answered.text());
        }
        let embed = bench.post("/model/cohere.embed-english-v3/invoke-with-response-stream", "{}").await;
        assert_eq!(embed.text(), r#"{"message":"The model is unsupported for streaming."}"#);
    });
}

#[test]
fn bodies_are_json_both_ways() {
    against(EXACT, |bench| async move {
        let path = "/model/meta.llama3-1-8b-instruct-v1:0/invoke";
        let body = r#"{"prompt":"x","max_gen_len":1}"#;
        let refused = |what| format!("The provided {what} Type is invalid or not supported for this model");
        for (name, what, header, status) in [
            ("content-type", "Content", "application/json", 200),
            ("content-type", "Content", "application/json; charset=utf-8", 400),
            ("content-type", "Content", "application/octet-stream", 400),
            ("content-type", "Content", "*/*", 400),
            ("accept", "Accept", "application/json; charset=utf-8", 200),
            ("accept", "Accept", "text/html, */*", 200),
            ("accept", "Accept", "text/plain", 400),
        ] {
            let answered = bench.call(request(http::Method::POST, path, &[(name, header)], body)).await;
            assert_eq!(answered.status(), status, "{name}: {header}");
            let refusal = json!({"message": refused(what)}).to_string();
            assert_eq!(answered.text() == refusal, status == 400);
        }
        for (name, value, words) in [
            ("x-amzn-bedrock-service-tier", "gold", "Value 'gold' at 'serviceTier'"),
            (
                "x-amzn-bedrock-performanceconfig-latency",
                "fast",
                "Value 'fast' at 'performanceConfigLatency'",
            ),
            ("x-amzn-bedrock-request-metadata", "[1]", "request metadata is not a JSON object"),
            ("x-amzn-bedrock-request-metadata", &format!("{{\"a\":\"{}\"}}", "x".repeat(8_500)), "8500"),
        ] {
            let answered = bench.call(request(http::Method::POST, path, &[(name, value)], body)).await;
            assert!(answered.status() == 400 && answered.text().contains(words), "{}", answered.text());
        }
        assert_eq!(bench.call(request(http::Method::POST, path, &[], body)).await.status(), 200);
        let mut echoed = post(path, body);
        echoed.headers_mut().insert("x-amzn-bedrock-service-tier", http::HeaderValue::from_static("flex"));
        assert_eq!(bench.call(echoed).await.header("x-amzn-bedrock-service-tier"), "flex");
    });
}

/// Width and height of a PNG file.
fn png_size(base64: &Value) -> (u32, u32) {
    use base64::Engine as _;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(base64.as_str().expect("a text")).expect("base64");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[test]
fn pictures_have_the_size_asked_for() {
    against(EXACT, |bench| async move {
        let body = json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "a cat"},
            "imageGenerationConfig": {"numberOfImages": 2, "width": 512, "height": 320, "seed": 7},
        });
        let (_, drawn) = invoke(&bench, "amazon.nova-canvas-v1:0", &body).await;
        let images = drawn["images"].as_array().expect("pictures");
        assert_eq!((images.len(), png_size(&images[0]), &drawn["error"]), (2, (512, 320), &Value::Null));
        assert_ne!(images[0], images[1]);
        let (_, again) = invoke(&bench, "amazon.nova-canvas-v1:0", &body).await;
        assert_eq!(drawn, again, "one seed, one picture");

        let body = json!({"prompt": "a cat", "aspect_ratio": "16:9", "seed": 5});
        let (_, drawn) = invoke(&bench, "stability.sd3-5-large-v1:0", &body).await;
        assert_eq!((png_size(&drawn["images"][0]), &drawn["seeds"]), ((1344, 768), &json!([5])));
        assert_eq!(drawn["finish_reasons"], json!([null]));
        let (_, filtered) =
            invoke(&bench, "stability.sd3-5-large-v1:0", &json!({"prompt": "filterme"})).await;
        assert_eq!(filtered, json!({"finish_reasons": ["Filter reason: prompt"]}));
        let body = json!({"prompt": "a cat", "output_format": "jpeg", "seed": 5});
        let (_, drawn) = invoke(&bench, "stability.sd3-5-large-v1:0", &body).await;
        assert!(drawn["images"][0].as_str().is_some_and(|jpeg| jpeg.starts_with("/9j/")), "a JPEG");
        let body = json!({"text_prompts": [{"text": "a cat"}], "width": 512, "height": 512});
        let (_, drawn) = invoke(&bench, "stability.stable-diffusion-xl-v1", &body).await;
        assert_eq!(png_size(&drawn["artifacts"][0]["base64"]), (512, 512));
    });
}

#[test]
fn pictures_may_be_held_back_in_part() {
    against(EXACT, |bench| async move {
        let body = |word: &str| {
            json!({
                "taskType": "TEXT_IMAGE",
                "textToImageParams": {"text": format!("a cat {word}")},
                "imageGenerationConfig": {"numberOfImages": 3, "width": 512, "height": 512},
            })
        };
        let (_, drawn) = invoke(&bench, "amazon.titan-image-generator-v2:0", &body("filterme=2")).await;
        assert_eq!(drawn["images"].as_array().map(Vec::len), Some(1));
        assert!(drawn["error"].as_str().is_some_and(|error| error.contains("content filters")), "{drawn}");
        for word in ["filterme", "FilterMe=3"] {
            let path = "/model/amazon.titan-image-generator-v2:0/invoke";
            let refused = bench.post(path, &body(word).to_string()).await;
            assert_eq!(refused.status(), 400);
            assert!(refused.text().contains("blocked by our content filters"), "{}", refused.text());
        }
    });
}
