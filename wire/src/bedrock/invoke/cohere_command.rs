//! Cohere Command: `cohere.command-text-*` and `cohere.command-light-text-*`.

use serde::{Deserialize, Serialize};

use super::schema;
use crate::json::Text;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<'a> {
    /// The prompt.
    #[serde(borrow)]
    pub prompt: Text<'a>,
    /// 20 when left out.
    #[serde(default)]
    pub max_tokens: Option<i64>,
    /// 0–5
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0–1
    #[serde(default)]
    pub p: Option<f64>,
    /// 0–500
    #[serde(default)]
    pub k: Option<f64>,
    /// At most 4.
    #[serde(default)]
    pub stop_sequences: Vec<Text<'a>>,
    /// `GENERATION`, `ALL` or `NONE`.
    #[serde(default)]
    pub return_likelihoods: Option<Text<'a>>,
    /// Whether the stream comes in pieces.
    #[serde(default)]
    pub stream: Option<bool>,
    /// 1–5
    #[serde(default)]
    pub num_generations: Option<i64>,
    /// `NONE`, `START` or `END`.
    #[serde(default)]
    pub truncate: Option<Text<'a>>,
}

/// Tokens of an answer whose length nobody chose.
const DEFAULT_TOKENS: u32 = 20;

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        schema::read_checked(body, |request: &Self, violations| {
            violations.length("#/prompt", &request.prompt, (1, usize::MAX));
            violations.count("#/max_tokens", request.max_tokens, (1, limit.into()));
            violations.range("#/temperature", request.temperature, (0.0, 5.0));
            violations.range("#/p", request.p, (0.0, 1.0));
            violations.range("#/k", request.k, (0.0, 500.0));
            violations.items("#/stop_sequences", request.stop_sequences.len(), (0, 4));
            violations.count("#/num_generations", request.num_generations, (1, 5));
            let likelihoods = ["GENERATION", "ALL", "NONE"];
            violations.one_of("#/return_likelihoods", request.return_likelihoods.as_deref(), &likelihoods);
            violations.one_of("#/truncate", request.truncate.as_deref(), &["NONE", "START", "END"]);
        })
    }

    /// Most tokens of the answer.
    pub fn max_tokens(&self) -> u32 {
        schema::length(self.max_tokens, DEFAULT_TOKENS)
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// A UUID.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// As many as were asked for.
    pub generations: Vec<Generation<'a>>,
    /// The prompt again.
    pub prompt: Text<'a>,
}

/// A completion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation<'a> {
    /// A UUID.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// The text.
    pub text: Text<'a>,
    /// `COMPLETE` or `MAX_TOKENS`.
    pub finish_reason: Text<'a>,
}

/// An object of a stream: pieces, then the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk<'a> {
    /// A piece of the text; none in the last object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// Whether this is the last one.
    pub is_finished: bool,
    /// Why it ends; in the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::super::schema::testing::{assert_recorded, assert_refused};
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body| Request::parse(body, 4_096);
        assert_eq!(parse(br#"{"prompt":"Hi"}"#).unwrap().max_tokens(), 20);
        let cases = [
            (r#"{"prompt":"x","k":501}"#, "#/k: 501 is not less or equal to 500"),
            (r#"{"prompt":"x","truncate":"MID"}"#, "#/truncate: MID is not a valid enum value"),
        ];
        assert_refused(parse, &cases);
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        assert_recorded::<Response<'_>>(
            r#"{"id":"a","generations":[{"id":"b","text":"…","finish_reason":"MAX_TOKENS"}],"prompt":"p"}"#,
        );
        assert_recorded::<Chunk<'_>>(r#"{"text":"a","is_finished":false}"#);
    }
}
