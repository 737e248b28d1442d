//! The `x-ratelimit-*` headers, on success and on 429 alike, and their Go-style durations.

use std::time::Duration;

use thiserror::Error;

/// Limit, what remains and reset of a bucket.
type Names = [&'static str; 3];

const REQUESTS: Names =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const TOKENS: Names =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const PROJECT_REQUESTS: Names = [
    "x-ratelimit-limit-project-requests",
    "x-ratelimit-remaining-project-requests",
    "x-ratelimit-reset-project-requests",
];
const PROJECT_TOKENS: Names = [
    "x-ratelimit-limit-project-tokens",
    "x-ratelimit-remaining-project-tokens",
    "x-ratelimit-reset-project-tokens",
];
const INPUT_IMAGES: Names = [
    "x-ratelimit-limit-input-images",
    "x-ratelimit-remaining-input-images",
    "x-ratelimit-reset-input-images",
];

/// One bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// What a full bucket holds.
    pub limit: u64,
    /// What is left in it.
    pub remaining: u64,
    /// Until it is full again.
    pub reset: Duration,
}

/// The buckets of a model; `None` for one that is not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute.
    pub requests: Option<RateLimit>,
    /// Tokens a minute.
    pub tokens: Option<RateLimit>,
    /// Requests a minute of the caller's project, where that has a limit of its own.
    pub project_requests: Option<RateLimit>,
    /// Tokens a minute of the caller's project, likewise.
    pub project_tokens: Option<RateLimit>,
    /// Pictures a minute, of models that take or make them.
    pub input_images: Option<RateLimit>,
}

/// What is wrong with a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a duration like 12ms, 8.64s or 1h2m3s")]
pub struct DurationError(String);

impl RateLimits {
    /// The headers, in the service's order.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.tell(format_duration)
    }

    /// The headers as Azure writes them: resets in whole seconds.
    pub fn azure_headers(&self) -> Vec<(&'static str, String)> {
        self.tell(|reset| reset.as_millis().div_ceil(1_000).to_string())
    }

    fn tell(&self, reset: fn(Duration) -> String) -> Vec<(&'static str, String)> {
        let buckets = [
            (REQUESTS, self.requests),
            (TOKENS, self.tokens),
            (PROJECT_REQUESTS, self.project_requests),
            (PROJECT_TOKENS, self.project_tokens),
            (INPUT_IMAGES, self.input_images),
        ];
        let told = || buckets.into_iter().filter_map(|(names, bucket)| Some((names, bucket?)));
        let limits = told().map(|([limit, ..], bucket)| (limit, bucket.limit.to_string()));
        let remaining = told().map(|([_, remaining, _], bucket)| (remaining, bucket.remaining.to_string()));
        let resets = told().map(|([.., name], bucket)| (name, reset(bucket.reset)));
        limits.chain(remaining).chain(resets).collect()
    }

    /// Reads the headers; `None` for a bucket of which one is missing or not in its form.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Self {
        let number = |name| header(name)?.parse().ok();
        let bucket = |[limit, remaining, reset]: Names| {
            let reset = parse_duration(header(reset)?).ok()?;
            Some(RateLimit { limit: number(limit)?, remaining: number(remaining)?, reset })
        };
        RateLimits {
            requests: bucket(REQUESTS),
            tokens: bucket(TOKENS),
            project_requests: bucket(PROJECT_REQUESTS),
            project_tokens: bucket(PROJECT_TOKENS),
            input_images: bucket(INPUT_IMAGES),
        }
    }
}

/// Writes a duration as Go does: `12ms`, `8.64s`, `6m0s`, `1h2m3s`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.subsec_nanos();
    match duration.as_secs() {
        0 if nanos == 0 => "0s".to_owned(),
        0 if nanos < 1_000 => format!("{nanos}ns"),
        0 if nanos < 1_000_000 => decimal(u64::from(nanos / 1_000), nanos % 1_000, 3, "µs"),
        0 => decimal(u64::from(nanos / 1_000_000), nanos % 1_000_000, 6, "ms"),
        seconds => {
            let rest = decimal(seconds % 60, nanos, 9, "s");
            match (seconds / 3600, seconds / 60 % 60) {
                (0, 0) => rest,
                (0, minutes) => format!("{minutes}m{rest}"),
                (hours, minutes) => format!("{hours}h{minutes}m{rest}"),
            }
        }
    }
}

