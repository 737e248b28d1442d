//! The operation and the resource that a request's path names, and paths as boto3 writes them.

use std::borrow::Cow;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

/// An operation on a model: `POST /model/{modelId}/…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `invoke`
    InvokeModel,
    /// `invoke-with-response-stream`
    InvokeModelWithResponseStream,
    /// `invoke-with-bidirectional-stream`
    InvokeModelWithBidirectionalStream,
    /// `converse`
    Converse,
    /// `converse-stream`
    ConverseStream,
    /// `count-tokens`
    CountTokens,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::InvokeModel,
        Self::InvokeModelWithResponseStream,
        Self::InvokeModelWithBidirectionalStream,
        Self::Converse,
        Self::ConverseStream,
        Self::CountTokens,
    ];

    /// The IAM action that it takes, without `bedrock:`.
    pub fn action(self) -> &'static str {
        match self {
            Self::InvokeModel | Self::Converse | Self::InvokeModelWithBidirectionalStream => "InvokeModel",
            Self::InvokeModelWithResponseStream | Self::ConverseStream => "InvokeModelWithResponseStream",
            Self::CountTokens => "CountTokens",
        }
    }

    /// Its name in the service model.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvokeModel => "InvokeModel",
            Self::InvokeModelWithResponseStream => "InvokeModelWithResponseStream",
            Self::InvokeModelWithBidirectionalStream => "InvokeModelWithBidirectionalStream",
            Self::Converse => "Converse",
            Self::ConverseStream => "ConverseStream",
            Self::CountTokens => "CountTokens",
        }
    }

    /// The last segment of its path.
    pub fn segment(self) -> &'static str {
        match self {
            Self::InvokeModel => "invoke",
            Self::InvokeModelWithResponseStream => "invoke-with-response-stream",
            Self::InvokeModelWithBidirectionalStream => "invoke-with-bidirectional-stream",
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
            Self::CountTokens => "count-tokens",
        }
    }

    /// Whether a success is answered by an event stream.
    pub fn streams(self) -> bool {
        matches!(
            self,
            Self::InvokeModelWithResponseStream
                | Self::InvokeModelWithBidirectionalStream
                | Self::ConverseStream
        )
    }

    fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.segment() == segment)
    }

    /// The path of this operation on a model, encoded as boto3, JS and Rust clients do: `:` as `%3A`, `/` as `%2F`.
    pub fn path(self, model_id: &str) -> String {
        format!("/model/{}/{}", utf8_percent_encode(model_id, LABEL), self.segment())
    }
}

/// What a path label keeps: the unreserved characters of RFC 3986.
pub(crate) const LABEL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a request asks for. Ids are percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// An operation on a model.
    Model {
        /// Which.
        operation: Operation,
        /// On which model: see [`super::model::ModelId`].
        model: Cow<'a, str>,
    },
    /// `GET /foundation-models`
    ListFoundationModels,
    /// `GET /foundation-models/{id}`
    GetFoundationModel {
        /// The id or ARN.
        model: Cow<'a, str>,
    },
    /// `GET /inference-profiles`
    ListInferenceProfiles,
    /// `GET /inference-profiles/{id}`
    GetInferenceProfile {
        /// The id or ARN.
        profile: Cow<'a, str>,
    },
    /// `POST /guardrail/{id}/version/{v}/apply`
    ApplyGuardrail {
        /// The guardrail's id.
        guardrail: Cow<'a, str>,
        /// Its version: a number or `DRAFT`.
        version: Cow<'a, str>,
    },
    /// `POST /guardrail-checks/invoke`
    InvokeGuardrailChecks,
    /// `POST /async-invoke`
    StartAsyncInvoke,
    /// `GET /async-invoke`
    ListAsyncInvokes,
    /// `GET /async-invoke/{arn}`
    GetAsyncInvoke {
        /// The invocation's ARN.
        invocation: Cow<'a, str>,
    },
}

/// Why a path names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PathError {
    /// No operation has this path and method: `UnknownOperationException`.
    #[error("no Bedrock operation has this method and path")]
    UnknownOperation,
    /// The model id is empty, longer than 2,048 characters or not UTF-8: `ValidationException`.
    #[error("a model id has 1 to 2,048 characters")]
    InvalidModelId,
}

