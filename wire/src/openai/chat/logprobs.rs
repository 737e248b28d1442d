//! How likely the tokens of an answer were.

use serde::{Deserialize, Serialize};

use crate::json::Text;

/// The log probabilities of one choice, or of one event's part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChoiceLogprobs<'a> {
    /// Of the text's tokens.
    #[serde(borrow)]
    pub content: Option<Vec<TokenLogprob<'a>>>,
    /// Of a refusal's tokens.
    pub refusal: Option<Vec<TokenLogprob<'a>>>,
}

/// One token, and the likeliest in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob<'a> {
    /// Its text.
    #[serde(borrow)]
    pub token: Text<'a>,
    /// Natural logarithm of its probability.
    pub logprob: f64,
    /// Its text in UTF-8: a token may end within a character.
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens here, as many as were asked for.
    pub top_logprobs: Vec<TopLogprob<'a>>,
}

/// A token that could have stood in a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob<'a> {
    /// Its text.
    #[serde(borrow)]
    pub token: Text<'a>,
    /// Natural logarithm of its probability.
    pub logprob: f64,
    /// Its text in UTF-8.
    pub bytes: Option<Vec<u8>>,
}

impl<'a> TokenLogprob<'a> {
    /// A token of whole characters.
    pub fn new(token: impl Into<Text<'a>>, logprob: f64, top_logprobs: Vec<TopLogprob<'a>>) -> Self {
        let token = token.into();
        let bytes = Some(token.as_bytes().to_vec());
        TokenLogprob { token, logprob, bytes, top_logprobs }
    }
}

impl<'a> TopLogprob<'a> {
    /// A token of whole characters.
    pub fn new(token: impl Into<Text<'a>>, logprob: f64) -> Self {
        let token = token.into();
        let bytes = Some(token.as_bytes().to_vec());
        TopLogprob { token, logprob, bytes }
    }
}
