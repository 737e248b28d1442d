//! The errors of the service by name, with status, words and details.
//!
//! The words matter: clients decide by them. They are those of answers seen in public and of Google's
//! documentation; `INTERNAL`, `UNKNOWN`, `DEADLINE_EXCEEDED` and `CANCELLED` are the usual ones of Google's APIs.

use super::status::{Code, ErrorReason, Status, Wrapping};
use crate::error_response::ErrorResponse;
use crate::named::named;

named! {
    /// One way in which the service refuses or fails.
    pub enum Case {
        /// 429: the shared pool is full.
        ResourceExhausted = "resource-exhausted",
        /// 429: the same, as some front ends put it.
        ResourceExhaustedWithReasons = "resource-exhausted-with-reasons",
        /// 429: the same, in older words.
        CheckQuota = "check-quota",
        /// 429: out of capacity, in older words.
        OutOfCapacity = "out-of-capacity",
        /// 429: the project's requests a minute of a Gemini model.
        GeminiQuota = "gemini-quota",
        /// 429: the project's requests a minute of a Claude model.
        ClaudeRequestsQuota = "claude-requests-quota",
        /// 429: the project's input tokens a minute of a Claude model.
        ClaudeTokensQuota = "claude-tokens-quota",
        /// 429: the project's output tokens a minute of a Claude model.
        ClaudeOutputTokensQuota = "claude-output-tokens-quota",
        /// 429: the project's input tokens a minute of an embedding model.
        EmbeddingQuota = "embedding-quota",
        /// 429: the project's requests a minute of any other model that is asked to predict.
        PredictionQuota = "prediction-quota",
        /// 429: more than the capacity bought, where nothing else may serve.
        ProvisionedThroughput = "provisioned-throughput",
        /// 429: a quota that the front end of all Google APIs enforces.
        FrontEndQuota = "front-end-quota",
        /// 503.
        Unavailable = "unavailable",
        /// 503: the model.
        ModelOverloaded = "model-overloaded",
        /// 503: the model, in newer words.
        HighDemand = "high-demand",
        /// 500.
        Internal = "internal",
        /// 500: the same, in other words.
        InternalReport = "internal-report",
        /// 500 without a cause.
        Unknown = "unknown",
        /// 504.
        DeadlineExceeded = "deadline-exceeded",
        /// 499: the caller hung up.
        Cancelled = "cancelled",
        /// 401: no credentials.
        CredentialsMissing = "credentials-missing",
        /// 401: an API key where a token is needed.
        ApiKeyNotSupported = "api-key-not-supported",
        /// 401: the token is old.
        AccessTokenExpired = "access-token-expired",
        /// 401: the token is none.
        AccessTokenUnsupported = "access-token-unsupported",
        /// 400: the API key is none.
        ApiKeyInvalid = "api-key-invalid",
        /// 403: no right to use the model.
        PermissionDenied = "permission-denied",
        /// 403: the project has not enabled the service.
        ServiceDisabled = "service-disabled",
        /// 403: no such project.
        ConsumerInvalid = "consumer-invalid",
        /// 404: no such model.
        ModelNotFound = "model-not-found",
        /// 404: no such path, a page of the front end.
        PathNotFound = "path-not-found",
        /// 400: the project has not enabled the model.
        ModelNotEnabled = "model-not-enabled",
        /// 400: the caller's country.
        LocationUnsupported = "location-unsupported",
        /// 400: more input than the model takes.
        InputTooLong = "input-too-long",
        /// 400 without a cause.
        InvalidArgument = "invalid-argument",
        /// 400: a parameter out of range.
        InvalidParameter = "invalid-parameter",
        /// 400: a value of the wrong type or an unknown enum.
        InvalidValue = "invalid-value",
        /// 400: a field that does not exist.
        UnknownField = "unknown-field",
        /// 502, a page of the front end.
        BadGateway = "bad-gateway",
    }
}

/// What varies in the words of an error.
#[derive(Debug, Clone, Copy)]
pub struct Particulars<'a> {
    /// The project as the caller named it, id or number.
    pub project: &'a str,
    /// The full resource name, `projects/…/models/…`.
    pub resource: &'a str,
    /// The base model of a quota; a Claude model without its `anthropic-`.
    pub base_model: &'a str,
    /// Where a quota is counted.
    pub location: &'a str,
    /// The gRPC method; see [`Verb::grpc_method`](crate::vertex::path::Verb::grpc_method).
    pub grpc_method: &'a str,
    /// Path of the field at fault.
    pub field: &'a str,
    /// The value at fault.
    pub value: &'a str,
    /// Why a parameter is refused.
    pub reason: &'a str,
    /// Input tokens, or requests made.
    pub used: u64,
    /// Most input tokens, or requests.
    pub limit: u64,
}

