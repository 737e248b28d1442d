//! The APIs that the mock speaks.

use fault::Family;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

/// A provider's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// Amazon Bedrock.
    Bedrock,
    /// Google Vertex AI, its token endpoint and its metadata server.
    Vertex,
    /// OpenAI, and Azure OpenAI.
    #[serde(rename = "openai")]
    OpenAi,
    /// The Anthropic API.
    Anthropic,
}

impl Surface {
    /// Every surface.
    pub(crate) const ALL: [Self; 4] = [Self::Bedrock, Self::Vertex, Self::OpenAi, Self::Anthropic];

    /// Whose errors and events it speaks.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Bedrock => Family::Bedrock,
            Self::Vertex => Family::Vertex,
            Self::OpenAi => Family::OpenAi,
            Self::Anthropic => Family::Anthropic,
        }
    }

    /// Whose rules its quotas follow.
    pub(crate) fn quota_provider(self) -> quota::Provider {
        match self {
            Self::Bedrock => quota::Provider::Bedrock,
            Self::Vertex => quota::Provider::Vertex,
            Self::OpenAi => quota::Provider::OpenAi,
            Self::Anthropic => quota::Provider::Anthropic,
        }
    }

    /// The surface whose request this is. A path of nobody's belongs to `home`, so that its error is the one
    /// that a client of `home` expects.
    pub(crate) fn of_request(headers: &HeaderMap, path: &str, home: Self) -> Self {
        // OpenAI has models, files and batches at the same paths. Clients of Anthropic name a version, whichever way
        // they show their key; those of OpenAI show a bearer token and nothing else.
        if !is_of(&SHARED, path) {
            Self::of_path(path, home)
        } else if ["anthropic-version", "x-api-key"].iter().any(|name| headers.contains_key(*name)) {
            Self::Anthropic
        } else if headers.contains_key(AUTHORIZATION) {
            Self::OpenAi
        } else {
            Self::of_path(path, home)
        }
    }

    fn of_path(path: &str, home: Self) -> Self {
        const ANTHROPIC: [&str; 4] = ["/v1/messages", "/v1/complete", "/v1/skills", "/v1/organizations"];
        // Those that are not served, too: a client of OpenAI's hears so in OpenAI's words.
        const OPENAI: [&str; 25] = [
            "/v1/assistants",
            "/v1/audio",
            "/v1/batches",
            "/v1/chat",
            "/v1/chatkit",
            "/v1/completions",
            "/v1/containers",
            "/v1/conversations",
            "/v1/edits",
            "/v1/embeddings",
            "/v1/engines",
            "/v1/evals",
            "/v1/files",
            "/v1/fine_tuning",
            "/v1/images",
            "/v1/models",
            "/v1/moderations",
            "/v1/organization",
            "/v1/realtime",
            "/v1/responses",
            "/v1/threads",
            "/v1/uploads",
            "/v1/vector_stores",
            "/v1/videos",
            "/openai",
        ];
        const VERTEX: [&str; 7] = [
            "/v1/projects/",
            "/v1/publishers/",
            "/v1beta1/",
            "/google.cloud.aiplatform.",
            "/computeMetadata",
            "/token",
            "/oauth2/",
        ];
        const BEDROCK: [&str; 5] =
            ["/model/", "/foundation-models", "/guardrail", "/async-invoke", "/inference-profiles"];
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if begins(&BEDROCK) {
            Self::Bedrock
        } else if is_of(&ANTHROPIC, path) {
            Self::Anthropic
        } else if is_of(&OPENAI, path) && !(home == Self::Anthropic && is_of(&SHARED, path)) {
            Self::OpenAi
        } else if path == "/" || begins(&VERTEX) {
            Self::Vertex
        } else {
            home
        }
    }
}

/// Where OpenAI and Anthropic have resources at the same paths.
const SHARED: [&str; 3] = ["/v1/models", "/v1/files", "/v1/batches"];

/// Whether `path` is one of `places` or a resource of one.
fn is_of(places: &[&str], path: &str) -> bool {
    places.iter().any(|place| is_below(path, place))
}

/// Whether `path` is `place` or a resource of it.
fn is_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::Surface::{self, Anthropic, Bedrock, OpenAi, Vertex};

    #[test]
    fn the_path_says_whose_it_is() {
        for (path, home, expected) in [
            ("/model/m/converse", Vertex, Bedrock),
            ("/foundation-models", Vertex, Bedrock),
            ("/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent", Bedrock, Vertex),
            ("/token", Bedrock, Vertex),
            ("/v1/messages", Bedrock, Anthropic),
            ("/v1/messages/count_tokens", Vertex, Anthropic),
            ("/v1/messagesx", Bedrock, Bedrock),
            ("/v1/models", Anthropic, Anthropic),
            ("/v1/models", Bedrock, OpenAi),
            ("/v1/chat/completions", Bedrock, OpenAi),
            ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", OpenAi, Vertex),
            ("/openai/deployments/d/chat/completions", Vertex, OpenAi),
            ("/v1/files", Bedrock, OpenAi),
            ("/v1/files", Anthropic, Anthropic),
            ("/v1/complete", OpenAi, Anthropic),
            ("/v1/nonsense", OpenAi, OpenAi),
            ("/nonsense", Bedrock, Bedrock),
            ("/nonsense", Vertex, Vertex),
        ] {
            assert_eq!(Surface::of_request(&HeaderMap::new(), path, home), expected, "{path}");
        }
    }

    #[test]
    fn models_are_openais_where_a_token_is_all_that_is_shown() {
        let token = [(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer sk"))];
        let mut headers = HeaderMap::from_iter(token);
        for home in Surface::ALL {
            assert_eq!(Surface::of_request(&headers, "/v1/models/gpt-4o", home), OpenAi, "{home:?}");
        }
        assert_eq!(Surface::of_request(&headers, "/v1/messages", OpenAi), Anthropic);
        headers.insert("anthropic-version", HeaderValue::from_static("2026-10-21"));
        assert_eq!(Surface::of_request(&headers, "/v1/models", OpenAi), Anthropic, "a newer client's");
    }

    #[test]
    fn models_are_anthropics_where_a_header_of_its_own_is_there() {
        for header in ["anthropic-version", "x-api-key"] {
            let headers =
                HeaderMap::from_iter([(header.parse().expect("a name"), HeaderValue::from_static("x"))]);
            for path in ["/v1/models", "/v1/models/claude-haiku-4-5", "/v1/files/file_1"] {
                assert_eq!(Surface::of_request(&headers, path, Bedrock), Anthropic, "{header} {path}");
            }
            assert_eq!(Surface::of_request(&headers, "/v1/modelsx", Bedrock), Bedrock);
        }
    }
}
