//! Which requests a rule concerns: by what they ask for, and how many of those.

use http::HeaderMap;
use notation::Share;
use std::time::Duration;

use crate::asked::{Asked, Kind};

/// Which requests a rule concerns, by what they ask for. What is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The provider, by the name of its route.
    pub provider: Option<Box<str>>,
    /// The model, where `*` stands for any text.
    pub model: Option<Pattern>,
    /// The operation, where `*` stands for any text.
    pub operation: Option<Pattern>,
    /// The kind of work.
    pub kind: Option<Kind>,
    /// Streamed answers only, or the others only.
    pub streaming: Option<bool>,
    /// The key that the request carries: bearer token, `x-api-key`, `x-goog-api-key` or AWS access key id.
    pub tenant: Option<Box<str>>,
    /// A header and its value.
    pub header: Option<(http::HeaderName, Box<str>)>,
}

impl Selection {
    /// Whether the rule concerns this provider at all.
    #[must_use]
    pub fn concerns(&self, provider: &str) -> bool {
        self.provider.as_deref().is_none_or(|wanted| wanted == provider)
    }

    /// Whether the rule concerns this request of its provider.
    #[must_use]
    pub fn matches(&self, asked: &Asked<'_>, headers: &HeaderMap) -> bool {
        self.kind.is_none_or(|kind| kind == asked.kind)
            && self.streaming.is_none_or(|streaming| streaming == asked.streamed)
            && self.model.as_ref().is_none_or(|pattern| pattern.matches(&asked.model))
            && self.operation.as_ref().is_none_or(|pattern| pattern.matches(asked.operation))
            && self.tenant.as_deref().is_none_or(|key| key_of(headers) == Some(key))
            && self.header.as_ref().is_none_or(|(name, value)| {
                headers.get_all(name).iter().any(|sent| sent.as_bytes() == value.as_bytes())
            })
    }

    /// Whether it asks about the request and not only about the provider.
    #[must_use]
    pub fn reads_the_request(&self) -> bool {
        *self != Self { provider: self.provider.clone(), ..Self::default() }
    }
}

/// The credential by which a provider knows its tenant.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(key) = text("x-api-key").or_else(|| text("x-goog-api-key")).or_else(|| text("api-key")) {
        return Some(key);
    }
    let authorization = text("authorization")?;
    match authorization.split_once("Credential=") {
        Some((_, credential)) => credential.split('/').next(),
        None => authorization.split_once(' ').map(|(_, token)| token.trim()),
    }
}

/// A name in which `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// A pattern as written.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether `name` is of this form.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let Some((head, tail)) = self.0.split_once('*') else { return *self.0 == *name };
        let Some(mut rest) = name.strip_prefix(head) else { return false };
        let mut parts: Vec<&str> = tail.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.len() >= last.len() && rest.ends_with(last)
    }
}

/// How many of the requests that a rule concerns it hits.
#[derive(Debug, Clone, PartialEq)]
pub enum Extent {
    /// Each with the same chance, by its identity.
    Share {
        /// The chance.
        share: Share,
        /// From the opening of a window, how long the chance rises from zero to the whole share.
        ramp: Option<Duration>,
    },
    /// By order of arrival at the route, counted from 1 in each window. Under concurrency the order, and so
    /// who is hit, is not reproducible.
    Arrivals(Arrivals),
}

/// Arrivals that are hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrivals {
    /// The first so many.
    First(u64),
    /// Every so-manieth.
    Every(u64),
    /// Exactly these, in ascending order.
    Exactly(Box<[u64]>),
}

impl Arrivals {
    /// Whether arrival `ordinal`, from 1, is hit.
    #[must_use]
    pub fn hit(&self, ordinal: u64) -> bool {
        match self {
            Self::First(count) => ordinal <= *count,
            Self::Every(step) => *step > 0 && ordinal.is_multiple_of(*step),
            Self::Exactly(list) => list.binary_search(&ordinal).is_ok(),
        }
    }
}

impl Extent {
    /// The chance of a request `since` the window opened; one for those by order.
    #[must_use]
    pub fn chance(&self, since: Duration) -> f64 {
        match self {
            Self::Arrivals(_) => 1.0,
            Self::Share { share, ramp: Some(ramp) } if since < *ramp => {
                share.fraction() * (since.as_micros() as f64 / ramp.as_micros() as f64)
            }
            Self::Share { share, .. } => share.fraction(),
        }
    }

    /// Whether arrival `ordinal`, from 1, is hit; always so for a share.
    #[must_use]
    pub fn includes(&self, ordinal: u64) -> bool {
        match self {
            Self::Share { .. } => true,
            Self::Arrivals(arrivals) => arrivals.hit(ordinal),
        }
    }

    /// As a person says it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Share { share, .. } => share.to_string(),
            Self::Arrivals(Arrivals::First(count)) => format!("first {count}"),
            Self::Arrivals(Arrivals::Every(step)) => format!("every {step}"),
            Self::Arrivals(Arrivals::Exactly(list)) => format!("exactly {list:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Family;
    use http::{HeaderValue, Method, Uri};

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-*", "gpt-4o-mini", true),
            ("*claude*", "us.anthropic.claude-3", true),
            ("*haiku", "claude-haiku-4", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_tenant_is_known_by_its_key() {
        let uri: Uri = "/v1/chat/completions".parse().expect("a path");
        let asked = crate::asked::read(Family::OpenAi, &Method::POST, &uri, b"{}");
        let hit = |name: &'static str, value: &'static str, tenant: &str| {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )]);
            Selection { tenant: Some(tenant.into()), ..Selection::default() }.matches(&asked, &headers)
        };
        assert!(hit("authorization", "Bearer sk-1", "sk-1"));
        assert!(!hit("authorization", "Bearer sk-1", "sk-2"));
        assert!(hit("x-api-key", "k", "k"));
        let signed =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, Signature=0";
        assert!(hit("authorization", signed, "AKIDEXAMPLE"));
    }

    #[test]
    fn arrivals_count_from_one() {
        let hits = |arrivals: Arrivals| (1..=9).filter(|n| arrivals.hit(*n)).collect::<Vec<_>>();
        assert_eq!(hits(Arrivals::First(2)), [1, 2]);
        assert_eq!(hits(Arrivals::Every(3)), [3, 6, 9]);
        assert_eq!(hits(Arrivals::Exactly([1, 4, 7].into())), [1, 4, 7]);
    }

    #[test]
    fn a_ramp_rises_to_the_share() {
        let share: Share = "50%".parse().expect("a share");
        let extent = Extent::Share { share, ramp: Some(Duration::from_secs(60)) };
        let at = |seconds| extent.chance(Duration::from_secs(seconds));
        assert_eq!((at(0), at(30), at(60), at(90)), (0.0, 0.25, 0.5, 0.5));
    }
}
