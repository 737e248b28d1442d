//! Faults that a request brings itself: in a header, before its path, or in place of its model.
//!
//! `x-brownout-fault: SPEC` is for clients that can set headers, `/fault/SPEC/…` for those that can only
//! set a base URL, and the model id `fault.SPEC` for those that can set neither. The first of them that is
//! there counts. Specs are those of [`fault::spec`].

use std::borrow::Cow;

use bytes::Bytes;
use fault::wish;
use http::Method;
use http::request::Parts;
use memchr::memmem;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use wire::json::Raw;

const MODEL: &str = "fault.";
/// What stands in place of `fault.SPEC` where Claude is asked.
const CLAUDE: &str = "claude-haiku-4-5";

/// The same at Vertex AI.
const CLAUDE_AT_VERTEX: &str = "claude-haiku-4-5@20251001";

/// An endpoint of Vertex AI, of which any number is one.
const ENDPOINT: &str = "7";

/// A request's path and body without the fault that it asks for, and that fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken<'a> {
    pub(crate) path: Cow<'a, str>,
    /// Another body than the one that came; `None` when it stays as it is.
    pub(crate) body: Option<Bytes>,
    /// The spec, not yet read.
    pub(crate) spec: Option<String>,
}

/// Takes the fault out of a request. `body` tells which kind of model to put in its place.
pub(crate) fn take<'a>(parts: &'a Parts, body: &[u8]) -> Taken<'a> {
    let path = parts.uri.path();
    let (before_path, path) = wish::before_path(path).map_or((None, path), |(spec, path)| (Some(spec), path));
    let (in_path, path) = without_model(parts, path, body);
    let (in_body, body) = in_body(&path, body).unzip();
    let spec = wish::in_header(&parts.headers).or(before_path).or(in_path).or(in_body);
    Taken { path, body, spec }
}

fn without_model<'a>(parts: &Parts, path: &'a str, body: &[u8]) -> (Option<String>, Cow<'a, str>) {
    bedrock_model(path, body)
        .or_else(|| vertex_model(path, body))
        .or_else(|| vertex_endpoint(parts, path))
        .or_else(|| azure_model(path))
        .or_else(|| listed_model(parts, path))
        .unwrap_or((None, Cow::Borrowed(path)))
}

type Replaced<'a> = (Option<String>, Cow<'a, str>);

/// `/model/fault.SPEC/converse`
fn bedrock_model<'a>(path: &str, body: &[u8]) -> Option<Replaced<'a>> {
    let (spec, operation) = path.strip_prefix("/model/")?.strip_prefix(MODEL)?.split_once('/')?;
    let is_invocation = operation.starts_with("invoke");
    let of_body = FAMILIES.iter().find(|(member, _)| is_invocation && contains(body, member.as_bytes()));
    let usual = match operation {
        "invoke-with-bidirectional-stream" => "amazon.nova-sonic-v1:0",
        _ => "anthropic.claude-3-haiku-20240307-v1:0",
    };
    let model = of_body.map_or(usual, |(_, model)| model);
    Some((Some(decoded(spec)), format!("/model/{model}/{operation}").into()))
}

/// What tells the body of a family of models, and one of them; Claude's has none of it.
const FAMILIES: [(&str, &str); 9] = [
    ("\"textGenerationConfig\"", "amazon.titan-text-express-v1"),
    ("\"inputText\"", "amazon.titan-embed-text-v2:0"),
    ("\"inferenceConfig\"", "amazon.nova-lite-v1:0"),
    ("\"max_gen_len\"", "meta.llama3-1-8b-instruct-v1:0"),
    ("\"input_type\"", "cohere.embed-english-v3"),
    ("\"taskType\"", "amazon.nova-canvas-v1:0"),
    ("\"<s>[INST]", "mistral.mistral-7b-instruct-v0:2"),
    ("\"message\"", "cohere.command-r-v1:0"),
    ("\"aspect_ratio\"", "stability.sd3-5-large-v1:0"),
];

