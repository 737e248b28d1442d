//! The errors of the service by name, with status, family, words and headers.
//!
//! The words matter: clients decide by them. They follow the service's documentation and answers seen in public.

use std::time::Duration;

use super::body::{Details, ErrorBody};
use crate::error_response::{ErrorResponse, retry_after};

/// One way in which the service refuses or fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// 400 for the reason given.
    InvalidRequest,
    /// 400: no limit of tokens.
    MaxTokensRequired,
    /// 400: more tokens than the model takes.
    PromptTooLong,
    /// 401: the key is wrong.
    Authentication,
    /// 401: the key is wrong and came as a bearer token.
    InvalidBearerToken,
    /// 401: there is no key.
    KeyMissing,
    /// 402: the money is gone.
    Billing,
    /// 403.
    Permission,
    /// 404: no such model.
    NotFound,
    /// 404: no such path.
    PathNotFound,
    /// 405.
    MethodNotAllowed,
    /// 408.
    RequestTimeout,
    /// 409.
    Conflict,
    /// 413: more than 32 MB.
    RequestTooLarge,
    /// 429: requests a minute.
    RequestsRateLimit,
    /// 429: input tokens a minute.
    InputTokensRateLimit,
    /// 429: output tokens a minute.
    OutputTokensRateLimit,
    /// 429: traffic rose too fast.
    AccelerationLimit,
    /// 429: the organisation's own limit of spending.
    SpendLimit,
    /// 500.
    Api,
    /// 504.
    Timeout,
    /// 529.
    Overloaded,
}

/// What varies in the words of an error.
#[derive(Debug, Clone, Copy)]
pub struct Particulars<'a> {
    /// The model asked for.
    pub model: &'a str,
    /// Why a request is refused.
    pub reason: &'a str,
    /// `req_…`; left out when empty.
    pub request_id: &'a str,
    /// The limit: requests or tokens a minute, or a prompt in tokens.
    pub limit: u32,
    /// Tokens of the prompt.
    pub requested: u32,
    /// Until the request fits.
    pub wait: Duration,
}

impl Default for Particulars<'_> {
    fn default() -> Self {
        Particulars {
            model: "claude-sonnet-4-5",
            reason: "messages: at least one message is required",
            request_id: "",
            limit: 50,
            requested: 205_000,
            wait: Duration::from_secs(1),
        }
    }
}

impl Case {
    /// Every case.
    pub const ALL: [Case; 22] = [
        Case::InvalidRequest,
        Case::MaxTokensRequired,
        Case::PromptTooLong,
        Case::Authentication,
        Case::InvalidBearerToken,
        Case::KeyMissing,
        Case::Billing,
        Case::Permission,
        Case::NotFound,
        Case::PathNotFound,
        Case::MethodNotAllowed,
        Case::RequestTimeout,
        Case::Conflict,
        Case::RequestTooLarge,
        Case::RequestsRateLimit,
        Case::InputTokensRateLimit,
        Case::OutputTokensRateLimit,
        Case::AccelerationLimit,
        Case::SpendLimit,
        Case::Api,
        Case::Timeout,
        Case::Overloaded,
    ];

