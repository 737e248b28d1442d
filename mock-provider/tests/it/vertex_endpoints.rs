//! What endpoints of a project answer: tensors, raw bodies, chats, and why nothing is explained.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answered, Bench, NONCE, against, request};

const EXACT: &str =
    "profile = \"vertex/gemini-flash\"\nauth = \"off\"\nlatency = { ttft_cv = 0.0, inter_token_cv = 0.0 }\n";
const PARENT: &str = "projects/p-1/locations/us-central1";
const ENDPOINT: &str = "/v1/projects/p-1/locations/us-central1/endpoints/77";
const DEPLOYED: &str = "6180786943526862848";

fn said(tokens: std::ops::Range<u32>) -> String {
    tokens.map(|token| format!(" 8bd0.{token}")).collect()
}

fn value(answered: &Answered) -> Value {
    serde_json::from_slice(&answered.body).unwrap_or_else(|_| panic!("no JSON: {}", answered.text()))
}

async fn ask(bench: &Bench, verb: &str, body: &Value) -> (u16, Value) {
    let answered = bench.post(&format!("{ENDPOINT}:{verb}"), &body.to_string()).await;
    (answered.status(), value(&answered))
}

fn tensors(inputs: &[&str], limit: u32) -> Value {
    let input = |text: &&str| json!({"structVal": {"prompt": {"stringVal": [text]}}});
    let inputs: Vec<Value> = inputs.iter().map(input).collect();
    json!({"inputs": inputs, "parameters": {"structVal": {"maxOutputTokens": {"intVal": [limit]}}}})
}

/// The text of one output, and how many messages have another number of outputs.
fn text_of(messages: &[Value], output: usize) -> String {
    let text = |message: &Value| message["outputs"][output]["structVal"]["content"]["stringVal"][0].clone();
    messages.iter().map(|message| text(message).as_str().expect("a text").to_owned()).collect()
}

#[test]
fn tensors_are_streamed_as_an_array_or_as_events() {
    against(EXACT, |bench| async move {
        let path = format!("{ENDPOINT}:serverStreamingPredict");
        let body = tensors(&[&format!("{NONCE}\nhello")], 40).to_string();
        let array = bench.post(&path, &body).await;
        assert_eq!(array.header("content-type"), "application/json; charset=UTF-8");
        let first = r#"[{"outputs":[{"structVal":{"content":{"stringVal":[" 8bd0.0"#;
        assert!(array.text().starts_with(first), "{}", array.text());
        assert!(array.end_at > array.head_at);
        let messages: Vec<Value> = serde_json::from_slice(&array.body).expect("an array");
        assert!(messages.len() >= 4, "{}", messages.len());
        assert_eq!(text_of(&messages, 0), said(0..40));
        assert!(messages.iter().all(|message| {
            message["outputs"][0]["structVal"]["safetyAttributes"]["structVal"]["blocked"]["boolVal"]
                == json!([false])
        }));

        let events = bench.post(&format!("{path}?alt=sse"), &body).await;
        assert_eq!(events.header("content-type"), "text/event-stream");
        let told: Vec<Value> = events
            .text()
            .split_terminator("\r\n\r\n")
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").expect("an event")).expect("JSON"))
            .collect();
        assert_eq!(text_of(&told, 0), said(0..40));
    });
}

#[test]
fn every_input_has_its_output_and_a_limit() {
    against(EXACT, |bench| async move {
        let (status, messages) =
            ask(&bench, "serverStreamingPredict", &tensors(&[NONCE, "another"], 12)).await;
        let messages = messages.as_array().expect("an array");
        assert_eq!(status, 200);
        assert!(messages.iter().all(|message| message["outputs"].as_array().map(Vec::len) == Some(2)));
        assert_eq!(text_of(messages, 0), said(0..12));
        assert_eq!(text_of(messages, 1).matches("8bd0.").count(), 12, "{}", text_of(messages, 1));
        let mut plain = tensors(&[NONCE], 1);
        plain.as_object_mut().expect("an object").remove("parameters");
        let (_, messages) = ask(&bench, "serverStreamingPredict", &plain).await;
        let length = text_of(messages.as_array().expect("an array"), 0).matches("8bd0.").count();
        assert!((1..=128).contains(&length), "{length}");
    });
}

