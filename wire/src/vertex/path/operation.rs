//! The path of a request as a typed operation, both ways.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

use super::query::{Alt, Query};
use super::verb::Verb;

/// Whatever a path segment may hold as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@')
    .remove(b':')
    .remove(b'=')
    .remove(b'+');

/// A request's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// `v1` or `v1beta1`; they do the same here.
    pub version: ApiVersion,
    /// Project and location; without them the caller is in express mode or looks at the model garden.
    pub scope: Option<Scope<'a>>,
    /// What is asked for.
    pub operation: Operation<'a>,
}

/// The version of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `v1`.
    V1,
    /// `v1beta1`, google-genai's default.
    V1Beta1,
}

/// Whose quota, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Id or number, as it was sent.
    pub project: Cow<'a, str>,
    /// A region, a multi-region or `global`.
    pub location: Cow<'a, str>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation<'a> {
    /// POST: a publisher's model works.
    Model {
        /// `google`, `anthropic`, `mistralai`, `meta`, …
        publisher: Cow<'a, str>,
        /// With its version, as in `claude-sonnet-4-5@20250929`.
        model: Cow<'a, str>,
        /// What it does.
        verb: Verb,
    },
    /// POST: a deployed or tuned model works.
    Endpoint {
        /// Its id.
        endpoint: Cow<'a, str>,
        /// What it does.
        verb: Verb,
    },
    /// POST: a chat completion in OpenAI's shape.
    ChatCompletions {
        /// `openapi` where the body names the model, else the id of a deployed one.
        endpoint: Cow<'a, str>,
    },
    /// GET: a publisher's models.
    PublisherModels {
        /// Whose.
        publisher: Cow<'a, str>,
    },
    /// GET: one of them.
    PublisherModel {
        /// Whose.
        publisher: Cow<'a, str>,
        /// Which.
        model: Cow<'a, str>,
    },
    /// GET: the project's endpoints.
    Endpoints,
    /// GET: one of them, and what is deployed there.
    OwnEndpoint {
        /// Its id.
        endpoint: Cow<'a, str>,
    },
    /// GET: the project's own models.
    Models,
    /// GET: one of them.
    OwnModel {
        /// Its id.
        model: Cow<'a, str>,
    },
    /// GET or POST: the context caches.
    CachedContents,
    /// GET, PATCH or DELETE: one of them.
    CachedContent {
        /// Its id.
        id: Cow<'a, str>,
    },
}

/// Why a path is none of Vertex AI's; the service answers each with its 404 page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// It begins with neither `/v1/` nor `/v1beta1/`.
    #[error("path does not begin with /v1/ or /v1beta1/")]
    Version,
    /// No route has this form.
    #[error("no route has this path")]
    Route,
    /// The word after the colon is no verb.
    #[error("unknown verb {0:?}")]
    Verb(String),
    /// A segment is not UTF-8 once decoded.
    #[error("segment {0:?} is not UTF-8")]
    Encoding(String),
}

impl<'a> Path<'a> {
    /// Reads a path, without query.
    ///
    /// # Errors
    /// When it is none of Vertex AI's.
    pub fn parse(path: &'a str) -> Result<Self, PathError> {
        let (version, rest) = path
            .strip_prefix('/')
            .and_then(|path| path.split_once('/'))
            .and_then(|(version, rest)| Some((ApiVersion::from_word(version)?, rest)))
            .ok_or(PathError::Version)?;
        let segments = rest.split('/').map(decode).collect::<Result<Vec<_>, _>>()?;
        let (scope, resource) = match &*segments {
            [projects, project, locations, location, resource @ ..]
                if projects == "projects" && locations == "locations" =>
            {
                (Some(Scope { project: project.clone(), location: location.clone() }), resource)
            }
            resource => (None, resource),
        };
        let operation = Operation::parse(resource, scope.is_some())?;
        Ok(Path { version, scope, operation })
    }

    /// The resource's full name without verb, as error messages give it.
    pub fn resource(&self) -> String {
        let mut name = String::new();
        if let Some(Scope { project, location }) = &self.scope {
            name = format!("projects/{project}/locations/{location}/");
        }
        name + &self.operation.resource()
    }

