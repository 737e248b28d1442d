//! The one-line form of an effect, for a header, a path prefix and a flag: `cut=3 events:reset`.
//!
//! A spec is a key of an effect, with its short value after `=` where it has one; `retry_after=…` and
//! `should_retry=…` may follow an error after a comma. Some combinations have names of their own, which other tools use too.

use super::effect_keys::EffectFile;
use super::value::Refused;
use crate::Family;
use crate::effect::{Effect, ErrorAnswer, Wanted};

/// A spec that asks for nothing that exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// There is no such effect or alias.
    #[error("there is no fault `{given}`; accepted: {}", accepted())]
    Unknown {
        /// What was given.
        given: String,
    },
    /// The effect exists, its value is wrong.
    #[error("`{key}`: {cause}")]
    Value {
        /// The effect.
        key: String,
        /// What is wrong.
        cause: Refused,
    },
    /// The pieces do not make one effect.
    #[error("{0}")]
    Combination(String),
    /// The provider has no error of that name.
    #[error("{family} has no error `{name}`; accepted: {accepted}")]
    Error {
        /// Whose API it is.
        family: Family,
        /// What was asked for.
        name: String,
        /// The names that there are.
        accepted: String,
    },
}

/// Names for what other tools and test suites ask for. Faults of a stream come after its first event that
/// carries content.
const ALIASES: [(&str, &str); 17] = [
    ("http-429-retry-after", "error=429,retry_after=2s"),
    ("http-429", "error=429,retry_after=none"),
    ("reset-before-headers", "reset=before-headers"),
    ("reset-after-headers", "reset=after-headers"),
    ("stream-truncate-boundary", "cut=1 content event:fin"),
    ("stream-truncate-mid-event", "truncated_frame=1 content event:fin"),
    ("stream-no-terminator", "no_terminator"),
    ("stream-stall", "stall=1 content event"),
    ("stall", "silence"),
    ("stream-error-event", "in_band_error=usual:1 content event"),
    ("malformed-json", "malformed"),
    ("html-200", "html"),
    ("empty-200", "empty_body"),
    ("empty-204", "empty_body=no-content"),
    ("empty-json-200", "empty_body=object"),
    ("throttle", "error=429"),
    ("unavailable", "error=503"),
];

fn accepted() -> String {
    let aliases = ALIASES.iter().map(|(name, _)| *name);
    let names: Vec<_> = aliases.chain(["http-STATUS"]).chain(EffectFile::KEYS.iter().copied()).collect();
    names.join(", ")
}

/// The effect that `spec` asks for at a provider of that family.
///
/// # Errors
/// There is no such effect, or its value is not one.
pub fn parse(spec: &str, family: Family) -> Result<Effect, SpecError> {
    let spec = spec.trim();
    if let Some((_, meaning)) = ALIASES.iter().find(|(name, _)| *name == spec) {
        return parse_plain(&meaning.replace("=usual", usual_in_band(family)), family);
    }
    if let Some(status) = spec.strip_prefix("http-") {
        return parse_plain(&format!("error={status}"), family);
    }
    parse_plain(spec, family)
}

/// The error that a stream of this family most often ends with.
fn usual_in_band(family: Family) -> &'static str {
    match family {
        Family::Bedrock => "=service-unavailable",
        Family::Vertex => "=unavailable",
        Family::OpenAi => "=server-error",
        Family::Anthropic => "=overloaded",
    }
}

fn parse_plain(spec: &str, family: Family) -> Result<Effect, SpecError> {
    let mut file = EffectFile::default();
    for part in spec.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim().replace('-', "_"), value.trim());
        let set = file.set(&key, value).map_err(|cause| SpecError::Value { key: key.clone(), cause })?;
        if !set {
            return Err(SpecError::Unknown { given: part.trim().to_owned() });
        }
    }
    let effect = file.plan().map_err(|problems| SpecError::Combination(problems.to_string()))?;
    match &effect {
        Effect::Error(ErrorAnswer { wanted, .. }) => check(wanted, family)?,
        Effect::InBandError(error) => check(&error.wanted, family)?,
        _ => {}
    }
    Ok(effect)
}

fn check(wanted: &Wanted, family: Family) -> Result<(), SpecError> {
    if wanted.at(family).is_some() {
        return Ok(());
    }
    let accepted = crate::provider_error::ProviderError::names(family).join(", ");
    Err(SpecError::Error { family, name: wanted.text(), accepted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_is_an_effect_everywhere() {
        for family in Family::ALL {
            for (alias, _) in ALIASES {
                assert!(parse(alias, family).is_ok(), "{family} {alias}: {:?}", parse(alias, family));
            }
            for status in [429, 500, 503, 504, 529] {
                assert!(parse(&format!("http-{status}"), family).is_ok(), "{family} {status}");
            }
        }
    }

    #[test]
    fn values_are_short_forms() {
        let name =
            |spec: &str| parse(spec, Family::Bedrock).map(|effect| (effect.name(), effect.parameters()));
        let cut = vec![("after", "3 events".to_owned()), ("by", "reset".to_owned())];
        assert_eq!(name("cut=3 events:reset"), Ok(("cut", cut)));
        assert_eq!(name("latency=500ms"), Ok(("latency", vec![("law", "500ms".to_owned())])));
        assert_eq!(name("error=throttling"), Ok(("error", vec![("error", "throttling".to_owned())])));
        let stall = vec![("after", "2 events".to_owned()), ("for", "30s".to_owned())];
        assert_eq!(name("stall=2 events:30s"), Ok(("stall", stall)));
        assert_eq!(name("slow-headers=5s").map(|effect| effect.0), Ok("slow_headers"));
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        let said = |spec: &str| parse(spec, Family::Vertex).map_err(|error| error.to_string());
        assert!(
            said("dance").is_err_and(|text| text.contains("stream-stall") && text.contains("slow_tokens"))
        );
        assert!(said("error=throttling").is_err_and(|text| text.contains("resource-exhausted")));
        assert!(said("cut=x:y").is_err_and(|text| text.contains("3 events:reset")));
        assert!(said("http-200").is_err());
        assert!(said("cut=1 event:fin,html").is_err_and(|text| text.contains("2 effects")));
        assert!(said("").is_err());
    }
}
