//! Faults that a request brings itself: in a header, before its path, or in place of its model.
//!
//! `x-brownout-fault: SPEC` is for clients that can set headers, `/fault/SPEC/…` for those that can only
//! set a base URL, and the model id `fault.SPEC` for those that can set neither. The first of them that is
//! there counts. Specs are those of [`fault::spec`].

use std::borrow::Cow;

use fault::{Family, wish};
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::surface::Surface;

const MODEL: &str = "fault.";

/// A request's path without the fault that it asks for, and that fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken<'a> {
    pub(crate) path: Cow<'a, str>,
    /// The spec, not yet read.
    pub(crate) spec: Option<String>,
}

/// Takes the fault out of a request. `body` tells which kind of model to put in its place.
pub(crate) fn take<'a>(parts: &'a Parts, body: &[u8]) -> Taken<'a> {
    let path = parts.uri.path();
    let (before_path, path) = wish::before_path(path).map_or((None, path), |(spec, path)| (Some(spec), path));
    let (in_model, path) = without_model(path, body);
    Taken { path, spec: wish::in_header(&parts.headers).or(before_path).or(in_model) }
}

/// Whose errors and events a surface speaks.
pub(crate) fn family(surface: Surface) -> Family {
    match surface {
        Surface::Bedrock => Family::Bedrock,
        Surface::Vertex => Family::Vertex,
    }
}

fn without_model<'a>(path: &'a str, body: &[u8]) -> (Option<String>, Cow<'a, str>) {
    bedrock_model(path, body).or_else(|| vertex_model(path)).unwrap_or((None, Cow::Borrowed(path)))
}

type Replaced<'a> = (Option<String>, Cow<'a, str>);

/// `/model/fault.SPEC/converse`
fn bedrock_model<'a>(path: &str, body: &[u8]) -> Option<Replaced<'a>> {
    let (spec, operation) = path.strip_prefix("/model/")?.strip_prefix(MODEL)?.split_once('/')?;
    let is_embedding = operation == "invoke" && contains(body, b"\"inputText\"");
    let model =
        if is_embedding { "amazon.titan-embed-text-v2:0" } else { "anthropic.claude-3-haiku-20240307-v1:0" };
    Some((Some(decoded(spec)), format!("/model/{model}/{operation}").into()))
}

/// `…/publishers/google/models/fault.SPEC:generateContent`
fn vertex_model<'a>(path: &str) -> Option<Replaced<'a>> {
    let (before, last) = path.rsplit_once("/models/")?;
    let (spec, verb) = last.strip_prefix(MODEL)?.rsplit_once(':')?;
    let model = match verb {
        "predict" => "text-embedding-005",
        "embedContent" => "gemini-embedding-2",
        _ => "gemini-2.5-flash",
    };
    Some((Some(decoded(spec)), format!("{before}/models/{model}:{verb}").into()))
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
