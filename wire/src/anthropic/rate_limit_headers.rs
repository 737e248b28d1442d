//! The `anthropic-ratelimit-*` headers, on success and on 429 alike.

use time::OffsetDateTime;

/// One bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// What a full bucket holds.
    pub limit: u64,
    /// What is left in it.
    pub remaining: u64,
    /// When it will be full again, in seconds since 1970; told in RFC 3339.
    pub reset_unix_s: u64,
}

/// The buckets of an organisation and a class of models; `None` for one that is not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute.
    pub requests: Option<RateLimit>,
    /// Of input and output together.
    pub tokens: Option<RateLimit>,
    /// Input tokens a minute, the cache's not counted.
    pub input_tokens: Option<RateLimit>,
    /// Output tokens a minute.
    pub output_tokens: Option<RateLimit>,
}

type Names = [&'static str; 3];

const REQUESTS: Names = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const TOKENS: Names = [
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];
const INPUT_TOKENS: Names = [
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
];
const OUTPUT_TOKENS: Names = [
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
];

impl RateLimits {
    /// The headers; remaining tokens are rounded to thousands, as the service tells them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let buckets = [
            (REQUESTS, self.requests, 1),
            (TOKENS, self.tokens, 1_000),
            (INPUT_TOKENS, self.input_tokens, 1_000),
            (OUTPUT_TOKENS, self.output_tokens, 1_000),
        ];
        let told = buckets.into_iter().filter_map(|(names, bucket, unit)| Some((names, bucket?, unit)));
        told.flat_map(|(names, bucket, unit)| bucket.headers(names, unit)).collect()
    }
}

impl RateLimit {
    fn headers(self, [limit, remaining, reset]: Names, unit: u64) -> [(&'static str, String); 3] {
        let rounded = self.remaining.saturating_add(unit / 2) / unit * unit;
        [
            (limit, self.limit.to_string()),
            (remaining, rounded.to_string()),
            (reset, rfc3339(self.reset_unix_s)),
        ]
    }
}

/// Seconds since 1970 in RFC 3339.
pub fn rfc3339(unix_s: u64) -> String {
    let seconds = i64::try_from(unix_s).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_tokens_are_told_in_thousands_and_requests_are_not() {
        let bucket = RateLimit { limit: 50_000, remaining: 49_499, reset_unix_s: 1_767_225_600 };
        let limits =
            RateLimits { requests: Some(bucket), input_tokens: Some(bucket), ..RateLimits::default() };
        let headers = limits.headers();
        let get = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        assert_eq!(headers.len(), 6, "what is not limited is not told");
        assert_eq!(get("anthropic-ratelimit-requests-remaining"), Some("49499"));
        assert_eq!(get("anthropic-ratelimit-input-tokens-remaining"), Some("49000"));
        assert_eq!(get("anthropic-ratelimit-input-tokens-limit"), Some("50000"));
        assert_eq!(get("anthropic-ratelimit-requests-reset"), Some("2026-01-01T00:00:00Z"));
    }
}
