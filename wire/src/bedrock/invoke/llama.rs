//! Llama: `meta.llama*`. The caller writes the model's own prompt format.

use serde::{Deserialize, Serialize};

use super::schema;
use crate::json::{Raw, Text};

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<'a> {
    /// The prompt.
    #[serde(borrow)]
    pub prompt: Text<'a>,
    /// 512 when left out.
    #[serde(default)]
    pub max_gen_len: Option<i64>,
    /// 0–1
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0–1
    #[serde(default)]
    pub top_p: Option<f64>,
    /// Pictures in base64, for models that see.
    #[serde(default)]
    pub images: Option<Raw<'a>>,
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
            violations.count("#/max_gen_len", request.max_gen_len, (1, limit.into()));
            violations.range("#/temperature", request.temperature, (0.0, 1.0));
            violations.range("#/top_p", request.top_p, (0.0, 1.0));
        })
    }

    /// Most tokens of the answer.
    pub fn max_tokens(&self) -> u32 {
        schema::length(self.max_gen_len, DEFAULT_TOKENS)
    }
}

/// The answer, and an object of a stream: there, all but the last have no reason, and all but the first no count of
/// the prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// The text, or a piece of it.
    #[serde(borrow)]
    pub generation: Text<'a>,
    /// Tokens of the prompt.
    pub prompt_token_count: Option<u64>,
    /// Tokens of the text so far.
    pub generation_token_count: u64,
    /// `stop` or `length`.
    pub stop_reason: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::super::schema::testing::{assert_recorded, assert_refused};
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body| Request::parse(body, 2_048);
        assert_eq!(parse(br#"{"prompt":"Hi"}"#).unwrap().max_tokens(), 512);
        let cases = [
            (r#"{"prompt":"x","max_gen_len":3000}"#, "#/max_gen_len: 3000 is not less or equal to 2048"),
            (r#"{"prompt":"x","temperature":1.5}"#, "#/temperature: 1.5 is not less or equal to 1"),
            (r#"{"max_gen_len":1}"#, "#: required key [prompt] not found"),
            (r#"{"prompt":"x","max_tokens":1}"#, "extraneous key [max_tokens] is not permitted"),
        ];
        assert_refused(parse, &cases);
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        assert_recorded::<Response<'_>>(
            r#"{"generation":"…","prompt_token_count":5,"generation_token_count":10,"stop_reason":"length"}"#,
        );
    }
}
