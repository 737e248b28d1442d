//! Every way in which a mock can be asked for words: one request, plain, streamed and counted.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{Method, Request};
use serde_json::{Value, json};
use world::http::Body;

use crate::harness::{Answered, Bench, NONCE, request};

/// One way wants the second, and none minds it.
const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/json"), ("anthropic-version", "2023-06-01")];

const CLAUDE_AT_BEDROCK: &str = "/model/anthropic.claude-3-5-haiku-20241022-v1:0";
const NOVA: &str = "/model/amazon.nova-lite-v1:0";
const GOOGLE: &str = "/v1/projects/p-1/locations/us-central1/publishers";
const HAIKU: &str = "claude-haiku-4-5-20251001";

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) system: String,
    pub(crate) user: String,
    pub(crate) max_tokens: u32,
    /// Whether there is a function to call. The formats that have none leave it out.
    pub(crate) with_function: bool,
    /// Whether the instructions are marked for the cache, where there are marks.
    pub(crate) is_marked: bool,
}

impl Asked {
    /// A short request.
    pub(crate) fn new(user: &str) -> Self {
        Self {
            system: "Answer in one sentence.".to_owned(),
            user: format!("{NONCE}\n{user}"),
            max_tokens: 12,
            with_function: false,
            is_marked: false,
        }
    }

    fn turns(&self) -> Value {
        json!([{"role": "user", "content": self.user}])
    }

    /// All that is said, in one text.
    fn flat(&self) -> String {
        format!("{}\n{}", self.system, self.user)
    }
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string", "description": "Where."}}, "required": ["city"]})
}

/// Where a request goes, and what it looks like there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// The profile that its model follows.
    profile: &'static str,
    plain: &'static str,
    streamed: &'static str,
    body: fn(&Asked, bool) -> Value,
    count: fn(&Asked) -> Option<(String, Value)>,
    /// Whether there is a cache that prompts are read from.
    pub(crate) caches: bool,
    /// Whether nothing need be marked for it.
    pub(crate) is_automatic: bool,
}

const CONVERSE: Way = Way {
    name: "Converse",
    profile: "bedrock/claude-haiku",
    plain: "/model/anthropic.claude-3-5-haiku-20241022-v1:0/converse",
    streamed: "/model/anthropic.claude-3-5-haiku-20241022-v1:0/converse-stream",
    body: |asked, _| converse(asked),
    count: |asked| {
        let mut request = converse(asked);
        request.as_object_mut().expect("an object").remove("inferenceConfig");
        Some((format!("{CLAUDE_AT_BEDROCK}/count-tokens"), json!({"input": {"converse": request}})))
    },
    caches: true,
    is_automatic: false,
};

const MESSAGES: Way = Way {
    name: "Messages",
    profile: "anthropic/claude-haiku",
    plain: "/v1/messages",
    streamed: "/v1/messages",
    body: |asked, is_streamed| {
        with(
            &messages(asked),
            &json!({"model": HAIKU, "max_tokens": asked.max_tokens, "stream": is_streamed}),
        )
    },
    count: |asked| {
        Some(("/v1/messages/count_tokens".to_owned(), with(&messages(asked), &json!({"model": HAIKU}))))
    },
    caches: true,
    is_automatic: false,
};

const CHAT: Way = Way {
    name: "chat completions",
    profile: "openai/gpt-4o",
    plain: "/v1/chat/completions",
    streamed: "/v1/chat/completions",
    body: |asked, is_streamed| chat("gpt-4o", asked, is_streamed),
    count: |_| None,
    caches: true,
    is_automatic: true,
};

const INVOKED: Way = Way { caches: false, count: |_| None, ..CONVERSE };

