//! Whose turn it is: which scripted answer a request gets.

use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::{AnswerRule, Scripted};
use super::prompt;
use crate::surface::Surface;

/// Where a scripted answer stands: the rule, and the answer within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    rule: usize,
    reply: usize,
}

/// The rules of a mock, each with the number of requests that it has matched.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    rules: Vec<(AnswerRule, AtomicU64)>,
}

impl Turns {
    pub(crate) fn new(rules: Vec<AnswerRule>) -> Self {
        Self { rules: rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect() }
    }

    /// Whether there is no rule, so that no request need be looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The answer to a request that has just arrived, which counts from now on; none for the engine's own.
    pub(crate) fn take(&self, surface: Surface, model: &str, body: &[u8]) -> Option<Place> {
        let prompt = std::cell::OnceCell::new();
        let prompt = || prompt.get_or_init(|| prompt::last_user_text(body)).as_deref();
        let (rule, (found, count)) =
            self.rules.iter().enumerate().find(|(_, (rule, _))| rule.matches(surface, model, prompt))?;
        let reply = found.reply_at(count.fetch_add(1, Ordering::Relaxed))?;
        Some(Place { rule, reply })
    }

    /// The answer at a place that [`Self::take`] gave.
    pub(crate) fn at(&self, place: Place) -> Option<&Scripted> {
        self.rules.get(place.rule)?.0.replies.get(place.reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::AnswerRuleFile;

    fn turns(rules: &[&str]) -> Turns {
        let plan = |text: &&str| toml::from_str::<AnswerRuleFile>(text).expect(text).plan().expect(text);
        Turns::new(rules.iter().map(plan).collect())
    }

    #[test]
    fn the_first_rule_that_matches_answers_and_counts_for_itself() {
        let turns = turns(&[
            "match = { text = \"weather\" }\nsequence = [{ text = \"sun\" }, { text = \"rain\" }]\nthen = \"engine\"",
            "match = { surface = \"vertex\" }\nreply = { text = \"hello\" }",
        ]);
        let said = |surface, prompt: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":"{prompt}"}}]}}"#);
            let place = turns.take(surface, "m", body.as_bytes())?;
            match turns.at(place) {
                Some(Scripted::Say(said)) => said.text.clone(),
                _ => None,
            }
        };
        assert_eq!(said(Surface::Bedrock, "the weather").as_deref(), Some("sun"));
        assert_eq!(said(Surface::Bedrock, "else"), None);
        assert_eq!(said(Surface::Vertex, "else").as_deref(), Some("hello"));
        assert_eq!(said(Surface::Vertex, "weather").as_deref(), Some("rain"));
        assert_eq!(said(Surface::Vertex, "weather"), None, "the engine, not the next rule");
    }
}
