//! Titan Text: `amazon.titan-text-*`.

use serde::{Deserialize, Serialize};

use super::schema::{self, Violations};
use crate::json::Text;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request<'a> {
    /// The prompt.
    #[serde(borrow)]
    pub input_text: Text<'a>,
    /// Length and sampling.
    #[serde(default)]
    pub text_generation_config: Config<'a>,
}

/// Length and sampling.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config<'a> {
    /// 512 when left out.
    pub max_token_count: Option<i64>,
    /// 0–1
    pub temperature: Option<f64>,
    /// Above 0, at most 1.
    pub top_p: Option<f64>,
    /// `|` or `User:`; the model knows no others.
    #[serde(borrow)]
    pub stop_sequences: Vec<Text<'a>>,
}

/// Tokens of an answer whose length nobody chose.
const DEFAULT_TOKENS: u32 = 512;

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        schema::read_checked(body, |request: &Self, violations| {
            violations.length("#/inputText", &request.input_text, (1, usize::MAX));
            request.text_generation_config.check(limit, violations);
        })
    }

    /// Most tokens of the answer.
    pub fn max_tokens(&self) -> u32 {
        schema::length(self.text_generation_config.max_token_count, DEFAULT_TOKENS)
    }
}

impl Config<'_> {
    fn check(&self, limit: u32, violations: &mut Violations) {
        let at = |name: &str| format!("#/textGenerationConfig/{name}");
        violations.count(&at("maxTokenCount"), self.max_token_count, (0, limit.into()));
        violations.range(&at("temperature"), self.temperature, (0.0, 1.0));
        violations.range(&at("topP"), self.top_p, (f64::MIN_POSITIVE, 1.0));
        for (index, stop) in self.stop_sequences.iter().enumerate() {
            if stop != "User:" && (stop.is_empty() || stop.bytes().any(|byte| byte != b'|')) {
                let pointer = at(&format!("stopSequences/{index}"));
                violations.add(&pointer, &format!("string [{stop}] does not match pattern ^(\\|+|User:)$"));
            }
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// Tokens of the prompt.
    pub input_text_token_count: u64,
    /// One.
    #[serde(borrow)]
    pub results: Vec<Completion<'a>>,
}

/// A completion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion<'a> {
    /// Tokens of it.
    pub token_count: u64,
    /// The text.
    #[serde(borrow)]
    pub output_text: Text<'a>,
    /// Why it ends.
    pub completion_reason: CompletionReason,
}

/// Why a completion ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CompletionReason {
    /// It is complete.
    Finish,
    /// It has as many tokens as were allowed.
    Length,
    /// A stop sequence came.
    StopCriteriaMet,
    /// It may not be shown.
    ContentFiltered,
    /// Retrieval was asked of a model without it.
    RagQueryWhenRagDisabled,
}

/// An object of a stream. All but the last leave totals and reason null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk<'a> {
    /// A piece of the text.
    #[serde(borrow)]
    pub output_text: Text<'a>,
    /// 0: there is one completion.
    pub index: u32,
    /// Tokens of the whole answer.
    pub total_output_text_token_count: Option<u64>,
    /// Why it ends.
    pub completion_reason: Option<CompletionReason>,
    /// Tokens of the prompt.
    pub input_text_token_count: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::super::schema::testing::{assert_recorded, assert_refused};
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body| Request::parse(body, 8_192);
        let request = parse(br#"{"inputText":"Hi"}"#).unwrap();
        assert_eq!((request.input_text.as_str(), request.max_tokens()), ("Hi", 512));
        let cases = [
            (r#"{"inputText":""}"#, "#/inputText: expected minLength: 1, actual: 0"),
            (
                r#"{"inputText":"x","textGenerationConfig":{"maxTokenCount":9000}}"#,
                "#/textGenerationConfig/maxTokenCount: 9000 is not less or equal to 8192",
            ),
            (
                r#"{"inputText":"x","textGenerationConfig":{"stopSequences":["END"]}}"#,
                "string [END] does not match pattern",
            ),
            (r#"{"inputText":"x","max_tokens":1}"#, "extraneous key [max_tokens] is not permitted"),
            (
                r#"{"inputText":"x","textGenerationConfig":{"temperature":2,"topP":3}}"#,
                "2 schema violations found",
            ),
        ];
        assert_refused(parse, &cases);
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        assert_recorded::<Response<'_>>(
            r#"{"inputTextTokenCount":5,"results":[{"tokenCount":10,"outputText":"…","completionReason":"LENGTH"}]}"#,
        );
        assert_recorded::<Chunk<'_>>(
            r#"{"outputText":"…","index":0,"totalOutputTextTokenCount":10,"completionReason":"LENGTH","inputTextTokenCount":5}"#,
        );
    }
}
