//! Chat completions: newer Mistral models, DeepSeek, Qwen and gpt-oss. The body is that of the OpenAI dialect;
//! Mistral names the reason of the end `stop_reason`, the others `finish_reason`.

use serde::{Deserialize, Serialize};

use super::schema;
use crate::json::{Raw, Text};

/// The body of a call. Members that no part interprets pass through.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Request<'a> {
    /// The turns so far.
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
    /// Most tokens of the answer.
    #[serde(default, alias = "max_completion_tokens")]
    pub max_tokens: Option<i64>,
    /// 0–2
    #[serde(default)]
    pub temperature: Option<f64>,
    /// 0–1
    #[serde(default)]
    pub top_p: Option<f64>,
    /// Texts before which the answer ends.
    #[serde(default)]
    pub stop: Option<Stop<'a>>,
    /// What the model may call.
    #[serde(default)]
    pub tools: Vec<Tool<'a>>,
    /// Whether it must.
    #[serde(default)]
    pub tool_choice: Option<Raw<'a>>,
}

/// A turn.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Message<'a> {
    /// `system`, `user`, `assistant` or `tool`.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// A text, a list of parts, or null.
    #[serde(default)]
    pub content: Option<Raw<'a>>,
}

/// One stop sequence or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop<'a>(pub Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Stop<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let list = if raw.get().starts_with('[') { raw.read() } else { raw.read().map(|one| vec![one]) };
        list.map(Stop).map_err(serde::de::Error::custom)
    }
}

/// An entry of the list of tools.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Tool<'a> {
    /// The function.
    #[serde(borrow)]
    pub function: Function<'a>,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Function<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// The schema of its arguments.
    #[serde(default)]
    pub parameters: Option<Raw<'a>>,
}

/// Whether the model must call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it sees fit.
    Auto,
    /// It must not.
    None,
    /// One of them at least.
    Any,
    /// This one.
    Named(String),
}

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        schema::read_checked(body, |request: &Self, violations| {
            violations.items("#/messages", request.messages.len(), (1, usize::MAX));
            for (index, message) in request.messages.iter().enumerate() {
                let pointer = format!("#/messages/{index}/role");
                let roles = ["system", "developer", "user", "assistant", "tool"];
                violations.one_of(&pointer, Some(&message.role), &roles);
                if message.read_text().is_none() {
                    let pointer = format!("#/messages/{index}/content");
                    violations.add(&pointer, "#: no subschema matched out of the total 2 subschemas");
                }
            }
            violations.count("#/max_tokens", request.max_tokens, (1, limit.into()));
            violations.range("#/temperature", request.temperature, (0.0, 2.0));
            violations.range("#/top_p", request.top_p, (0.0, 1.0));
        })
    }

    /// Whether the model must call a function.
    pub fn choice(&self) -> ToolChoice {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            function: Name<'a>,
        }
        #[derive(Deserialize)]
        struct Name<'a> {
            #[serde(borrow)]
            name: Text<'a>,
        }
        let Some(choice) = self.tool_choice else { return ToolChoice::Auto };
        match choice.get() {
            "\"none\"" => ToolChoice::None,
            "\"any\"" | "\"required\"" => ToolChoice::Any,
            _ => choice.read::<Named<'_>>().map_or(ToolChoice::Auto, |named| {
                ToolChoice::Named(named.function.name.into_cow().into_owned())
            }),
        }
    }

    /// Whether the last turn brings the result of a function.
    pub fn answers_tools(&self) -> bool {
        self.messages.last().is_some_and(|message| message.role == "tool")
    }
}

impl Message<'_> {
    /// The text of it.
    pub fn text(&self) -> String {
        self.read_text().unwrap_or_default()
    }

    /// The same; none where the content is neither a text nor a list of parts.
    fn read_text(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Part<'a> {
            #[serde(borrow, default)]
            text: Text<'a>,
        }
        let Some(content) = self.content else { return Some(String::new()) };
        if content.get().starts_with('"') {
            return content.read::<Text<'_>>().ok().map(|text| text.into_cow().into_owned());
        }
        let parts: Vec<Part<'_>> = content.read().ok()?;
        Some(parts.iter().map(|part| part.text.as_str()).collect())
    }
}

/// The answer, or an object of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion<'a> {
    /// Of the call.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// `chat.completion` or `chat.completion.chunk`.
    pub object: Text<'a>,
    /// Seconds of Unix time.
    pub created: u64,
    /// The model's id.
    pub model: Text<'a>,
    /// One.
    pub choices: [Choice<'a>; 1],
    /// Tokens; in a stream only in the last object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// An answer or a piece of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice<'a> {
    /// 0
    pub index: u32,
    /// The whole turn.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Said<'a>>,
    /// A piece of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Said<'a>>,
    /// Why it ends, of Mistral; null before the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Option<Text<'a>>>,
    /// Why it ends, of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Option<Text<'a>>>,
}

/// What the model says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said<'a> {
    /// `assistant`
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Text<'a>>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Text<'a>>,
    /// Thinking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Text<'a>>,
    /// Calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall<'a> {
    /// Counts calls, in a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Of the call.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// `function`
    pub r#type: Text<'a>,
    /// What is called.
    pub function: Called<'a>,
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Called<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// JSON, as a text.
    pub arguments: Text<'a>,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Request<'_>, String> {
        Request::parse(body.as_bytes(), 8_192)
    }

    #[test]
    fn a_body_is_read() {
        let request = parse(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"tool","content":"1"}],"stop":"x","tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":{"type":"function","function":{"name":"f"}}}"#,
        )
        .unwrap();
        assert_eq!(request.messages[0].text(), "Hi");
        assert_eq!(request.choice(), ToolChoice::Named("f".into()));
        assert!(request.answers_tools());
        assert_eq!(request.stop.unwrap().0, ["x"]);
        for (choice, expected) in
            [("\"any\"", ToolChoice::Any), ("\"none\"", ToolChoice::None), ("\"auto\"", ToolChoice::Auto)]
        {
            let body = format!(r#"{{"messages":[{{"role":"user"}}],"tool_choice":{choice}}}"#);
            assert_eq!(parse(&body).unwrap().choice(), expected);
        }
    }

    #[test]
    fn a_body_must_fit_the_schema() {
        for (body, words) in [
            (r#"{"messages":[]}"#, "#/messages: expected minimum item count: 1, found: 0"),
            (r#"{"messages":[{"role":"x"}]}"#, "#/messages/0/role: x is not a valid enum value"),
            (r#"{"prompt":"x"}"#, "#: required key [messages] not found"),
        ] {
            let error = parse(body).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn the_reason_has_two_names() {
        let choice = |mistral: bool| Choice {
            delta: Some(Said { content: Some("a".into()), ..Said::default() }),
            stop_reason: mistral.then_some(None),
            finish_reason: (!mistral).then_some(Some("stop".into())),
            ..Choice::default()
        };
        assert_eq!(
            serde_json::to_string(&choice(true)).unwrap(),
            r#"{"index":0,"delta":{"content":"a"},"stop_reason":null}"#
        );
        assert_eq!(
            serde_json::to_string(&choice(false)).unwrap(),
            r#"{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}"#
        );
    }
}