    /// The name by which a file or a flag asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Case::InvalidRequest => "invalid-request",
            Case::MaxTokensRequired => "max-tokens-required",
            Case::PromptTooLong => "prompt-too-long",
            Case::Authentication => "authentication",
            Case::InvalidBearerToken => "invalid-bearer-token",
            Case::KeyMissing => "key-missing",
            Case::Billing => "billing",
            Case::Permission => "permission",
            Case::NotFound => "not-found",
            Case::PathNotFound => "path-not-found",
            Case::MethodNotAllowed => "method-not-allowed",
            Case::RequestTimeout => "request-timeout",
            Case::Conflict => "conflict",
            Case::RequestTooLarge => "request-too-large",
            Case::RequestsRateLimit => "requests-rate-limit",
            Case::InputTokensRateLimit => "input-tokens-rate-limit",
            Case::OutputTokensRateLimit => "output-tokens-rate-limit",
            Case::AccelerationLimit => "acceleration-limit",
            Case::SpendLimit => "spend-limit",
            Case::Api => "api",
            Case::Timeout => "timeout",
            Case::Overloaded => "overloaded",
        }
    }

    /// The case of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.name() == name)
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Case::InvalidRequest | Case::MaxTokensRequired | Case::PromptTooLong => 400,
            Case::Authentication | Case::InvalidBearerToken | Case::KeyMissing => 401,
            Case::Billing => 402,
            Case::Permission => 403,
            Case::NotFound | Case::PathNotFound => 404,
            Case::MethodNotAllowed => 405,
            Case::RequestTimeout => 408,
            Case::Conflict => 409,
            Case::RequestTooLarge => 413,
            Case::Api => 500,
            Case::Timeout => 504,
            Case::Overloaded => 529,
            _ => 429,
        }
    }

    /// The family in the body.
    pub fn family(self) -> &'static str {
        match self {
            Case::InvalidRequest | Case::MaxTokensRequired | Case::PromptTooLong | Case::MethodNotAllowed => {
                "invalid_request_error"
            }
            Case::Authentication | Case::InvalidBearerToken | Case::KeyMissing => "authentication_error",
            Case::Billing => "billing_error",
            Case::Permission => "permission_error",
            Case::NotFound | Case::PathNotFound => "not_found_error",
            Case::RequestTimeout | Case::Timeout => "timeout_error",
            Case::Conflict => "conflict_error",
            Case::RequestTooLarge => "request_too_large",
            Case::Api => "api_error",
            Case::Overloaded => "overloaded_error",
            _ => "rate_limit_error",
        }
    }

    /// Whether the same request may pass a little later.
    pub fn retry_helps(self) -> bool {
        matches!(self.status(), 408 | 409 | 429 | 500..) && self != Case::SpendLimit
    }

    /// The error body.
    pub fn error(self, of: &Particulars<'_>) -> ErrorBody<'static> {
        let mut body = ErrorBody::new(self.family(), self.message(of));
        if self == Case::SpendLimit {
            let error_code = Some("enforced_spend_limit_reached".into());
            body.error.details = Some(Details { error_code });
        }
        if !of.request_id.is_empty() {
            body.request_id = Some(of.request_id.to_owned().into());
        }
        body
    }

    /// The whole answer.
    pub fn respond(self, of: &Particulars<'_>) -> ErrorResponse {
        let waits = self.status() == 429 && self != Case::SpendLimit;
        ErrorResponse {
            status: self.status(),
            content_type: "application/json",
            headers: waits.then(|| retry_after(of.wait)).into_iter().collect(),
            body: self.error(of).to_bytes(),
        }
    }

    fn message(self, of: &Particulars<'_>) -> String {
        let Particulars { model, reason, limit, requested, .. } = of;
        let fixed = match self {
            Case::InvalidRequest => reason,
            Case::PromptTooLong => {
                return format!("prompt is too long: {requested} tokens > {limit} maximum");
            }
            Case::NotFound => return format!("model: {model}"),
            Case::RequestsRateLimit => return rate_limit(*limit, "requests per minute"),
            Case::InputTokensRateLimit => return rate_limit(*limit, "input tokens per minute"),
            Case::OutputTokensRateLimit => return rate_limit(*limit, "output tokens per minute"),
            Case::MaxTokensRequired => "max_tokens: Field required",
            Case::Authentication => "invalid x-api-key",
            Case::InvalidBearerToken => "Invalid bearer token",
            Case::KeyMissing => "x-api-key header is required",
            Case::PathNotFound => "Not Found",
            Case::MethodNotAllowed => "Method Not Allowed",
            Case::Billing => "Your credit balance is too low to access the Anthropic API.",
            Case::Permission => "Your API key does not have permission to use the specified resource.",
            Case::RequestTimeout | Case::Timeout => "Request timed out",
            Case::Conflict => "The request conflicts with another one.",
            Case::RequestTooLarge => "Request exceeds the maximum allowed number of bytes.",
            Case::AccelerationLimit => {
                "This request would exceed your organization's maximum usage increase rate. Please scale up your \
                 usage more gradually."
            }
            Case::SpendLimit => "You have reached your specified API usage limits.",
            Case::Api => "Internal server error",
            Case::Overloaded => "Overloaded",
        };
        fixed.to_owned()
    }
}

fn rate_limit(limit: u32, what: &str) -> String {
    format!(
        "This request would exceed your organization's rate limit of {limit} {what}. For details, refer to: \
         https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please \
         reduce the prompt length or the maximum tokens requested, or try again later."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_case() {
        for case in Case::ALL {
            assert_eq!(Case::from_name(case.name()), Some(case));
        }
        assert_eq!(Case::from_name("unheard-of"), None);
    }

    #[test]
    fn the_words_that_clients_search_for_are_there() {
        let of = Particulars { limit: 200_000, model: "x", ..Particulars::default() };
        for (case, words) in [
            (Case::PromptTooLong, "prompt is too long: 205000 tokens > 200000 maximum"),
            (Case::MaxTokensRequired, "max_tokens: Field required"),
            (Case::NotFound, "model: x"),
            (Case::Authentication, "invalid x-api-key"),
            (Case::RequestsRateLimit, "exceed your organization's rate limit of 200000 requests per minute"),
            (Case::Api, "Internal server error"),
            (Case::Overloaded, "Overloaded"),
        ] {
            let body = case.error(&of);
            assert!(body.error.message.contains(words), "{case:?}: {}", body.error.message);
        }
    }

    #[test]
    fn only_limits_that_pass_say_when() {
        let of = Particulars { wait: Duration::from_millis(1_200), ..Particulars::default() };
        let headers = |case: Case| case.respond(&of).headers;
        assert_eq!(headers(Case::RequestsRateLimit), [("retry-after", "2".to_owned())]);
        assert!(headers(Case::SpendLimit).is_empty() && headers(Case::Overloaded).is_empty());
        assert_eq!(Case::SpendLimit.error(&of).kind(), "enforced_spend_limit_reached");
        assert!(Case::Overloaded.retry_helps() && !Case::SpendLimit.retry_helps());
        assert!(!Case::RequestTooLarge.retry_helps() && !Case::Authentication.retry_helps());
    }

    #[test]
    fn every_case_reads_back() {
        let of = Particulars { request_id: "req_1", ..Particulars::default() };
        for case in Case::ALL {
            let response = case.respond(&of);
            assert_eq!(ErrorBody::parse(&response.body).unwrap(), case.error(&of));
            assert_eq!(response.status, case.status());
        }
    }
}
