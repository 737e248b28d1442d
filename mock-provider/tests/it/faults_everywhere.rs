//! Every fault by name, at every kind of endpoint, in every way to ask for it.

use std::time::Duration;

use brownout_mock_provider::EdgePlan;
use fault::provider_error::ProviderError;
use fault::{Family, FaultFile};
use http::{Method, Request};
use serde_json::Value;
use world::http::Body;

use crate::harness::{Bench, EXACT, against, alone, request};

/// Where `MODEL` stands for a model's name, it can be `fault.SPEC` in its place.
struct Endpoint {
    shape: Words,
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// What `MODEL` is where no fault is asked for by it.
    model: &'static str,
    is_stream: bool,
}

/// Whose words an error comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    OpenAi,
    Azure,
    Anthropic,
    Bedrock,
    Vertex,
}

impl Words {
    const fn family(self) -> Family {
        match self {
            Self::OpenAi | Self::Azure => Family::OpenAi,
            Self::Anthropic => Family::Anthropic,
            Self::Bedrock => Family::Bedrock,
            Self::Vertex => Family::Vertex,
        }
    }
}

const MESSAGES: &str = r#"{"model":"MODEL","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
const MESSAGES_STREAM: &str =
    r#"{"model":"MODEL","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const CHAT: &str = r#"{"model":"MODEL","messages":[{"role":"user","content":"hi"}]}"#;
const CHAT_STREAM: &str = r#"{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const CLAUDE: &str =
    r#"{"anthropic_version":"VERSION","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
const VERTEX_CLAUDE: &str = r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
const CONVERSE: &str = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
const INSTANCES: &str = r#"{"instances":[{}]}"#;
const UNNAMED: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
const TENSORS: &str = r#"{"inputs":[{"stringVal":["hi"]}]}"#;
const ANTHROPIC: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

fn endpoint(shape: Words, path: &'static str, body: &'static str, model: &'static str) -> Endpoint {
    let headers = if shape == Words::Anthropic { ANTHROPIC } else { &[] };
    let is_stream = body.contains("\"stream\":true") || path.contains("tream");
    Endpoint { shape, method: Method::POST, path, headers, body, model, is_stream }
}

fn get(shape: Words, path: &'static str, model: &'static str) -> Endpoint {
    Endpoint { method: Method::GET, ..endpoint(shape, path, "", model) }
}