    /// Whether an error of this request comes as a list of one.
    pub fn wraps_errors(&self, query: &Query) -> bool {
        match self.operation.verb() {
            Some(Verb::StreamRawPredict) => true,
            Some(Verb::StreamGenerateContent | Verb::ServerStreamingPredict) => query.alt != Some(Alt::Sse),
            Some(_) => false,
            None => matches!(self.operation, Operation::ChatCompletions { .. }),
        }
    }
}

impl ApiVersion {
    /// As the path has it.
    pub fn as_str(self) -> &'static str {
        match self {
            ApiVersion::V1 => "v1",
            ApiVersion::V1Beta1 => "v1beta1",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [ApiVersion::V1, ApiVersion::V1Beta1].into_iter().find(|version| version.as_str() == word)
    }
}

impl<'a> Operation<'a> {
    /// What a model or endpoint is to do.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Operation::Model { verb, .. } | Operation::Endpoint { verb, .. } => Some(*verb),
            _ => None,
        }
    }

    /// The model or endpoint named in the path; `openapi` names none.
    pub fn model(&self) -> Option<&str> {
        match self {
            Operation::Model { model, .. }
            | Operation::PublisherModel { model, .. }
            | Operation::OwnModel { model } => Some(model),
            Operation::Endpoint { endpoint, .. } | Operation::OwnEndpoint { endpoint } => Some(endpoint),
            Operation::ChatCompletions { endpoint } => (endpoint != "openapi").then_some(&**endpoint),
            _ => None,
        }
    }

    /// Whether Anthropic's tokens are counted: then the model is in the body.
    pub fn is_anthropic_token_count(&self) -> bool {
        matches!(self, Operation::Model { publisher, model, verb: Verb::RawPredict }
            if publisher == "anthropic" && model == "count-tokens")
    }

    /// The HTTP methods of the route.
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Operation::Model { .. } | Operation::Endpoint { .. } | Operation::ChatCompletions { .. } => {
                &["POST"]
            }
            Operation::CachedContents => &["GET", "POST"],
            Operation::CachedContent { .. } => &["GET", "PATCH", "DELETE"],
            _ => &["GET"],
        }
    }

    fn parse(segments: &[Cow<'a, str>], scoped: bool) -> Result<Self, PathError> {
        let words: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match (&*words, segments) {
            (["publishers", _, "models"], [_, publisher, _]) => {
                Ok(Operation::PublisherModels { publisher: publisher.clone() })
            }
            (["publishers", _, "models", _], [_, publisher, _, model]) => {
                Self::parse_publisher_model(publisher, model)
            }
            (["endpoints", _, "chat", "completions"], [_, endpoint, ..]) if scoped => {
                Ok(Operation::ChatCompletions { endpoint: endpoint.clone() })
            }
            (["endpoints", _], [_, endpoint]) if scoped => Ok(match split_verb(endpoint)? {
                (endpoint, Some(verb)) => Operation::Endpoint { endpoint, verb },
                (endpoint, None) => Operation::OwnEndpoint { endpoint },
            }),
            (["endpoints"], _) if scoped => Ok(Operation::Endpoints),
            (["models"], _) if scoped => Ok(Operation::Models),
            (["models", _], [_, model]) if scoped => Ok(Operation::OwnModel { model: model.clone() }),
            (["cachedContents"], _) if scoped => Ok(Operation::CachedContents),
            (["cachedContents", _], [_, id]) if scoped => Ok(Operation::CachedContent { id: id.clone() }),
            _ => Err(PathError::Route),
        }
    }

    fn parse_publisher_model(publisher: &Cow<'a, str>, model: &Cow<'a, str>) -> Result<Self, PathError> {
        let publisher = publisher.clone();
        Ok(match split_verb(model)? {
            (model, Some(verb)) => Operation::Model { publisher, model, verb },
            (model, None) => Operation::PublisherModel { publisher, model },
        })
    }

    fn resource(&self) -> String {
        match self {
            Operation::Model { publisher, model, .. } | Operation::PublisherModel { publisher, model } => {
                format!("publishers/{publisher}/models/{model}")
            }
            Operation::PublisherModels { publisher } => format!("publishers/{publisher}/models"),
            Operation::Endpoint { endpoint, .. }
            | Operation::OwnEndpoint { endpoint }
            | Operation::ChatCompletions { endpoint } => format!("endpoints/{endpoint}"),
            Operation::Endpoints => "endpoints".to_owned(),
            Operation::Models => "models".to_owned(),
            Operation::OwnModel { model } => format!("models/{model}"),
            Operation::CachedContents => "cachedContents".to_owned(),
            Operation::CachedContent { id } => format!("cachedContents/{id}"),
        }
    }
}

