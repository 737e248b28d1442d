//! What is compared with what: quantities with a unit, as integers of a millionth.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::fmt;

/// Millionths in one.
pub(crate) const ONE: i64 = 1_000_000;

/// What a quantity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of a whole: 1 is all of it.
    Share,
    /// A difference of two shares.
    Points,
    /// Seconds.
    Seconds,
    /// A ratio that may exceed 1.
    Factor,
    /// A number of things.
    Count,
    /// Things a minute.
    PerMinute,
}

/// A measured or demanded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The value in millionths of the unit: a duration's microseconds, a share's parts per million.
    pub micro: i64,
    /// What it counts.
    pub unit: Unit,
}

/// How a measured value has to stand to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `=`
    Exactly,
}

/// A demand on a measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// How the value has to stand to the limit.
    pub comparison: Comparison,
    /// The limit.
    pub limit: Quantity,
}

impl Quantity {
    /// A number of things.
    pub fn count(count: u64) -> Self {
        Self { micro: saturating(u128::from(count) * 1_000_000), unit: Unit::Count }
    }

    /// A duration in microseconds.
    pub fn micros(us: u64) -> Self {
        Self { micro: saturating(u128::from(us)), unit: Unit::Seconds }
    }

    /// `part` of `whole`; none of an empty whole.
    pub fn share(part: u64, whole: u64) -> Option<Self> {
        Self::quotient(part, whole, Unit::Share)
    }

    /// `value` over `base`; none without a base.
    pub fn factor(value: u64, base: u64) -> Option<Self> {
        Self::quotient(value, base, Unit::Factor)
    }

    /// How often a minute, for `count` times in `span_us` microseconds; none in no time.
    pub fn per_minute(count: u64, span_us: u64) -> Option<Self> {
        Self::quotient(count.saturating_mul(60_000_000), span_us, Unit::PerMinute)
    }

    /// A share of so many parts per million.
    pub const fn ppm(ppm: i64) -> Self {
        Self { micro: ppm, unit: Unit::Share }
    }

    fn quotient(part: u64, whole: u64, unit: Unit) -> Option<Self> {
        let micro = (u128::from(part) * 1_000_000).checked_div(u128::from(whole))?;
        Some(Self { micro: saturating(micro), unit })
    }
}

fn saturating(value: u128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Threshold {
    /// `value <= limit`
    pub const fn at_most(limit: Quantity) -> Self {
        Self { comparison: Comparison::AtMost, limit }
    }

    /// `value >= limit`
    pub const fn at_least(limit: Quantity) -> Self {
        Self { comparison: Comparison::AtLeast, limit }
    }

    /// `value > limit`
    pub const fn above(limit: Quantity) -> Self {
        Self { comparison: Comparison::Above, limit }
    }

    /// The value has to be nothing at all.
    pub const fn none() -> Self {
        Self::at_most(Quantity { micro: 0, unit: Unit::Count })
    }

    /// Whether a value is as demanded.
    pub const fn holds(&self, value: Quantity) -> bool {
        let (value, limit) = (value.micro, self.limit.micro);
        match self.comparison {
            Comparison::Below => value < limit,
            Comparison::AtMost => value <= limit,
            Comparison::Above => value > limit,
            Comparison::AtLeast => value >= limit,
            Comparison::Exactly => value == limit,
        }
    }

    /// Whether smaller values are better.
    pub const fn wants_small(&self) -> bool {
        matches!(self.comparison, Comparison::Below | Comparison::AtMost | Comparison::Exactly)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Share => write!(f, "{}%", decimal(self.micro * 100, 4)),
            Unit::Points => write!(f, "{} pp", decimal(self.micro * 100, 4)),
            Unit::Seconds if self.micro.abs() < ONE => write!(f, "{}ms", decimal(self.micro * 1000, 3)),
            Unit::Seconds => write!(f, "{}s", decimal(self.micro, 3)),
            Unit::Factor | Unit::Count => f.write_str(&decimal(self.micro, 3)),
            Unit::PerMinute => write!(f, "{}/min", decimal(self.micro, 2)),
        }
    }
}

/// Millionths as a decimal with at most `places` places and no trailing zeros.
fn decimal(micro: i64, places: u32) -> String {
    let scale = 10_u64.pow(6 - places);
    let rounded = (micro.unsigned_abs() + scale / 2) / scale;
    let one = 10_u64.pow(places);
    let fraction = format!("{:0width$}", rounded % one, width = places as usize);
    let fraction = fraction.trim_end_matches('0');
    let sign = if micro < 0 && rounded > 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", rounded / one)
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Exactly => "=",
        };
        write!(f, "{sign} {}", self.limit)
    }
}

impl Serialize for Quantity {
    /// The value in its unit, beside how it is written.
    #[expect(clippy::cast_precision_loss, reason = "a report's figures are far below 2^53 millionths")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Quantity", 3)?;
        object.serialize_field("value", &(self.micro as f64 / 1e6))?;
        object.serialize_field("unit", &self.unit)?;
        object.serialize_field("text", &self.to_string())?;
        object.end()
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        let cases = [
            (Quantity::share(95, 100), "95%"),
            (Quantity::share(2, 3), "66.6666%"),
            (Some(Quantity::micros(1_250_000)), "1.25s"),
            (Some(Quantity::micros(812_000)), "812ms"),
            (Some(Quantity::micros(30_000_000)), "30s"),
            (Quantity::factor(7, 4), "1.75"),
            (Some(Quantity::count(3)), "3"),
            (Quantity::per_minute(9, 120_000_000), "4.5/min"),
            (Some(Quantity { micro: -5000, unit: Unit::Points }), "-0.5 pp"),
        ];
        for (quantity, text) in cases {
            assert_eq!(quantity.map(|quantity| quantity.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Quantity::share(0, 0), None);
    }

    #[test]
    fn comparisons_hold_at_their_edges() {
        let limit = Quantity::ppm(950_000);
        assert!(!Threshold::above(limit).holds(limit));
        assert!(Threshold::at_least(limit).holds(limit));
        assert!(Threshold::at_most(limit).holds(limit));
        assert!(Threshold::none().holds(Quantity::count(0)));
        assert!(!Threshold::none().holds(Quantity::count(1)));
        assert_eq!(Threshold::above(limit).to_string(), "> 95%");
    }
}
