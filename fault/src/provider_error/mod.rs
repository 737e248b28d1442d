//! A provider's errors by name or by status: whole answers before a stream, events inside one.
//!
//! The words and shapes are those of `wire`; here they get names that a file can use for any provider.

mod answer;
mod anthropic;
mod bedrock;
mod in_band;
mod openai;
mod vertex;

use wire::error_response::ErrorResponse;

use crate::Family;
use crate::asked::Shape;

pub(crate) use answer::{date, request_id, respond};
pub use bedrock::Named as BedrockError;
pub(crate) use in_band::write_event;

/// One way in which a provider refuses or fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderError {
    /// Bedrock's.
    Bedrock(bedrock::Named),
    /// Vertex AI's.
    Vertex(wire::vertex::error::Case),
    /// OpenAI's.
    OpenAi(wire::openai::error::Case),
    /// Anthropic's.
    Anthropic(wire::anthropic::error::Case),
    /// A page of this status from the front end, where the service itself has no such error.
    FrontEnd(u16),
}

/// What the words of an error mention.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mention<'a> {
    pub(crate) model: &'a str,
    pub(crate) path: &'a str,
    /// As the answer's head names it; empty where it does not.
    pub(crate) request_id: &'a str,
    /// Now, in seconds since 1970; 0 where nobody says.
    pub(crate) now_unix_s: u64,
    /// Until the request would be served, for errors that tell.
    pub(crate) wait: Option<std::time::Duration>,
    /// Whether the error is wrapped in a list, as for streams that are JSON arrays.
    pub(crate) wrapped: bool,
}

impl ProviderError {
    /// The error of that name, in our spelling (`service-unavailable`) or the provider's own
    /// (`ServiceUnavailableException`, `RESOURCE_EXHAUSTED`, `overloaded_error`).
    #[must_use]
    pub fn named(family: Family, name: &str) -> Option<Self> {
        let name = normal(name);
        match family {
            Family::Bedrock => bedrock::Named::find(&name).map(Self::Bedrock),
            Family::Vertex => wire::vertex::error::Case::from_name(&name).map(Self::Vertex),
            Family::OpenAi => wire::openai::error::Case::from_name(&name).map(Self::OpenAi),
            Family::Anthropic => anthropic::find(&name).map(Self::Anthropic),
        }
    }

    /// The usual error of that status; a front end's page where the service has none. `None` unless 400–599.
    #[must_use]
    pub fn of_status(family: Family, status: u16) -> Option<Self> {
        let usual = match family {
            Family::Bedrock => bedrock::USUAL,
            Family::Vertex => vertex::USUAL,
            Family::OpenAi => openai::USUAL,
            Family::Anthropic => anthropic::USUAL,
        };
        let name = usual.iter().find(|(of, _)| *of == status).map(|(_, name)| *name);
        let page = (400..600).contains(&status).then_some(Self::FrontEnd(status));
        name.and_then(|name| Self::named(family, name)).or(page)
    }

    /// The names that a family accepts.
    #[must_use]
    pub fn names(family: Family) -> Vec<String> {
        match family {
            Family::Bedrock => bedrock::Named::names(),
            Family::Vertex => named(wire::vertex::error::Case::ALL.map(wire::vertex::error::Case::name)),
            Family::OpenAi => named(wire::openai::error::Case::ALL.map(wire::openai::error::Case::name)),
            Family::Anthropic => {
                named(wire::anthropic::error::Case::ALL.map(wire::anthropic::error::Case::name))
            }
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Bedrock(error) => error.kind().status(),
            Self::Vertex(case) => case.status(),
            Self::OpenAi(case) => case.status(),
            Self::Anthropic(case) => case.status(),
            Self::FrontEnd(status) => status,
        }
    }

    /// Whether an event of this shape can say it.
    #[must_use]
    pub fn fits_in_band(self, shape: Shape) -> bool {
        let mut probe = bytes::BytesMut::new();
        write_event(self, shape, 0, &Mention::default(), &mut probe)
    }

    pub(crate) fn response(self, mention: &Mention<'_>) -> ErrorResponse {
        match self {
            Self::Bedrock(error) => error.response(mention),
            Self::Vertex(case) => vertex::response(case, mention),
            Self::OpenAi(case) => openai::response(case, mention),
            Self::Anthropic(case) => anthropic::response(case, mention),
            Self::FrontEnd(status) => page(status),
        }
    }
}

fn named<const N: usize>(names: [&'static str; N]) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The page with which a load balancer answers for a service that does not.
fn page(status: u16) -> ErrorResponse {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let title = format!("{status} {}", reason.unwrap_or("Error"));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    ErrorResponse { status, content_type: "text/html", headers: Vec::new(), body: body.into() }
}

/// A name in our spelling: lower case, hyphens, without a closing "exception" or "error" of type names.
fn normal(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    let is_camel = name.bytes().any(|byte| byte.is_ascii_lowercase());
    for (at, letter) in name.char_indices() {
        if is_camel && at > 0 && letter.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    let is_type_name = name.contains('_') || name.bytes().any(|byte| byte.is_ascii_uppercase());
    let stem =
        text.strip_suffix("-exception").or_else(|| text.strip_suffix("-error").filter(|_| is_type_name));
    stem.map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_both_spellings() {
        for (family, ours, theirs) in [
            (Family::Bedrock, "service-unavailable", "ServiceUnavailableException"),
            (Family::Bedrock, "throttling", "throttlingException"),
            (Family::Vertex, "resource-exhausted", "RESOURCE_EXHAUSTED"),
            (Family::Anthropic, "overloaded", "overloaded_error"),
            (Family::Anthropic, "requests-rate-limit", "rate_limit_error"),
        ] {
            let error = ProviderError::named(family, ours);
            assert!(error.is_some(), "{ours}");
            assert_eq!(ProviderError::named(family, theirs), error, "{theirs}");
        }
        assert_eq!(ProviderError::named(Family::Vertex, "throttling"), None);
    }

    #[test]
    fn every_listed_name_is_accepted_and_answers_with_its_status() {
        for family in Family::ALL {
            for name in ProviderError::names(family) {
                let error = ProviderError::named(family, &name).expect(&name);
                let response = error.response(&Mention::default());
                assert_eq!(response.status, error.status(), "{family} {name}");
            }
        }
    }

    #[test]
    fn every_usual_status_is_the_services_own() {
        for family in Family::ALL {
            for status in [400, 401, 403, 404, 408, 429, 500, 502, 503, 504, 529] {
                let error = ProviderError::of_status(family, status).expect("an error status");
                assert_eq!(error.status(), status, "{family}");
            }
            for status in [429, 500, 503] {
                let error = ProviderError::of_status(family, status);
                let is_own = !matches!(error, Some(ProviderError::FrontEnd(_)));
                assert!(is_own || (family, status) == (Family::Anthropic, 503), "{family} {status}");
            }
            assert_eq!(ProviderError::of_status(family, 200), None);
        }
    }
}
