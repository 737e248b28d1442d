//! The `anthropic-ratelimit-*` headers, on success and on 429 alike.

/// One bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// What a full bucket holds.
    pub limit: u64,
    /// What is left in it.
    pub remaining: u64,
    /// When it will be full again, RFC 3339 in whole seconds.
    pub reset: String,
}

/// The buckets of an organisation and a class of models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute.
    pub requests: RateLimit,
    /// Of input and output, whichever is tighter.
    pub tokens: RateLimit,
    /// Input tokens a minute, the cache's not counted.
    pub input_tokens: RateLimit,
    /// Output tokens a minute.
    pub output_tokens: RateLimit,
}

impl RateLimits {
    /// The headers; remaining tokens are rounded to thousands, as the service tells them.
    pub fn headers(&self) -> Vec<(String, String)> {
        let buckets = [
            ("requests", &self.requests, 1),
            ("tokens", &self.tokens, 1_000),
            ("input-tokens", &self.input_tokens, 1_000),
            ("output-tokens", &self.output_tokens, 1_000),
        ];
        buckets.into_iter().flat_map(|(name, bucket, unit)| bucket.headers(name, unit)).collect()
    }
}

impl RateLimit {
    fn headers(&self, name: &str, unit: u64) -> [(String, String); 3] {
        let header = |what: &str, value: String| (format!("anthropic-ratelimit-{name}-{what}"), value);
        let remaining = self.remaining.saturating_add(unit / 2) / unit * unit;
        [
            header("limit", self.limit.to_string()),
            header("remaining", remaining.to_string()),
            header("reset", self.reset.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_tokens_are_told_in_thousands_and_requests_are_not() {
        let bucket = RateLimit { limit: 50_000, remaining: 49_499, reset: "2026-01-01T00:00:00Z".to_owned() };
        let limits = RateLimits { requests: bucket.clone(), input_tokens: bucket, ..RateLimits::default() };
        let headers = limits.headers();
        let get = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(headers.len(), 12);
        assert_eq!(get("anthropic-ratelimit-requests-remaining"), Some("49499"));
        assert_eq!(get("anthropic-ratelimit-input-tokens-remaining"), Some("49000"));
        assert_eq!(get("anthropic-ratelimit-input-tokens-limit"), Some("50000"));
        assert_eq!(get("anthropic-ratelimit-requests-reset"), Some("2026-01-01T00:00:00Z"));
    }
}
