//! Scripted answers, checked.

use regex::Regex;
use wire::bedrock::model::ModelId;

use super::file::{StopFile, ThenFile};
use crate::surface::Surface;

/// Answers to the requests that match.
#[derive(Debug, Clone)]
pub(crate) struct AnswerRule {
    pub(super) surface: Option<Surface>,
    pub(super) model: Option<String>,
    pub(super) text: Option<String>,
    pub(super) regex: Option<Regex>,
    /// At least one.
    pub(super) replies: Vec<Scripted>,
    pub(super) then: ThenFile,
}

/// One scripted answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scripted {
    /// The model says this.
    Say(Said),
    /// The fault of this spec.
    Fail(String),
}

/// What a model says by script.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: Option<String>,
    /// Name and arguments, a JSON object.
    pub(crate) call: Option<(String, String)>,
    /// Length of a text that the engine makes.
    pub(crate) tokens: Option<u32>,
    pub(crate) stop: Option<StopFile>,
}

impl AnswerRule {
    /// Whether it is for a request of `surface` for `model`. `prompt` is only asked for when it matters.
    pub(super) fn matches<'p>(
        &self,
        surface: Surface,
        model: &str,
        prompt: impl FnOnce() -> Option<&'p str>,
    ) -> bool {
        let is_model = |wanted: &String| wanted == model || wanted == ModelId::new(model).base();
        if self.surface.is_some_and(|wanted| wanted != surface) || !self.model.as_ref().is_none_or(is_model) {
            return false;
        }
        if self.text.is_none() && self.regex.is_none() {
            return true;
        }
        prompt().is_some_and(|prompt| {
            self.text.as_ref().is_none_or(|text| prompt.contains(text))
                && self.regex.as_ref().is_none_or(|regex| regex.is_match(prompt))
        })
    }

    /// Which answer the request gets that is the `count`-th to match, from 0; none for the engine's own.
    pub(super) fn reply_at(&self, count: u64) -> Option<usize> {
        let last = self.replies.len().checked_sub(1)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match self.then {
            _ if count <= last => Some(count),
            ThenFile::RepeatLast => Some(last),
            ThenFile::Cycle => Some(count % self.replies.len()),
            ThenFile::Engine => None,
        }
    }
}

/// A value of TOML as JSON, in the order in which it is written.
pub(super) fn json_of(value: &toml::Value) -> String {
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    match value {
        toml::Value::String(string) => text(string),
        toml::Value::Integer(number) => number.to_string(),
        // JSON has no infinity.
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(*number).map_or("null".to_owned(), |number| number.to_string())
        }
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(moment) => text(&moment.to_string()),
        toml::Value::Array(items) => {
            format!("[{}]", items.iter().map(json_of).collect::<Vec<_>>().join(","))
        }
        toml::Value::Table(members) => {
            let members = members.iter().map(|(key, value)| format!("{}:{}", text(key), json_of(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(then: ThenFile) -> AnswerRule {
        let replies = vec![Scripted::Fail(String::new()); 3];
        AnswerRule { surface: None, model: None, text: None, regex: None, replies, then }
    }

    #[test]
    fn a_sequence_goes_on_as_it_says() {
        let all = |then| (0..7).map(|count| rule(then).reply_at(count)).collect::<Vec<_>>();
        let some = |indices: [usize; 7]| indices.map(Some).to_vec();
        assert_eq!(all(ThenFile::RepeatLast), some([0, 1, 2, 2, 2, 2, 2]));
        assert_eq!(all(ThenFile::Cycle), some([0, 1, 2, 0, 1, 2, 0]));
        assert_eq!(all(ThenFile::Engine), [Some(0), Some(1), Some(2), None, None, None, None]);
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let rule = AnswerRule {
            surface: Some(Surface::Bedrock),
            model: Some("anthropic.claude-3-haiku-20240307-v1:0".to_owned()),
            text: Some("weather".to_owned()),
            regex: Some(Regex::new("(?i)paris$").expect("a regex")),
            ..rule(ThenFile::Cycle)
        };
        let haiku = "us.anthropic.claude-3-haiku-20240307-v1:0";
        let matches = |surface, model, prompt| rule.matches(surface, model, || prompt);
        assert!(matches(Surface::Bedrock, haiku, Some("the weather in PARIS")));
        assert!(!matches(Surface::Vertex, haiku, Some("the weather in PARIS")));
        assert!(!matches(Surface::Bedrock, "m", Some("the weather in PARIS")));
        assert!(!matches(Surface::Bedrock, haiku, Some("the weather in Paris?")));
        assert!(!matches(Surface::Bedrock, haiku, Some("Paris")));
        assert!(!matches(Surface::Bedrock, haiku, None));
    }
}
