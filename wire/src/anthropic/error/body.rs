//! The error object, `{"type":"error","error":{type, message},"request_id"}`.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::json::{self, Text, literal, null_as_default};

literal! {
    /// `"error"`.
    ErrorType = "error"
}

/// An error body; inside a stream, the data of an `error` event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody<'a> {
    /// Always `error`.
    #[serde(default)]
    pub r#type: ErrorType,
    /// What went wrong.
    #[serde(borrow)]
    pub error: ErrorDetail<'a>,
    /// `req_…`, as in the `request-id` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Text<'a>>,
}

/// What is inside `error`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail<'a> {
    /// The family, such as `overloaded_error`.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub r#type: Text<'a>,
    /// For a person.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: Text<'a>,
    /// The exact cause, where it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details<'a>>,
}

/// The exact cause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details<'a> {
    /// Such as `enforced_spend_limit_reached`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Text<'a>>,
}

impl<'a> ErrorBody<'a> {
    /// An error without request id.
    pub fn new(family: &'a str, message: impl Into<Text<'a>>) -> Self {
        let error = ErrorDetail { r#type: family.into(), message: message.into(), details: None };
        ErrorBody { r#type: ErrorType, error, request_id: None }
    }

    /// Reads an error body.
    ///
    /// # Errors
    /// When it is not JSON with an object under `error`, as with the pages of a front end.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the error body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The error body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Exact cause or else family: the shortest name of what went wrong.
    pub fn kind(&self) -> &str {
        let cause = self.error.details.as_ref().and_then(|details| details.error_code.as_deref());
        cause.unwrap_or(&self.error.r#type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_services_byte_by_byte() {
        let mut error = ErrorBody::new("overloaded_error", "Overloaded");
        assert_eq!(
            error.to_bytes(),
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
        );
        error.error.details = Some(Details { error_code: Some("cause".into()) });
        error.request_id = Some("req_1".into());
        let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded","details":{"error_code":"cause"}},"request_id":"req_1"}"#;
        assert_eq!(error.to_bytes(), body);
        assert_eq!(ErrorBody::parse(body.as_bytes()).unwrap(), error);
        assert_eq!(error.kind(), "cause");
    }

    #[test]
    fn what_is_no_error_is_refused() {
        for body in ["<html>", "", "[]", "{}", r#"{"error":"text"}"#] {
            assert!(ErrorBody::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
