//! The error object, `{"error":{code, message, status, details}}`, alone or as a list of one.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::detail::Detail;
use crate::json::{self, Text, null_as_default};

/// A gRPC status by name, and the HTTP status that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are gRPC's and say it all")]
pub enum Code {
    InvalidArgument,
    FailedPrecondition,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    ResourceExhausted,
    Cancelled,
    Unknown,
    Internal,
    Unavailable,
    DeadlineExceeded,
    Unimplemented,
}

/// What is inside `error`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status<'a> {
    /// The HTTP status.
    #[serde(default, deserialize_with = "null_as_default")]
    pub code: u16,
    /// For a person.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub message: Text<'a>,
    /// The causes again, in an older form that some front ends add.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorReason<'a>>,
    /// The gRPC status by name.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Text::is_empty")]
    pub status: Text<'a>,
    /// For a program.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// A cause in the older form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReason<'a> {
    /// For a person.
    #[serde(borrow, default)]
    pub message: Text<'a>,
    /// Whose reason it is.
    #[serde(default)]
    pub domain: Text<'a>,
    /// Such as `rateLimitExceeded`.
    #[serde(default)]
    pub reason: Text<'a>,
}

/// How an error body is wrapped, which goes by the request: see
/// [`Path::wraps_errors`](crate::vertex::path::Path::wraps_errors).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// The bare object.
    #[default]
    Object,
    /// A list of one, for streams that are JSON arrays and for `endpoints/openapi`.
    List,
}

#[derive(Serialize)]
struct Envelope<'s, 'a> {
    error: &'s Status<'a>,
}

#[derive(Deserialize)]
struct OwnedEnvelope<'a> {
    #[serde(borrow)]
    error: Status<'a>,
}

impl Code {
    /// The name in the error object.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::NotFound => "NOT_FOUND",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::Unimplemented => "UNIMPLEMENTED",
        }
    }

    /// The HTTP status.
    pub fn http_status(self) -> u16 {
        match self {
            Code::InvalidArgument | Code::FailedPrecondition => 400,
            Code::Unauthenticated => 401,
            Code::PermissionDenied => 403,
            Code::NotFound => 404,
            Code::ResourceExhausted => 429,
            Code::Cancelled => 499,
            Code::Unknown | Code::Internal => 500,
            Code::Unimplemented => 501,
            Code::Unavailable => 503,
            Code::DeadlineExceeded => 504,
        }
    }
}

impl Wrapping {
    /// The wrapping of an error of a request that does or does not wrap them.
    pub fn when(wraps: bool) -> Self {
        if wraps { Wrapping::List } else { Wrapping::Object }
    }
}

impl<'a> Status<'a> {
    /// An error without details.
    pub fn new(code: Code, message: impl Into<Text<'a>>) -> Self {
        Status {
            code: code.http_status(),
            message: message.into(),
            status: code.as_str().into(),
            ..Status::default()
        }
    }

    /// The same with one more detail.
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// Reads an error body as clients do: the object, or a list of one.
    ///
    /// # Errors
    /// When it is neither, as with the pages of a front end.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        if body.trim_ascii_start().starts_with(b"[") {
            serde_json::from_slice::<[OwnedEnvelope<'a>; 1]>(body).map(|[envelope]| envelope.error)
        } else {
            serde_json::from_slice::<OwnedEnvelope<'a>>(body).map(|envelope| envelope.error)
        }
    }

    /// The error body, indented by two spaces as the service writes it.
    pub fn to_bytes(&self, wrapping: Wrapping) -> Bytes {
        let mut out = BytesMut::with_capacity(512);
        match wrapping {
            Wrapping::Object => json::write_pretty(&Envelope { error: self }, &mut out),
            Wrapping::List => {
                out.put_u8(b'[');
                json::write_pretty(&Envelope { error: self }, &mut out);
                out.put_slice(b"\n]");
            }
        }
        out.put_u8(b'\n');
        out.freeze()
    }

    /// Appends the object on one line, as it stands inside a stream.
    pub fn write_compact(&self, out: &mut BytesMut) {
        json::write(&Envelope { error: self }, out);
    }

    /// The error, cut loose from the body it came from.
    pub fn into_owned(self) -> Status<'static> {
        let own = |reason: ErrorReason<'_>| ErrorReason {
            message: reason.message.into_owned(),
            domain: reason.domain.into_owned(),
            reason: reason.reason.into_owned(),
        };
        Status {
            code: self.code,
            message: self.message.into_owned(),
            errors: self.errors.into_iter().map(own).collect(),
            status: self.status.into_owned(),
            details: self.details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exhausted() -> Status<'static> {
        Status::new(Code::ResourceExhausted, "Resource has been exhausted (e.g. check quota).")
    }

    const OBJECT: &str = concat!(
        "{\n  \"error\": {\n    \"code\": 429,\n",
        "    \"message\": \"Resource has been exhausted (e.g. check quota).\",\n",
        "    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}"
    );

    #[test]
    fn the_object_and_the_list_are_the_services_byte_by_byte() {
        assert_eq!(exhausted().to_bytes(Wrapping::Object), format!("{OBJECT}\n"));
        assert_eq!(exhausted().to_bytes(Wrapping::List), format!("[{OBJECT}\n]\n"));
        for wrapping in [Wrapping::Object, Wrapping::List] {
            assert_eq!(Status::parse(&exhausted().to_bytes(wrapping)).unwrap(), exhausted());
        }
    }

    #[test]
    fn details_carry_their_type_first() {
        let info = Detail::error_info("R", "googleapis.com", [("k", "v".to_owned())]);
        let status = Status::new(Code::Internal, "m").with_detail(info);
        let mut out = BytesMut::new();
        status.write_compact(&mut out);
        let expected = concat!(
            r#"{"error":{"code":500,"message":"m","status":"INTERNAL","details":[{"#,
            r#""@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R","domain":"googleapis.com","metadata":{"k":"v"}}]}}"#
        );
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
        assert_eq!(Status::parse(&out).unwrap(), status);
    }

    #[test]
    fn every_kind_of_detail_comes_back() {
        let dimensions = [("model".to_owned(), "gemini".to_owned())].into();
        let violation = QuotaViolation { quota_dimensions: dimensions, ..Default::default() };
        let status = Status::new(Code::InvalidArgument, "m")
            .with_detail(Detail::RetryInfo { retry_delay: "3s".to_owned() })
            .with_detail(Detail::QuotaFailure { violations: vec![violation] })
            .with_detail(Detail::help("d", "u".to_owned()))
            .with_detail(Detail::bad_request("f", "d".to_owned()));
        let body = status.to_bytes(Wrapping::Object);
        assert_eq!(Status::parse(&body).unwrap(), status);
    }

    #[test]
    fn a_strange_error_is_read_as_far_as_it_goes() {
        let body = br#"{"error":{"code":429,"message":null,"errors":[{"reason":"rateLimitExceeded"}],"details":[{"@type":"x","y":[1]}]}}"#;
        let status = Status::parse(body).unwrap();
        assert_eq!((status.code, &*status.errors[0].reason), (429, "rateLimitExceeded"));
        assert_eq!(status.details, [Detail::Other]);
        for body in ["<html>", "", "[]", "{}", "[1]", r#"{"error":"text"}"#] {
            assert!(Status::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = Status::parse(&bytes);
        }
    }

    use super::super::detail::QuotaViolation;
}
