//! Names and values of the headers that Bedrock adds to HTTP.

use http::{HeaderName, HeaderValue};

/// The request's id, a lower-case UUID, on every response.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The code of an error: [`super::error::ErrorKind::error_type`].
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// InvokeModel: tokens of the prompt.
pub const INPUT_TOKEN_COUNT: HeaderName = HeaderName::from_static("x-amzn-bedrock-input-token-count");
/// InvokeModel: tokens of the answer.
pub const OUTPUT_TOKEN_COUNT: HeaderName = HeaderName::from_static("x-amzn-bedrock-output-token-count");
/// InvokeModel: milliseconds.
pub const INVOCATION_LATENCY: HeaderName = HeaderName::from_static("x-amzn-bedrock-invocation-latency");
/// InvokeModel, models with prompt caching: tokens read from the cache.
pub const CACHE_READ_INPUT_TOKEN_COUNT: HeaderName =
    HeaderName::from_static("x-amzn-bedrock-cache-read-input-token-count");
/// InvokeModel, models with prompt caching: tokens written to the cache.
pub const CACHE_WRITE_INPUT_TOKEN_COUNT: HeaderName =
    HeaderName::from_static("x-amzn-bedrock-cache-write-input-token-count");
/// InvokeModelWithResponseStream: the type of the objects within the chunks.
pub const CONTENT_TYPE: HeaderName = HeaderName::from_static("x-amzn-bedrock-content-type");
/// InvokeModelWithResponseStream: the type wanted within the chunks.
pub const ACCEPT: HeaderName = HeaderName::from_static("x-amzn-bedrock-accept");
/// Invoke: `standard` or `optimized`; echoed.
pub const PERFORMANCE_CONFIG_LATENCY: HeaderName =
    HeaderName::from_static("x-amzn-bedrock-performanceconfig-latency");
/// Invoke: `priority`, `default`, `flex` or `reserved`; echoed.
pub const SERVICE_TIER: HeaderName = HeaderName::from_static("x-amzn-bedrock-service-tier");
/// Invoke: the guardrail to apply.
pub const GUARDRAIL_IDENTIFIER: HeaderName = HeaderName::from_static("x-amzn-bedrock-guardrailidentifier");
/// Invoke: its version, a number or `DRAFT`.
pub const GUARDRAIL_VERSION: HeaderName = HeaderName::from_static("x-amzn-bedrock-guardrailversion");
/// Invoke: `ENABLED`, `DISABLED` or `ENABLED_FULL`: whether the answer tells what the guardrail found.
pub const TRACE: HeaderName = HeaderName::from_static("x-amzn-bedrock-trace");
/// Invoke: JSON for the invocation log, at most 8,500 characters.
pub const REQUEST_METADATA: HeaderName = HeaderName::from_static("x-amzn-bedrock-request-metadata");
/// SDKs: a UUID, the same for all attempts of one call.
pub const SDK_INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
/// SDKs: `attempt=2; max=3`.
pub const SDK_REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");

/// `Content-Type` of a streamed answer.
pub const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
/// `Content-Type` of everything else.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The attempt number, from 1, in an `amz-sdk-request` value.
pub fn sdk_attempt(value: &str) -> Option<u32> {
    value.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok())
}

/// What InvokeModel reports of itself in headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InvocationCounts {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer; none for embeddings.
    pub output_tokens: Option<u64>,
    /// Tokens read from and written to the prompt cache, for models that have one.
    pub cache: Option<(u64, u64)>,
    /// Milliseconds.
    pub latency_ms: u64,
}

impl InvocationCounts {
    /// The headers.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        [
            (INPUT_TOKEN_COUNT, Some(self.input_tokens)),
            (OUTPUT_TOKEN_COUNT, self.output_tokens),
            (INVOCATION_LATENCY, Some(self.latency_ms)),
            (CACHE_READ_INPUT_TOKEN_COUNT, self.cache.map(|(read, _)| read)),
            (CACHE_WRITE_INPUT_TOKEN_COUNT, self.cache.map(|(_, written)| written)),
        ]
        .into_iter()
        .filter_map(|(name, count)| Some((name, HeaderValue::from(count?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embeddings_report_input_and_latency_only() {
        let counts = InvocationCounts { input_tokens: 7, latency_ms: 42, ..InvocationCounts::default() };
        let headers: Vec<_> =
            counts.headers().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        assert_eq!(headers, ["x-amzn-bedrock-input-token-count=7", "x-amzn-bedrock-invocation-latency=42"]);
    }

    #[test]
    fn the_attempt_is_read_with_and_without_a_maximum() {
        assert_eq!(sdk_attempt("attempt=2; max=3"), Some(2));
        assert_eq!(sdk_attempt("attempt=1"), Some(1));
        assert_eq!(sdk_attempt("ttl=5; attempt=x"), None);
    }
}
