//! The body of a request for a response. Unknown fields are ignored; `null` means left out.

use serde::{Deserialize, Serialize};

use crate::json::{self, Raw, Text, null_as_default};
use crate::openai::chat::ToolChoice;

/// A request for a response.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ResponsesRequest<'a> {
    /// Which model.
    #[serde(borrow, default)]
    pub model: Option<Text<'a>>,
    /// A text or items; [`super::Input`] reads it.
    #[serde(default)]
    pub input: Option<Raw<'a>>,
    /// What stands before the conversation.
    #[serde(default)]
    pub instructions: Option<Text<'a>>,
    /// Most tokens of the answer, reasoning included.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// Most calls of built-in tools.
    #[serde(default)]
    pub max_tool_calls: Option<u32>,
    /// What the model may call: functions, which [`FunctionTool`] reads, and others.
    #[serde(default, deserialize_with = "null_as_default")]
    pub tools: Vec<Raw<'a>>,
    /// Whether it does; [`ResponsesRequest::function_choice`] reads it.
    #[serde(default)]
    pub tool_choice: Option<Raw<'a>>,
    /// Whether several at once.
    #[serde(default)]
    pub parallel_tool_calls: Option<bool>,
    /// The form of the text.
    #[serde(default)]
    pub text: Option<TextConfig<'a>>,
    /// How the model thinks.
    #[serde(default)]
    pub reasoning: Option<ReasoningConfig<'a>>,
    /// The response that this one carries on.
    #[serde(default)]
    pub previous_response_id: Option<Text<'a>>,
    /// Whether the response is kept; it is when nothing is said.
    #[serde(default)]
    pub store: Option<bool>,
    /// Whether it comes as events.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How it streams.
    #[serde(default)]
    pub stream_options: Option<crate::openai::chat::StreamOptions>,
    /// Whether it is made while nobody waits.
    #[serde(default)]
    pub background: Option<bool>,
    /// 0 to 2.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// How many log probabilities a token.
    #[serde(default)]
    pub top_logprobs: Option<u32>,
    /// What else the answer shall tell, such as `message.output_text.logprobs`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub include: Vec<Text<'a>>,
    /// `auto`, `default`, `flex`, `priority`.
    #[serde(default)]
    pub service_tier: Option<Text<'a>>,
    /// `auto` or `disabled`.
    #[serde(default)]
    pub truncation: Option<Text<'a>>,
    /// The caller's own labels.
    #[serde(default)]
    pub metadata: Option<Raw<'a>>,
    /// The end user.
    #[serde(default)]
    pub user: Option<Text<'a>>,
}

/// The form of a response's text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextConfig<'a> {
    /// Text, JSON, or JSON of a schema.
    #[serde(borrow, default)]
    pub format: Option<TextFormat<'a>>,
    /// `low`, `medium` or `high`.
    #[serde(default)]
    pub verbosity: Option<Text<'a>>,
}

/// Text, JSON, or JSON of a schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextFormat<'a> {
    /// `text`, `json_object` or `json_schema`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// What a schema is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// The schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Raw<'a>>,
    /// Whether it is followed to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// How a model thinks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReasoningConfig<'a> {
    /// `none` to `xhigh`.
    #[serde(borrow, default)]
    pub effort: Option<Text<'a>>,
    /// Whether and how it sums its thoughts up: `auto`, `concise`, `detailed`.
    #[serde(default)]
    pub summary: Option<Text<'a>>,
}

/// A function that the model may call. Unlike in a chat, its fields stand in the tool itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FunctionTool<'a> {
    /// `function`; other tools have fields of their own.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Text<'a>>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<Text<'a>>,
    /// A JSON schema of its arguments.
    #[serde(default)]
    pub parameters: Option<Raw<'a>>,
}

impl<'a> ResponsesRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Whether the model calls functions, and which; `None` where nothing is said that is about functions.
    pub fn function_choice(&self) -> Option<ToolChoice<'a>> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            r#type: Text<'a>,
            #[serde(default)]
            name: Option<Text<'a>>,
        }
        let choice = self.tool_choice?;
        // Unlike in a chat, the name stands in the choice itself.
        match choice.read::<Named<'a>>() {
            Ok(named) => named.name.filter(|_| named.r#type == "function").map(ToolChoice::Function),
            Err(_) => choice.read().ok(),
        }
    }

    /// Whether the caller asked for log probabilities.
    pub fn wants_logprobs(&self) -> bool {
        self.include.iter().any(|what| *what == "message.output_text.logprobs")
    }

    /// Whether the caller asked for a stream.
    pub fn is_streamed(&self) -> bool {
        self.stream == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Input;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_read_with_its_items_and_tools() {
        let body = br#"{"model":"gpt-4o","instructions":"be brief","input":[
            {"role":"user","content":"hi"},
            {"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"u","detail":"low"}]},
            {"type":"function_call","call_id":"call_1","name":"look","arguments":"{}"},
            {"type":"function_call_output","call_id":"call_1","output":"blue"}],
            "tools":[{"type":"function","name":"look","parameters":{"type":"object"}},{"type":"web_search"}],
            "tool_choice":{"type":"function","name":"look"},"text":{"format":{"type":"text"}},"metadata":null}"#;
        let request = ResponsesRequest::parse(body).unwrap();
        let input: Input<'_> = request.input.unwrap().read().unwrap();
        assert_eq!(input.items().len(), 4);
        assert!(input.answers_tool());
        assert_eq!(input.items()[1].texts().collect::<Vec<_>>(), ["a"]);
        let tool: FunctionTool<'_> = request.tools[0].read().unwrap();
        assert_eq!(tool.name.as_deref(), Some("look"));
        assert_eq!(request.function_choice(), Some(ToolChoice::Function("look".into())));
        assert!(!request.is_streamed());
    }

    #[test]
    fn a_choice_is_about_functions_or_nobodys() {
        let choice = |json: &str| {
            let body = format!(r#"{{"tool_choice":{json}}}"#);
            ResponsesRequest::parse(body.as_bytes())
                .unwrap()
                .function_choice()
                .map(|choice| format!("{choice:?}"))
        };
        assert_eq!(choice("\"required\"").as_deref(), Some("Required"));
        assert_eq!(choice("\"none\"").as_deref(), Some("None"));
        for nobodys in
            [r#"{"type":"file_search"}"#, r#"{"type":"custom","name":"f"}"#, "\"maybe\"", "null", "7"]
        {
            assert_eq!(choice(nobodys), None, "{nobodys}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = ResponsesRequest::parse(&bytes);
        }
    }
}