/// `…/publishers/google/models/fault.SPEC:generateContent`
fn vertex_model<'a>(path: &str, body: &[u8]) -> Option<Replaced<'a>> {
    let (before, last) = path.rsplit_once("/models/")?;
    let (spec, verb) = last.strip_prefix(MODEL)?.rsplit_once(':')?;
    let model = match verb {
        "predict" if contains(body, b"\"prompt\"") => "imagen-4.0-generate-001",
        "predict" => "text-embedding-005",
        "embedContent" => "gemini-embedding-2",
        "rawPredict" | "streamRawPredict" if before.ends_with("/mistralai") => "mistral-large-2411",
        "rawPredict" | "streamRawPredict" => CLAUDE_AT_VERTEX,
        _ => "gemini-2.5-flash",
    };
    Some((Some(decoded(spec)), format!("{before}/models/{model}:{verb}").into()))
}

/// `…/endpoints/fault.SPEC:predict`, `…/endpoints/fault.SPEC/chat/completions`, `…/endpoints/fault.SPEC`
fn vertex_endpoint<'a>(parts: &Parts, path: &str) -> Option<Replaced<'a>> {
    const CHAT: &str = "/chat/completions";
    let (before, last) = path.split_once("/endpoints/")?;
    let last = last.strip_prefix(MODEL)?;
    let (spec, rest) = match last.strip_suffix(CHAT) {
        Some(spec) => (spec, CHAT),
        None if parts.method == Method::GET => (last, ""),
        None => last.split_at(last.rfind(':')?),
    };
    Some((Some(decoded(spec)), format!("{before}/endpoints/{ENDPOINT}{rest}").into()))
}

/// `/openai/deployments/fault.SPEC/chat/completions`
fn azure_model<'a>(path: &str) -> Option<Replaced<'a>> {
    let deployment = path.strip_prefix("/openai/deployments/")?;
    let (spec, operation) = deployment.strip_prefix(MODEL)?.split_once('/')?;
    let model = openai_model(operation)?;
    Some((Some(decoded(spec)), format!("/openai/deployments/{model}/{operation}").into()))
}

/// `GET /v1/models/fault.SPEC`, and where other providers tell of one model.
fn listed_model<'a>(parts: &Parts, path: &str) -> Option<Replaced<'a>> {
    let (list, spec) = path.rsplit_once('/')?;
    let spec = spec.strip_prefix(MODEL).filter(|_| parts.method == Method::GET)?;
    let model = match list {
        "/foundation-models" => "anthropic.claude-3-haiku-20240307-v1:0",
        _ if list.ends_with("/publishers/google/models") => "gemini-2.5-flash",
        "/v1/models" if parts.headers.contains_key("anthropic-version") => CLAUDE,
        "/v1/models" | "/openai/models" | "/openai/v1/models" => "gpt-4o-mini",
        _ => return None,
    };
    Some((Some(decoded(spec)), format!("{list}/{model}").into()))
}

/// The spec in a body's `model`, and the body with a model in its place.
fn in_body(path: &str, body: &[u8]) -> Option<(String, Bytes)> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        model: Raw<'a>,
    }
    let instead = model_of_body(path)?;
    memmem::find(body, b"\"fault.")?;
    let body = std::str::from_utf8(body).ok()?;
    let named = serde_json::from_str::<Named<'_>>(body).ok()?.model.get();
    let spec = serde_json::from_str::<String>(named).ok()?.strip_prefix(MODEL)?.to_owned();
    let start = named.as_ptr().addr() - body.as_ptr().addr();
    let (before, after) = (&body[..start], &body[start + named.len()..]);
    Some((spec, format!("{before}\"{instead}\"{after}").into()))
}