fn decode(segment: &str) -> Result<Cow<'_, str>, PathError> {
    percent_decode_str(segment).decode_utf8().map_err(|_| PathError::Encoding(segment.to_owned()))
}

// Model ids may hold colons themselves, so the verb is behind the last one.
fn split_verb<'a>(segment: &Cow<'a, str>) -> Result<(Cow<'a, str>, Option<Verb>), PathError> {
    let Some((name, word)) = segment.rsplit_once(':') else {
        return Ok((segment.clone(), None));
    };
    let verb = Verb::from_word(word).ok_or_else(|| PathError::Verb(word.to_owned()))?;
    let name = match segment {
        Cow::Borrowed(segment) => Cow::Borrowed(&segment[..name.len()]),
        Cow::Owned(_) => Cow::Owned(name.to_owned()),
    };
    Ok((name, Some(verb)))
}

/// The path as a client sends it.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.version.as_str())?;
        if let Some(Scope { project, location }) = &self.scope {
            write!(f, "projects/{}/locations/{}/", encode(project), encode(location))?;
        }
        self.operation.fmt(f)
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Model { publisher, model, verb } => {
                write!(f, "publishers/{}/models/{}:{}", encode(publisher), encode(model), verb.as_str())
            }
            Operation::Endpoint { endpoint, verb } => {
                write!(f, "endpoints/{}:{}", encode(endpoint), verb.as_str())
            }
            Operation::ChatCompletions { endpoint } => {
                write!(f, "endpoints/{}/chat/completions", encode(endpoint))
            }
            Operation::PublisherModels { publisher } => write!(f, "publishers/{}/models", encode(publisher)),
            Operation::PublisherModel { publisher, model } => {
                write!(f, "publishers/{}/models/{}", encode(publisher), encode(model))
            }
            Operation::Endpoints => f.write_str("endpoints"),
            Operation::OwnEndpoint { endpoint } => write!(f, "endpoints/{}", encode(endpoint)),
            Operation::Models => f.write_str("models"),
            Operation::OwnModel { model } => write!(f, "models/{}", encode(model)),
            Operation::CachedContents => f.write_str("cachedContents"),
            Operation::CachedContent { id } => write!(f, "cachedContents/{}", encode(id)),
        }
    }
}