impl Default for Particulars<'_> {
    fn default() -> Self {
        Particulars {
            project: "mock-project",
            resource: "projects/mock-project/locations/us-central1/publishers/google/models/gemini-2.5-flash",
            base_model: "gemini-2.5-flash",
            location: "us-central1",
            grpc_method: "google.cloud.aiplatform.v1beta1.PredictionService.GenerateContent",
            field: "contents",
            value: "",
            reason: "a parameter is out of range.",
            used: 1_200_293,
            limit: 1_048_576,
        }
    }
}

impl Case {
    /// The gRPC status; `None` where the front end answers with a page.
    pub fn code(self) -> Option<Code> {
        Some(match self {
            Case::ResourceExhausted
            | Case::ResourceExhaustedWithReasons
            | Case::CheckQuota
            | Case::OutOfCapacity
            | Case::GeminiQuota
            | Case::ClaudeRequestsQuota
            | Case::ClaudeTokensQuota
            | Case::ClaudeOutputTokensQuota
            | Case::EmbeddingQuota
            | Case::PredictionQuota
            | Case::ProvisionedThroughput
            | Case::FrontEndQuota => Code::ResourceExhausted,
            Case::Unavailable | Case::ModelOverloaded | Case::HighDemand => Code::Unavailable,
            Case::Internal | Case::InternalReport => Code::Internal,
            Case::Unknown => Code::Unknown,
            Case::DeadlineExceeded => Code::DeadlineExceeded,
            Case::Cancelled => Code::Cancelled,
            Case::CredentialsMissing
            | Case::ApiKeyNotSupported
            | Case::AccessTokenExpired
            | Case::AccessTokenUnsupported => Code::Unauthenticated,
            Case::PermissionDenied | Case::ServiceDisabled | Case::ConsumerInvalid => Code::PermissionDenied,
            Case::ModelNotFound => Code::NotFound,
            Case::ModelNotEnabled | Case::LocationUnsupported => Code::FailedPrecondition,
            Case::ApiKeyInvalid
            | Case::InputTooLong
            | Case::InvalidArgument
            | Case::InvalidParameter
            | Case::InvalidValue
            | Case::UnknownField => Code::InvalidArgument,
            Case::PathNotFound | Case::BadGateway => return None,
        })
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self.code() {
            Some(code) => code.http_status(),
            None if self == Case::PathNotFound => 404,
            None => 502,
        }
    }

