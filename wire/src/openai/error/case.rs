//! The errors of the service by name, with status, type, code, words and headers.
//!
//! The words matter: clients decide by them. They follow the service's error guide and answers seen in public.

use std::time::Duration;

use super::body::ErrorDetail;
use crate::error_response::{ErrorResponse, edge_page, retry_after};
use crate::named::named;
use crate::openai::rate_limit_headers::{RateLimit, RateLimits, format_duration};

named! {
    /// One way in which the service refuses or fails.
    pub enum Case {
        /// 400: more tokens than the model takes.
        ContextLengthExceeded = "context-length-exceeded",
        /// 400: a field that this model does not take.
        UnsupportedParameter = "unsupported-parameter",
        /// 400: a value out of range.
        InvalidValue = "invalid-value",
        /// 400: refused for what it says.
        ContentPolicyViolation = "content-policy-violation",
        /// 400: the body is not JSON.
        InvalidJson = "invalid-json",
        /// 401: the key is wrong.
        InvalidApiKey = "invalid-api-key",
        /// 401: there is no key.
        MissingApiKey = "missing-api-key",
        /// 403: the caller's country.
        UnsupportedCountry = "unsupported-country",
        /// 404: no such model.
        ModelNotFound = "model-not-found",
        /// 404: no such path.
        InvalidUrl = "invalid-url",
        /// 405: the path takes another method.
        MethodNotAllowed = "method-not-allowed",
        /// 429: requests per minute.
        RequestsRateLimit = "requests-rate-limit",
        /// 429: requests per day.
        RequestsPerDayRateLimit = "requests-per-day-rate-limit",
        /// 429: tokens per minute.
        TokensRateLimit = "tokens-rate-limit",
        /// 429: tokens per day.
        TokensPerDayRateLimit = "tokens-per-day-rate-limit",
        /// 429: pictures per minute, of models that read them or draw by tokens.
        InputImagesRateLimit = "input-images-rate-limit",
        /// 429: pictures per minute, of DALL-E.
        ImagesRateLimit = "images-rate-limit",
        /// 429: one request is more than a minute's tokens.
        RequestTooLarge = "request-too-large",
        /// 429: traffic rose too fast.
        SlowDown = "slow-down",
        /// 429: the money is gone.
        InsufficientQuota = "insufficient-quota",
        /// 429: the same, prepaid.
        CreditBalanceExhausted = "credit-balance-exhausted",
        /// 429: the organisation's own limit of spending.
        OrganizationSpendLimit = "organization-spend-limit",
        /// 429: the project's own limit of spending.
        ProjectSpendLimit = "project-spend-limit",
        /// 429: the service's limit for the organisation.
        OrganizationUsageLimit = "organization-usage-limit",
        /// 500.
        ServerError = "server-error",
        /// 502, a page of the front end.
        BadGateway = "bad-gateway",
        /// 503.
        Overloaded = "overloaded",
        /// 504, a page of the front end.
        GatewayTimeout = "gateway-timeout",
        /// 520, a page of the front end.
        EdgeUnknownError = "edge-unknown-error",
    }
}

/// What varies in the words of an error.
#[derive(Debug, Clone, Copy)]
pub struct Particulars<'a> {
    /// The model asked for.
    pub model: &'a str,
    /// Whose limit it is.
    pub organization: &'a str,
    /// The key, as far as it may be shown.
    pub api_key: &'a str,
    /// The field at fault.
    pub param: &'a str,
    /// The value at fault.
    pub value: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's path.
    pub path: &'a str,
    /// The limit: requests or tokens a minute, or a context in tokens.
    pub limit: u32,
    /// Used of it in this minute.
    pub used: u32,
    /// What this request needs of it.
    pub requested: u32,
    /// Until the request fits.
    pub wait: Duration,
}

