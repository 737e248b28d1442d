//! `[[answers]]` as written.

use notation::Problems;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::plan::{AnswerRule, Said, Scripted, json_of};
use crate::surface::Surface;

/// Answers of the user's own to the requests that match.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRuleFile {
    /// Which requests; all that generate text when left out. The first rule that matches answers.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<MatchFile>,
    /// What is answered every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyFile>,
    /// What is answered the first time, the second, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequence: Vec<ReplyFile>,
    /// What comes after the sequence: its last answer again and again when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<ThenFile>,
}

/// Which requests: those for which all that is given holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchFile {
    /// Requests of this API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface: Option<Surface>,
    /// Requests for this model, as they name it; on Bedrock also without region and ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Requests whose last user turn with text contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Requests whose last user turn with text matches this regular expression somewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

/// One answer: a text, JSON or a call of a tool (a text may come before it), so many tokens, or a fault.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyFile {
    /// This text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// This value, as a text of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<toml::Value>,
    /// A call of this tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolFile>,
    /// Words, or the token texts of the request's nonce, of exactly this many tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
    /// Why the answer ends: `end`, or `max-tokens` for one that breaks off. As it comes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopFile>,
    /// A fault, in the words of the header `x-brownout-fault`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolFile {
    /// The tool, whether the request offers it or not.
    pub name: String,
    /// Its arguments; none when left out.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub arguments: toml::Table,
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopFile {
    /// It is complete.
    End,
    /// It has as many tokens as were allowed.
    MaxTokens,
}

/// What comes after the last answer of a sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThenFile {
    /// The last one again and again.
    #[default]
    RepeatLast,
    /// The first one again, and so on.
    Cycle,
    /// What the mock would answer without the rule.
    Engine,
}

impl AnswerRuleFile {
    /// Checks it.
    pub(crate) fn plan(&self) -> Result<AnswerRule, Problems> {
        let mut problems = Problems::new();
        let matches = self.matches.clone().unwrap_or_default();
        let regex = problems.take("match", matches.regex()).flatten();
        if matches.text.as_deref() == Some("") {
            problems.add("match.text", "is empty", "a part of the prompt; leave it out to match any");
        }
        let replies = self.replies(matches.surface, &mut problems);
        let then = self.then.unwrap_or_default();
        problems.into_result(AnswerRule {
            surface: matches.surface,
            model: matches.model,
            text: matches.text,
            regex,
            replies,
            then,
        })
    }

    fn replies(&self, surface: Option<Surface>, problems: &mut Problems) -> Vec<Scripted> {
        if self.then.is_some() && self.sequence.is_empty() {
            problems.add("then", "follows no sequence", "`then` beside `sequence`");
        }
        match (&self.reply, self.sequence.as_slice()) {
            (Some(reply), []) => problems.take("reply", reply.plan(surface)).into_iter().collect(),
            (None, [_, ..]) => {
                let planned = self.sequence.iter().enumerate();
                planned
                    .filter_map(|(index, reply)| {
                        problems.take(&format!("sequence[{index}]"), reply.plan(surface))
                    })
                    .collect()
            }
            (Some(_), _) => {
                problems.add("", "has both `reply` and `sequence`", "one of them");
                Vec::new()
            }
            (None, []) => {
                problems.add("", "says no answer", "`reply` or `sequence`");
                Vec::new()
            }
        }
    }
}

impl MatchFile {
    fn regex(&self) -> Result<Option<Regex>, Problems> {
        let Some(regex) = &self.regex else { return Ok(None) };
        Regex::new(regex).map(Some).map_err(|error| {
            let mut problems = Problems::new();
            // The last line says what is wrong; those before it draw the place.
            let message = error.to_string();
            let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
            problems.add("regex", format!("is no regular expression: {reason}"), "Rust's regex syntax");
            problems
        })
    }
}

impl ReplyFile {
    fn plan(&self, surface: Option<Surface>) -> Result<Scripted, Problems> {
        let mut problems = Problems::new();
        self.check_combination(&mut problems);
        if let Some(spec) = &self.error {
            check_fault(spec, surface, &mut problems);
            return problems.into_result(Scripted::Fail(spec.clone()));
        }
        if self.tokens == Some(0) {
            problems.add("tokens", "is zero", "at least 1");
        }
        if self.tool.as_ref().is_some_and(|tool| tool.name.is_empty()) {
            problems.add("tool.name", "is empty", "the name of a tool");
        }
        let call = self
            .tool
            .as_ref()
            .map(|tool| (tool.name.clone(), json_of(&toml::Value::Table(tool.arguments.clone()))));
        let text = self.text.clone().or_else(|| self.json.as_ref().map(json_of));
        let stop = self.stop;
        problems.into_result(Scripted::Say(Said { text, call, tokens: self.tokens, stop }))
    }

