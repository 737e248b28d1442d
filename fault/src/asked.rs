//! What a request asks for, read from its method, path and body: operation, model, kind, streamed or not.
//!
//! Reads no more of the body than a model name and a `stream` flag, and only where the path does not say.

use std::borrow::Cow;

use http::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use wire::bedrock::path::{Operation, Route};

use crate::Family;

/// What kind of work a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Generates text.
    Chat,
    /// Makes vectors.
    Embeddings,
    /// Lists models.
    Models,
    /// Anything else: counts tokens, checks a guardrail, asks for health.
    Other,
}

impl Kind {
    /// The name in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Other => "other",
        }
    }
}

/// The form of an answer's events and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Bedrock's own members: `messageStart`, `contentBlockDelta`, …
    Converse,
    /// Bedrock `chunk` frames that carry the model's own events in base64.
    Invoke,
    /// Vertex as SSE; no end marker but a `finishReason`.
    Gemini,
    /// Vertex as one JSON array.
    GeminiArray,
    /// OpenAI chunks, ended by `[DONE]`.
    OpenAi,
    /// OpenAI's named events of a response, ended by the one that says how it ended.
    Responses,
    /// Anthropic events, ended by `message_stop`.
    Anthropic,
}

/// Who words an answer, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Who words it.
    pub family: Family,
    /// The form of its events.
    pub shape: Shape,
}

impl Dialect {
    /// A dialect.
    #[must_use]
    pub const fn new(family: Family, shape: Shape) -> Self {
        Self { family, shape }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// `converse`, `converse-stream`, `generateContent`, `chat-completions`, …
    pub operation: &'static str,
    /// The model; empty where the request names none.
    pub model: Cow<'a, str>,
    /// What kind of work it is.
    pub kind: Kind,
    /// Whether a streamed answer is asked for.
    pub streamed: bool,
    /// How the answer is worded.
    pub dialect: Dialect,
}

/// Reads a request of a provider family.
#[must_use]
pub fn read<'a>(family: Family, method: &Method, uri: &'a Uri, body: &'a [u8]) -> Asked<'a> {
    match family {
        Family::Bedrock => bedrock(method, uri.path()),
        Family::Vertex => vertex(uri.path(), uri.query().unwrap_or(""), body),
        Family::OpenAi | Family::Anthropic => in_body(family, uri.path(), body),
    }
}

fn asked<'a>(
    operation: &'static str,
    model: Cow<'a, str>,
    kind: Kind,
    streamed: bool,
    dialect: Dialect,
) -> Asked<'a> {
    Asked { operation, model, kind, streamed, dialect }
}

// === Bedrock ===

fn bedrock<'a>(method: &Method, path: &'a str) -> Asked<'a> {
    let plain = Dialect::new(Family::Bedrock, Shape::Converse);
    match wire::bedrock::path::parse(method, path) {
        Ok(Route::Model { operation, model }) => bedrock_model(operation, model),
        Ok(Route::ListFoundationModels) => {
            asked("list-foundation-models", "".into(), Kind::Models, false, plain)
        }
        Ok(Route::GetFoundationModel { model }) => {
            asked("get-foundation-model", model, Kind::Models, false, plain)
        }
        _ => asked("other", "".into(), Kind::Other, false, plain),
    }
}

