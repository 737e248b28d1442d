//! Cohere Command R and R+: `cohere.command-r*`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema;
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
    pub tools: Vec<Tool<'a>>,
    /// What the calls of the turn before came to.
    #[serde(default)]
    pub tool_results: Vec<Raw<'a>>,
}

/// A turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn<'a> {
    /// `USER`, `CHATBOT`, `SYSTEM` or `TOOL`.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// What was said.
    #[serde(default)]
    pub message: Text<'a>,
    /// What the model called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
}

/// What the model may call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Tool<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it does.
    #[serde(default)]
    pub description: Text<'a>,
    /// What it takes, by name.
    #[serde(default)]
    pub parameter_definitions: BTreeMap<String, Parameter<'a>>,
}

/// What a tool takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Parameter<'a> {
    /// A type of Python's: `str`, `int`, `float`, `bool`, `list`, `dict`, `List[str]`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// What it is.
    #[serde(default)]
    pub description: Text<'a>,
    /// Whether it must be there.
    #[serde(default)]
    pub required: bool,
}

/// A call of a tool. It has no id: results repeat the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall<'a> {
    /// The tool.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it is given, a JSON object.
    pub parameters: Raw<'a>,
}

impl<'a> Request<'a> {
    /// Reads a body, for a model whose answers have at most `limit` tokens.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which this model refuses it.
    pub fn parse(body: &'a [u8], limit: u32) -> Result<Self, String> {
        schema::read_checked(body, |request: &Self, violations| {
            let shortest = usize::from(request.tool_results.is_empty());
            violations.length("#/message", &request.message, (shortest, usize::MAX));
            violations.count("#/max_tokens", request.max_tokens, (1, limit.into()));
            violations.range("#/temperature", request.temperature, (0.0, 1.0));
            violations.range("#/p", request.p, (0.01, 0.99));
            violations.range("#/k", request.k, (0.0, 500.0));
            violations.items("#/stop_sequences", request.stop_sequences.len(), (0, 5));
        })
    }
}

impl Tool<'_> {
    /// The schema of what it takes, in JSON Schema.
    pub fn json_schema(&self) -> String {
        let parameters = self.parameter_definitions.iter();
        let properties: serde_json::Map<String, Value> = parameters
            .clone()
            .map(|(name, parameter)| (name.clone(), schema_of(&parameter.r#type)))
            .collect();
        let required: Vec<&String> =
            parameters.filter(|(_, parameter)| parameter.required).map(|(name, _)| name).collect();
        json!({"type": "object", "properties": properties, "required": required}).to_string()
    }
}

/// A type of Python's in JSON Schema. One that is not known is anything.
fn schema_of(python: &str) -> Value {
    let (name, inner) = python.trim().split_once('[').unwrap_or((python.trim(), ""));
    match name.to_ascii_lowercase().as_str() {
        "str" | "string" => json!({"type": "string"}),
        "int" | "integer" => json!({"type": "integer"}),
        "float" | "number" => json!({"type": "number"}),
        "bool" | "boolean" => json!({"type": "boolean"}),
        "dict" | "object" => json!({"type": "object"}),
        "list" | "array" => json!({"type": "array", "items": schema_of(inner.trim_end_matches(']'))}),
        _ => json!({}),
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
    /// What it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
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
    /// What the model calls, all of it.
    ToolCallsGeneration {
        /// Never.
        is_finished: bool,
        /// The calls.
        #[serde(borrow)]
        tool_calls: Vec<ToolCall<'a>>,
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
    use super::super::schema::testing::{assert_recorded, assert_refused};
    use super::*;

    #[test]
    fn a_body_must_fit_the_schema() {
        let parse = |body| Request::parse(body, 4_000);
        let good =
            parse(br#"{"message":"Hi","chat_history":[{"role":"USER","message":"a"}],"x":1}"#).unwrap();
        assert_eq!(good.chat_history.len(), 1);
        assert!(parse(br#"{"message":"","tool_results":[{}]}"#).is_ok());
        let cases = [
            (r#"{"prompt":"x"}"#, "#: required key [message] not found"),
            (r#"{"message":""}"#, "#/message: expected minLength: 1, actual: 0"),
            (r#"{"message":"x","max_tokens":5000}"#, "#/max_tokens: 5000 is not less or equal to 4000"),
            (r#"{"message":"x","tools":[{}]}"#, "required key [name] not found"),
        ];
        assert_refused(parse, &cases);
    }

    #[test]
    fn parameters_are_a_schema() {
        let tool: Tool<'_> = serde_json::from_str(
            r#"{"name":"f","parameter_definitions":{"days":{"type":"List[int]"},"city":{"type":"str","required":true}}}"#,
        )
        .unwrap();
        let schema: Value = serde_json::from_str(&tool.json_schema()).unwrap();
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["city"],
            })
        );
    }

    #[test]
    fn an_answer_has_the_recorded_form() {
        assert_recorded::<Response<'_>>(
            r#"{"response_id":"r","text":"…","generation_id":"g","chat_history":[{"role":"USER","message":"a"}],"finish_reason":"MAX_TOKENS"}"#,
        );
        assert_recorded::<Chunk<'_>>(r#"{"event_type":"text-generation","is_finished":false,"text":"a"}"#);
        // A tag within an object leaves nothing of it unread, so this one is written only.
        let call = ToolCall { name: "f".into(), parameters: Raw::parse(r#"{"a":1}"#).unwrap() };
        let calls = Chunk::ToolCallsGeneration { is_finished: false, tool_calls: vec![call] };
        assert_eq!(
            serde_json::to_string(&calls).unwrap(),
            r#"{"event_type":"tool-calls-generation","is_finished":false,"tool_calls":[{"name":"f","parameters":{"a":1}}]}"#
        );
    }
}