    /// The error object; `None` where the front end answers with a page.
    pub fn error(self, of: &Particulars<'_>) -> Option<Status<'static>> {
        let mut status = Status::new(self.code()?, self.message(of));
        status.details = self.details(of);
        if self == Case::ResourceExhaustedWithReasons {
            let message = status.message.clone();
            status.errors =
                vec![ErrorReason { message, domain: "global".into(), reason: "rateLimitExceeded".into() }];
        }
        Some(status)
    }

    /// The whole answer.
    pub fn respond(self, of: &Particulars<'_>, wrapping: Wrapping) -> ErrorResponse {
        let (content_type, body) = match self.error(of) {
            Some(error) => ("application/json; charset=UTF-8", error.to_bytes(wrapping)),
            None => ("text/html; charset=UTF-8", self.page()),
        };
        ErrorResponse { status: self.status(), content_type, headers: Vec::new(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::super::detail::Detail;
    use super::super::reasons::GOOGLE;
    use super::super::words::SERVICE;
    use super::*;

    fn message(case: Case, of: &Particulars<'_>) -> String {
        case.error(of).unwrap().message.into_owned().to_string()
    }

    #[test]
    fn every_name_finds_its_case() {
        for case in Case::ALL {
            assert_eq!(Case::from_name(case.name()), Some(case));
        }
        assert_eq!(Case::from_name("unheard-of"), None);
    }

    #[test]
    fn a_full_pool_is_the_services_answer_byte_by_byte() {
        let response = Case::ResourceExhausted.respond(&Particulars::default(), Wrapping::List);
        assert_eq!((response.status, response.content_type), (429, "application/json; charset=UTF-8"));
        assert!(response.headers.is_empty());
        let expected = concat!(
            "[{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"Resource exhausted. Please try again later. ",
            "Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.\",\n",
            "    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}\n]\n"
        );
        assert_eq!(response.body, expected);
    }

    #[test]
    fn quotas_name_metric_and_base_model() {
        let of = Particulars { base_model: "gemini-pro", ..Particulars::default() };
        assert_eq!(
            message(Case::GeminiQuota, &of),
            "Quota exceeded for \
             aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: \
             gemini-pro. Please submit a quota increase request. \
             https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai."
        );
        let of = Particulars { base_model: "claude-sonnet-4-5", ..Particulars::default() };
        let tokens = message(Case::ClaudeTokensQuota, &of);
        assert!(tokens.contains(
            "/online_prediction_input_tokens_per_minute_per_base_model with base model: anthropic-claude-sonnet-4-5."
        ));
        let output = message(Case::ClaudeOutputTokensQuota, &of);
        assert!(output.contains("/online_prediction_output_tokens_per_minute_per_base_model with"));
        let requests = message(Case::ClaudeRequestsQuota, &of);
        assert!(requests.contains("/online_prediction_requests_per_base_model with"));
    }

    #[test]
    fn the_words_that_clients_search_for_are_there() {
        let of =
            Particulars { project: "p", resource: "R/m", field: "foo", value: "v", ..Particulars::default() };
        for (case, words) in [
            (
                Case::PermissionDenied,
                "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/R/m' (or it may not exist).",
            ),
            (Case::ServiceDisabled, "Vertex AI API has not been used in project p before"),
            (Case::ConsumerInvalid, "Permission denied on resource project p."),
            (
                Case::ModelNotFound,
                "Publisher Model `R/m` was not found or your project does not have access to it.",
            ),
            (Case::ModelNotEnabled, "Project `p` is not allowed to use Publisher Model `R/m`"),
            (
                Case::InputTooLong,
                "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
            ),
            (Case::UnknownField, "Invalid JSON payload received. Unknown name \"foo\": Cannot find field."),
            (
                Case::InvalidValue,
                "Invalid value at 'foo' (type.googleapis.com/google.cloud.aiplatform.v1.Schema), \"v\"",
            ),
            (Case::ModelOverloaded, "The model is overloaded. Please try again later."),
            (
                Case::CredentialsMissing,
                "Request is missing required authentication credential. Expected OAuth 2 access token",
            ),
        ] {
            assert!(message(case, &of).contains(words), "{case:?}: {}", message(case, &of));
        }
    }

    #[test]
    fn details_say_reason_and_domain() {
        let reason = |case: Case| {
            let details = case.error(&Particulars::default()).unwrap().details;
            details.into_iter().find_map(|detail| match detail {
                Detail::ErrorInfo { reason, domain, .. } => Some((reason, domain)),
                _ => None,
            })
        };
        let expect = |case, text: &str, domain: &str| {
            assert_eq!(reason(case), Some((text.to_owned(), domain.to_owned())), "{case:?}");
        };
        expect(Case::FrontEndQuota, "RATE_LIMIT_EXCEEDED", GOOGLE);
        expect(Case::ApiKeyNotSupported, "CREDENTIALS_MISSING", GOOGLE);
        expect(Case::PermissionDenied, "IAM_PERMISSION_DENIED", SERVICE);
        expect(Case::ServiceDisabled, "SERVICE_DISABLED", GOOGLE);
        assert_eq!(reason(Case::ResourceExhausted), None);
    }

    #[test]
    fn the_front_end_answers_with_a_page() {
        for (case, status, title) in [
            (Case::PathNotFound, 404, "Error 404 (Not Found)!!1"),
            (Case::BadGateway, 502, "Error 502 (Server Error)!!1"),
        ] {
            let response = case.respond(&Particulars::default(), Wrapping::List);
            assert_eq!((response.status, response.content_type), (status, "text/html; charset=UTF-8"));
            assert!(std::str::from_utf8(&response.body).unwrap().contains(title));
        }
    }

    #[test]
    fn every_json_case_reads_back() {
        let of = Particulars::default();
        for case in Case::ALL {
            let Some(error) = case.error(&of) else { continue };
            assert_eq!(error.code, case.status());
            for wrapping in [Wrapping::Object, Wrapping::List] {
                assert_eq!(Status::parse(&case.respond(&of, wrapping).body).unwrap(), error, "{case:?}");
            }
        }
    }
}
