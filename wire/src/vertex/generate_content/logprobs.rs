//! How sure the model was of each token.

use serde::{Deserialize, Serialize};

use crate::json::{Text, is_zero, null_as_default};

/// Log probabilities of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogprobsResult<'a> {
    /// For each token, those that were likeliest.
    #[serde(borrow, default, alias = "top_candidates", deserialize_with = "null_as_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_candidates: Vec<TopCandidates<'a>>,
    /// Each token of the answer.
    #[serde(default, alias = "chosen_candidates", deserialize_with = "null_as_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chosen_candidates: Vec<TokenLogprob<'a>>,
}

/// The likeliest tokens in one place, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TopCandidates<'a> {
    /// The tokens.
    #[serde(borrow, default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<TokenLogprob<'a>>,
}

/// One token and how likely it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenLogprob<'a> {
    /// Its text.
    #[serde(borrow, default)]
    pub token: Text<'a>,
    /// Its number in the vocabulary.
    #[serde(default, alias = "token_id", skip_serializing_if = "is_zero")]
    pub token_id: u32,
    /// The natural logarithm of its probability.
    #[serde(default, alias = "log_probability")]
    pub log_probability: f64,
}