impl Default for Particulars<'_> {
    fn default() -> Self {
        Particulars {
            model: "gpt-4o-mini",
            organization: "org-mock",
            api_key: "sk-...mock",
            param: "temperature",
            value: "",
            method: "POST",
            path: "/v1/chat/completions",
            limit: 30_000,
            used: 29_500,
            requested: 1_000,
            wait: Duration::from_secs(1),
        }
    }
}

const INVALID_REQUEST: &str = "invalid_request_error";
const QUOTA: &str = "You exceeded your current quota, please check your plan and billing details. For more \
                     information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";

impl Case {
    /// What an example of the error mentions.
    pub fn usual(self) -> Particulars<'static> {
        let usual = Particulars::default();
        let (limit, used, requested) = match self {
            Case::ContextLengthExceeded => (128_000, 0, 130_512),
            Case::RequestsRateLimit => (500, 500, 1),
            Case::RequestsPerDayRateLimit => (10_000, 10_000, 1),
            Case::TokensPerDayRateLimit => (90_000, 89_500, 1_000),
            Case::InputImagesRateLimit | Case::ImagesRateLimit => (5, 5, 1),
            Case::RequestTooLarge => (usual.limit, 0, 34_754),
            _ => (usual.limit, usual.used, usual.requested),
        };
        let model = match self {
            Case::InputImagesRateLimit => "gpt-image-1",
            Case::ImagesRateLimit => "dall-e-3",
            _ => usual.model,
        };
        Particulars { model, limit, used, requested, ..usual }
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Case::ContextLengthExceeded
            | Case::UnsupportedParameter
            | Case::InvalidValue
            | Case::ContentPolicyViolation
            | Case::InvalidJson => 400,
            Case::InvalidApiKey | Case::MissingApiKey => 401,
            Case::UnsupportedCountry => 403,
            Case::ModelNotFound | Case::InvalidUrl => 404,
            Case::MethodNotAllowed => 405,
            Case::ServerError => 500,
            Case::BadGateway => 502,
            Case::Overloaded => 503,
            Case::GatewayTimeout => 504,
            Case::EdgeUnknownError => 520,
            _ => 429,
        }
    }

    /// Whether the same request may pass a little later.
    pub fn retry_helps(self) -> bool {
        self.status() >= 500
            || matches!(
                self,
                Case::RequestsRateLimit
                    | Case::RequestsPerDayRateLimit
                    | Case::TokensRateLimit
                    | Case::TokensPerDayRateLimit
                    | Case::InputImagesRateLimit
                    | Case::ImagesRateLimit
                    | Case::SlowDown
            )
    }

    /// The error object; `None` where the front end answers with a page.
    pub fn detail(self, of: &Particulars<'_>) -> Option<ErrorDetail<'static>> {
        let (family, code) = self.family_and_code()?;
        let detail = ErrorDetail::new(self.message(of), family);
        let detail = if code.is_empty() { detail } else { detail.with_code(code) };
        Some(match self {
            Case::ContextLengthExceeded => detail.with_param("messages"),
            Case::UnsupportedParameter | Case::InvalidValue => detail.with_param(of.param.to_owned()),
            _ => detail,
        })
    }

    /// The whole answer.
    pub fn respond(self, of: &Particulars<'_>) -> ErrorResponse {
        let status = self.status();
        let (content_type, body) = match self.detail(of) {
            Some(detail) => ("application/json", detail.to_bytes()),
            None => ("text/html", edge_page(status, self.edge_reason(), "cloudflare")),
        };
        ErrorResponse { status, content_type, headers: self.headers(of), body }
    }

    /// The headers that belong to the error.
    pub fn headers(self, of: &Particulars<'_>) -> Vec<(&'static str, String)> {
        let mut headers = match self {
            Case::RequestsRateLimit
            | Case::RequestsPerDayRateLimit
            | Case::TokensRateLimit
            | Case::TokensPerDayRateLimit
            | Case::InputImagesRateLimit
            | Case::ImagesRateLimit => {
                vec![retry_after(of.wait), ("retry-after-ms", of.wait.as_millis().to_string())]
            }
            Case::SlowDown => vec![retry_after(of.wait)],
            _ => Vec::new(),
        };
        headers.extend(self.limits(of).headers());
        headers
    }

    /// The limit that refuses, where one does.
    fn limits(self, of: &Particulars<'_>) -> RateLimits {
        let remaining = of.limit.saturating_sub(of.used).into();
        let refusing = Some(RateLimit { limit: of.limit.into(), remaining, reset: of.wait });
        match self {
            Case::RequestsRateLimit | Case::RequestsPerDayRateLimit => {
                RateLimits { requests: refusing, ..RateLimits::default() }
            }
            Case::TokensRateLimit | Case::TokensPerDayRateLimit | Case::RequestTooLarge => {
                RateLimits { tokens: refusing, ..RateLimits::default() }
            }
            Case::InputImagesRateLimit | Case::ImagesRateLimit => {
                RateLimits { input_images: refusing, ..RateLimits::default() }
            }
            _ => RateLimits::default(),
        }
    }

    // An empty code stands for null.
    fn family_and_code(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Case::ContextLengthExceeded => (INVALID_REQUEST, "context_length_exceeded"),
            Case::UnsupportedParameter => (INVALID_REQUEST, "unsupported_parameter"),
            Case::InvalidValue => (INVALID_REQUEST, "invalid_value"),
            Case::ContentPolicyViolation => (INVALID_REQUEST, "content_policy_violation"),
            Case::InvalidApiKey => (INVALID_REQUEST, "invalid_api_key"),
            Case::MissingApiKey | Case::InvalidUrl | Case::InvalidJson => (INVALID_REQUEST, ""),
            Case::MethodNotAllowed => (INVALID_REQUEST, "method_not_supported"),
            Case::UnsupportedCountry => ("request_forbidden", "unsupported_country_region_territory"),
            Case::ModelNotFound => (INVALID_REQUEST, "model_not_found"),
            Case::RequestsRateLimit | Case::RequestsPerDayRateLimit | Case::ImagesRateLimit => {
                ("requests", "rate_limit_exceeded")
            }
            Case::TokensRateLimit | Case::TokensPerDayRateLimit | Case::RequestTooLarge => {
                ("tokens", "rate_limit_exceeded")
            }
            Case::InputImagesRateLimit => ("input-images", "rate_limit_exceeded"),
            Case::SlowDown => ("rate_limit_error", "slow_down"),
            Case::InsufficientQuota => ("insufficient_quota", "insufficient_quota"),
            Case::CreditBalanceExhausted => ("insufficient_quota", "credit_balance_exhausted"),
            Case::OrganizationSpendLimit => ("insufficient_quota", "organization_spend_limit_exceeded"),
            Case::ProjectSpendLimit => ("insufficient_quota", "project_spend_limit_exceeded"),
            Case::OrganizationUsageLimit => ("insufficient_quota", "organization_usage_limit_exceeded"),
            Case::ServerError => ("server_error", ""),
            Case::Overloaded => ("service_unavailable_error", "server_is_overloaded"),
            Case::BadGateway | Case::GatewayTimeout | Case::EdgeUnknownError => return None,
        })
    }

    fn message(self, of: &Particulars<'_>) -> String {
        let Particulars {
            model, organization, api_key, param, value, method, path, limit, requested, ..
        } = of;
        match self {
            Case::ContextLengthExceeded => format!(
                "This model's maximum context length is {limit} tokens. However, your messages resulted in \
                 {requested} tokens. Please reduce the length of the messages."
            ),
            Case::UnsupportedParameter => {
                format!("Unsupported parameter: '{param}' is not supported with this model.")
            }
            Case::InvalidValue => format!("Invalid value for '{param}': '{value}'."),
            Case::ContentPolicyViolation => {
                "Your request was rejected as a result of our safety system.".to_owned()
            }
            Case::InvalidJson => "We could not parse the JSON body of your request. (HINT: This likely means \
                                  you aren't using your HTTP library correctly. The OpenAI API expects a JSON \
                                  payload, but what was sent was not valid JSON.)"
                .to_owned(),
            Case::InvalidApiKey => format!(
                "Incorrect API key provided: {api_key}. You can find your API key at \
                 https://platform.openai.com/account/api-keys."
            ),
            Case::MissingApiKey => "You didn't provide an API key. You need to provide your API key in an \
                                    Authorization header using Bearer auth (i.e. Authorization: Bearer \
                                    YOUR_KEY). You can obtain an API key from \
                                    https://platform.openai.com/account/api-keys."
                .to_owned(),
            Case::UnsupportedCountry => "Country, region, or territory not supported".to_owned(),
            Case::ModelNotFound => {
                format!("The model `{model}` does not exist or you do not have access to it.")
            }
            Case::InvalidUrl => format!("Invalid URL ({method} {path})"),
            Case::MethodNotAllowed => format!(
                "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
            ),
            Case::RequestsRateLimit => rate_limit_message("requests per min (RPM)", of),
            Case::RequestsPerDayRateLimit => rate_limit_message("requests per day (RPD)", of),
            Case::TokensRateLimit => rate_limit_message("tokens per min (TPM)", of),
            Case::TokensPerDayRateLimit => rate_limit_message("tokens per day (TPD)", of),
            Case::InputImagesRateLimit => rate_limit_message("input-images per min", of),
            Case::ImagesRateLimit => images_message(of),
            Case::RequestTooLarge => format!(
                "Request too large for {model} in organization {organization} on tokens per min (TPM): Limit \
                 {limit}, Requested {requested}. The input or output tokens must be reduced in order to run \
                 successfully. Visit https://platform.openai.com/account/rate-limits to learn more."
            ),
            Case::SlowDown => "Your request rate rose too quickly. Please slow down.".to_owned(),
            Case::ServerError => {
                "The server had an error while processing your request. Sorry about that!".to_owned()
            }
            Case::Overloaded => "The engine is currently overloaded, please try again later".to_owned(),
            Case::BadGateway | Case::GatewayTimeout | Case::EdgeUnknownError => String::new(),
            _ => QUOTA.to_owned(),
        }
    }

    fn edge_reason(self) -> &'static str {
        match self {
            Case::BadGateway => "Bad Gateway",
            Case::GatewayTimeout => "Gateway Time-out",
            _ => "Web server is returning an unknown error",
        }
    }
}

