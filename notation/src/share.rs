//! Shares of a whole: `50%`, `1.5%`.

use serde::{Deserialize, Serialize};

use crate::ParseError;

const EXPECTED: &str = "a share from `0%` to `100%`";

/// A part of a whole, from 0 to 100 %.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    percent: f64,
}

impl Share {
    /// Everything.
    pub const ALL: Self = Self { percent: 100.0 };
    /// Nothing.
    pub const NONE: Self = Self { percent: 0.0 };

    /// A share from a fraction of one; `None` outside 0..=1.
    #[must_use]
    pub fn of_fraction(fraction: f64) -> Option<Self> {
        (0.0..=1.0).contains(&fraction).then_some(Self { percent: fraction * 100.0 })
    }

    /// The share as a fraction of one, 0..=1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.percent / 100.0
    }
}

impl std::str::FromStr for Share {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fail = || ParseError::new(text, EXPECTED);
        let number = text.trim().strip_suffix('%').ok_or_else(fail)?;
        let percent = number.trim().parse::<f64>().map_err(|_| fail())?;
        (0.0..=100.0).contains(&percent).then_some(Self { percent }).ok_or_else(fail)
    }
}

impl TryFrom<String> for Share {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shares_and_writes_them_back() {
        for (text, fraction) in [("50%", 0.5), ("0%", 0.0), ("100%", 1.0), ("1.5%", 0.015)] {
            let share: Share = text.parse().expect(text);
            assert!((share.fraction() - fraction).abs() < 1e-12, "{text}");
            assert_eq!(share.to_string(), text);
        }
    }

    #[test]
    fn refuses_more_than_the_whole() {
        for text in ["101%", "-1%", "50", "0.5", "NaN%", "%", ""] {
            assert!(text.parse::<Share>().is_err(), "{text} was accepted");
        }
    }
}
