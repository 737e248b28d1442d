//! The shape that a body should have, and the first place where it has another.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::complaint::{invalid_type, missing, unsupported_value};
use crate::json::Text;
use crate::openai::error::{Case, ErrorDetail, Particulars};

/// The shape of one value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// An object of whatever members.
    Object,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A list, and what it is called: `an array of objects`.
    List(&'static str, &'static Shape),
    /// An object with these members, and perhaps others.
    Members(&'static [Field]),
    /// Any of these shapes, by what they are called together: `one of a string or array of strings`.
    Either(&'static str, &'static [Shape]),
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may be; `null` is as if left out.
    pub shape: Shape,
    /// Whether it must be there.
    pub is_required: bool,
}

impl Field {
    /// A member that may be left out.
    pub const fn new(name: &'static str, shape: Shape) -> Self {
        Field { name, shape, is_required: false }
    }

    /// A member that must be there.
    pub const fn required(name: &'static str, shape: Shape) -> Self {
        Field { name, shape, is_required: true }
    }
}

/// The first fault of a body that could not be read; `None` when it has the shape of `fields`.
pub fn diagnose(body: &[u8], fields: &'static [Field]) -> Option<ErrorDetail<'static>> {
    match serde_json::from_slice::<Value>(body) {
        Err(_) => Case::InvalidJson.detail(&Particulars::default()),
        Ok(value @ Value::Object(_)) => members(&value, "", fields),
        Ok(other) => Some(ErrorDetail::new(
            format!("Invalid type: expected an object, but got {} instead.", name_of(&other)),
            "invalid_request_error",
        )),
    }
}

/// The name of the first member of a body that `fields` does not have.
pub fn first_unknown(body: &[u8], fields: &'static [Field]) -> Option<String> {
    serde_json::Deserializer::from_slice(body).deserialize_map(Names { fields }).ok()?
}

fn members(value: &Value, path: &str, fields: &[Field]) -> Option<ErrorDetail<'static>> {
    fields.iter().find_map(|field| {
        let name = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        match value.get(field.name).filter(|value| !value.is_null()) {
            None => field.is_required.then(|| missing(&name)),
            Some(value) => fault(value, &name, field.shape),
        }
    })
}

fn fault(value: &Value, path: &str, shape: Shape) -> Option<ErrorDetail<'static>> {
    let expect = |fits: bool, expected: &str| (!fits).then(|| invalid_type(path, expected, name_of(value)));
    match shape {
        Shape::Any => None,
        Shape::Text => expect(value.is_string(), "a string"),
        Shape::Boolean => expect(value.is_boolean(), "a boolean"),
        Shape::Integer => expect(value.is_i64() || value.is_u64(), "an integer"),
        Shape::Number => expect(value.is_number(), "a decimal"),
        Shape::Object => expect(value.is_object(), "an object"),
        Shape::Choice(choices) => match value.as_str() {
            None => Some(invalid_type(path, &one_of(choices), name_of(value))),
            Some(text) => (!choices.contains(&text)).then(|| unsupported_value(path, text, choices)),
        },
        Shape::List(name, element) => match value.as_array() {
            None => Some(invalid_type(path, name, name_of(value))),
            Some(list) => list
                .iter()
                .enumerate()
                .find_map(|(index, value)| fault(value, &format!("{path}[{index}]"), *element)),
        },
        Shape::Members(fields) => {
            expect(value.is_object(), "an object").or_else(|| members(value, path, fields))
        }
        Shape::Either(name, shapes) => either(value, path, name, shapes),
    }
}

/// The fault of the one shape whose type the value has; else that it has none of the types.
fn either(value: &Value, path: &str, name: &str, shapes: &[Shape]) -> Option<ErrorDetail<'static>> {
    let same_type = shapes.iter().find(|shape| match shape {
        Shape::Any => true,
        Shape::Text | Shape::Choice(_) => value.is_string(),
        Shape::Boolean => value.is_boolean(),
        Shape::Integer | Shape::Number => value.is_number(),
        Shape::Object | Shape::Members(_) => value.is_object(),
        Shape::List(_, element) => value.as_array().is_some_and(|list| {
            list.first().is_none_or(|first| {
                shapes.len() == 1 || fault(first, "", **element).is_none() || first.is_object()
            })
        }),
        Shape::Either(..) => false,
    });
    match same_type {
        Some(shape) => fault(value, path, *shape),
        None => Some(invalid_type(path, name, name_of(value))),
    }
}