/// All ways there are.
pub(crate) const WAYS: [Way; 15] = [
    CONVERSE,
    Way {
        name: "Converse, Nova",
        profile: "bedrock/nova-lite",
        plain: "/model/amazon.nova-lite-v1:0/converse",
        streamed: "/model/amazon.nova-lite-v1:0/converse-stream",
        count: |asked| {
            let mut request = converse(asked);
            request.as_object_mut().expect("an object").remove("inferenceConfig");
            Some((format!("{NOVA}/count-tokens"), json!({"input": {"converse": request}})))
        },
        ..CONVERSE
    },
    Way {
        name: "InvokeModel, Claude",
        plain: "/model/anthropic.claude-3-5-haiku-20241022-v1:0/invoke",
        streamed: "/model/anthropic.claude-3-5-haiku-20241022-v1:0/invoke-with-response-stream",
        body: |asked, _| claude_at_bedrock(asked),
        count: |asked| Some(counted_body(CLAUDE_AT_BEDROCK, &claude_at_bedrock(asked))),
        ..CONVERSE
    },
    Way {
        name: "InvokeModel, Nova",
        profile: "bedrock/nova-lite",
        plain: "/model/amazon.nova-lite-v1:0/invoke",
        streamed: "/model/amazon.nova-lite-v1:0/invoke-with-response-stream",
        body: |asked, _| converse(asked),
        count: |asked| Some(counted_body(NOVA, &converse(asked))),
        ..CONVERSE
    },
    Way {
        name: "InvokeModel, Titan",
        profile: "bedrock/titan-text",
        plain: "/model/amazon.titan-text-express-v1/invoke",
        streamed: "/model/amazon.titan-text-express-v1/invoke-with-response-stream",
        body: |asked, _| titan(asked),
        count: |asked| Some(counted_body("/model/amazon.titan-text-express-v1", &titan(asked))),
        ..INVOKED
    },
    Way {
        name: "InvokeModel, Llama",
        profile: "bedrock/llama",
        plain: "/model/meta.llama3-1-8b-instruct-v1:0/invoke",
        streamed: "/model/meta.llama3-1-8b-instruct-v1:0/invoke-with-response-stream",
        body: |asked, _| llama(asked),
        count: |asked| Some(counted_body("/model/meta.llama3-1-8b-instruct-v1:0", &llama(asked))),
        ..INVOKED
    },
    Way {
        name: "InvokeModel, Mistral",
        profile: "bedrock/mistral",
        plain: "/model/mistral.mistral-7b-instruct-v0:2/invoke",
        streamed: "/model/mistral.mistral-7b-instruct-v0:2/invoke-with-response-stream",
        body: |asked, _| json!({"prompt": asked.flat(), "max_tokens": asked.max_tokens}),
        ..INVOKED
    },
    Way {
        name: "InvokeModel, gpt-oss",
        profile: "bedrock/open-weights",
        plain: "/model/openai.gpt-oss-20b-1:0/invoke",
        streamed: "/model/openai.gpt-oss-20b-1:0/invoke-with-response-stream",
        body: |asked, _| json!({"messages": asked.turns(), "max_tokens": asked.max_tokens}),
        count: |asked| {
            let body = json!({"messages": asked.turns(), "max_tokens": asked.max_tokens});
            Some(counted_body("/model/openai.gpt-oss-20b-1:0", &body))
        },
        ..INVOKED
    },
    MESSAGES,
    Way {
        name: "rawPredict",
        profile: "vertex/claude",
        plain: "/v1/projects/p-1/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict",
        streamed: "/v1/projects/p-1/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict",
        body: |asked, is_streamed| {
            let own = json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": asked.max_tokens, "stream": is_streamed});
            with(&messages(asked), &own)
        },
        count: |asked| {
            let own = json!({"anthropic_version": "vertex-2023-10-16", "model": "claude-haiku-4-5@20251001"});
            let path = format!("{GOOGLE}/anthropic/models/count-tokens:rawPredict");
            Some((path, with(&messages(asked), &own)))
        },
        ..MESSAGES
    },
    Way {
        name: "generateContent",
        profile: "vertex/gemini-flash",
        plain: "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent",
        streamed: "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        body: |asked, _| {
            with(&contents(asked), &json!({"generationConfig": {"maxOutputTokens": asked.max_tokens}}))
        },
        count: |asked| {
            Some((format!("{GOOGLE}/google/models/gemini-2.5-flash:countTokens"), contents(asked)))
        },
        ..CHAT
    },
    CHAT,
    Way {
        name: "chat completions at Azure",
        plain: "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        streamed: "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        ..CHAT
    },
    Way {
        name: "chat completions at Vertex AI",
        profile: "vertex/gemini-flash",
        plain: "/v1/projects/p-1/locations/us-central1/endpoints/openapi/chat/completions",
        streamed: "/v1/projects/p-1/locations/us-central1/endpoints/openapi/chat/completions",
        body: |asked, is_streamed| chat("google/gemini-2.5-flash", asked, is_streamed),
        count: |asked| {
            Some((format!("{GOOGLE}/google/models/gemini-2.5-flash:countTokens"), contents(asked)))
        },
        ..CHAT
    },
    Way {
        name: "responses",
        plain: "/v1/responses",
        streamed: "/v1/responses",
        body: |asked, is_streamed| {
            // The service takes no less.
            let own = json!({"max_output_tokens": asked.max_tokens.max(16), "stream": is_streamed});
            with(&responses(asked), &own)
        },
        count: |asked| Some(("/v1/responses/input_tokens".to_owned(), responses(asked))),
        ..CHAT
    },
];