/// Reads a raw path, percent-encoding and all, without the query.
pub fn parse<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, PathError> {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let parts = [(); 6].map(|()| segments.next());
    let post = method == Method::POST;
    let get = method == Method::GET;
    match parts {
        [Some("model"), Some(id), Some(segment), None, ..] if post => {
            let operation = Operation::of_segment(segment).ok_or(PathError::UnknownOperation)?;
            Ok(Route::Model { operation, model: label(id)? })
        }
        [Some("foundation-models"), None, ..] if get => Ok(Route::ListFoundationModels),
        [Some("foundation-models"), Some(id), None, ..] if get => {
            Ok(Route::GetFoundationModel { model: label(id)? })
        }
        [Some("inference-profiles"), None, ..] if get => Ok(Route::ListInferenceProfiles),
        [Some("inference-profiles"), Some(id), None, ..] if get => {
            Ok(Route::GetInferenceProfile { profile: label(id)? })
        }
        [Some("guardrail"), Some(id), Some("version"), Some(version), Some("apply"), None] if post => {
            Ok(Route::ApplyGuardrail { guardrail: label(id)?, version: label(version)? })
        }
        [Some("guardrail-checks"), Some("invoke"), None, ..] if post => Ok(Route::InvokeGuardrailChecks),
        [Some("async-invoke"), None, ..] if post => Ok(Route::StartAsyncInvoke),
        [Some("async-invoke"), None, ..] if get => Ok(Route::ListAsyncInvokes),
        [Some("async-invoke"), Some(arn), None, ..] if get => {
            Ok(Route::GetAsyncInvoke { invocation: label(arn)? })
        }
        _ => Err(PathError::UnknownOperation),
    }
}

const LABEL_LIMIT: usize = 2048;

fn label(raw: &str) -> Result<Cow<'_, str>, PathError> {
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| PathError::InvalidModelId)?;
    let sound = !decoded.is_empty() && decoded.chars().take(LABEL_LIMIT + 1).count() <= LABEL_LIMIT;
    if sound { Ok(decoded) } else { Err(PathError::InvalidModelId) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model_of(path: &str) -> (Operation, String) {
        match parse(&Method::POST, path) {
            Ok(Route::Model { operation, model }) => (operation, model.into_owned()),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn a_model_id_is_read_in_every_clients_spelling() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";
        for (path, id) in [
            (
                "/model/us.anthropic.claude-3-haiku-20240307-v1%3A0/converse",
                "us.anthropic.claude-3-haiku-20240307-v1:0",
            ),
            (
                "/model/us.anthropic.claude-3-haiku-20240307-v1:0/converse",
                "us.anthropic.claude-3-haiku-20240307-v1:0",
            ),
            (&Operation::Converse.path(arn), arn),
            (
                "/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fabc123/converse",
                arn,
            ),
        ] {
            assert_eq!(model_of(path), (Operation::Converse, id.to_owned()));
        }
    }

    #[test]
    fn paths_are_written_as_boto3_does() {
        assert_eq!(
            Operation::ConverseStream.path("us.anthropic.claude-3-haiku-20240307-v1:0"),
            "/model/us.anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream"
        );
        assert_eq!(Operation::InvokeModel.path("arn:a/b"), "/model/arn%3Aa%2Fb/invoke");
    }

    #[test]
    fn every_operation_is_found_under_its_own_path() {
        for operation in Operation::ALL {
            assert_eq!(model_of(&operation.path("m")).0, operation);
        }
    }

    #[test]
    fn the_other_operations_are_told_apart_by_method() {
        let guardrail = Route::ApplyGuardrail { guardrail: "g".into(), version: "DRAFT".into() };
        assert_eq!(parse(&Method::POST, "/guardrail/g/version/DRAFT/apply"), Ok(guardrail));
        assert_eq!(parse(&Method::GET, "/foundation-models"), Ok(Route::ListFoundationModels));
        assert_eq!(
            parse(&Method::GET, "/foundation-models/a%3A0"),
            Ok(Route::GetFoundationModel { model: "a:0".into() })
        );
        assert_eq!(parse(&Method::GET, "/inference-profiles"), Ok(Route::ListInferenceProfiles));
        assert_eq!(
            parse(&Method::GET, "/inference-profiles/us.a%3A0"),
            Ok(Route::GetInferenceProfile { profile: "us.a:0".into() })
        );
        assert_eq!(parse(&Method::POST, "/async-invoke"), Ok(Route::StartAsyncInvoke));
        assert_eq!(parse(&Method::GET, "/async-invoke"), Ok(Route::ListAsyncInvokes));
        assert_eq!(
            parse(&Method::GET, "/async-invoke/x"),
            Ok(Route::GetAsyncInvoke { invocation: "x".into() })
        );
        assert_eq!(parse(&Method::POST, "/guardrail-checks/invoke"), Ok(Route::InvokeGuardrailChecks));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in
            ["", "/", "/model", "/model/m", "/model/m/dance", "/model/m/converse/", "/model/a/b/converse"]
        {
            assert_eq!(parse(&Method::POST, path), Err(PathError::UnknownOperation), "{path}");
        }
        assert_eq!(parse(&Method::GET, "/model/m/converse"), Err(PathError::UnknownOperation));
        for id in ["", "%ff", &"x".repeat(2049)] {
            assert_eq!(
                parse(&Method::POST, &format!("/model/{id}/converse")),
                Err(PathError::InvalidModelId),
                "{id}"
            );
        }
    }
}
