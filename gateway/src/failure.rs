//! What an attempt can fail of, and what that means: may it be tried again, and does it speak against
//! the provider.

use std::time::Duration;

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) cause: Cause,
    /// The provider's words, or ours.
    pub(crate) message: String,
    /// When the provider wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

/// What happened to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// An error status of the provider, or its like inside a stream.
    Status(u16),
    /// There was no connection.
    Connect,
    /// The connection broke before the answer was whole (or, in a stream, before its first content).
    Lost,
    /// The answer could not be understood.
    Malformed,
    /// The answer took too long.
    TimedOut {
        /// Whether the limit was as long as the request made it.
        is_scaled: bool,
    },
    /// The whole request took too long.
    OutOfTime,
    /// The request cannot be put in the provider's terms.
    Untranslatable,
}

impl Failure {
    /// A failure without a word from the provider.
    #[must_use]
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), retry_after: None }
    }
}

impl Cause {
    /// Whether another attempt may succeed where this one failed.
    #[must_use]
    pub(crate) fn is_retryable(self) -> bool {
        match self {
            // 408 and 424 are Bedrock's "the model timed out" and "the model failed".
            Self::Status(status) => status >= 500 || matches!(status, 408 | 424 | 429),
            Self::Connect | Self::Lost | Self::Malformed | Self::TimedOut { .. } => true,
            Self::OutOfTime | Self::Untranslatable => false,
        }
    }

    /// Whether it speaks against the provider. A refusal for the request's sake says neither that the
    /// provider is well nor that it is ill. Of throttles the policy decides whether the breaker hears.
    #[must_use]
    pub(crate) fn counts(self) -> bool {
        match self {
            Self::Status(status) => status >= 500 || status == 429,
            Self::TimedOut { is_scaled } => !is_scaled,
            Self::Connect | Self::Lost | Self::Malformed => true,
            Self::OutOfTime | Self::Untranslatable => false,
        }
    }

    /// A short name, for counters.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status(429) => "throttled",
            Self::Status(500..) => "server_error",
            Self::Status(_) => "refused",
            Self::Connect => "connect",
            Self::Lost => "lost",
            Self::Malformed => "malformed",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfTime => "out_of_time",
            Self::Untranslatable => "untranslatable",
        }
    }
}

/// Seconds of a `Retry-After` header; its form as a date is not used by any provider here.
#[must_use]
pub(crate) fn retry_after(value: &http::HeaderMap) -> Option<Duration> {
    let text = value.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_again_and_what_counts() {
        for (cause, retryable, counts) in [
            (Cause::Status(400), false, false),
            (Cause::Status(401), false, false),
            (Cause::Status(403), false, false),
            (Cause::Status(404), false, false),
            (Cause::Status(408), true, false),
            (Cause::Status(429), true, true),
            (Cause::Status(500), true, true),
            (Cause::Status(529), true, true),
            (Cause::Connect, true, true),
            (Cause::Lost, true, true),
            (Cause::TimedOut { is_scaled: false }, true, true),
            (Cause::TimedOut { is_scaled: true }, true, false),
            (Cause::OutOfTime, false, false),
        ] {
            assert_eq!((cause.is_retryable(), cause.counts()), (retryable, counts), "{cause:?}");
        }
    }

    #[test]
    fn reads_seconds() {
        let with = |text: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, text.parse().expect("a header value"));
            retry_after(&headers)
        };
        assert_eq!(with("7"), Some(Duration::from_secs(7)));
        assert_eq!(with(" 0 "), Some(Duration::ZERO));
        assert_eq!(with("soon"), None);
        assert_eq!(with("-1"), None);
    }
}
