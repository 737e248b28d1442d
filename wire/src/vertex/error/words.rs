//! The words of the named errors.

use bytes::Bytes;

use super::case::{Case, Particulars};

pub(super) const SERVICE: &str = "aiplatform.googleapis.com";
const SIGN_IN: &str = "Expected OAuth 2 access token, login cookie or other valid authentication credential. See \
                       https://developers.google.com/identity/sign-in/web/devconsole-project.";
const EXHAUSTED: &str = "Resource exhausted. Please try again later. Please refer to \
                         https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.";
pub(super) const FRONT_END_METRIC: &str = "aiplatform.googleapis.com/online_prediction_requests";
pub(super) const FRONT_END_LIMIT: &str = "OnlinePredictionRequestsPerMinutePerProjectPerRegion";

impl Case {
    /// The message, for a person and for clients that search it.
    pub(super) fn message(self, of: &Particulars<'_>) -> String {
        match self {
            Case::GeminiQuota => {
                quota_exceeded("generate_content_requests_per_minute_per_project", of.base_model)
            }
            Case::ClaudeRequestsQuota => quota_exceeded("online_prediction_requests", &claude(of)),
            Case::ClaudeTokensQuota => {
                quota_exceeded("online_prediction_input_tokens_per_minute", &claude(of))
            }
            Case::ClaudeOutputTokensQuota => {
                quota_exceeded("online_prediction_output_tokens_per_minute", &claude(of))
            }
            Case::PredictionQuota => quota_exceeded("online_prediction_requests", of.base_model),
            Case::EmbeddingQuota => quota_exceeded("embed_content_input_tokens_per_minute", of.base_model),
            Case::FrontEndQuota => format!(
                "Quota exceeded for quota metric '{}' and limit '{}' of service '{SERVICE}' for consumer \
                 'project_number:{}'.",
                FRONT_END_METRIC, FRONT_END_LIMIT, of.project
            ),
            Case::CredentialsMissing => {
                format!("Request is missing required authentication credential. {SIGN_IN}")
            }
            Case::AccessTokenExpired | Case::AccessTokenUnsupported => {
                format!("Request had invalid authentication credentials. {SIGN_IN}")
            }
            Case::PermissionDenied => format!(
                "Permission 'aiplatform.endpoints.predict' denied on resource '//{SERVICE}/{}' (or it may not exist).",
                of.resource
            ),
            Case::ServiceDisabled => format!(
                "Vertex AI API has not been used in project {} before or it is disabled. Enable it by visiting {} then \
                 retry. If you enabled this API recently, wait a few minutes for the action to propagate to our \
                 systems and retry.",
                of.project,
                console(of)
            ),
            Case::ConsumerInvalid => format!("Permission denied on resource project {}.", of.project),
            Case::ModelNotFound => format!(
                "Publisher Model `{}` was not found or your project does not have access to it. Please ensure you are \
                 using a valid model version. For more information, see: \
                 https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
                of.resource
            ),
            Case::ModelNotEnabled => {
                format!("Project `{}` is not allowed to use Publisher Model `{}`", of.project, of.resource)
            }
            Case::InputTooLong => format!(
                "The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
                of.used, of.limit
            ),
            Case::InvalidParameter => format!(
                "Unable to submit request because {} Learn more: \
                 https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini",
                of.reason
            ),
            Case::InvalidValue => invalid_value(of),
            Case::UnknownField => {
                format!("Invalid JSON payload received. Unknown name \"{}\": Cannot find field.", of.field)
            }
            fixed => fixed.fixed_message().to_owned(),
        }
    }

    fn fixed_message(self) -> &'static str {
        match self {
            Case::ResourceExhausted | Case::ResourceExhaustedWithReasons => EXHAUSTED,
            Case::CheckQuota => "Resource has been exhausted (e.g. check quota).",
            Case::OutOfCapacity => {
                "Unable to submit request because the service is temporarily out of capacity. Try again later."
            }
            Case::ProvisionedThroughput => "Too many requests. Exceeded the Provisioned Throughput.",
            Case::Unavailable => "The service is currently unavailable.",
            Case::ModelOverloaded => "The model is overloaded. Please try again later.",
            Case::HighDemand => {
                "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try \
                 again later."
            }
            Case::Internal => "Internal error encountered.",
            Case::InternalReport => {
                "An internal error has occurred. Please retry or report in \
                 https://developers.generativeai.google/guide/troubleshooting"
            }
            Case::Unknown => "Unknown Error.",
            Case::DeadlineExceeded => "Deadline expired before operation could complete.",
            Case::Cancelled => "The operation was cancelled.",
            Case::ApiKeyNotSupported => {
                "API keys are not supported by this API. Expected OAuth2 access token or other authentication \
                 credentials that assert a principal. See https://cloud.google.com/docs/authentication"
            }
            Case::ApiKeyInvalid => "API key not valid. Please pass a valid API key.",
            Case::LocationUnsupported => "User location is not supported for the API use.",
            _ => "Request contains an invalid argument.",
        }
    }

    /// The page of the front end, where it answers in place of the service.
    pub(super) fn page(self) -> Bytes {
        let (title, said) = match self {
            Case::PathNotFound => {
                ("Error 404 (Not Found)!!1", "The requested URL was not found on this server.")
            }
            _ => (
                "Error 502 (Server Error)!!1",
                "The server encountered a temporary error and could not complete your request.<p>Please try again \
                 in 30 seconds.",
            ),
        };
        let status = self.status();
        format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>{title}</title>\n  \
             <p><b>{status}.</b> <ins>That\u{2019}s an error.</ins>\n  <p>{said}  <ins>That\u{2019}s all we \
             know.</ins>\n"
        )
        .into()
    }
}

// The metric's own ending is part of the sentence.
fn quota_exceeded(metric: &str, base_model: &str) -> String {
    format!(
        "Quota exceeded for {SERVICE}/{metric}_per_base_model with base model: {base_model}. Please submit a quota \
         increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai."
    )
}

fn claude(of: &Particulars<'_>) -> String {
    format!("anthropic-{}", of.base_model)
}

pub(super) fn console(of: &Particulars<'_>) -> String {
    format!("https://console.developers.google.com/apis/api/{SERVICE}/overview?project={}", of.project)
}

pub(super) fn invalid_value(of: &Particulars<'_>) -> String {
    let Particulars { field, value, .. } = of;
    format!("Invalid value at '{field}' (type.googleapis.com/google.cloud.aiplatform.v1.Schema), \"{value}\"")
}