    fn check_combination(&self, problems: &mut Problems) {
        let given = [
            ("text", self.text.is_some()),
            ("json", self.json.is_some()),
            ("tool", self.tool.is_some()),
            ("tokens", self.tokens.is_some()),
            ("error", self.error.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key).collect();
        match given.as_slice() {
            [] => problems.add("", "says nothing", "`text`, `json`, `tool`, `tokens` or `error`"),
            [_] | ["text", "tool"] => {}
            _ => problems.add(
                "",
                format!("has {} at once", given.join(", ")),
                "one of `text`, `json`, `tool`, `tokens` and `error`, or `text` before `tool`",
            ),
        }
        if self.stop.is_some() && (self.error.is_some() || self.tool.is_some()) {
            problems.add(
                "stop",
                "is given to what ends in its own way",
                "`stop` beside `text`, `json` or `tokens`",
            );
        }
    }
}

/// The fault must be one of the surface, or of any where the rule is for all.
fn check_fault(spec: &str, surface: Option<Surface>, problems: &mut Problems) {
    let parse = |surface: Surface| fault::spec::parse(spec, surface.family()).err();
    let error = match surface {
        Some(surface) => parse(surface),
        None if Surface::ALL.into_iter().any(|surface| parse(surface).is_none()) => None,
        None => parse(Surface::ALL[0]),
    };
    if let Some(error) = error {
        problems.add("error", error.to_string(), "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<AnswerRule, Problems> {
        toml::from_str::<AnswerRuleFile>(text).expect(text).plan()
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = plan(text).expect_err(text);
        problems.as_slice().iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
    }

    #[test]
    fn a_sequence_is_read_in_order() {
        let rule = plan(
            "match = { surface = \"bedrock\", regex = \"wea.her\" }\nthen = \"cycle\"\nsequence = [\n\
             { error = \"http-429\" },\n{ tool = { name = \"f\", arguments = { z = 1, a = [true, \"x\\\"\"], at = 2026-01-01 } } },\n\
             { json = { b = 1.5 } },\n{ text = \"t\", stop = \"max-tokens\" },\n{ tokens = 5 } ]",
        )
        .expect("sound");
        let said = |text: Option<&str>, call: Option<&str>, tokens, stop| {
            let call = call.map(|arguments| ("f".to_owned(), arguments.to_owned()));
            Scripted::Say(Said { text: text.map(str::to_owned), call, tokens, stop })
        };
        assert_eq!(
            rule.replies,
            [
                Scripted::Fail("http-429".to_owned()),
                said(None, Some(r#"{"z":1,"a":[true,"x\""],"at":"2026-01-01"}"#), None, None),
                said(Some(r#"{"b":1.5}"#), None, None, None),
                said(Some("t"), None, None, Some(StopFile::MaxTokens)),
                said(None, None, Some(5), None),
            ]
        );
        assert_eq!(rule.then, ThenFile::Cycle);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        assert_eq!(problems(""), [": says no answer"]);
        assert_eq!(
            problems("match = { text = \"\", regex = \"(\" }\nthen = \"engine\"\nreply = { stop = \"end\" }"),
            [
                "match.regex: is no regular expression: unclosed group",
                "match.text: is empty",
                "then: follows no sequence",
                "reply: says nothing",
            ]
        );
        assert_eq!(
            problems("sequence = [{ text = \"a\" }, { text = \"a\", tokens = 0, json = 1 }, { error = \"nonsense\", stop = \"end\" }]")
                .iter()
                .map(|problem| problem.split(" (").next().expect("text").chars().take(60).collect::<String>())
                .collect::<Vec<_>>(),
            [
                "sequence[1]: has text, json, tokens at once",
                "sequence[1].tokens: is zero",
                "sequence[2].stop: is given to what ends in its own way",
                "sequence[2].error: there is no fault `nonsense`; accepted: h",
            ]
        );
        assert_eq!(
            problems("reply = { text = \"a\" }\nsequence = [{ text = \"a\" }]"),
            [": has both `reply` and `sequence`"]
        );
        assert!(toml::from_str::<AnswerRuleFile>("reply = { txt = \"a\" }").is_err());
        assert!(toml::from_str::<AnswerRuleFile>("match = { prompt = \"a\" }").is_err());
    }

    #[test]
    fn a_fault_must_be_one_of_the_surface() {
        let rule =
            |surface: &str, spec: &str| plan(&format!("{surface}\nreply = {{ error = \"{spec}\" }}")).is_ok();
        assert!(rule("match = { surface = \"bedrock\" }", "error=throttling"));
        assert!(!rule("match = { surface = \"vertex\" }", "error=throttling"));
        assert!(rule("", "error=throttling"), "one surface has it");
    }
}
