//! Endpoints of every provider, each with a body that it takes, and whose words its errors are in.

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use world::http::Body;

use crate::harness::{Answered, Bench};

pub(crate) const HAIKU: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0";
pub(crate) const GOOGLE: &str = "/v1/projects/p/locations/l/publishers/google/models";
const ANTHROPIC: &str = "/v1/projects/p/locations/l/publishers/anthropic/models";
const LOCATION: &str = "/v1beta1/projects/p/locations/l";

/// Whose errors an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// The code in a header, `{"message":…}`.
    Bedrock,
    /// `{"error":{"code":…,"status":…}}`, or a list of one.
    Google,
    /// That, or the model's own: `{"type":"error",…}`, `{"object":"error",…}`.
    GoogleOrModel,
    /// `{"error":{"message":…,"type":…}}`.
    OpenAi,
    /// `{"type":"error","error":{"type":…},"request_id":…}`.
    Anthropic,
}

/// An endpoint and a body that it takes.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) body: &'static str,
    pub(crate) speaks: Speaks,
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let of = |speaks| move |(path, body): (String, &'static str)| Endpoint { path, body, speaks };
    let model = |id: &str, operation: &str| format!("/model/{id}/{operation}");
    let bedrock = [
        (format!("{HAIKU}/converse"), CONVERSATION),
        (format!("{HAIKU}/converse-stream"), CONVERSATION),
        (format!("{HAIKU}/invoke"), CLAUDE),
        (format!("{HAIKU}/invoke-with-response-stream"), CLAUDE),
        (
            format!("{HAIKU}/count-tokens"),
            r#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"x"}]}]}}}"#,
        ),
        (
            model("amazon.nova-lite-v1:0", "invoke"),
            r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":5,"topP":0.5}}"#,
        ),
        (
            model("amazon.titan-text-lite-v1", "invoke-with-response-stream"),
            r#"{"inputText":"x","textGenerationConfig":{"maxTokenCount":5,"stopSequences":["User:"]}}"#,
        ),
        (
            model("meta.llama3-8b-instruct-v1:0", "invoke"),
            r#"{"prompt":"x","max_gen_len":5,"temperature":0.5}"#,
        ),
        (
            model("mistral.mistral-7b-instruct-v0:2", "invoke"),
            r#"{"prompt":"<s>[INST] x [/INST]","max_tokens":5,"top_k":3,"stop":["a"]}"#,
        ),
        (
            model("cohere.command-text-v14", "invoke"),
            r#"{"prompt":"x","max_tokens":5,"num_generations":2,"truncate":"END"}"#,
        ),
        (
            model("cohere.command-r-v1:0", "invoke-with-response-stream"),
            r#"{"message":"x","tools":[{"name":"f","parameter_definitions":{"a":{"type":"List[str]","required":true}}}]}"#,
        ),
        (
            model("openai.gpt-oss-20b-1:0", "invoke"),
            r#"{"messages":[{"role":"user","content":"x"}],"max_tokens":5,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
        ),
        (
            model("amazon.titan-embed-text-v2:0", "invoke"),
            r#"{"inputText":"x","dimensions":256,"normalize":true,"embeddingTypes":["binary"]}"#,
        ),
        (
            model("amazon.titan-embed-image-v1", "invoke"),
            r#"{"inputText":"x","embeddingConfig":{"outputEmbeddingLength":256}}"#,
        ),
        (
            model("cohere.embed-english-v3", "invoke"),
            r#"{"texts":["x"],"input_type":"search_query","embedding_types":["int8"]}"#,
        ),
        (
            model("amazon.nova-canvas-v1:0", "invoke"),
            r#"{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"x"},"imageGenerationConfig":{"width":320,"height":320,"numberOfImages":1}}"#,
        ),
        (
            "/guardrail/abc/version/DRAFT/apply".to_owned(),
            r#"{"source":"INPUT","content":[{"text":{"text":"x@y.zz"}}]}"#,
        ),
        (
            "/guardrail-checks/invoke".to_owned(),
            r#"{"messages":[{"role":"user","content":[{"text":"é x@y.zz"}]}],"checks":{"sensitiveInformation":{"entities":[{"type":"EMAIL"}]}}}"#,
        ),
        (
            "/async-invoke".to_owned(),
            r#"{"modelId":"amazon.nova-reel-v1:1","modelInput":{},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/x"}}}"#,
        ),
    ];
    let google = [
        (format!("{GOOGLE}/gemini-2.5-flash:generateContent"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:streamGenerateContent?alt=sse"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:streamGenerateContent"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:countTokens"), CONTENTS),
        (format!("{GOOGLE}/gemini-2.5-flash:computeTokens"), CONTENTS),
        (
            format!("{GOOGLE}/text-embedding-005:predict"),
            r#"{"instances":[{"content":"x","task_type":"CLUSTERING"}],"parameters":{"outputDimensionality":8}}"#,
        ),
        (
            format!("{GOOGLE}/gemini-embedding-2:embedContent"),
            r#"{"content":{"parts":[{"text":"x"}]},"embedContentConfig":{"outputDimensionality":8}}"#,
        ),
        (
            format!("{GOOGLE}/multimodalembedding@001:predict"),
            r#"{"instances":[{"text":"x","image":{"gcsUri":"gs://b/x"}}],"parameters":{"dimension":128}}"#,
        ),
        (
            format!("{GOOGLE}/imagen-4.0-generate-001:predict"),
            r#"{"instances":[{"prompt":"brownout:filter"}],"parameters":{"sampleCount":1,"aspectRatio":"1:1"}}"#,
        ),
        (
            format!("{LOCATION}/endpoints/openapi/chat/completions"),
            r#"{"model":"google/gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"max_tokens":5}"#,
        ),
        (format!("{LOCATION}/endpoints/7:predict"), r#"{"instances":[1,2]}"#),
        (
            format!("{LOCATION}/cachedContents"),
            r#"{"model":"projects/p/locations/l/publishers/google/models/gemini-2.5-flash","contents":[{"role":"user","parts":[{"text":"x"}]}],"ttl":"60s"}"#,
        ),
    ];
    let models_own = [
        (format!("{ANTHROPIC}/claude-sonnet-4-5@20250929:rawPredict"), CLAUDE),
        (format!("{ANTHROPIC}/claude-sonnet-4-5@20250929:streamRawPredict"), CLAUDE),
        (
            format!("{ANTHROPIC}/count-tokens:rawPredict"),
            r#"{"model":"claude-sonnet-4-5@20250929","anthropic_version":"vertex-2023-10-16","messages":[{"role":"user","content":"x"}]}"#,
        ),
        (
            format!("{LOCATION}/publishers/mistralai/models/mistral-large-2411:rawPredict"),
            r#"{"model":"mistral-large-2411","messages":[{"role":"user","content":"x"}],"max_tokens":5}"#,
        ),
    ];
    let bedrock = bedrock.map(of(Speaks::Bedrock)).into_iter();
    let clouds =
        bedrock.chain(google.map(of(Speaks::Google))).chain(models_own.map(of(Speaks::GoogleOrModel)));
    let labs = openai()
        .into_iter()
        .map(of(Speaks::OpenAi))
        .chain(anthropic().into_iter().map(of(Speaks::Anthropic)));
    clouds.chain(labs).collect()
}

fn openai() -> Vec<(String, &'static str)> {
    vec![
        (
            "/v1/chat/completions".to_owned(),
            r#"{"model":"gpt-4o-mini","n":2,"stream":true,"stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":2,"max_completion_tokens":8,"stop":["x"],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"tool_choice":"auto","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}]}"#,
        ),
        (
            "/v1/responses".to_owned(),
            r#"{"model":"gpt-4o-mini","stream":true,"instructions":"i","max_output_tokens":16,"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}},"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"r"}]}"#,
        ),
        (
            "/v1/completions".to_owned(),
            r#"{"model":"gpt-3.5-turbo-instruct","prompt":["a","b"],"echo":true,"logprobs":2,"max_tokens":4,"n":2,"best_of":2}"#,
        ),
        (
            "/v1/embeddings".to_owned(),
            r#"{"model":"text-embedding-3-small","input":[[4,5],[1,2,3]],"dimensions":8,"encoding_format":"base64"}"#,
        ),
        (
            "/v1/images/generations".to_owned(),
            r#"{"model":"gpt-image-1","prompt":"a cat","n":1,"size":"1024x1024","quality":"low","output_format":"png"}"#,
        ),
        (
            "/v1/moderations".to_owned(),
            r#"{"model":"omni-moderation-latest","input":[{"type":"text","text":"hi"}]}"#,
        ),
        (
            "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21".to_owned(),
            r#"{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}"#,
        ),
        ("/openai/v1/responses".to_owned(), r#"{"model":"gpt-4o-mini","input":"hi","max_output_tokens":16}"#),
    ]
}

fn anthropic() -> Vec<(String, &'static str)> {
    vec![
        (
            "/v1/messages".to_owned(),
            r#"{"model":"claude-sonnet-4-5","max_tokens":2048,"stream":true,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["x"],"metadata":{"user_id":"u"},"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}],"tool_choice":{"type":"auto"},"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":"b"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"r"}]}]}"#,
        ),
        (
            "/v1/messages/count_tokens".to_owned(),
            r#"{"model":"claude-haiku-4-5","system":"s","messages":[{"role":"user","content":"hi"}]}"#,
        ),
        (
            "/v1/messages".to_owned(),
            r#"{"model":"claude-haiku-4-5","max_tokens":900,"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2,"allowed_domains":["a.example"]},{"type":"code_execution_20250522","name":"code_execution"}],"container":"c","messages":[{"role":"user","content":[{"type":"document","title":"t","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"One. Two."}},{"type":"document","citations":{"enabled":true},"source":{"type":"content","content":[{"type":"text","text":"x"}]}},{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}],"citations":{"enabled":true}},{"type":"text","text":"brownout:server-tools=3"}]},{"role":"assistant","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}]}]}"#,
        ),
    ]
}

const CONVERSATION: &str = r#"{"messages":[{"role":"user","content":[{"text":"x"},{"image":{"format":"png","source":{"bytes":"aQ=="}}}]}],"system":[{"text":"s"}],"inferenceConfig":{"maxTokens":5,"temperature":0.5,"stopSequences":["a"]},"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"string"}}}}}}],"toolChoice":{"auto":{}}},"additionalModelResponseFieldPaths":["/stop_sequence"]}"#;
const CLAUDE: &str = r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"system":"s","temperature":0.5,"stop_sequences":["a"],"tools":[{"name":"f","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}],"tool_choice":{"type":"auto"}}"#;
const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"x"},{"inlineData":{"mimeType":"image/png","data":"aQ=="}}]}],"systemInstruction":{"parts":[{"text":"s"}]},"generationConfig":{"maxOutputTokens":5,"temperature":0.5,"stopSequences":["a"],"candidateCount":2},"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}]}],"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}"#;

impl Endpoint {
    pub(crate) async fn send(&self, bench: &Bench, body: impl Into<Bytes>) -> Answered {
        let request =
            Request::post(&self.path).header("host", "mock").header("content-type", "application/json");
        // Without a version nothing else is looked at.
        let request = match self.speaks {
            Speaks::Anthropic => request.header("anthropic-version", "2023-06-01"),
            _ => request,
        };
        bench.call(request.body(Body::full(body)).expect("a request")).await
    }

    /// An answer is a success, or an error in the words of whoever speaks here.
    pub(crate) fn check(&self, answered: &Answered, body: &[u8]) {
        let asked = || format!("{} {}: {}", self.path, String::from_utf8_lossy(body), answered.text());
        match answered.status() {
            200 => {}
            400 | 404 | 413 => assert!(self.is_own_error(answered), "{}", asked()),
            status => panic!("{status}: {}", asked()),
        }
    }

    pub(crate) fn is_own_error(&self, answered: &Answered) -> bool {
        let Ok(error) = serde_json::from_slice::<Value>(&answered.body) else { return false };
        let google = || {
            let error = error.get(0).unwrap_or(&error);
            error["error"]["code"] == answered.status() && error["error"]["status"].is_string()
        };
        let is_models = || error["type"] == "error" || error["object"] == "error";
        match self.speaks {
            Speaks::Bedrock => {
                let code = answered.header("x-amzn-errortype").split(':').next().unwrap_or_default();
                code.ends_with("Exception") && error["message"].is_string()
            }
            Speaks::Google => google(),
            Speaks::GoogleOrModel => google() || is_models(),
            Speaks::OpenAi => {
                let error = &error["error"];
                // What Azure's own front end refuses, a deployment that there is not, has a code and no type.
                let is_azure = self.path.starts_with("/openai/") && error["code"].is_string();
                error["message"].is_string() && (error["type"].is_string() || is_azure)
            }
            Speaks::Anthropic => {
                error["type"] == "error" && error["request_id"] == answered.header("request-id")
            }
        }
    }
}
