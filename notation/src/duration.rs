//! Durations as people write them: `500ms`, `20s`, `5m`, `1h30m`, `250us`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ParseError;

const EXPECTED: &str = "a duration such as `500ms`, `20s`, `5m` or `1h30m`";

/// Units from the largest; `ms` and `us` are tried before `m` and `s` by longest match.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("ms", 1_000),
    ("us", 1),
    ("m", 60_000_000),
    ("s", 1_000_000),
];

/// Reads a duration: one or more numbers, each with its unit (`d h m s ms us`), largest first.
///
/// A number may have a decimal part (`1.5s`); the result is rounded down to whole microseconds.
/// A bare `0` is accepted.
///
/// # Errors
/// A text of any other form, or one that exceeds 10,000 days.
pub fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    let fail = || ParseError::new(text, EXPECTED);
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total: u64 = 0;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, tail) = rest.split_at(digits);
        let (unit, micros) = UNITS
            .iter()
            .filter(|(unit, _)| tail.starts_with(unit))
            .max_by_key(|(unit, _)| unit.len())
            .ok_or_else(fail)?;
        if *micros >= last_unit {
            return Err(fail());
        }
        last_unit = *micros;
        total = micros_of(number, *micros).and_then(|part| total.checked_add(part)).ok_or_else(fail)?;
        rest = &tail[unit.len()..];
    }
    if last_unit == u64::MAX || total > 10_000 * 86_400_000_000 {
        return Err(fail());
    }
    Ok(Duration::from_micros(total))
}

fn micros_of(number: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || decimals.len() > 9 || decimals.contains('.') || number.ends_with('.') {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    if decimals.is_empty() {
        return Some(whole);
    }
    let scale = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let part = decimals.parse::<u64>().ok()?.checked_mul(unit)? / scale;
    whole.checked_add(part)
}

/// Writes a duration in the form that [`parse_duration`] reads, to the microsecond.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if micros == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)]
    {
        let count = micros / size;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
            micros %= size;
        }
    }
    text
}

/// A duration in a file: a string on the outside, a [`Duration`] within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DurationText(pub Duration);

impl TryFrom<String> for DurationText {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        parse_duration(&text).map(Self)
    }
}

impl From<DurationText> for String {
    fn from(value: DurationText) -> Self {
        format_duration(value.0)
    }
}

impl From<DurationText> for Duration {
    fn from(value: DurationText) -> Self {
        value.0
    }
}

impl std::str::FromStr for DurationText {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_duration(text).map(Self)
    }
}

impl std::fmt::Display for DurationText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, micros: u64) {
        assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
    }

    #[test]
    fn reads_what_people_write() {
        check("500ms", 500_000);
        check("20s", 20_000_000);
        check("5m", 300_000_000);
        check("1h30m", 5_400_000_000);
        check("1.5s", 1_500_000);
        check("250us", 250);
        check("1m500ms", 60_500_000);
        check("0", 0);
        check(" 2h ", 7_200_000_000);
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "5",
            "5 min",
            "m5",
            "-5s",
            "5s5m",
            "5s5s",
            "1e3s",
            ".5s",
            "5.s",
            "1.2.3s",
            "99999999999999h",
            "5secs",
        ] {
            assert!(parse_duration(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for micros in [0, 1, 999, 1_000, 61_500_000, 5_400_000_000, 123_456_789_012] {
            let duration = Duration::from_micros(micros);
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }
}