fn one_of(choices: &[&str]) -> String {
    let choices: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    format!("one of {}", choices.join(", "))
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Looks at the names of an object's members and skips their values.
struct Names {
    fields: &'static [Field],
}

impl<'de> Visitor<'de> for Names {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut unknown = None;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            map.next_value::<IgnoredAny>()?;
            let is_known = self.fields.iter().any(|field| field.name == name.as_str());
            if !is_known && unknown.is_none() {
                unknown = Some(name.as_str().to_owned());
            }
        }
        Ok(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::{CHAT, EMBEDDING};
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(body: &str, param: Option<&str>, code: Option<&str>, message: &str) {
        let detail = diagnose(body.as_bytes(), CHAT).expect(body);
        assert_eq!((detail.param.as_deref(), detail.code.as_deref()), (param, code), "{body}");
        assert_eq!(&*detail.message, message);
    }

    #[test]
    fn the_first_field_at_fault_is_named() {
        let missing = Some("missing_required_parameter");
        check(r#"{"model":"m"}"#, Some("messages"), missing, "Missing required parameter: 'messages'.");
        let ty = Some("invalid_type");
        check(
            r#"{"model":"m","messages":"hi"}"#,
            Some("messages"),
            ty,
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
        );
        check(
            r#"{"model":"m","messages":[{"role":"user","content":7}]}"#,
            Some("messages[0].content"),
            ty,
            "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got an integer instead.",
        );
        check(
            r#"{"model":"m","messages":[{"role":"robot","content":"x"}]}"#,
            Some("messages[0].role"),
            Some("invalid_value"),
            "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
        );
        check(
            r#"{"model":"m","messages":[{"content":"x"}]}"#,
            Some("messages[0].role"),
            missing,
            "Missing required parameter: 'messages[0].role'.",
        );
        check(
            r#"{"model":"m","messages":[],"max_tokens":1.5}"#,
            Some("max_tokens"),
            ty,
            "Invalid type for 'max_tokens': expected an integer, but got a decimal instead.",
        );
    }

    #[test]
    fn what_is_no_object_is_told_so() {
        let message = |body: &[u8]| diagnose(body, CHAT).expect("a fault").message.to_string();
        assert!(message(b"{").starts_with("We could not parse the JSON body"));
        assert!(message(b"[]").contains("expected an object"));
        assert!(diagnose(br#"{"model":"m","messages":[],"stop":null}"#, CHAT).is_none());
    }

    #[test]
    fn either_of_two_lists_is_told_by_its_elements() {
        let fault =
            |body: &str| diagnose(body.as_bytes(), EMBEDDING).map(|detail| detail.message.to_string());
        for input in [r#""a""#, r#"["a"]"#, "[1]", "[[1]]", "[]"] {
            assert_eq!(fault(&format!(r#"{{"model":"m","input":{input}}}"#)), None, "{input}");
        }
        assert!(fault(r#"{"model":"m","input":true}"#).is_some());
        assert!(fault(r#"{"model":"m","input":["a",1]}"#).is_some());
    }

    #[test]
    fn members_that_nobody_knows_are_found() {
        let unknown = |body: &str| first_unknown(body.as_bytes(), CHAT);
        assert_eq!(unknown(r#"{"model":"m","messages":[{"x":1}],"stream":true}"#), None);
        assert_eq!(unknown(r#"{"model":"m","system":"s","tool":1}"#).as_deref(), Some("system"));
        assert_eq!(unknown("{"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = diagnose(&bytes, CHAT);
            let _ = first_unknown(&bytes, CHAT);
        }
    }
}
