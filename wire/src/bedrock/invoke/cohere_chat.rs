//! Cohere Command R and R+: `cohere.command-r*`.

use serde::{Deserialize, Serialize};

use super::schema::{self, Violations};
use crate::json::{Raw, Text};

/// The body of a call. Members that no part interprets pass through.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Request<'a> {
    /// The user's turn.
    #[serde(borrow)]
    pub message: Text<'a>,
    /// The turns before.
    #[serde(default)]
    pub chat_history: Vec<Turn<'a>>,
    /// Instructions.
    #[serde(default)]
    pub preamble: Option<Text<'a>>,
    /// The model's maximum when left out.
    #[serde(default)]
    pub max_tokens: Option<i64>,
    /// 0–1
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0.01–0.99
    #[serde(default)]
    pub p: Option<f64>,
    /// 0–500
    #[serde(default)]
    pub k: Option<f64>,
    /// At most 5.
    #[serde(default)]
    pub stop_sequences: Vec<Text<'a>>,
    /// Texts to answer from.
    #[serde(default)]
    pub documents: Option<Raw<'a>>,
    /// What the model may call.
    #[serde(default)]
    pub tools: Option<Raw<'a>>,
}

/// A turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn<'a> {
    /// `USER` or `CHATBOT`.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// What was said.
    #[serde(default)]
    pub message: Text<'a>,
}

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        let request: Self = schema::read(body)?;
        let mut violations = Violations::default();
        violations.length("#/message", &request.message, (1, usize::MAX));
        violations.count("#/max_tokens", request.max_tokens, (1, limit.into()));
        violations.range("#/temperature", request.temperature, (0.0, 1.0));
        violations.range("#/p", request.p, (0.01, 0.99));
        violations.range("#/k", request.k, (0.0, 500.0));
        violations.items("#/stop_sequences", request.stop_sequences.len(), (0, 5));
        violations.into_result().map(|()| request)
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// A UUID.
    #[serde(borrow)]
    pub response_id: Text<'a>,
    /// What the model says.
    pub text: Text<'a>,
    /// A UUID.
    pub generation_id: Text<'a>,
    /// All turns, this one included.
    pub chat_history: Vec<Turn<'a>>,
    /// `COMPLETE` or `MAX_TOKENS`.
    pub finish_reason: Text<'a>,
}

/// An object of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event_type", rename_all = "kebab-case")]
pub enum Chunk<'a> {
    /// The first one.
    StreamStart {
        /// Never.
        is_finished: bool,
        /// A UUID.
        #[serde(borrow)]
        generation_id: Text<'a>,
    },
    /// A piece of the text.
    TextGeneration {
        /// Never.
        is_finished: bool,
        /// The piece.
        #[serde(borrow)]
        text: Text<'a>,
    },
    /// The last one.
    StreamEnd {
        /// Always.
        is_finished: bool,
        /// Why it ends.
        #[serde(borrow)]
        finish_reason: Text<'a>,
        /// The whole answer.
        response: Response<'a>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body: &'static str| Request::parse(body.as_bytes(), 4_000);
        let good = parse(r#"{"message":"Hi","chat_history":[{"role":"USER","message":"a"}],"x":1}"#).unwrap();
        assert_eq!(good.chat_history.len(), 1);
        for (body, words) in [
            (r#"{"prompt":"x"}"#, "#: required key [message] not found"),
            (r#"{"message":"x","max_tokens":5000}"#, "#/max_tokens: 5000 is not less or equal to 4000"),
        ] {
            let error = parse(body).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        let body = r#"{"response_id":"r","text":"…","generation_id":"g","chat_history":[{"role":"USER","message":"a"}],"finish_reason":"MAX_TOKENS"}"#;
        let response: Response<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(serde_json::to_string(&response).unwrap(), body);
        let piece = Chunk::TextGeneration { is_finished: false, text: "a".into() };
        assert_eq!(
            serde_json::to_string(&piece).unwrap(),
            r#"{"event_type":"text-generation","is_finished":false,"text":"a"}"#
        );
    }
}
