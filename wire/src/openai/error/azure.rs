//! The errors that Azure's front end words itself: `{"error":{"code","message"}}`, codes that are statuses.

use bytes::Bytes;
use serde::Serialize;

use super::case::Case;
use crate::error_response::ErrorResponse;
use crate::json;

/// One way in which Azure's front end refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AzureCase {
    /// 401: no key, or a wrong one.
    AccessDenied,
    /// 404: no such deployment.
    DeploymentNotFound,
    /// 404: no such path, or no such version of the API.
    ResourceNotFound,
    /// 400: the filters found something in the prompt.
    ContentFilter,
    /// 429: requests.
    CallRateLimit,
    /// 429: tokens.
    TokenRateLimit,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
}

impl AzureCase {
    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            AzureCase::ContentFilter => 400,
            AzureCase::AccessDenied => 401,
            AzureCase::DeploymentNotFound | AzureCase::ResourceNotFound => 404,
            AzureCase::CallRateLimit | AzureCase::TokenRateLimit => 429,
        }
    }

    /// What Azure's front end says in place of one of the service's errors; `None` where that comes through.
    pub fn instead_of(case: Case) -> Option<Self> {
        Some(match case {
            Case::InvalidApiKey | Case::MissingApiKey => AzureCase::AccessDenied,
            Case::ModelNotFound => AzureCase::DeploymentNotFound,
            Case::InvalidUrl => AzureCase::ResourceNotFound,
            Case::ContentPolicyViolation => AzureCase::ContentFilter,
            Case::RequestsRateLimit
            | Case::RequestsPerDayRateLimit
            | Case::InputImagesRateLimit
            | Case::ImagesRateLimit => AzureCase::CallRateLimit,
            Case::TokensRateLimit | Case::TokensPerDayRateLimit | Case::RequestTooLarge => {
                AzureCase::TokenRateLimit
            }
            _ => return None,
        })
    }

    /// The whole answer; a limit refuses for `seconds`.
    pub fn respond(self, operation: &str, api_version: &str, seconds: u64) -> ErrorResponse {
        ErrorResponse {
            status: self.status(),
            content_type: "application/json",
            headers: self.headers(seconds),
            body: self.body(operation, api_version, seconds),
        }
    }

    /// The headers that belong to the error; a limit refuses for `seconds`.
    pub fn headers(self, seconds: u64) -> Vec<(&'static str, String)> {
        match self.status() {
            429 => vec![
                ("retry-after", seconds.to_string()),
                ("retry-after-ms", seconds.saturating_mul(1_000).to_string()),
            ],
            _ => Vec::new(),
        }
    }

    /// The body. `operation` is Azure's own name of it, such as `ChatCompletions_Create`.
    pub fn body(self, operation: &str, api_version: &str, seconds: u64) -> Bytes {
        let (code, message) = match self {
            AzureCase::ContentFilter => return content_filter(),
            AzureCase::AccessDenied => (
                "401",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid \
                 key for an active subscription and use a correct regional API endpoint for your resource."
                    .to_owned(),
            ),
            AzureCase::DeploymentNotFound => (
                "DeploymentNotFound",
                "The API deployment for this resource does not exist. If you created the deployment within the last \
                 5 minutes, please wait a moment and try again."
                    .to_owned(),
            ),
            AzureCase::ResourceNotFound => ("404", "Resource not found".to_owned()),
            AzureCase::CallRateLimit => ("429", rate_limit("call", operation, api_version, seconds)),
            AzureCase::TokenRateLimit => ("429", rate_limit("token", operation, api_version, seconds)),
        };
        json::to_bytes(&Envelope { error: Inner { code, message: &message } })
    }
}

/// The only one with the other keys of the service's own errors; harm was found, of one kind.
fn content_filter() -> Bytes {
    let body = concat!(
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management "#,
        r#"policy. Please modify your prompt and retry. To learn more about our content filtering policies please read "#,
        r#"our documentation: https://go.microsoft.com/fwlink/?linkid=2198766","type":null,"param":"prompt","#,
        r#""code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","#,
        r#""content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"#,
        r#""jailbreak":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"#,
        r#""sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}}}}"#
    );
    Bytes::from_static(body.as_bytes())
}

fn rate_limit(what: &str, operation: &str, api_version: &str, seconds: u64) -> String {
    format!(
        "Requests to the {operation} Operation under Azure OpenAI API version {api_version} have exceeded {what} rate \
         limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds. Please go here: \
         https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_two_keys_and_a_limit_says_how_long() {
        assert_eq!(
            AzureCase::ResourceNotFound.body("", "", 0),
            r#"{"error":{"code":"404","message":"Resource not found"}}"#
        );
        let body = AzureCase::TokenRateLimit.body("ChatCompletions_Create", "2024-10-21", 7);
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.starts_with(
            r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation"#
        ));
        assert!(
            text.contains("version 2024-10-21 have exceeded token rate limit")
                && text.contains("after 7 seconds")
        );
        assert_eq!(AzureCase::TokenRateLimit.headers(7)[0], ("retry-after", "7".to_owned()));
        let filtered = AzureCase::ContentFilter.body("", "", 0);
        let filtered: serde_json::Value = serde_json::from_slice(&filtered).unwrap();
        assert_eq!(filtered["error"]["innererror"]["code"], "ResponsibleAIPolicyViolation");
    }
}