fn endpoints() -> Vec<Endpoint> {
    use Words::{Anthropic, Azure, Bedrock, OpenAi, Vertex};
    const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
    const PUBLISHERS: &str = "/v1/projects/p/locations/l/publishers";
    // Paths must live as long as the run; there are few.
    let google = |rest: &str| -> &'static str { format!("{PUBLISHERS}/google/models/MODEL:{rest}").leak() };
    let claude =
        |rest: &str| -> &'static str { format!("{PUBLISHERS}/anthropic/models/MODEL:{rest}").leak() };
    let bedrock: &'static str = CLAUDE.replace("VERSION", "bedrock-2023-05-31").leak();
    let input = r#"{"model":"MODEL","input":"hi"}"#;
    let prompt = r#"{"model":"MODEL","prompt":"hi"}"#;
    vec![
        endpoint(OpenAi, "/v1/chat/completions", CHAT, "gpt-4o-mini"),
        endpoint(OpenAi, "/v1/chat/completions", CHAT_STREAM, "gpt-4o-mini"),
        endpoint(OpenAi, "/v1/completions", prompt, "gpt-3.5-turbo-instruct"),
        endpoint(
            OpenAi,
            "/v1/completions",
            r#"{"model":"MODEL","prompt":"hi","stream":true}"#,
            "gpt-3.5-turbo-instruct",
        ),
        endpoint(OpenAi, "/v1/responses", input, "gpt-4o-mini"),
        endpoint(OpenAi, "/v1/responses", r#"{"model":"MODEL","input":"hi","stream":true}"#, "gpt-4o-mini"),
        endpoint(OpenAi, "/v1/responses/input_tokens", input, "gpt-4o-mini"),
        endpoint(OpenAi, "/v1/embeddings", input, "text-embedding-3-small"),
        endpoint(OpenAi, "/v1/images/generations", prompt, "gpt-image-1"),
        endpoint(OpenAi, "/v1/moderations", input, "omni-moderation-latest"),
        get(OpenAi, "/v1/models", ""),
        get(OpenAi, "/v1/models/MODEL", "gpt-4o-mini"),
        endpoint(
            Azure,
            "/openai/deployments/MODEL/chat/completions?api-version=2024-10-21",
            r#"{"messages":[{"role":"user","content":"hi"}]}"#,
            "gpt-4o-mini",
        ),
        endpoint(
            Azure,
            "/openai/deployments/MODEL/chat/completions?api-version=2024-10-21",
            r#"{"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
            "gpt-4o-mini",
        ),
        endpoint(
            Azure,
            "/openai/deployments/MODEL/embeddings?api-version=2024-10-21",
            r#"{"input":"hi"}"#,
            "text-embedding-3-small",
        ),
        endpoint(Azure, "/openai/v1/responses", input, "gpt-4o-mini"),
        endpoint(Azure, "/openai/v1/chat/completions", CHAT, "gpt-4o-mini"),
        endpoint(Anthropic, "/v1/messages", MESSAGES, "claude-haiku-4-5"),
        endpoint(Anthropic, "/v1/messages", MESSAGES_STREAM, "claude-haiku-4-5"),
        endpoint(
            Anthropic,
            "/v1/messages/count_tokens",
            r#"{"model":"MODEL","messages":[{"role":"user","content":"hi"}]}"#,
            "claude-haiku-4-5",
        ),
        get(Anthropic, "/v1/models", ""),
        get(Anthropic, "/v1/models/MODEL", "claude-haiku-4-5"),
        endpoint(Bedrock, "/model/MODEL/converse", CONVERSE, HAIKU),
        endpoint(Bedrock, "/model/MODEL/converse-stream", CONVERSE, HAIKU),
        endpoint(Bedrock, "/model/MODEL/invoke", bedrock, HAIKU),
        endpoint(Bedrock, "/model/MODEL/invoke-with-response-stream", bedrock, HAIKU),
        endpoint(Bedrock, "/model/MODEL/invoke", r#"{"inputText":"hi"}"#, "amazon.titan-embed-text-v2:0"),
        endpoint(
            Bedrock,
            "/model/MODEL/count-tokens",
            r#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}]}}}"#,
            HAIKU,
        ),
        get(Bedrock, "/foundation-models", ""),
        get(Bedrock, "/foundation-models/MODEL", HAIKU),
        get(Bedrock, "/inference-profiles", ""),
        endpoint(Vertex, google("generateContent"), CONTENTS, "gemini-2.5-flash"),
        endpoint(Vertex, google("streamGenerateContent"), CONTENTS, "gemini-2.5-flash"),
        endpoint(Vertex, google("streamGenerateContent?alt=sse"), CONTENTS, "gemini-2.5-flash"),
        endpoint(Vertex, google("countTokens"), CONTENTS, "gemini-2.5-flash"),
        endpoint(Vertex, google("predict"), r#"{"instances":[{"content":"hi"}]}"#, "text-embedding-005"),
        get(Vertex, "/v1/publishers/google/models", ""),
        get(Vertex, "/v1/projects/p/locations/l/models", ""),
        get(Vertex, "/v1/projects/p/locations/l/endpoints", ""),
        get(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL", "7"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL:predict", INSTANCES, "7"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL:rawPredict", INSTANCES, "7"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/7:rawPredict", CHAT, "m"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/7:streamRawPredict", CHAT, "m"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL:streamRawPredict", INSTANCES, "7"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/7/chat/completions", CHAT, "m"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL/chat/completions", UNNAMED, "7"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/7/chat/completions", CHAT_STREAM, "m"),
        endpoint(Vertex, "/v1/projects/p/locations/l/endpoints/MODEL:serverStreamingPredict", TENSORS, "7"),
        endpoint(
            Vertex,
            "/v1/projects/p/locations/l/endpoints/7:serverStreamingPredict?alt=sse",
            TENSORS,
            "",
        ),
        endpoint(Vertex, claude("rawPredict"), VERTEX_CLAUDE, "claude-haiku-4-5@20251001"),
        endpoint(
            Vertex,
            claude("streamRawPredict"),
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
            "claude-haiku-4-5@20251001",
        ),
        endpoint(
            Vertex,
            "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
            CHAT,
            "google/gemini-2.5-flash",
        ),
        endpoint(
            Vertex,
            "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
            CHAT_STREAM,
            "google/gemini-2.5-flash",
        ),
    ]
}

impl Endpoint {
    fn plain(&self) -> Request<Body> {
        self.request("", self.model, &[])
    }

    /// The requests that ask for `spec`, in each way that this endpoint knows.
    fn asking_for(&self, spec: &str) -> Vec<(&'static str, Request<Body>)> {
        let escaped: String = spec.replace('%', "%25").replace(' ', "%20");
        let mut all = vec![
            ("header", self.request("", self.model, &[("x-brownout-fault", spec)])),
            ("path", self.request(&format!("/fault/{escaped}"), self.model, &[])),
        ];
        if !self.model.is_empty() {
            let in_path = self.path.contains("MODEL");
            let model = format!("fault.{}", if in_path { &escaped } else { spec });
            all.push(("model", self.request("", &model, &[])));
        }
        all
    }

    fn request(&self, before: &str, model: &str, more: &[(&str, &str)]) -> Request<Body> {
        let path = format!("{before}{}", self.path.replace("MODEL", model));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.headers);
        headers.extend(more);
        request(self.method.clone(), &path, &headers, &self.body.replace("MODEL", model))
    }

    fn name(&self) -> String {
        format!("{:?} {} {} {}", self.shape, self.method, self.path, self.body)
    }
}

/// What a client saw: nothing, or a head and as much of the body as came.
struct Saw {
    status: u16,
    headers: http::HeaderMap,
    body: Vec<u8>,
    /// Whether the body came whole, as HTTP tells it.
    is_whole: bool,
}

impl Saw {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

/// No provider needs this long for an answer; what has not come by then does not come.
const LONG: Duration = Duration::from_secs(3_600);

async fn see(bench: &Bench, request: Request<Body>) -> Option<Saw> {
    let clock = *bench.world.clock();
    let sent = bench.try_send(request);
    let response = tokio::select! {
        sent = sent => sent.ok()?,
        () = clock.sleep(LONG) => return None,
    };
    let (parts, mut body) = response.into_parts();
    let mut saw =
        Saw { status: parts.status.as_u16(), headers: parts.headers, body: Vec::new(), is_whole: false };
    loop {
        let piece = tokio::select! {
            piece = body.next_data() => piece,
            () = clock.sleep(LONG) => return Some(saw),
        };
        match piece {
            Some(Ok(piece)) => saw.body.extend_from_slice(&piece),
            Some(Err(_)) => return Some(saw),
            None => {
                saw.is_whole = true;
                return Some(saw);
            }
        }
    }
}

/// Whether the answer is an error in the provider's own words; why not, else.
fn is_own_error(words: Words, saw: &Saw) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&saw.body).map_err(|error| error.to_string())?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let need = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    match words {
        Words::OpenAi => {
            need(!text("/error/message").is_empty(), "a message")?;
            let members = ["message", "type", "param", "code"];
            let has_all = members.iter().all(|member| body["error"].get(member).is_some());
            need(has_all, "message, type, param and code")?;
            need(saw.header("x-request-id").starts_with("req_"), "x-request-id")
        }
        // Azure's front end says a code; what the model's server says comes through as OpenAI's.
        Words::Azure => {
            need(!text("/error/message").is_empty(), "a message")?;
            need(!text("/error/code").is_empty() || !text("/error/type").is_empty(), "a code or a type")?;
            let is_fronts = [401, 404, 429].contains(&saw.status) && text("/error/type").is_empty();
            need(is_fronts || !text("/error/type").is_empty() || saw.status == 400, "the front end's code")
        }
        Words::Anthropic => {
            need(text("/type") == "error", "type error")?;
            let kind = text("/error/type");
            need(kind.ends_with("_error") || kind == "request_too_large", "an error's type")?;
            need(!text("/error/message").is_empty(), "a message")?;
            need(text("/request_id").starts_with("req_01"), "request_id in the body")?;
            need(text("/request_id") == saw.header("request-id"), "the same in the head")
        }
        Words::Bedrock => {
            need(body["message"].is_string(), "a message")?;
            need(saw.header("x-amzn-errortype").contains("Exception"), "x-amzn-errortype")?;
            need(saw.header("x-amzn-requestid").len() == 36, "x-amzn-requestid")
        }
        Words::Vertex => {
            let error = body.get(0).unwrap_or(&body).get("error").cloned().unwrap_or_default();
            need(error["code"].as_u64() == Some(saw.status.into()), "the status as code")?;
            need(error["message"].is_string(), "a message")?;
            need(error["status"].as_str().is_some_and(|status| status == status.to_uppercase()), "a status")
        }
    }
}

fn check_error(endpoint: &Endpoint, error: ProviderError, saw: &Saw, what: &str) {
    let text = String::from_utf8_lossy(&saw.body);
    assert_eq!(saw.status, error.status(), "{what}: {text}");
    assert!(saw.is_whole, "{what}");
    let is_page = saw.header("content-type").starts_with("text/");
    if matches!(error, ProviderError::FrontEnd(_)) {
        return assert!(is_page && text.contains(&error.status().to_string()), "{what}: {text}");
    }
    // Edges answer with pages where they stand before the service.
    if !is_page {
        let own = is_own_error(endpoint.shape, saw);
        assert_eq!(own, Ok(()), "{what}: {text} {:?}", saw.headers);
    }
}

#[test]
fn every_endpoint_answers_without_a_fault() {
    against(EXACT, |bench| async move {
        for endpoint in endpoints() {
            let saw = see(&bench, endpoint.plain()).await.expect("an answer");
            let text = String::from_utf8_lossy(&saw.body);
            assert_eq!((saw.status, saw.is_whole), (200, true), "{}: {text}", endpoint.name());
        }
    });
}

/// How a status or an error of the provider's own is asked for, and which it is.
fn errors(family: Family) -> Vec<(String, ProviderError)> {
    let mut all = Vec::new();
    for status in [400, 401, 403, 404, 418, 429, 500, 502, 503, 504, 529] {
        let error = ProviderError::of_status(family, status).expect("an error status");
        all.push((format!("http-{status}"), error));
    }
    for (alias, status) in [("throttle", 429), ("unavailable", 503), ("http-429-retry-after", 429)] {
        all.push((alias.to_owned(), ProviderError::of_status(family, status).expect("an error status")));
    }
    for name in ProviderError::names(family) {
        let error = ProviderError::named(family, &name).expect("a name");
        all.push((format!("error={name}"), error));
    }
    all
}

#[test]
fn every_error_by_name_comes_everywhere_as_the_provider_says_it() {
    for words in [Words::OpenAi, Words::Azure, Words::Anthropic, Words::Bedrock, Words::Vertex] {
        against(EXACT, |bench| async move {
            for endpoint in endpoints().iter().filter(|endpoint| endpoint.shape == words) {
                for (spec, error) in errors(words.family()) {
                    for (way, request) in endpoint.asking_for(&spec) {
                        let what = format!("{spec} by {way} at {}", endpoint.name());
                        let saw = see(&bench, request).await.expect(&what);
                        check_error(endpoint, error, &saw, &what);
                        let tells = saw.headers.contains_key("retry-after");
                        assert!(tells || spec != "http-429-retry-after", "{what} {:?}", saw.headers);
                    }
                }
            }
        });
    }
}

#[test]
fn every_error_can_say_whether_to_come_back() {
    for family in Family::ALL {
        against(EXACT, |bench| async move {
            for endpoint in endpoints().iter().filter(|endpoint| endpoint.shape.family() == family) {
                for (spec, status, said) in [
                    ("error=500,should_retry=false", 500, "false"),
                    ("error=400,should_retry=true", 400, "true"),
                ] {
                    for (way, request) in endpoint.asking_for(spec) {
                        let what = format!("{spec} by {way} at {}", endpoint.name());
                        let saw = see(&bench, request).await.expect(&what);
                        assert_eq!((saw.status, saw.header("x-should-retry")), (status, said), "{what}");
                    }
                }
            }
        });
    }
}

#[test]
fn a_rule_of_the_file_meets_every_endpoint() {
    for family in Family::ALL {
        for (spec, error) in errors(family) {
            let Some(name) = spec.strip_prefix("error=") else { continue };
            let rule = format!(r#"[{{"name":"all","error":"{name}"}}]"#);
            let faults = serde_json::from_str::<Vec<FaultFile>>(&rule).expect("a rule");
            alone(EXACT, EdgePlan { faults, ..EdgePlan::default() }, |bench| async move {
                for endpoint in endpoints().iter().filter(|endpoint| endpoint.shape.family() == family) {
                    let what = format!("{spec} by rule at {}", endpoint.name());
                    let saw = see(&bench, endpoint.plain()).await.expect(&what);
                    check_error(endpoint, error, &saw, &what);
                }
            });
        }
    }
}

/// The faults that are no errors of the provider's.
const BREAKAGES: [&str; 13] = [
    "reset-before-headers",
    "reset-after-headers",
    "stream-truncate-boundary",
    "stream-truncate-mid-event",
    "stream-no-terminator",
    "stream-stall",
    "stream-error-event",
    "stall",
    "malformed-json",
    "html-200",
    "empty-200",
    "empty-204",
    "empty-json-200",
];

/// What ends a stream, as its text has it.
const ENDS: [&str; 5] = ["[DONE]", "message_stop", "messageStop", "response.completed", "finishReason"];

fn check_breakage(endpoint: &Endpoint, name: &str, saw: Option<Saw>, what: &str) {
    if matches!(name, "reset-before-headers" | "stall") {
        return assert!(saw.is_none(), "{what}");
    }
    let saw = saw.expect(what);
    assert_eq!(saw.status, if name == "empty-204" { 204 } else { 200 }, "{what}");
    let is_json = serde_json::from_slice::<Value>(&saw.body).is_ok();
    match name {
        "reset-after-headers" => assert!(!saw.is_whole && saw.body.is_empty(), "{what}"),
        "html-200" => assert!(saw.header("content-type").starts_with("text/html"), "{what}"),
        "empty-200" | "empty-204" => assert!(saw.is_whole && saw.body.is_empty(), "{what}"),
        "empty-json-200" => assert!(saw.is_whole && saw.body == b"{}", "{what}"),
        // Only a stream can end without its end marker, or have an error in it.
        "stream-no-terminator" | "stream-error-event" if !endpoint.is_stream => {
            assert!(saw.is_whole && is_json, "{what}");
        }
        "stream-no-terminator" => {
            let text = String::from_utf8_lossy(&saw.body);
            let end = ENDS.iter().find(|end| text.contains(**end));
            assert!(saw.is_whole && !text.is_empty() && end.is_none(), "{what}: {text}");
        }
        "stream-error-event" => {
            let text = String::from_utf8_lossy(&saw.body);
            let is_there = ["\"error\"", "Exception"].iter().any(|word| text.contains(word));
            assert!(is_there, "{what}: {text}");
        }
        "malformed-json" if endpoint.is_stream => {
            let text = String::from_utf8_lossy(&saw.body);
            let mut data = text.lines().filter_map(|line| line.strip_prefix("data: "));
            let is_broken = data.any(|data| serde_json::from_str::<Value>(data).is_err() && data != "[DONE]");
            // Bedrock's frames are sound, whatever is in them.
            let is_framed = saw.header("content-type").ends_with("eventstream");
            let is_array = saw.header("content-type").starts_with("application/json");
            assert!(saw.is_whole && (is_broken || is_framed || is_array && !is_json), "{what}: {text}");
        }
        "malformed-json" => assert!(saw.is_whole && !is_json, "{what}"),
        // Cut short or stalled: HTTP itself tells that this is not all.
        _ => assert!(!saw.is_whole && !saw.body.is_empty(), "{what}"),
    }
}

#[test]
fn every_other_fault_by_name_breaks_every_answer() {
    for family in Family::ALL {
        against(EXACT, |bench| async move {
            for endpoint in endpoints().iter().filter(|endpoint| endpoint.shape.family() == family) {
                for name in BREAKAGES {
                    for (way, request) in endpoint.asking_for(name) {
                        let what = format!("{name} by {way} at {}", endpoint.name());
                        check_breakage(endpoint, name, see(&bench, request).await, &what);
                    }
                }
                let after = see(&bench, endpoint.plain()).await.expect("an answer");
                assert_eq!((after.status, after.is_whole), (200, true), "no fault outlives its request");
            }
        });
    }
}