/// DALL-E's words, which are older than the others'.
fn images_message(of: &Particulars<'_>) -> String {
    format!(
        "Rate limit exceeded for images per minute in organization {}. Limit: {}/1min. Current: {}/1min. Please visit \
         https://platform.openai.com/docs/guides/rate-limits to learn how to increase your rate limit.",
        of.organization,
        of.limit,
        of.used.saturating_add(of.requested)
    )
}

fn rate_limit_message(what: &str, of: &Particulars<'_>) -> String {
    let Particulars { model, organization, limit, used, requested, wait, .. } = of;
    let wait = format_duration(*wait);
    // All models that draw by tokens have one limit.
    let shared = if model.starts_with("gpt-image") { " (for limit gpt-image)" } else { "" };
    format!(
        "Rate limit reached for {model}{shared} in organization {organization} on {what}: Limit {limit}, Used {used}, \
         Requested {requested}. Please try again in {wait}. Visit \
         https://platform.openai.com/account/rate-limits to learn more."
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
    fn a_token_limit_speaks_the_services_words() {
        let of = Particulars {
            model: "gpt-4o",
            organization: "org-1",
            used: 14_567,
            requested: 24_754,
            wait: Duration::from_millis(18_642),
            ..Particulars::default()
        };
        let response = Case::TokensRateLimit.respond(&of);
        assert_eq!(response.status, 429);
        let headers = [
            ("retry-after", "19"),
            ("retry-after-ms", "18642"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-tokens", "15433"),
            ("x-ratelimit-reset-tokens", "18.642s"),
        ];
        assert_eq!(response.headers, headers.map(|(name, value)| (name, value.to_owned())));
        let detail = ErrorDetail::parse(&response.body).unwrap();
        assert_eq!(
            detail.message,
            "Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 14567, \
             Requested 24754. Please try again in 18.642s. Visit https://platform.openai.com/account/rate-limits to \
             learn more."
        );
        assert_eq!((detail.r#type.as_deref(), detail.kind()), (Some("tokens"), Some("rate_limit_exceeded")));
    }

    #[test]
    fn the_words_that_clients_search_for_are_there() {
        let message = |case: Case| case.detail(&Particulars::default()).unwrap().message.to_string();
        for (case, words) in [
            (Case::ContextLengthExceeded, "This model's maximum context length is 30000 tokens."),
            (Case::InvalidApiKey, "Incorrect API key provided: sk-...mock."),
            (Case::MissingApiKey, "You didn't provide an API key."),
            (Case::ModelNotFound, "The model `gpt-4o-mini` does not exist or you do not have access to it."),
            (Case::InvalidUrl, "Invalid URL (POST /v1/chat/completions)"),
            (Case::RequestsRateLimit, "on requests per min (RPM): Limit"),
            (Case::RequestTooLarge, "Request too large for gpt-4o-mini"),
            (Case::ProjectSpendLimit, "You exceeded your current quota"),
            (Case::Overloaded, "The engine is currently overloaded, please try again later"),
        ] {
            assert!(message(case).contains(words), "{case:?}: {}", message(case));
        }
    }

    #[test]
    fn an_example_fits_its_words() {
        let said = |case: Case| case.detail(&case.usual()).unwrap().message.to_string();
        assert!(said(Case::ContextLengthExceeded).starts_with(
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130512"
        ));
        assert!(
            said(Case::RequestsRateLimit)
                .contains("requests per min (RPM): Limit 500, Used 500, Requested 1.")
        );
        assert!(said(Case::RequestTooLarge).contains("Limit 30000, Requested 34754."));
        assert!(
            said(Case::TokensPerDayRateLimit).contains("on tokens per day (TPD): Limit 90000, Used 89500,")
        );
        assert!(said(Case::InputImagesRateLimit).starts_with(
            "Rate limit reached for gpt-image-1 (for limit gpt-image) in organization org-mock on input-images per min: \
             Limit 5, Used 5, Requested 1. Please try again in 1s."
        ));
        assert!(said(Case::ImagesRateLimit).starts_with(
            "Rate limit exceeded for images per minute in organization org-mock. Limit: 5/1min. Current: 6/1min."
        ));
        let kind = |case: Case| case.detail(&case.usual()).unwrap().r#type;
        assert_eq!(kind(Case::InputImagesRateLimit).as_deref(), Some("input-images"));
    }

    #[test]
    fn the_front_end_answers_with_a_page() {
        let response = Case::BadGateway.respond(&Particulars::default());
        assert_eq!((response.status, response.content_type), (502, "text/html"));
        assert!(response.body.starts_with(b"<html>") && ErrorDetail::parse(&response.body).is_err());
    }

    #[test]
    fn a_retry_helps_only_where_time_does() {
        let helped = Case::ALL.into_iter().filter(|case| case.retry_helps()).map(Case::name);
        assert_eq!(
            helped.collect::<Vec<_>>(),
            [
                "requests-rate-limit",
                "requests-per-day-rate-limit",
                "tokens-rate-limit",
                "tokens-per-day-rate-limit",
                "input-images-rate-limit",
                "images-rate-limit",
                "slow-down",
                "server-error",
                "bad-gateway",
                "overloaded",
                "gateway-timeout",
                "edge-unknown-error"
            ]
        );
    }

    #[test]
    fn every_json_case_reads_back() {
        for case in Case::ALL {
            let Some(detail) = case.detail(&Particulars::default()) else { continue };
            assert!(!detail.message.is_empty(), "{case:?}");
            assert_eq!(ErrorDetail::parse(&case.respond(&Particulars::default()).body).unwrap(), detail);
        }
    }
}