#[test]
fn errors_of_a_stream_of_tensors_are_wrapped_as_its_framing_is() {
    against(EXACT, |bench| async move {
        let parser = "Unknown name \"stringVal\" at 'inputs[0]'";
        for (body, message) in [
            (json!({}), "Request contains an invalid argument."),
            (
                json!({"inputs": [{"stringVal": [5]}]}),
                "Invalid value at 'inputs[0].string_val[0]' (TYPE_STRING), 5",
            ),
            (
                json!({"parameters": []}),
                "Unknown name \"parameters\": Proto field is not repeating, cannot start list.",
            ),
            (json!({"inputs": [{"dtype": [], "stringVal": "x"}]}), "Unknown name \"dtype\" at 'inputs[0]'"),
            (tensors(&["x"], 0), "it has a maxOutputTokens value of 0 but the supported range is from 1"),
        ] {
            for (query, is_list) in [("", true), ("?$alt=json;enum-encoding=int", true), ("?alt=sse", false)]
            {
                let answered =
                    bench.post(&format!("{ENDPOINT}:serverStreamingPredict{query}"), &body.to_string()).await;
                assert_eq!(answered.status(), 400, "{body}{query}: {}", answered.text());
                assert_eq!(answered.text().starts_with("[{\n"), is_list, "{query}: {}", answered.text());
                let error = value(&answered);
                let error = if is_list { &error[0]["error"] } else { &error["error"] };
                assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
                let said = error["message"].as_str().expect("a message");
                assert!(said.contains(message), "{body}: {said} {parser}");
            }
        }
        let nowhere = ENDPOINT.replace("/77", "/none");
        let answered = bench.post(&format!("{nowhere}:serverStreamingPredict"), "{}").await;
        assert_eq!((answered.status(), &value(&answered)[0]["error"]["status"]), (404, &json!("NOT_FOUND")));
    });
}

fn check_head(answered: &Answered) {
    assert_eq!(answered.header("x-vertex-ai-endpoint-id"), "77");
    assert_eq!(answered.header("x-vertex-ai-deployed-model-id"), DEPLOYED);
    assert_eq!(answered.header("x-vertex-ai-model"), format!("{PARENT}/models/4193520786934661120"));
    assert_eq!(answered.header("x-vertex-ai-model-version-id"), "1");
}

#[test]
fn a_raw_body_is_the_model_servers_own() {
    against(EXACT, |bench| async move {
        let instances = json!({"instances": [{"prompt": format!("{NONCE}\nhello")}, {"a": 2}]});
        let (_, predicted) = ask(&bench, "predict", &instances).await;
        let answered = bench.post(&format!("{ENDPOINT}:rawPredict"), &instances.to_string()).await;
        check_head(&answered);
        assert_eq!(value(&answered)["predictions"].as_array().map(Vec::len), Some(2));
        assert_eq!(value(&answered)["model"], predicted["model"]);
        // As the generated client sends it over REST.
        let packed = json!({"httpBody": {"contentType": "application/json", "data": BASE64_STANDARD.encode(instances.to_string())}});
        let unpacked = bench.post(&format!("{ENDPOINT}:rawPredict"), &packed.to_string()).await;
        assert_eq!(value(&unpacked)["predictions"].as_array().map(Vec::len), Some(2));

        let streamed = bench.post(&format!("{ENDPOINT}:streamRawPredict"), &instances.to_string()).await;
        check_head(&streamed);
        let events =
            streamed.text().strip_suffix("data: [DONE]\n\n").expect("an end").split_terminator("\n\n");
        let lines: Vec<Value> = events
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").expect("an event")).expect("JSON"))
            .collect();
        let whole = |index: usize| -> String {
            lines.iter().map(|line| line["predictions"][index].as_str().expect("a text")).collect()
        };
        assert!(lines.len() > 1);
        assert_eq!(whole(0), said(0..16));
        assert_eq!(json!([whole(0), whole(1)]), value(&answered)["predictions"]);
    });
}