fn encode(segment: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(segment, SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCOPE: &str = "projects/p-1/locations/us-central1";

    fn parse(path: &str) -> Path<'_> {
        Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn model<'a>(publisher: &'a str, model: &'a str, verb: Verb) -> Operation<'a> {
        Operation::Model { publisher: publisher.into(), model: model.into(), verb }
    }

    #[test]
    fn every_route_is_read_and_written_back() {
        let openapi = Operation::ChatCompletions { endpoint: "openapi".into() };
        let tuned = |verb| Operation::Endpoint { endpoint: "123".into(), verb };
        let google = || Cow::Borrowed("google");
        let gemini = |verb| model("google", "gemini-2.5-flash", verb);
        let publisher = format!("{SCOPE}/publishers/google/models/gemini-2.5-flash");
        let endpoint = format!("{SCOPE}/endpoints/123");
        let mut routes = vec![
            (format!("{SCOPE}/endpoints/openapi/chat/completions"), openapi),
            (format!("{endpoint}/chat/completions"), Operation::ChatCompletions { endpoint: "123".into() }),
            (
                format!("{SCOPE}/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict"),
                model("anthropic", "claude-sonnet-4-5@20250929", Verb::StreamRawPredict),
            ),
            (
                "publishers/google/models/gemini-2.5-flash:generateContent".to_owned(),
                gemini(Verb::GenerateContent),
            ),
            ("publishers/google/models".to_owned(), Operation::PublisherModels { publisher: google() }),
            (
                "publishers/google/models/gemini-2.5-flash".to_owned(),
                Operation::PublisherModel { publisher: google(), model: "gemini-2.5-flash".into() },
            ),
            (format!("{SCOPE}/endpoints"), Operation::Endpoints),
            (format!("{SCOPE}/endpoints/5"), Operation::OwnEndpoint { endpoint: "5".into() }),
            (format!("{SCOPE}/models"), Operation::Models),
            (format!("{SCOPE}/models/7"), Operation::OwnModel { model: "7".into() }),
            (format!("{SCOPE}/cachedContents"), Operation::CachedContents),
            (format!("{SCOPE}/cachedContents/9"), Operation::CachedContent { id: "9".into() }),
        ];
        for verb in Verb::ALL {
            routes.push((format!("{publisher}:{}", verb.as_str()), gemini(verb)));
            routes.push((format!("{endpoint}:{}", verb.as_str()), tuned(verb)));
        }
        for (route, operation) in routes {
            for version in [ApiVersion::V1, ApiVersion::V1Beta1] {
                let path = format!("/{}/{route}", version.as_str());
                let parsed = parse(&path);
                assert_eq!((parsed.version, &parsed.operation), (version, &operation), "{path}");
                assert_eq!(parsed.scope.is_some(), route.starts_with("projects/"), "{path}");
                assert_eq!(parsed.to_string(), path);
            }
        }
    }

    #[test]
    fn the_verb_is_behind_the_last_colon_and_an_encoded_at_is_an_at() {
        let path = parse("/v1/projects/7/locations/global/publishers/x/models/a:b%40001%3ArawPredict");
        assert_eq!(path.operation, model("x", "a:b@001", Verb::RawPredict));
        assert_eq!(path.scope.unwrap().project, "7");
    }

    #[test]
    fn the_models_name_is_borrowed_from_the_path() {
        let path = parse("/v1/publishers/google/models/gemini:generateContent");
        assert!(matches!(path.operation, Operation::Model { model: Cow::Borrowed("gemini"), .. }));
    }

    #[test]
    fn what_is_no_route_says_why() {
        for (path, error) in [
            ("", PathError::Version),
            ("/v2/publishers/google/models", PathError::Version),
            ("/v1", PathError::Version),
            ("/v1/", PathError::Route),
            ("/v1/projects/p/locations/l", PathError::Route),
            ("/v1/models", PathError::Route),
            ("/v1/endpoints/1:predict", PathError::Route),
            ("/v1/endpoints/1", PathError::Route),
            ("/v1/publishers/google/models/m:dance", PathError::Verb("dance".to_owned())),
            ("/v1/publishers/google/models/%ff", PathError::Encoding("%ff".to_owned())),
        ] {
            assert_eq!(Path::parse(path), Err(error), "{path}");
        }
    }

    #[test]
    fn only_streams_without_sse_wrap_their_errors() {
        let wraps = |route: &str, query: &str| {
            parse(&format!("/v1/{SCOPE}/{route}")).wraps_errors(&Query::parse(query))
        };
        assert!(wraps("publishers/google/models/m:streamGenerateContent", ""));
        assert!(wraps("publishers/google/models/m:streamGenerateContent", "$alt=json;enum-encoding=int"));
        assert!(!wraps("publishers/google/models/m:streamGenerateContent", "alt=sse"));
        assert!(wraps("publishers/anthropic/models/m:streamRawPredict", "alt=sse"));
        assert!(wraps("endpoints/openapi/chat/completions", ""));
        assert!(!wraps("publishers/google/models/m:generateContent", ""));
        assert!(!wraps("models", ""));
    }

    #[test]
    fn a_resource_is_named_in_full() {
        let path = format!("/v1/{SCOPE}/publishers/google/models/gemini-x:predict");
        assert_eq!(parse(&path).resource(), format!("{SCOPE}/publishers/google/models/gemini-x"));
        let count = "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict";
        assert!(parse(count).operation.is_anthropic_token_count());
    }

    proptest! {
        #[test]
        fn any_name_survives_the_path(project in "\\PC{1,12}", name in "\\PC{1,12}") {
            let path = Path {
                version: ApiVersion::V1,
                scope: Some(Scope { project: project.into(), location: "l".into() }),
                operation: Operation::Model { publisher: "p".into(), model: name.into(), verb: Verb::Predict },
            };
            let text = path.to_string();
            prop_assert_eq!(Path::parse(&text), Ok(path.clone()));
        }

        #[test]
        fn no_path_panics(path in any::<String>(), query in any::<String>()) {
            let _ = Path::parse(&path);
            let _ = Path::parse(&format!("/v1/{path}"));
            let _ = Query::parse(&query);
        }
    }
}
