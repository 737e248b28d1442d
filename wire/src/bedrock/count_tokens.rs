//! CountTokens: how many tokens a call would take. Takes bare foundation-model ids only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::converse;
use crate::json::{self, Text};

/// The longest model id it takes, in characters.
pub const MODEL_ID_LIMIT: usize = 256;

/// The body of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// The call whose tokens are counted.
    #[serde(borrow)]
    pub input: Input<'a>,
}

/// A call of either kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input<'a> {
    /// A Converse call.
    Converse(#[serde(borrow)] Box<converse::Request<'a>>),
    /// An InvokeModel call.
    InvokeModel(InvokeModel<'a>),
}

/// An InvokeModel call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvokeModel<'a> {
    /// Its body, in base64.
    #[serde(borrow)]
    pub body: Text<'a>,
}

impl InvokeModel<'_> {
    /// Its body; none if that is no base64.
    pub fn decoded(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.body.as_bytes()).ok()
    }
}

impl<'a> Request<'a> {
    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON or of another shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Tokens of the prompt.
    pub input_tokens: u64,
}

impl Response {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON or of another shape.
    pub fn parse(body: &[u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_call_are_read() {
        let converse = br#"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}}}"#;
        let Input::Converse(call) = Request::parse(converse).unwrap().input else { panic!("no converse") };
        assert_eq!(call.messages[0].texts().collect::<Vec<_>>(), ["Hi"]);
        let invoke = br#"{"input":{"invokeModel":{"body":"e30="}}}"#;
        let Input::InvokeModel(call) = Request::parse(invoke).unwrap().input else { panic!("no invoke") };
        assert_eq!(call.decoded(), Some(b"{}".to_vec()));
        assert!(Request::parse(br#"{"input":{}}"#).is_err());
    }

    #[test]
    fn the_answer_is_one_number() {
        assert_eq!(Response { input_tokens: 7 }.to_bytes(), r#"{"inputTokens":7}"#);
        assert_eq!(Response::parse(br#"{"inputTokens":7}"#).unwrap().input_tokens, 7);
    }
}