/// `body` with the members of `more`.
fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

fn counted_body(model: &str, body: &Value) -> (String, Value) {
    let body = BASE64_STANDARD.encode(body.to_string());
    (format!("{model}/count-tokens"), json!({"input": {"invokeModel": {"body": body}}}))
}

fn converse(asked: &Asked) -> Value {
    let mut system = vec![json!({"text": asked.system})];
    if asked.is_marked {
        system.push(json!({"cachePoint": {"type": "default"}}));
    }
    let mut body = json!({
        "messages": [{"role": "user", "content": [{"text": asked.user}]}],
        "system": system,
        "inferenceConfig": {"maxTokens": asked.max_tokens},
    });
    if asked.with_function {
        let spec =
            json!({"name": "weather", "description": "The weather.", "inputSchema": {"json": schema()}});
        body["toolConfig"] = json!({"tools": [{"toolSpec": spec}]});
    }
    body
}

fn messages(asked: &Asked) -> Value {
    let mut block = json!({"type": "text", "text": asked.system});
    if asked.is_marked {
        block["cache_control"] = json!({"type": "ephemeral"});
    }
    let mut body = json!({"system": [block], "messages": asked.turns()});
    if asked.with_function {
        body["tools"] = json!([{"name": "weather", "description": "The weather.", "input_schema": schema()}]);
    }
    body
}

fn claude_at_bedrock(asked: &Asked) -> Value {
    let own = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": asked.max_tokens});
    with(&messages(asked), &own)
}

fn titan(asked: &Asked) -> Value {
    json!({"inputText": asked.flat(), "textGenerationConfig": {"maxTokenCount": asked.max_tokens}})
}

fn llama(asked: &Asked) -> Value {
    json!({"prompt": asked.flat(), "max_gen_len": asked.max_tokens})
}

fn contents(asked: &Asked) -> Value {
    let mut body = json!({
        "contents": [{"role": "user", "parts": [{"text": asked.user}]}],
        "systemInstruction": {"role": "user", "parts": [{"text": asked.system}]},
    });
    if asked.with_function {
        let declaration = json!({"name": "weather", "description": "The weather.", "parameters": schema()});
        body["tools"] = json!([{"functionDeclarations": [declaration]}]);
    }
    body
}

fn function() -> Value {
    json!({"name": "weather", "description": "The weather.", "parameters": schema()})
}

fn chat(model: &str, asked: &Asked, is_streamed: bool) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [{"role": "system", "content": asked.system}, {"role": "user", "content": asked.user}],
        "max_tokens": asked.max_tokens,
    });
    if is_streamed {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    if asked.with_function {
        body["tools"] = json!([{"type": "function", "function": function()}]);
    }
    body
}

fn responses(asked: &Asked) -> Value {
    let mut body = json!({"model": "gpt-4o", "instructions": asked.system, "input": asked.user});
    if asked.with_function {
        body["tools"] = json!([with(&function(), &json!({"type": "function"}))]);
    }
    body
}

/// What an answer tells of its cost, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The whole prompt.
    pub(crate) prompt: u64,
    /// What of it was read from the cache, and written to it.
    pub(crate) read: u64,
    pub(crate) written: u64,
    /// The answer.
    pub(crate) answer: u64,
}

impl Way {
    /// The file of a mock whose speed, lengths and quota for this way are those of `file`.
    pub(crate) fn file(&self, file: &str) -> String {
        format!("profile = \"{}\"\n{file}", self.profile)
    }

    /// Asks plainly or for a stream.
    pub(crate) async fn ask(&self, bench: &Bench, asked: &Asked, is_streamed: bool) -> Answered {
        bench.call(self.request(asked, is_streamed)).await
    }

    /// The request.
    pub(crate) fn request(&self, asked: &Asked, is_streamed: bool) -> Request<Body> {
        let path = if is_streamed { self.streamed } else { self.plain };
        request(Method::POST, path, &HEADERS, &(self.body)(asked, is_streamed).to_string())
    }

