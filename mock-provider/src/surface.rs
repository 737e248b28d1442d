//! The APIs that the mock speaks.

use serde::{Deserialize, Serialize};

/// A provider's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// Amazon Bedrock.
    Bedrock,
    /// Google Vertex AI, its token endpoint and its metadata server.
    Vertex,
}

impl Surface {
    /// The surface whose path this is. A path of nobody's belongs to `home`, so that its error is the one
    /// that a client of `home` expects.
    pub(crate) fn of_path(path: &str, home: Self) -> Self {
        const VERTEX: [&str; 5] = ["/v1/", "/v1beta1/", "/computeMetadata", "/token", "/oauth2/"];
        const BEDROCK: [&str; 5] =
            ["/model/", "/foundation-models", "/guardrail", "/async-invoke", "/inference-profiles"];
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if begins(&BEDROCK) {
            Self::Bedrock
        } else if path == "/" || begins(&VERTEX) {
            Self::Vertex
        } else {
            home
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Surface::{self, Bedrock, Vertex};

    #[test]
    fn the_path_says_whose_it_is() {
        for (path, home, expected) in [
            ("/model/m/converse", Vertex, Bedrock),
            ("/foundation-models", Vertex, Bedrock),
            ("/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent", Bedrock, Vertex),
            ("/token", Bedrock, Vertex),
            ("/nonsense", Bedrock, Bedrock),
            ("/nonsense", Vertex, Vertex),
        ] {
            assert_eq!(Surface::of_path(path, home), expected, "{path}");
        }
    }
}
