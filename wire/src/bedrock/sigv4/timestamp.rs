//! The compact ISO 8601 form of a time in which signatures are dated: `20260101T123456Z`.

use std::fmt;

use time::{Date, Month, OffsetDateTime, Time};

/// A second between the years 0 and 9999, and its text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    unix_seconds: u64,
    text: [u8; 16],
}

/// 9999-12-31T23:59:59Z
const LAST_SECOND: u64 = 253_402_300_799;

impl Timestamp {
    /// From seconds since the Unix epoch; times beyond the year 9999 become its last second.
    pub fn from_unix(unix_seconds: u64) -> Self {
        let unix_seconds = unix_seconds.min(LAST_SECOND);
        let moment =
            i64::try_from(unix_seconds).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
        let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = *b"00000000T000000Z";
        let year = u32::try_from(moment.year()).unwrap_or_default();
        put_digits(&mut text[..4], year);
        let rest = [u8::from(moment.month()), moment.day(), moment.hour(), moment.minute(), moment.second()];
        for (at, number) in [4, 6, 9, 11, 13].into_iter().zip(rest) {
            put_digits(&mut text[at..at + 2], number.into());
        }
        Self { unix_seconds, text }
    }

    /// Reads the compact form; none for anything else, and for years before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 16] = text.as_bytes().try_into().ok()?;
        let digits = bytes[..8].iter().chain(&bytes[9..15]).all(u8::is_ascii_digit);
        if !digits || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let pair = |at: usize| (bytes[at] - b'0') * 10 + (bytes[at + 1] - b'0');
        let year = i32::from(pair(0)) * 100 + i32::from(pair(2));
        let date = Date::from_calendar_date(year, Month::try_from(pair(4)).ok()?, pair(6)).ok()?;
        let moment = date.with_time(Time::from_hms(pair(9), pair(11), pair(13)).ok()?).assume_utc();
        Some(Self { unix_seconds: u64::try_from(moment.unix_timestamp()).ok()?, text: bytes })
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(&self) -> u64 {
        self.unix_seconds
    }

    /// `20260101T123456Z`
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The day: `20260101`
    pub fn date(&self) -> &str {
        self.as_str().get(..8).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

fn put_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_text_stand_for_each_other() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_767_270_896, "20260101T123456Z"),
            (LAST_SECOND, "99991231T235959Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).as_str(), text);
            assert_eq!(Timestamp::parse(text).map(|stamp| stamp.unix_seconds()), Some(seconds));
        }
        assert_eq!(Timestamp::from_unix(u64::MAX).date(), "99991231");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "20260101T123456",
            "2026-01-01T12:34Z",
            "20260230T000000Z",
            "20260101T246060Z",
            "2026010１T0000Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
