//! Latency distributions of fixed size: HDR histograms of microseconds up to one hour.
//!
//! A value beyond an hour counts as an hour. Count, mean, minimum and maximum are exact; percentiles
//! are within 0.1 % ([`Precision::Fine`]) or 1 % ([`Precision::Coarse`]).

use hdrhistogram::Histogram as Hdr;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

const VALUE_MAX_US: u64 = 3_600_000_000;

/// How close percentiles are, and what a histogram costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Three significant digits: at most 90 KB.
    Fine,
    /// Two significant digits: at most 13 KB, for the many buckets of a timeline.
    Coarse,
}

/// A distribution of durations in microseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Made with the first value: most cells of a wide breakdown stay empty.
    counts: Option<Hdr<u32>>,
    precision: Precision,
    count: u64,
    sum_us: u64,
    min_us: u64,
    max_us: u64,
}

/// Milliseconds with three decimals, kept as microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

/// The figures of a distribution that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// The smallest.
    pub min: Millis,
    /// The mean.
    pub mean: Millis,
    /// Half are at or below.
    pub p50: Millis,
    /// Nine in ten are at or below.
    pub p90: Millis,
    /// 95 in 100 are at or below.
    pub p95: Millis,
    /// 99 in 100 are at or below.
    pub p99: Millis,
    /// The largest.
    pub max: Millis,
}

impl Histogram {
    /// An empty histogram.
    pub const fn new(precision: Precision) -> Self {
        Self { counts: None, precision, count: 0, sum_us: 0, min_us: u64::MAX, max_us: 0 }
    }

    /// Counts one value, in microseconds.
    pub fn record(&mut self, value_us: u64) {
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(value_us);
        self.min_us = self.min_us.min(value_us);
        self.max_us = self.max_us.max(value_us);
        let precision = self.precision;
        self.counts.get_or_insert_with(|| empty(precision)).saturating_record(value_us.min(VALUE_MAX_US));
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.counts else { return };
        self.count += other.count;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
        let precision = self.precision;
        let ours = self.counts.get_or_insert_with(|| empty(precision));
        for step in theirs.iter_recorded() {
            ours.saturating_record_n(step.value_iterated_to(), step.count_at_value());
        }
    }

    /// How many values were counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value, in microseconds; 0 without any.
    pub const fn min_us(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min_us }
    }

    /// The largest value, in microseconds; 0 without any.
    pub const fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The mean, in microseconds, rounded down; 0 without any values.
    pub const fn mean_us(&self) -> u64 {
        match self.sum_us.checked_div(self.count) {
            Some(mean) => mean,
            None => 0,
        }
    }

    /// The value that `quantile` (0 to 1) of all values do not exceed, in microseconds; 0 without any.
    pub fn quantile_us(&self, quantile: f64) -> u64 {
        let value = self.counts.as_ref().map_or(0, |counts| counts.value_at_quantile(quantile));
        value.clamp(self.min_us(), self.max_us)
    }

    /// The figures for a report; none without values.
    pub fn summary(&self) -> Option<Summary> {
        (self.count > 0).then(|| Summary {
            count: self.count,
            min: Millis(self.min_us()),
            mean: Millis(self.mean_us()),
            p50: Millis(self.quantile_us(0.5)),
            p90: Millis(self.quantile_us(0.9)),
            p95: Millis(self.quantile_us(0.95)),
            p99: Millis(self.quantile_us(0.99)),
            max: Millis(self.max_us),
        })
    }

    /// Forgets every value and keeps the memory.
    pub fn clear(&mut self) {
        let counts = self.counts.take().map(|mut counts| {
            counts.reset();
            counts
        });
        *self = Self { counts, ..Self::new(self.precision) };
    }
}

fn empty(precision: Precision) -> Hdr<u32> {
    let digits = match precision {
        Precision::Fine => 3,
        Precision::Coarse => 2,
    };
    Hdr::new_with_max(VALUE_MAX_US, digits).expect("one hour and 2 or 3 digits are within the crate's limits")
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Serialize for Millis {
    /// A number of milliseconds; the shortest text of a quotient by 1000 has at most three decimals.
    #[expect(clippy::cast_precision_loss, reason = "durations of a run are far below 2^53 µs")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = f64::deserialize(deserializer)?;
        Ok(Self((millis * 1000.0).round().clamp(0.0, 9.0e15) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(precision: Precision, values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::new(precision);
        values.into_iter().for_each(|value| histogram.record(value));
        histogram
    }

    #[test]
    fn percentiles_are_within_the_precision() {
        for (precision, tolerance) in [(Precision::Fine, 0.001), (Precision::Coarse, 0.01)] {
            let histogram = filled(precision, (1..=10_000).map(|n| n * 1000));
            for (quantile, expected) in [(0.5, 5_000_000.0), (0.95, 9_500_000.0), (0.99, 9_900_000.0)] {
                let error = (histogram.quantile_us(quantile) as f64 - expected) / expected;
                assert!(error.abs() <= tolerance, "{precision:?} {quantile}: {error}");
            }
            assert_eq!((histogram.min_us(), histogram.max_us()), (1000, 10_000_000));
            assert_eq!(histogram.mean_us(), 5_000_500);
        }
    }

    #[test]
    fn merging_is_counting_both() {
        let mut left = filled(Precision::Fine, 1..500);
        left.merge(&filled(Precision::Fine, 500..1000));
        assert_eq!(left.summary(), filled(Precision::Fine, 1..1000).summary());
    }

    #[test]
    fn beyond_an_hour_is_an_hour_but_the_maximum_is_told() {
        let histogram = filled(Precision::Coarse, [7_200_000_000]);
        assert_eq!(histogram.max_us(), 7_200_000_000);
        assert_eq!(histogram.quantile_us(0.5), 7_200_000_000, "one value is its own median");
    }

    #[test]
    fn nothing_counted_has_no_figures() {
        let mut histogram = Histogram::new(Precision::Fine);
        assert_eq!(histogram.summary(), None);
        assert_eq!((histogram.mean_us(), histogram.quantile_us(0.99), histogram.min_us()), (0, 0, 0));
        histogram.record(5);
        histogram.clear();
        assert_eq!(histogram.summary(), None);
    }

    #[test]
    fn milliseconds_read_back_exactly() {
        for us in [0, 1, 999, 1000, 12_340, 3_600_000_001] {
            let text = serde_json::to_string(&Millis(us)).expect("a number");
            assert!(text.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 3), "{text}");
            assert_eq!(serde_json::from_str::<Millis>(&text).expect("read"), Millis(us));
        }
        assert_eq!(Millis(12_340).to_string(), "12.340");
    }
}