    /// What the service's own count says, where it has one.
    pub(crate) async fn count(&self, bench: &Bench, asked: &Asked) -> Option<u64> {
        let (path, body) = (self.count)(asked)?;
        let answered = bench.call(request(Method::POST, &path, &HEADERS, &body.to_string())).await;
        assert_eq!(answered.status(), 200, "{}: {}", self.name, answered.text());
        let count: Value = serde_json::from_slice(&answered.body).expect("JSON");
        let names = ["inputTokens", "input_tokens", "totalTokens"];
        Some(names.iter().find_map(|name| count[name].as_u64()).expect("a count"))
    }

    /// What an answer tells of its cost.
    pub(crate) fn told(&self, answered: &Answered) -> Told {
        assert_eq!(answered.status(), 200, "{}: {:?}", self.name, answered.body);
        let objects = objects(answered);
        let last = |pointers: &[&str]| -> u64 {
            let found = objects
                .iter()
                .flat_map(|object| pointers.iter().filter_map(|at| object.pointer(at)?.as_u64()));
            found.last().unwrap_or_default()
        };
        let mut told = Told {
            prompt: last(PROMPT),
            read: last(READ),
            written: last(WRITTEN),
            answer: last(ANSWER) + last(&["/usageMetadata/thoughtsTokenCount"]),
        };
        let counted_apart = ["Converse", "InvokeModel", "Messages", "rawPredict"];
        if counted_apart.iter().any(|family| self.name.starts_with(family)) {
            told.prompt += told.read + told.written;
        }
        told
    }
}

const PROMPT: &[&str] = &[
    "/usage/inputTokens",
    "/metadata/usage/inputTokens",
    "/usage/input_tokens",
    "/message/usage/input_tokens",
    "/usageMetadata/promptTokenCount",
    "/usage/prompt_tokens",
    "/response/usage/input_tokens",
    "/amazon-bedrock-invocationMetrics/inputTokenCount",
    "/inputTextTokenCount",
    "/headers/input",
];
const READ: &[&str] = &[
    "/usage/cacheReadInputTokens",
    "/usage/cacheReadInputTokenCount",
    "/usage/cache_read_input_tokens",
    "/message/usage/cache_read_input_tokens",
    "/usageMetadata/cachedContentTokenCount",
    "/usage/prompt_tokens_details/cached_tokens",
    "/usage/input_tokens_details/cached_tokens",
    "/response/usage/input_tokens_details/cached_tokens",
    "/amazon-bedrock-invocationMetrics/cacheReadInputTokenCount",
];
const WRITTEN: &[&str] = &[
    "/usage/cacheWriteInputTokens",
    "/usage/cacheWriteInputTokenCount",
    "/usage/cache_creation_input_tokens",
    "/message/usage/cache_creation_input_tokens",
    "/amazon-bedrock-invocationMetrics/cacheWriteInputTokenCount",
];
const ANSWER: &[&str] = &[
    "/usage/outputTokens",
    "/metadata/usage/outputTokens",
    "/usage/output_tokens",
    "/usageMetadata/candidatesTokenCount",
    "/usage/completion_tokens",
    "/response/usage/output_tokens",
    "/amazon-bedrock-invocationMetrics/outputTokenCount",
    "/headers/output",
];

/// Every JSON object of an answer, and its counts in headers as one more.
fn objects(answered: &Answered) -> Vec<Value> {
    let header =
        |name: &str| answered.header(&format!("x-amzn-bedrock-{name}-token-count")).parse::<u64>().ok();
    let counts = json!({"headers": {"input": header("input"), "output": header("output")}});
    let kind = answered.header("content-type");
    let mut objects: Vec<Value> = if kind.starts_with("text/event-stream") {
        let data = answered.text().lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    } else if kind.starts_with("application/vnd.amazon.eventstream") {
        answered.frames().iter().map(|frame| object(frame.payload())).collect()
    } else {
        vec![serde_json::from_slice(&answered.body).expect("JSON")]
    };
    objects.push(counts);
    objects
}

/// What a frame carries; InvokeModel's is base64 within.
fn object(payload: &[u8]) -> Value {
    let object: Value = serde_json::from_slice(payload).expect("JSON");
    match object["bytes"].as_str() {
        Some(bytes) => serde_json::from_slice(&BASE64_STANDARD.decode(bytes).expect("base64")).expect("JSON"),
        None => object,
    }
}
