//! Points in time as the service writes them, RFC 3339, and spans as it reads them.

use time::{Date, Month, OffsetDateTime, UtcOffset};

/// A point in time with microseconds.
pub(in crate::vertex) fn rfc3339(unix_micros: u64) -> String {
    let seconds = i64::try_from(unix_micros / 1_000_000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        unix_micros % 1_000_000
    )
}

/// Microseconds since 1970 of a point in time; `None` when `text` is none, or lies before.
pub(in crate::vertex) fn parse_rfc3339(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let month = Month::try_from(number(5..7)?).ok()?;
    let date = Date::from_calendar_date(text.get(0..4)?.parse().ok()?, month, number(8..10)?).ok()?;
    let time = date.with_hms(number(11..13)?, number(14..16)?, number(17..19)?).ok()?;
    let (fraction, zone) = fraction_and_zone(text.get(19..)?)?;
    let seconds = time.assume_offset(zone).unix_timestamp();
    u64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

fn fraction_and_zone(rest: &str) -> Option<(u64, UtcOffset)> {
    let at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(at);
    let micros = match fraction.strip_prefix('.') {
        Some(digits) => format!("{digits:0<6}").get(..6)?.parse().ok()?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    if zone.eq_ignore_ascii_case("z") {
        return Some((micros, UtcOffset::UTC));
    }
    let (hours, minutes): (i8, i8) = (zone.get(1..3)?.parse().ok()?, zone.get(4..6)?.parse().ok()?);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some((micros, UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?))
}

/// Microseconds of a span such as `3600s` or `1.5s`.
pub(in crate::vertex) fn parse_seconds(text: &str) -> Option<u64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds > 0.0).then(|| libm::round(seconds * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond_and_read_back() {
        for (micros, text) in [
            (1_767_225_600_123_456, "2026-01-01T00:00:00.123456Z"),
            (1_709_164_799_000_001, "2024-02-28T23:59:59.000001Z"),
        ] {
            assert_eq!(rfc3339(micros), text);
            assert_eq!(parse_rfc3339(text), Some(micros));
        }
        assert_eq!(parse_rfc3339("2026-01-01T02:00:00+02:00"), Some(1_767_225_600_000_000));
        assert_eq!(parse_rfc3339("2025-12-31T23:30:00.5-00:30"), Some(1_767_225_600_500_000));
        for nonsense in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00éZ"]
        {
            assert_eq!(parse_rfc3339(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn spans_are_seconds() {
        assert_eq!(parse_seconds("3600s"), Some(3_600_000_000));
        assert_eq!(parse_seconds("1.5s"), Some(1_500_000));
        for nonsense in ["", "s", "-1s", "1h", "NaNs"] {
            assert_eq!(parse_seconds(nonsense), None, "{nonsense}");
        }
    }
}
