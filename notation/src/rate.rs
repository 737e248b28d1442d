//! Rates: events per unit of time, `200/s`, `12000/min`.

use serde::{Deserialize, Serialize};

use crate::ParseError;

const EXPECTED: &str = "a rate such as `200/s`, `12000/min` or `90/h`";

/// Events per unit of time; positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    events: f64,
    per: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Minute => 60.0,
            Self::Hour => 3_600.0,
        }
    }
}

impl Rate {
    /// A rate of `events` a second; `None` unless positive and finite.
    #[must_use]
    pub fn per_second_of(events: f64) -> Option<Self> {
        (events.is_finite() && events > 0.0).then_some(Self { events, per: Unit::Second })
    }

    /// Events a second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.events / self.per.seconds()
    }
}

impl std::str::FromStr for Rate {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fail = || ParseError::new(text, EXPECTED);
        let (number, unit) = text.trim().split_once('/').ok_or_else(fail)?;
        let per = match unit.trim() {
            "s" | "sec" | "second" => Unit::Second,
            "m" | "min" | "minute" => Unit::Minute,
            "h" | "hour" => Unit::Hour,
            _ => return Err(fail()),
        };
        let events = number.trim().parse::<f64>().map_err(|_| fail())?;
        if !events.is_finite() || events <= 0.0 {
            return Err(fail());
        }
        Ok(Self { events, per })
    }
}

impl TryFrom<String> for Rate {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.per {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rates_and_writes_them_back() {
        for (text, per_second) in [("200/s", 200.0), ("12000/min", 200.0), ("0.5/s", 0.5), ("90/h", 0.025)] {
            let rate: Rate = text.parse().expect(text);
            assert!((rate.per_second() - per_second).abs() < 1e-9, "{text}");
            assert_eq!(rate.to_string(), text);
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in ["200", "200 rps", "/s", "-1/s", "0/s", "inf/s", "NaN/s", "5/day", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text} was accepted");
        }
    }
}
