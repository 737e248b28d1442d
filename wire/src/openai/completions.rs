//! `POST /v1/completions`: the old form, a text that goes on where the prompt ends.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::chat::{FinishReason, Stop, StreamOptions, Usage};
use super::embeddings::Input;
use crate::json::{self, Text};

/// A request for completions.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CompletionRequest<'a> {
    /// Which model.
    #[serde(borrow)]
    pub model: Text<'a>,
    /// What goes before, in any of the forms of an embedding's input.
    #[serde(default)]
    pub prompt: Option<Input<'a>>,
    /// What comes after.
    #[serde(default)]
    pub suffix: Option<Text<'a>>,
    /// Most tokens of each completion; 16 when nothing is said.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// How many completions of each prompt.
    #[serde(default)]
    pub n: Option<u32>,
    /// Of how many the best are taken.
    #[serde(default)]
    pub best_of: Option<u32>,
    /// Whether they come as server-sent events.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How they stream.
    #[serde(default)]
    pub stream_options: Option<StreamOptions>,
    /// How many log probabilities a token.
    #[serde(default)]
    pub logprobs: Option<u32>,
    /// Whether the prompt comes back before the completion.
    #[serde(default)]
    pub echo: Option<bool>,
    /// Where a completion ends.
    #[serde(default)]
    pub stop: Option<Stop<'a>>,
    /// -2 to 2.
    #[serde(default)]
    pub presence_penalty: Option<f64>,
    /// -2 to 2.
    #[serde(default)]
    pub frequency_penalty: Option<f64>,
}

/// Completions, whole or one event of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Completion<'a> {
    /// `cmpl-…`
    pub id: &'a str,
    /// Always `text_completion`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created: u64,
    /// The model that answered.
    pub model: &'a str,
    /// The completions.
    pub choices: Vec<CompletionChoice<'a>>,
    /// What they cost: the outer option is for events, in which the field is left out or `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Option<Usage>>,
}

/// One completion, or a piece of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompletionChoice<'a> {
    /// The text.
    pub text: Text<'a>,
    /// Counts from 0; those of the second prompt follow those of the first.
    pub index: u32,
    /// How likely the tokens were.
    pub logprobs: Option<CompletionLogprobs>,
    /// Why it ended.
    pub finish_reason: Option<FinishReason>,
}

/// How likely the tokens of a completion were, in lists of one length.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CompletionLogprobs {
    /// Their texts.
    pub tokens: Vec<String>,
    /// Natural logarithms of their probabilities.
    pub token_logprobs: Vec<f64>,
    /// The likeliest in each place.
    pub top_logprobs: Vec<std::collections::BTreeMap<String, f64>>,
    /// Where each begins, in characters of the choice's text.
    pub text_offset: Vec<usize>,
}

impl<'a> CompletionRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Whether the caller asked for a stream.
    pub fn is_streamed(&self) -> bool {
        self.stream == Some(true)
    }
}

impl Completion<'_> {
    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Appends it as an event.
    pub fn write_event(&self, out: &mut BytesMut) {
        out.put_slice(b"data: ");
        json::write(self, out);
        out.put_slice(b"\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_is_the_services_byte_by_byte() {
        let choice = CompletionChoice {
            text: " a".into(),
            index: 0,
            logprobs: None,
            finish_reason: Some(FinishReason::Length),
        };
        let completion = Completion {
            id: "cmpl-1",
            object: "text_completion",
            created: 7,
            model: "gpt-3.5-turbo-instruct",
            choices: vec![choice],
            usage: None,
        };
        let mut out = BytesMut::new();
        completion.write_event(&mut out);
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            concat!(
                r#"data: {"id":"cmpl-1","object":"text_completion","created":7,"model":"gpt-3.5-turbo-instruct","#,
                r#""choices":[{"text":" a","index":0,"logprobs":null,"finish_reason":"length"}]}"#,
                "\n\n"
            )
        );
        let usage = Some(Some(Usage { prompt_tokens: 1, total_tokens: 1, ..Usage::default() }));
        let body = Completion { usage, ..completion.clone() }.to_bytes();
        assert!(body.ends_with(br#""usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1}}"#));
        let null = Completion { usage: Some(None), ..completion }.to_bytes();
        assert!(null.ends_with(br#""usage":null}"#));
    }

    #[test]
    fn prompts_come_in_every_form() {
        for prompt in [r#""a""#, r#"["a","b"]"#, "[1,2]", "[[1],[2]]", "null"] {
            let body = format!(r#"{{"model":"m","prompt":{prompt},"stop":"x"}}"#);
            assert!(CompletionRequest::parse(body.as_bytes()).is_ok(), "{prompt}");
        }
    }
}
