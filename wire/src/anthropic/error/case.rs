//! The errors of the service by name, with status, family, words and headers.
//!
//! The words matter: clients decide by them. They follow the service's documentation and answers seen in public.

use std::time::Duration;

use super::body::{Details, ErrorBody};
use crate::anthropic::rate_limit_headers::{RateLimit, RateLimits};
use crate::error_response::{ErrorResponse, retry_after};
use crate::named::named;

named! {
    /// One way in which the service refuses or fails.
    pub enum Case {
        /// 400 for the reason given.
        InvalidRequest = "invalid-request",
        /// 400: no limit of tokens.
        MaxTokensRequired = "max-tokens-required",
        /// 400: more tokens than the model takes.
        PromptTooLong = "prompt-too-long",
        /// 401: the key is wrong.
        Authentication = "authentication",
        /// 401: the key is wrong and came as a bearer token.
        InvalidBearerToken = "invalid-bearer-token",
        /// 401: there is no key.
        KeyMissing = "key-missing",
        /// 402: the money is gone.
        Billing = "billing",
        /// 403.
        Permission = "permission",
        /// 404: no such model.
        NotFound = "not-found",
        /// 404: no such path.
        PathNotFound = "path-not-found",
        /// 405.
        MethodNotAllowed = "method-not-allowed",
        /// 408.
        RequestTimeout = "request-timeout",
        /// 409.
        Conflict = "conflict",
        /// 413: more than 32 MB.
        RequestTooLarge = "request-too-large",
        /// 429: requests a minute.
        RequestsRateLimit = "requests-rate-limit",
        /// 429: input tokens a minute.
        InputTokensRateLimit = "input-tokens-rate-limit",
        /// 429: output tokens a minute.
        OutputTokensRateLimit = "output-tokens-rate-limit",
        /// 429: traffic rose too fast.
        AccelerationLimit = "acceleration-limit",
        /// 429: the organisation's own limit of spending.
        SpendLimit = "spend-limit",
        /// 500.
        Api = "api",
        /// 504.
        Timeout = "timeout",
        /// 529.
        Overloaded = "overloaded",
    }
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
    /// Now, in seconds since 1970: then headers tell of the limit that refuses; 0 to leave that to the caller.
    pub now_unix_s: u64,
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
            now_unix_s: 0,
        }
    }
}

impl Case {
    /// What an example of the error mentions.
    pub fn usual(self) -> Particulars<'static> {
        let usual = Particulars::default();
        let limit = match self {
            Case::PromptTooLong => 200_000,
            Case::InputTokensRateLimit => 40_000,
            Case::OutputTokensRateLimit => 8_000,
            _ => usual.limit,
        };
        Particulars { limit, ..usual }
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
        ErrorResponse {
            status: self.status(),
            content_type: "application/json",
            headers: self.headers(of),
            body: self.error(of).to_bytes(),
        }
    }

    fn headers(self, of: &Particulars<'_>) -> Vec<(&'static str, String)> {
        if self.status() != 429 || self == Case::SpendLimit {
            return Vec::new();
        }
        let mut headers = vec![retry_after(of.wait)];
        if of.now_unix_s > 0 {
            headers.extend(self.limits(of).headers());
        }
        headers
    }

    /// The limit that is used up, where the error is about one.
    fn limits(self, of: &Particulars<'_>) -> RateLimits {
        let wait_s = of.wait.as_secs() + u64::from(of.wait.subsec_nanos() > 0);
        let reset_unix_s = of.now_unix_s.saturating_add(wait_s);
        let used_up = Some(RateLimit { limit: of.limit.into(), remaining: 0, reset_unix_s });
        match self {
            Case::RequestsRateLimit => RateLimits { requests: used_up, ..RateLimits::default() },
            Case::InputTokensRateLimit => RateLimits { input_tokens: used_up, ..RateLimits::default() },
            Case::OutputTokensRateLimit => RateLimits { output_tokens: used_up, ..RateLimits::default() },
            _ => RateLimits::default(),
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
    fn an_example_fits_its_words_and_tells_of_its_limit() {
        let of = |case: Case| Particulars { now_unix_s: 1_767_225_600, ..case.usual() };
        let said = |case: Case| case.error(&of(case)).error.message.to_string();
        assert_eq!(said(Case::PromptTooLong), "prompt is too long: 205000 tokens > 200000 maximum");
        assert!(said(Case::OutputTokensRateLimit).contains("rate limit of 8000 output tokens per minute"));
        let headers = Case::InputTokensRateLimit.respond(&of(Case::InputTokensRateLimit)).headers;
        let expected = [
            ("retry-after", "1"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-01-01T00:00:01Z"),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(Case::AccelerationLimit.respond(&of(Case::AccelerationLimit)).headers.len(), 1);
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
