//! InvokeModel and InvokeModelWithResponseStream: Claude, and Titan's embeddings.

use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{CountTokensInput, InvokeModelTokensRequest, ResponseStream};
use serde_json::{Value, json};

use crate::cases::{Cases, call};
use crate::client::{CLAUDE, JSON, TITAN, check_arguments, claude_body, claude_tools, plain};
use crate::nonce::{nonce_of, whole_tokens};

const NAME: &str = "InvokeModel, Claude";
const EMBEDDINGS: &str = "InvokeModel, Titan embeddings";

pub fn cases(cases: &mut Cases) {
    cases.add("InvokeModel", vec![call(NAME, "plain"), call(NAME, "usage")], claude());
    cases.add(
        "InvokeModelWithResponseStream",
        vec![call(NAME, "stream"), call(NAME, "usage")],
        claude_stream(),
    );
    cases.add("InvokeModel calls a tool", vec![call(NAME, "tool")], claude_tool());
    cases.add(
        "InvokeModelWithResponseStream calls a tool",
        vec![call(NAME, "stream tool")],
        claude_stream_tool(),
    );
    cases.add("CountTokens of an InvokeModel request", vec![call(NAME, "count")], count_tokens());
    cases.add("InvokeModel embeds", vec![call(EMBEDDINGS, "plain"), call(EMBEDDINGS, "usage")], embeddings());
}

async fn invoke(model: &str, body: Blob) -> Value {
    let answer =
        plain().invoke_model().model_id(model).content_type(JSON).body(body).send().await.expect("an answer");
    assert_eq!(answer.content_type(), "application/json");
    serde_json::from_slice(answer.body().as_ref()).expect("JSON")
}

/// What a chunk of the stream holds.
pub fn piece(event: &ResponseStream) -> Value {
    let bytes = event.as_chunk().expect("a chunk").bytes().expect("bytes");
    serde_json::from_slice(bytes.as_ref()).expect("JSON")
}

async fn invoke_stream(body: Blob) -> Vec<Value> {
    let request = plain().invoke_model_with_response_stream().model_id(CLAUDE).content_type(JSON).body(body);
    let mut answer = request.send().await.expect("a stream");
    assert_eq!(answer.content_type(), "application/json");
    let mut pieces = Vec::new();
    while let Some(event) = answer.body.recv().await.expect("a chunk") {
        pieces.push(piece(&event));
    }
    pieces
}

async fn claude() {
    let nonce = nonce_of("invoke");
    let message = invoke(CLAUDE, claude_body(&nonce, json!({}))).await;
    assert!(message["id"].as_str().expect("an id").starts_with("msg_bdrk_01"), "{message}");
    let tokens = whole_tokens(&nonce, message["content"][0]["text"].as_str().expect("a text"));
    assert_eq!(message["usage"]["output_tokens"], tokens);
    assert!(message["usage"]["input_tokens"].as_i64().expect("a count") > 0);
    assert!(message["stop_reason"] == "end_turn" || message["stop_reason"] == "max_tokens");
}

async fn claude_stream() {
    let nonce = nonce_of("invoke-stream");
    let pieces = invoke_stream(claude_body(&nonce, json!({}))).await;
    let text: String = pieces.iter().filter_map(|piece| piece["delta"]["text"].as_str()).collect();
    let tokens = whole_tokens(&nonce, &text);
    let [first, .., delta, last] = pieces.as_slice() else { panic!("too few chunks: {pieces:?}") };
    assert_eq!(first["type"], "message_start");
    assert_eq!(delta["usage"]["output_tokens"], tokens);
    assert_eq!(last["type"], "message_stop");
    assert_eq!(last["amazon-bedrock-invocationMetrics"]["outputTokenCount"], tokens);
}

async fn claude_tool() {
    let message = invoke(CLAUDE, claude_body(&nonce_of("invoke-tool"), claude_tools())).await;
    assert_eq!(message["stop_reason"], "tool_use");
    let blocks = message["content"].as_array().expect("blocks");
    let calls: Vec<_> = blocks.iter().filter(|block| block["type"] == "tool_use").collect();
    assert!(!calls.is_empty(), "{message}");
    for call in calls {
        assert_eq!(call["name"], "weather");
        assert!(call["id"].as_str().expect("an id").starts_with("toolu_bdrk_01"), "{call}");
        check_arguments(&call["input"]);
    }
}

async fn claude_stream_tool() {
    let pieces = invoke_stream(claude_body(&nonce_of("invoke-stream-tool"), claude_tools())).await;
    let starts: Vec<_> = pieces.iter().filter(|piece| piece["content_block"]["type"] == "tool_use").collect();
    assert!(!starts.is_empty(), "no tool was called");
    for start in starts {
        assert_eq!(start["content_block"]["name"], "weather");
        let of_block = pieces.iter().filter(|piece| piece["index"] == start["index"]);
        let arguments: String =
            of_block.filter_map(|piece| piece["delta"]["partial_json"].as_str()).collect();
        check_arguments(&serde_json::from_str(&arguments).expect("arguments in JSON"));
    }
    let delta = pieces.iter().find(|piece| piece["type"] == "message_delta").expect("an end");
    assert_eq!(delta["delta"]["stop_reason"], "tool_use");
}

async fn count_tokens() {
    let nonce = nonce_of("invoke-count");
    let body = claude_body(&nonce, json!({ "max_tokens": 4 }));
    let request = InvokeModelTokensRequest::builder().body(body.clone()).build().expect("a request");
    let input = CountTokensInput::InvokeModel(request);
    let counted = plain().count_tokens().model_id(CLAUDE).input(input).send().await.expect("a count");
    assert!(counted.input_tokens() > 0);
    assert_eq!(invoke(CLAUDE, body).await["usage"]["input_tokens"], counted.input_tokens());
}

async fn embeddings() {
    let body = json!({ "inputText": "A text.", "dimensions": 256, "normalize": true });
    let answer = invoke(TITAN, Blob::new(body.to_string())).await;
    let values: Vec<f64> = serde_json::from_value(answer["embedding"].clone()).expect("numbers");
    assert_eq!(values.len(), 256);
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    assert!((length - 1.0).abs() < 1e-3, "{length}");
    assert!(answer["inputTextTokenCount"].as_i64().expect("a count") > 0);
}
