//! The error object, `{"error":{message, type, param, code}}`.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::json::{self, Text, null_as_default};

/// What is inside `error`; all four keys are always written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail<'a> {
    /// For a person.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub message: Text<'a>,
    /// The family, such as `invalid_request_error`.
    #[serde(default)]
    pub r#type: Option<Text<'a>>,
    /// The field at fault.
    #[serde(default)]
    pub param: Option<Text<'a>>,
    /// The exact cause, such as `rate_limit_exceeded`.
    #[serde(default, deserialize_with = "text_or_number")]
    pub code: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: ErrorDetail<'a>,
}

impl<'a> ErrorDetail<'a> {
    /// An error without param and code.
    pub fn new(message: impl Into<Text<'a>>, family: &'a str) -> Self {
        ErrorDetail { message: message.into(), r#type: Some(family.into()), param: None, code: None }
    }

    /// The same with a code.
    pub fn with_code(self, code: &'a str) -> Self {
        ErrorDetail { code: Some(code.into()), ..self }
    }

    /// The same with the field at fault.
    pub fn with_param(self, param: impl Into<Text<'a>>) -> Self {
        ErrorDetail { param: Some(param.into()), ..self }
    }

    /// Reads an error body.
    ///
    /// # Errors
    /// When it is not JSON with an object under `error`, as with the pages of a front end.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object::<Envelope<'a>>(body).map(|envelope| envelope.error)
    }

    /// The error body, indented as the service writes it.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = bytes::BytesMut::with_capacity(256);
        json::write_pretty(&Envelope { error: self.borrowed() }, &mut out);
        out.freeze()
    }

    /// Code or else type: the shortest name of what went wrong.
    pub fn kind(&self) -> Option<&str> {
        self.code.as_deref().or(self.r#type.as_deref())
    }

    /// The error, cut loose from the body it came from.
    pub fn into_owned(self) -> ErrorDetail<'static> {
        ErrorDetail {
            message: self.message.into_owned(),
            r#type: self.r#type.map(Text::into_owned),
            param: self.param.map(Text::into_owned),
            code: self.code.map(Text::into_owned),
        }
    }

    fn borrowed(&self) -> ErrorDetail<'_> {
        ErrorDetail {
            message: self.message.borrowed(),
            r#type: self.r#type.as_ref().map(Text::borrowed),
            param: self.param.as_ref().map(Text::borrowed),
            code: self.code.as_ref().map(Text::borrowed),
        }
    }
}

// Compatible services put the HTTP status here as a number.
fn text_or_number<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text<'a>>, D::Error> {
    deserializer.deserialize_any(CodeVisitor)
}

struct CodeVisitor;

impl<'de> Visitor<'de> for CodeVisitor {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, code: u64) -> Result<Self::Value, E> {
        Ok(Some(code.to_string().into()))
    }

    fn visit_borrowed_str<E: Error>(self, code: &'de str) -> Result<Self::Value, E> {
        Ok(Some(code.into()))
    }

    fn visit_str<E: Error>(self, code: &str) -> Result<Self::Value, E> {
        Ok(Some(code.to_owned().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_all_four_keys() {
        let error = ErrorDetail::new("slow \"down\"", "requests").with_code("rate_limit_exceeded");
        let body = error.to_bytes();
        let expected = concat!(
            "{\n  \"error\": {\n    \"message\": \"slow \\\"down\\\"\",\n    \"type\": \"requests\",\n",
            "    \"param\": null,\n    \"code\": \"rate_limit_exceeded\"\n  }\n}"
        );
        assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
        assert_eq!(ErrorDetail::parse(&body).unwrap(), error);
        assert_eq!(error.kind(), Some("rate_limit_exceeded"));
    }

    #[test]
    fn a_sparse_or_numeric_body_is_read_and_a_page_is_not() {
        let error = ErrorDetail::parse(br#"{"error":{"message":null,"code":429}}"#).unwrap();
        assert_eq!((error.kind(), &*error.message), (Some("429"), ""));
        for body in ["<html>", "", "[]", "{}", r#"{"error":"text"}"#] {
            assert!(ErrorDetail::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
