//! `latency`: the answer begins later. The delay is drawn from a law.
//!
//! ```toml
//! latency = "500ms"
//! latency = { lognormal = { p50 = "400ms", p95 = "2s" } }
//! ```
//!
//! The request is held back for the delay and then forwarded, streamed or not. A client that leaves
//! meanwhile causes no work upstream.

use std::str::FromStr;

use notation::{DurationText, format_duration, parse_duration};
use serde::Deserialize;
use world::Law;

use crate::grammar::Refused;

/// A law of durations as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "LawTable")]
pub struct Delay(pub(crate) Law);

impl FromStr for Delay {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let micros = micros(parse_duration(text)?);
        Ok(Self(Law::Fixed { micros }))
    }
}

impl Delay {
    pub(crate) fn describe(&self) -> String {
        let text = |micros: f64| format_duration(std::time::Duration::from_micros(micros as u64));
        match self.0 {
            Law::Fixed { micros } => text(micros as f64),
            Law::Uniform { low, high } => format!("uniform {} to {}", text(low as f64), text(high as f64)),
            Law::Normal { mean, deviation } => format!("normal {} ± {}", text(mean), text(deviation)),
            Law::Lognormal { median, sigma } => format!("lognormal {} σ {sigma}", text(median)),
            Law::Exponential { mean } => format!("exponential {}", text(mean)),
            Law::Pareto { scale, shape } => format!("pareto {} α {shape}", text(scale)),
            Law::Gamma { mean, cv } => format!("gamma {} cv {cv}", text(mean)),
        }
    }
}

const LAWS: &str = "one law: `fixed = \"500ms\"`, `uniform = [\"100ms\", \"1s\"]`, `normal = { mean, deviation }`, \
                    `lognormal = { median, sigma }` or `{ p50, p95 }`, `exponential = \"1s\"` or `pareto = { scale, shape }`";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LawTable {
    fixed: Option<DurationText>,
    uniform: Option<[DurationText; 2]>,
    normal: Option<Normal>,
    lognormal: Option<Lognormal>,
    exponential: Option<DurationText>,
    pareto: Option<Pareto>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Normal {
    mean: DurationText,
    deviation: DurationText,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Lognormal {
    median: Option<DurationText>,
    sigma: Option<f64>,
    p50: Option<DurationText>,
    p95: Option<DurationText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pareto {
    scale: DurationText,
    shape: f64,
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn float(duration: DurationText) -> f64 {
    micros(duration.0) as f64
}

impl TryFrom<LawTable> for Delay {
    type Error = Refused;
    fn try_from(table: LawTable) -> Result<Self, Refused> {
        let mut laws = [
            table.fixed.map(|value| Ok(Law::Fixed { micros: micros(value.0) })),
            table.uniform.map(uniform),
            table
                .normal
                .map(|law| Ok(Law::Normal { mean: float(law.mean), deviation: float(law.deviation) })),
            table.lognormal.as_ref().map(lognormal),
            table.exponential.map(|mean| Ok(Law::Exponential { mean: float(mean) })),
            table.pareto.as_ref().map(pareto),
        ]
        .into_iter()
        .flatten();
        match (laws.next(), laws.next()) {
            (Some(law), None) => law.map(Self),
            _ => Err(Refused::new("none or several", LAWS)),
        }
    }
}

fn uniform([low, high]: [DurationText; 2]) -> Result<Law, Refused> {
    let fail =
        || Refused::new(&format!("[{low}, {high}]"), "a range whose second end is not below its first");
    (low <= high).then(|| Law::Uniform { low: micros(low.0), high: micros(high.0) }).ok_or_else(fail)
}

fn lognormal(law: &Lognormal) -> Result<Law, Refused> {
    match *law {
        Lognormal { median: Some(median), sigma: Some(sigma), p50: None, p95: None }
            if sigma.is_finite() && sigma >= 0.0 =>
        {
            Ok(Law::Lognormal { median: float(median), sigma })
        }
        Lognormal { median: None, sigma: None, p50: Some(p50), p95: Some(p95) }
            if p50 <= p95 && !p50.0.is_zero() =>
        {
            Ok(Law::lognormal_of_p50_p95(float(p50), float(p95)))
        }
        _ => Err(Refused::new("lognormal", "`{ median, sigma }` or `{ p50, p95 }` with p95 not below p50")),
    }
}

fn pareto(law: &Pareto) -> Result<Law, Refused> {
    let is_sound = law.shape.is_finite() && law.shape > 0.0;
    let fail = || Refused::new(&law.shape.to_string(), "a shape above zero");
    is_sound.then_some(Law::Pareto { scale: float(law.scale), shape: law.shape }).ok_or_else(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        latency: Delay,
    }

    fn read(text: &str) -> Result<Law, String> {
        toml::from_str::<File>(text).map(|file| file.latency.0).map_err(|error| error.to_string())
    }

    #[test]
    fn laws_are_read() {
        assert_eq!(read("latency = { fixed = '500ms' }"), Ok(Law::Fixed { micros: 500_000 }));
        let uniform = Ok(Law::Uniform { low: 1_000, high: 2_000 });
        assert_eq!(read("latency = { uniform = ['1ms', '2ms'] }"), uniform);
        let pareto = Ok(Law::Pareto { scale: 1_000.0, shape: 1.5 });
        assert_eq!(read("latency = { pareto = { scale = '1ms', shape = 1.5 } }"), pareto);
        assert!(read("latency = { lognormal = { p50 = '400ms', p95 = '2s' } }").is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "latency = {}",
            "latency = { fixed = '1s', exponential = '1s' }",
            "latency = { uniform = ['2s', '1s'] }",
            "latency = { lognormal = { p50 = '2s', p95 = '1s' } }",
            "latency = { pareto = { scale = '1s', shape = 0.0 } }",
            "latency = { fixxed = '1s' }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