fn bedrock_model(operation: Operation, model: Cow<'_, str>) -> Asked<'_> {
    let shape = match operation {
        Operation::InvokeModelWithResponseStream | Operation::InvokeModelWithBidirectionalStream => {
            Shape::Invoke
        }
        _ => Shape::Converse,
    };
    let kind = match operation {
        Operation::CountTokens => Kind::Other,
        _ => kind_of_model(&model),
    };
    asked(operation.segment(), model, kind, operation.streams(), Dialect::new(Family::Bedrock, shape))
}

fn kind_of_model(model: &str) -> Kind {
    if model.contains("embed") { Kind::Embeddings } else { Kind::Chat }
}

// === Vertex AI ===

const VERTEX_VERBS: [(&str, bool); 10] = [
    ("generateContent", false),
    ("streamGenerateContent", true),
    ("embedContent", false),
    ("predict", false),
    ("rawPredict", false),
    ("streamRawPredict", true),
    ("serverStreamingPredict", true),
    ("countTokens", false),
    ("computeTokens", false),
    ("explain", false),
];

fn vertex<'a>(path: &'a str, query: &str, body: &'a [u8]) -> Asked<'a> {
    if path.ends_with("/chat/completions") {
        let named = Named::read(body);
        let dialect = Dialect::new(Family::Vertex, Shape::OpenAi);
        return asked("chat-completions", named.model, Kind::Chat, named.stream == Some(true), dialect);
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = Dialect::new(Family::Vertex, Shape::Gemini);
    let Some((model, verb)) = last.rsplit_once(':') else {
        let kind = if path.contains("/models") { Kind::Models } else { Kind::Other };
        return asked("other", decoded(last), kind, false, plain);
    };
    let Some((operation, streamed)) = VERTEX_VERBS.into_iter().find(|(name, _)| *name == verb) else {
        return asked("other", decoded(model), Kind::Other, false, plain);
    };
    let shape = match operation {
        "rawPredict" | "streamRawPredict" if path.contains("/publishers/anthropic/") => Shape::Anthropic,
        // Mistral's models and deployed ones chat in OpenAI's shape.
        "rawPredict" | "streamRawPredict" => Shape::OpenAi,
        _ if streamed && !query.split('&').any(|pair| pair == "alt=sse") => Shape::GeminiArray,
        _ => Shape::Gemini,
    };
    asked(
        operation,
        decoded(model),
        vertex_kind(operation, model),
        streamed,
        Dialect::new(Family::Vertex, shape),
    )
}

fn vertex_kind(operation: &str, model: &str) -> Kind {
    match operation {
        "embedContent" => Kind::Embeddings,
        "predict" => kind_of_model(model),
        "countTokens" | "computeTokens" | "explain" => Kind::Other,
        _ => Kind::Chat,
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

// === OpenAI and Anthropic ===

/// The two fields of a body that say what is asked for.
#[derive(Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(default)]
    stream: Option<bool>,
}

impl<'a> Named<'a> {
    /// A body that cannot be read names nothing: refusing it is the provider's business.
    fn read(body: &'a [u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

fn in_body<'a>(family: Family, path: &'a str, body: &'a [u8]) -> Asked<'a> {
    let of_azure = path.split_once("/openai/deployments/").and_then(|(_, rest)| rest.split_once('/'));
    let deployment = of_azure.map(|(deployment, _)| deployment);
    let place = match of_azure {
        Some((deployment, _)) => path.rsplit_once(deployment).map_or(path, |(_, rest)| rest),
        None => path.rsplit("/v1").next().unwrap_or(path),
    };
    let place = place.strip_prefix("/openai").unwrap_or(place);
    let shape = match family {
        Family::OpenAi if place == "/responses" => Shape::Responses,
        Family::OpenAi => Shape::OpenAi,
        _ => Shape::Anthropic,
    };
    let dialect = Dialect::new(family, shape);
    let (operation, kind) = match place {
        "/chat/completions" => ("chat-completions", Kind::Chat),
        "/completions" => ("completions", Kind::Chat),
        "/responses" => ("responses", Kind::Chat),
        "/messages" => ("messages", Kind::Chat),
        "/messages/count_tokens" => ("count-tokens", Kind::Other),
        "/embeddings" => ("embeddings", Kind::Embeddings),
        rest if rest.starts_with("/models") => {
            let model = rest.strip_prefix("/models/").unwrap_or_default();
            return asked("models", decoded(model), Kind::Models, false, dialect);
        }
        _ => ("other", Kind::Other),
    };
    let named = Named::read(body);
    let model = deployment.map_or(named.model, decoded);
    asked(operation, model, kind, named.stream == Some(true), dialect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(family: Family, uri: &str, body: &str, expected: (&str, &str, Kind, bool, Shape)) {
        let uri: Uri = uri.parse().expect(uri);
        let read = read(family, &Method::POST, &uri, body.as_bytes());
        let got = (read.operation, &*read.model, read.kind, read.streamed, read.dialect.shape);
        assert_eq!(got, expected, "{uri}");
    }

    #[test]
    fn bedrock_says_it_all_in_the_path() {
        let claude = "anthropic.claude-3-haiku-20240307-v1:0";
        let of = |segment: &str| format!("/model/anthropic.claude-3-haiku-20240307-v1%3A0/{segment}");
        let bedrock = Family::Bedrock;
        check(bedrock, &of("converse"), "", ("converse", claude, Kind::Chat, false, Shape::Converse));
        let stream = ("converse-stream", claude, Kind::Chat, true, Shape::Converse);
        check(bedrock, &of("converse-stream"), "", stream);
        let invoke = ("invoke-with-response-stream", claude, Kind::Chat, true, Shape::Invoke);
        check(bedrock, &of("invoke-with-response-stream"), "", invoke);
        let titan = ("invoke", "amazon.titan-embed-text-v2:0", Kind::Embeddings, false, Shape::Converse);
        check(bedrock, "/model/amazon.titan-embed-text-v2:0/invoke", "", titan);
        check(bedrock, "/nothing", "", ("other", "", Kind::Other, false, Shape::Converse));
    }

    #[test]
    fn vertex_says_it_in_verb_and_query() {
        let of = |rest: &str| format!("/v1/projects/p/locations/l/publishers/google/models/{rest}");
        let vertex = Family::Vertex;
        let unary = ("generateContent", "gemini-2.5-flash", Kind::Chat, false, Shape::Gemini);
        check(vertex, &of("gemini-2.5-flash:generateContent"), "", unary);
        let sse = ("streamGenerateContent", "gemini-2.5-flash", Kind::Chat, true, Shape::Gemini);
        check(vertex, &of("gemini-2.5-flash:streamGenerateContent?alt=sse"), "", sse);
        let array = ("streamGenerateContent", "gemini-2.5-flash", Kind::Chat, true, Shape::GeminiArray);
        check(vertex, &of("gemini-2.5-flash:streamGenerateContent"), "", array);
        let vectors = ("predict", "text-embedding-005", Kind::Embeddings, false, Shape::Gemini);
        check(vertex, &of("text-embedding-005:predict"), "", vectors);
        let claude = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4%4020250514:streamRawPredict";
        check(
            vertex,
            claude,
            "",
            ("streamRawPredict", "claude-sonnet-4@20250514", Kind::Chat, true, Shape::Anthropic),
        );
        let endpoint = |rest: &str| format!("/v1/projects/p/locations/l/endpoints/{rest}");
        let raw = ("streamRawPredict", "7", Kind::Chat, true, Shape::OpenAi);
        check(vertex, &endpoint("7:streamRawPredict"), "", raw);
        let tensors = ("serverStreamingPredict", "7", Kind::Chat, true, Shape::GeminiArray);
        check(vertex, &endpoint("7:serverStreamingPredict"), "", tensors);
        check(vertex, &endpoint("7:explain"), "", ("explain", "7", Kind::Other, false, Shape::Gemini));
    }

    #[test]
    fn the_others_say_it_in_the_body() {
        let body =
            r#"{"messages":[{"role":"user","content":"a \"model\": x"}],"model":"gpt-4o","stream":true}"#;
        let chat = ("chat-completions", "gpt-4o", Kind::Chat, true, Shape::OpenAi);
        check(Family::OpenAi, "/v1/chat/completions", body, chat);
        let broken = ("chat-completions", "", Kind::Chat, false, Shape::OpenAi);
        check(Family::OpenAi, "/v1/chat/completions", "{", broken);
        let embeddings = ("embeddings", "e", Kind::Embeddings, false, Shape::OpenAi);
        check(Family::OpenAi, "/v1/embeddings", r#"{"model":"e"}"#, embeddings);
        let response = ("responses", "gpt-4o", Kind::Chat, true, Shape::Responses);
        for path in ["/v1/responses", "/openai/responses", "/openai/v1/responses"] {
            check(Family::OpenAi, path, r#"{"model":"gpt-4o","stream":true}"#, response);
        }
        let deployed = ("chat-completions", "my gpt", Kind::Chat, false, Shape::OpenAi);
        check(Family::OpenAi, "/openai/deployments/my%20gpt/chat/completions", "{}", deployed);
        let message = ("messages", "claude", Kind::Chat, false, Shape::Anthropic);
        check(Family::Anthropic, "/v1/messages", r#"{"model":"claude"}"#, message);
        check(Family::Anthropic, "/v1/models/m", "", ("models", "m", Kind::Models, false, Shape::Anthropic));
    }
}