fn decimal(whole: u64, fraction: u32, digits: usize, unit: &str) -> String {
    if fraction == 0 {
        return format!("{whole}{unit}");
    }
    let fraction = format!("{fraction:0digits$}");
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

/// Reads a Go-style duration.
///
/// # Errors
/// When the text is not a row of numbers with units, or too long a time for 64 bits of nanoseconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    parse_terms(text).map(Duration::from_nanos).ok_or_else(|| DurationError(text.to_owned()))
}

fn parse_terms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut nanos = 0_u64;
    while !rest.is_empty() || text.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        nanos = nanos.checked_add(parse_term(number, unit_nanos(unit)?)?)?;
        rest = tail;
    }
    Some(nanos)
}

fn parse_term(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction_nanos = fraction.bytes().try_fold((0_u64, unit), |(sum, place), digit| {
        let place = place / 10;
        digit.is_ascii_digit().then(|| (sum + u64::from(digit - b'0') * place, place))
    })?;
    whole.checked_mul(unit)?.checked_add(fraction_nanos.0)
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (millis, expected) in [
            (0, "0s"),
            (12, "12ms"),
            (8_640, "8.64s"),
            (360_000, "6m0s"),
            (3_723_000, "1h2m3s"),
            (1_000, "1s"),
            (3_600_000, "1h0m0s"),
        ] {
            assert_eq!(format_duration(Duration::from_millis(millis)), expected);
        }
        assert_eq!(format_duration(Duration::from_micros(1_500)), "1.5ms");
        assert_eq!(format_duration(Duration::from_nanos(1_500)), "1.5µs");
        assert_eq!(format_duration(Duration::from_nanos(7)), "7ns");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "s", "5", "1x", ".s", "1s2", "-1s", "1..5s", "99999999999999999999s", "9999999999h", "é"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        assert_eq!(parse_duration(".5s1.s"), Ok(Duration::from_millis(1_500)));
    }

    #[test]
    fn headers_read_back() {
        let limits = RateLimits {
            requests: Some(RateLimit { limit: 60, remaining: 59, reset: Duration::from_secs(1) }),
            tokens: Some(RateLimit { limit: 150_000, remaining: 149_984, reset: Duration::from_secs(360) }),
            ..RateLimits::default()
        };
        let headers = limits.headers();
        assert_eq!(headers[4], ("x-ratelimit-reset-requests", "1s".to_owned()));
        assert_eq!(headers[5], ("x-ratelimit-reset-tokens", "6m0s".to_owned()));
        let find = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        assert_eq!(RateLimits::read(find), limits);
        assert_eq!(RateLimits::read(|_| None), RateLimits::default());
        let only = RateLimits { tokens: None, ..limits };
        assert_eq!(only.headers().len(), 3);
        assert_eq!(limits.azure_headers()[5], ("x-ratelimit-reset-tokens", "360".to_owned()));
    }

    #[test]
    fn some_models_and_projects_have_more_of_them() {
        // As an answer about a picture had them; the project's are as others' had them.
        let told = |limit, remaining, millis| {
            Some(RateLimit { limit, remaining, reset: Duration::from_millis(millis) })
        };
        let limits = RateLimits {
            input_images: told(50_000, 49_999, 1),
            project_requests: told(3, 2, 20_000),
            project_tokens: told(60_000, 57_000, 3_000),
            ..RateLimits::default()
        };
        let headers = limits.headers();
        for (at, name, value) in [
            (2, "x-ratelimit-limit-input-images", "50000"),
            (4, "x-ratelimit-remaining-project-tokens", "57000"),
            (6, "x-ratelimit-reset-project-requests", "20s"),
            (8, "x-ratelimit-reset-input-images", "1ms"),
        ] {
            assert_eq!(headers[at], (name, value.to_owned()));
        }
        let find = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        assert_eq!(RateLimits::read(find), limits);
    }

    proptest! {
        #[test]
        fn every_duration_reads_back(nanos in any::<u64>()) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse_duration(&text);
        }
    }
}