#[test]
fn a_deployed_model_chats_without_being_named() {
    against(EXACT, |bench| async move {
        let messages = json!([{"role": "user", "content": format!("{NONCE}\nhello")}]);
        let unnamed = json!({"messages": messages, "max_tokens": 4});
        let named = json!({"model": "mine", "messages": messages, "max_tokens": 4});
        for (path, is_raw) in [("/chat/completions", false), (":rawPredict", true)] {
            for (body, model) in [(&unnamed, "mock-tuned-model"), (&named, "mine")] {
                let answered = bench.post(&format!("{ENDPOINT}{path}"), &body.to_string()).await;
                let chat = value(&answered);
                assert_eq!((answered.status(), &chat["model"]), (200, &json!(model)), "{chat}");
                assert_eq!(chat["choices"][0]["message"]["content"], said(0..4));
                assert_eq!(!answered.header("x-vertex-ai-endpoint-id").is_empty(), is_raw);
            }
        }
        let mut asked = unnamed.clone();
        asked["stream"] = json!(true);
        for path in ["/chat/completions", ":streamRawPredict"] {
            let streamed = bench.post(&format!("{ENDPOINT}{path}"), &asked.to_string()).await;
            assert!(streamed.text().ends_with("data: [DONE]\n\n"), "{}", streamed.text());
        }
        // The verb decides, not the body.
        let whole = bench.post(&format!("{ENDPOINT}:rawPredict"), &asked.to_string()).await;
        assert_eq!(value(&whole)["object"], "chat.completion");
        for (path, is_list) in
            [("/chat/completions", true), (":rawPredict", false), (":streamRawPredict", true)]
        {
            let refused = bench.post(&format!("{ENDPOINT}{path}"), r#"{"messages":[]}"#).await;
            assert_eq!(refused.status(), 400, "{path}");
            assert_eq!(value(&refused).is_array(), is_list, "{path}: {}", refused.text());
        }
        let nowhere =
            bench.post(&format!("/v1/{PARENT}/endpoints/x/chat/completions"), &unnamed.to_string()).await;
        assert_eq!(nowhere.status(), 404);
    });
}

#[test]
fn nothing_is_explained() {
    against(EXACT, |bench| async move {
        for (body, code, status, message) in [
            (
                json!({"instances": [{}]}),
                400,
                "FAILED_PRECONDITION",
                format!("Deployed model {DEPLOYED} does not support explanation."),
            ),
            (
                json!({"instances": [{}], "deployedModelId": DEPLOYED}),
                400,
                "FAILED_PRECONDITION",
                format!("Deployed model {DEPLOYED} does not support explanation."),
            ),
            (
                json!({"instances": [{}], "deployedModelId": "1"}),
                404,
                "NOT_FOUND",
                "Deployed model 1 is not found.".into(),
            ),
            (
                json!({"instances": []}),
                400,
                "INVALID_ARGUMENT",
                "Request contains an invalid argument.".into(),
            ),
            (json!([]), 400, "INVALID_ARGUMENT", "Root element must be a message.".into()),
        ] {
            let (found, error) = ask(&bench, "explain", &body).await;
            assert_eq!((found, &error["error"]["status"]), (code, &json!(status)), "{body}: {error}");
            assert!(
                error["error"]["message"].as_str().expect("a message").contains(&message),
                "{body}: {error}"
            );
        }
    });
}

#[test]
fn an_endpoint_says_what_is_deployed_there() {
    against(EXACT, |bench| async move {
        let get = |path: &str| request(Method::GET, path, &[], "");
        let one = value(&bench.call(get(ENDPOINT)).await);
        assert_eq!(one["name"], format!("{PARENT}/endpoints/77"));
        assert_eq!(
            (&one["deployedModels"][0]["id"], &one["trafficSplit"][DEPLOYED]),
            (&json!(DEPLOYED), &json!(100))
        );
        let listed = value(&bench.call(get(&format!("/v1/{PARENT}/endpoints"))).await);
        let name = listed["endpoints"][0]["name"].as_str().expect("a name");
        let model = value(&bench.call(get(&format!("/v1/{PARENT}/models"))).await)["models"][0].clone();
        assert_eq!(model["deployedModels"][0]["endpoint"], name);
        assert_eq!(bench.call(get(&format!("/v1/{name}"))).await.status(), 200);
        assert_eq!(bench.call(get(&format!("/v1/{PARENT}/endpoints/x"))).await.status(), 404);
        let posted = bench.post(ENDPOINT, "{}").await;
        assert_eq!(posted.status(), 404, "there is nothing to be made");
    });
}

#[test]
fn what_is_not_served_says_so() {
    against(EXACT, |bench| async move {
        let google = format!("/v1/{PARENT}/publishers/google/models");
        for path in [
            format!("{google}/veo-3.1-generate-001:predictLongRunning"),
            format!("{google}/veo-3.1-generate-001:fetchPredictOperation"),
            format!("{ENDPOINT}:predictLongRunning"),
            format!("{google}/gemini-2.5-flash:generateContent?alt=proto"),
        ] {
            let answered = bench.post(&path, "{}").await;
            let error = value(&answered)["error"].clone();
            assert_eq!(
                (answered.status(), &error["status"]),
                (501, &json!("UNIMPLEMENTED")),
                "{path}: {error}"
            );
            let said = error["message"].as_str().expect("a message");
            assert!(said.starts_with("Operation is not implemented: this mock does not serve "), "{said}");
        }
        for verb in ["predict", "rawPredict", "serverStreamingPredict"] {
            let answered = bench.post(&format!("{google}/gemini-2.5-flash:{verb}"), "{}").await;
            assert_eq!(answered.status(), 400);
            let words = "Gemini cannot be accessed through Vertex Predict/RawPredict API.";
            assert!(
                answered.text().contains(words) && answered.text().contains("FAILED_PRECONDITION"),
                "{verb}"
            );
            assert_eq!(value(&answered).is_array(), verb == "serverStreamingPredict");
        }
        let headers = [("content-type", "application/grpc+proto"), ("te", "trailers")];
        let path = "/google.cloud.aiplatform.v1.PredictionService/GenerateContent";
        let answered = bench.call(request(Method::POST, path, &headers, "\0\0\0\0\0")).await;
        assert_eq!((answered.status(), answered.header("grpc-status"), answered.text()), (200, "12", ""));
        assert_eq!(answered.header("content-type"), "application/grpc");
        assert!(answered.header("grpc-message").contains("this mock does not serve gRPC"));
    });
}