/// What to put in place of a model that a body names; `None` where the path names it.
fn model_of_body(path: &str) -> Option<&'static str> {
    match path {
        "/v1/messages" | "/v1/messages/count_tokens" => Some(CLAUDE),
        _ if path.ends_with("/endpoints/openapi/chat/completions") => Some("google/gemini-2.5-flash"),
        _ if path.ends_with("/publishers/anthropic/models/count-tokens:rawPredict") => Some(CLAUDE_AT_VERTEX),
        // The model that is deployed answers by any name.
        _ if path.contains("/endpoints/") => Some("gemini-2.5-flash"),
        _ => openai_model(["/v1/", "/openai/v1/", "/openai/"].iter().find_map(|at| path.strip_prefix(at))?),
    }
}

/// A model for one of OpenAI's operations.
fn openai_model(operation: &str) -> Option<&'static str> {
    match operation {
        "chat/completions" | "responses" | "responses/input_tokens" => Some("gpt-4o-mini"),
        "completions" => Some("gpt-3.5-turbo-instruct"),
        "embeddings" => Some("text-embedding-3-small"),
        "images/generations" => Some("gpt-image-1"),
        "moderations" => Some("omni-moderation-latest"),
        _ => None,
    }
}

fn decoded(spec: &str) -> String {
    percent_decode_str(spec).decode_utf8_lossy().into_owned()
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(path: &str, header: Option<&str>, body: &str) -> (String, Option<String>) {
        let mut request = http::Request::builder().uri(path);
        if let Some(spec) = header {
            request = request.header(wish::HEADER, spec);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let taken = take(&parts, body.as_bytes());
        (taken.path.into_owned(), taken.spec)
    }

    fn check(path: &str, expected: &str, spec: Option<&str>) {
        assert_eq!(taken(path, None, ""), (expected.to_owned(), spec.map(str::to_owned)), "{path}");
    }

    #[test]
    fn a_fault_is_taken_out_of_the_path() {
        check("/model/m/converse", "/model/m/converse", None);
        check("/fault/http-429/model/m/converse", "/model/m/converse", Some("http-429"));
        check(
            "/fault/cut=3%20events:reset/model/m/converse",
            "/model/m/converse",
            Some("cut=3 events:reset"),
        );
        let haiku = "/model/anthropic.claude-3-haiku-20240307-v1:0/converse";
        check("/model/fault.http-503/converse", haiku, Some("http-503"));
        let flash = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";
        check(&flash.replace("gemini-2.5-flash", "fault.cut=1%20event:fin"), flash, Some("cut=1 event:fin"));
        let endpoint = "/v1/projects/p/locations/l/endpoints";
        check(
            &format!("{endpoint}/fault.cut=1%20event:fin"),
            &format!("{endpoint}/7"),
            Some("cut=1 event:fin"),
        );
        check("/v1/models/fault.http-404", "/v1/models/gpt-4o-mini", Some("http-404"));
        let listed = "/foundation-models/anthropic.claude-3-haiku-20240307-v1:0";
        check("/foundation-models/fault.stall", listed, Some("stall"));
        let azure = "/openai/deployments/text-embedding-3-small/embeddings";
        check(&azure.replace("text-embedding-3-small", "fault.http-500"), azure, Some("http-500"));
    }

    #[test]
    fn a_model_in_the_body_is_replaced_where_it_stands() {
        let (parts, ()) = http::Request::post("/v1/messages").body(()).expect("a request").into_parts();
        let body = r#"{"system":"\"fault.x", "model" : "fault.cut=1 event:fin" ,"max_tokens":1}"#;
        let taken = take(&parts, body.as_bytes());
        assert_eq!(taken.spec.as_deref(), Some("cut=1 event:fin"));
        let expected = r#"{"system":"\"fault.x", "model" : "claude-haiku-4-5" ,"max_tokens":1}"#;
        assert_eq!(taken.body.as_deref(), Some(expected.as_bytes()));
        for other in [r#"{"model":"x","system":"fault.y"}"#, r#"{"model":7,"x":"fault."}"#, r#"{"fault.":"#] {
            assert_eq!(take(&parts, other.as_bytes()).body, None, "{other}");
        }
    }

    #[test]
    fn the_model_put_in_place_is_one_for_the_operation() {
        for (path, model) in [
            ("/v1/chat/completions", "gpt-4o-mini"),
            ("/v1/embeddings", "text-embedding-3-small"),
            ("/openai/v1/responses", "gpt-4o-mini"),
            ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "google/gemini-2.5-flash"),
            ("/v1/projects/p/locations/l/endpoints/7:rawPredict", "gemini-2.5-flash"),
            (
                "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
                "claude-haiku-4-5@20251001",
            ),
        ] {
            let (parts, ()) = http::Request::post(path).body(()).expect("a request").into_parts();
            let taken = take(&parts, br#"{"model":"fault.http-503"}"#);
            assert_eq!(taken.spec.as_deref(), Some("http-503"), "{path}");
            assert_eq!(taken.body.as_deref(), Some(format!(r#"{{"model":"{model}"}}"#).as_bytes()), "{path}");
        }
    }

    #[test]
    fn the_model_put_in_place_takes_the_body() {
        for (body, model) in [
            (r#"{"max_tokens":1}"#, "anthropic.claude-3-haiku-20240307-v1:0"),
            (r#"{"inputText":"x"}"#, "amazon.titan-embed-text-v2:0"),
            (r#"{"inputText":"x","textGenerationConfig":{}}"#, "amazon.titan-text-express-v1"),
            (r#"{"prompt":"x","max_gen_len":1}"#, "meta.llama3-1-8b-instruct-v1:0"),
            (r#"{"taskType":"TEXT_IMAGE"}"#, "amazon.nova-canvas-v1:0"),
        ] {
            assert_eq!(taken("/model/fault.x/invoke", None, body).0, format!("/model/{model}/invoke"));
        }
        let publishers = "/v1/projects/p/locations/l/publishers";
        for (path, body, model) in [
            ("google/models/fault.x:predict", r#"{"prompt":"a cat"}"#, "imagen-4.0-generate-001"),
            ("google/models/fault.x:predict", r#"{"content":"a"}"#, "text-embedding-005"),
            ("mistralai/models/fault.x:rawPredict", "", "mistral-large-2411"),
            ("anthropic/models/fault.x:rawPredict", "", "claude-haiku-4-5@20251001"),
        ] {
            let expected = format!("{publishers}/{}", path.replace("fault.x", model));
            assert_eq!(taken(&format!("{publishers}/{path}"), None, body).0, expected);
        }
    }

    #[test]
    fn a_fault_in_place_of_an_endpoint_is_taken_out_whatever_it_is_asked() {
        let endpoints = "/v1/projects/p/locations/l/endpoints";
        for rest in [":predict", ":streamRawPredict", "/chat/completions"] {
            let (parts, ()) = http::Request::post(format!("{endpoints}/fault.cut=1%20event:fin{rest}"))
                .body(())
                .expect("a request")
                .into_parts();
            let taken = take(&parts, b"{}");
            assert_eq!(
                (&*taken.path, taken.spec.as_deref()),
                (&*format!("{endpoints}/7{rest}"), Some("cut=1 event:fin"))
            );
        }
    }

    #[test]
    fn the_header_comes_first_and_the_path_is_cleaned_all_the_same() {
        assert_eq!(taken("/fault/b/model/fault.c/converse", Some("a"), "").1.as_deref(), Some("a"));
        let (path, spec) = taken("/fault/b/model/fault.c/invoke", None, r#"{"inputText":"x"}"#);
        assert_eq!(
            (path.as_str(), spec.as_deref()),
            ("/model/amazon.titan-embed-text-v2:0/invoke", Some("b"))
        );
    }
}
