//! Mistral models that complete a prompt: 7B, Mixtral, Large (24.02). The caller writes `<s>[INST] … [/INST]`.

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
    /// 512 when left out.
    #[serde(default)]
    pub max_tokens: Option<i64>,
    /// 0–1
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0–1
    #[serde(default)]
    pub top_p: Option<f64>,
    /// 1–200
    #[serde(default)]
    pub top_k: Option<i64>,
    /// At most 10.
    #[serde(default)]
    pub stop: Vec<Text<'a>>,
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
            violations.length("#/prompt", &request.prompt, (1, usize::MAX));
            violations.count("#/max_tokens", request.max_tokens, (1, limit.into()));
            violations.range("#/temperature", request.temperature, (0.0, 1.0));
            violations.range("#/top_p", request.top_p, (0.0, 1.0));
            violations.count("#/top_k", request.top_k, (0, 200));
            violations.items("#/stop", request.stop.len(), (0, 10));
        })
    }

    /// Most tokens of the answer.
    pub fn max_tokens(&self) -> u32 {
        schema::length(self.max_tokens, DEFAULT_TOKENS)
    }
}

/// The answer, and an object of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// One.
    #[serde(borrow)]
    pub outputs: [Output<'a>; 1],
}

/// A completion, or a piece of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output<'a> {
    /// The text.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// `stop` or `length`; null before the end of a stream.
    pub stop_reason: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::super::schema::testing::{assert_recorded, assert_refused};
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body| Request::parse(body, 8_192);
        let request = parse(br#"{"prompt":"Hi","stop":["</s>"]}"#).unwrap();
        assert_eq!((request.max_tokens(), request.stop.len()), (512, 1));
        let cases = [
            (r#"{"prompt":"x","max_tokens":0}"#, "#/max_tokens: 0 is not greater or equal to 1"),
            (r#"{"prompt":"x","top_k":201}"#, "#/top_k: 201 is not less or equal to 200"),
            (
                r#"{"prompt":"x","stop":["a","b","c","d","e","f","g","h","i","j","k"]}"#,
                "#/stop: expected maximum item count: 10, found: 11",
            ),
        ];
        assert_refused(parse, &cases);
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        assert_recorded::<Response<'_>>(r#"{"outputs":[{"text":"…","stop_reason":"length"}]}"#);
    }
}
