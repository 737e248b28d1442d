//! Laws of chance for durations: think times, latencies, gaps between arrivals.
//!
//! Sampled with the pure-Rust `libm`, so that the same seed gives the same microsecond on every host, and
//! rounded to whole microseconds at once.

use std::time::Duration;

use super::Draws;

/// A distribution of durations. All parameters are in microseconds unless said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Always the same.
    Fixed {
        /// The value.
        micros: u64,
    },
    /// Every value of a range alike.
    Uniform {
        /// Smallest value.
        low: u64,
        /// Largest value.
        high: u64,
    },
    /// The bell curve, cut at zero.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Lognormal by its median and the standard deviation of the logarithm.
    Lognormal {
        /// Median: half of all values are below.
        median: f64,
        /// Standard deviation of ln(value); p95 ÷ p50 = exp(1.645 σ).
        sigma: f64,
    },
    /// Exponential: the gaps of a Poisson process.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Pareto: heavy tails.
    Pareto {
        /// Smallest value.
        scale: f64,
        /// Tail index α; the mean is infinite up to 1.
        shape: f64,
    },
    /// Gamma by mean and coefficient of variation: bursty (CV > 1) or paced (CV < 1) gaps.
    Gamma {
        /// Mean.
        mean: f64,
        /// Coefficient of variation: standard deviation ÷ mean.
        cv: f64,
    },
}

impl Law {
    /// Lognormal of mean `mean` µs and coefficient of variation `cv`: σ² = ln(1 + CV²).
    #[must_use]
    pub fn lognormal_of_mean(mean: f64, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Self::Lognormal { median: mean * libm::exp(-variance / 2.0), sigma: libm::sqrt(variance) }
    }

    /// Lognormal through a median and a 95th percentile, both in µs.
    #[must_use]
    pub fn lognormal_of_p50_p95(p50: f64, p95: f64) -> Self {
        Self::Lognormal { median: p50, sigma: libm::log(p95 / p50) / Z95 }
    }

    /// Draws a duration.
    pub fn sample(&self, draws: &mut Draws) -> Duration {
        Duration::from_micros(match *self {
            Self::Fixed { micros } => micros,
            Self::Uniform { low, high } => low + draws.below(high.saturating_sub(low).saturating_add(1)),
            Self::Normal { mean, deviation } => round(mean + deviation * draws.normal()),
            Self::Lognormal { median, sigma } => round(median * libm::exp(sigma * draws.normal())),
            Self::Exponential { mean } => round(mean * draws.exponential()),
            Self::Pareto { scale, shape } => round(scale * libm::exp(draws.exponential() / shape)),
            Self::Gamma { mean, cv } => round(gamma(draws, 1.0 / (cv * cv)) * mean * cv * cv),
        })
    }

    /// The quantile `q` (0..1) of the law in µs, where a closed form exists; used for predictions.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let z = normal_quantile(q);
        match *self {
            Self::Fixed { micros } => Some(micros as f64),
            Self::Uniform { low, high } => Some(low as f64 + q * high.saturating_sub(low) as f64),
            Self::Normal { mean, deviation } => Some((mean + deviation * z).max(0.0)),
            Self::Lognormal { median, sigma } => Some(median * libm::exp(sigma * z)),
            Self::Exponential { mean } => Some(-mean * libm::log(1.0 - q)),
            Self::Pareto { scale, shape } => Some(scale * libm::pow(1.0 - q, -1.0 / shape)),
            Self::Gamma { .. } => None,
        }
    }

    /// The mean of the law in µs; infinite for a Pareto tail index of 1 or less.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed { micros } => micros as f64,
            Self::Uniform { low, high } => (low as f64 + high as f64) / 2.0,
            Self::Normal { mean, .. } | Self::Exponential { mean } | Self::Gamma { mean, .. } => mean,
            Self::Lognormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Self::Pareto { scale, shape } if shape > 1.0 => scale * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
        }
    }
}

/// 95 % point of the standard normal law.
const Z95: f64 = 1.644_853_626_951_472_7;

/// A day; no sample is longer, so that a heavy tail cannot leave the clock's range.
const LONGEST_MICROS: f64 = 86_400.0 * 1e6;

fn round(micros: f64) -> u64 {
    // A NaN, from absurd parameters, becomes zero in the cast.
    libm::round(micros).clamp(0.0, LONGEST_MICROS) as u64
}

/// Marsaglia and Tsang's method (ACM TOMS 2000); shapes below one by the power of a uniform.
fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(draws.unit().max(f64::MIN_POSITIVE), 1.0 / shape);
        return gamma(draws, shape + 1.0) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    // Accepts more than 95 % of its tries: the bound only guards against a NaN parameter.
    for _ in 0..1_000 {
        let x = draws.normal();
        let v = libm::pow(1.0 + c * x, 3.0);
        if v > 0.0 && libm::log(1.0 - draws.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
    shape
}

/// Acklam's rational approximation of the standard normal quantile (relative error below 1.2e-9).
fn normal_quantile(q: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let x = libm::sqrt(-2.0 * libm::log(p));
        horner(&C, x) / (horner(&D, x) * x + 1.0)
    };
    if q < 0.02425 {
        tail(q.max(f64::MIN_POSITIVE))
    } else if q > 1.0 - 0.02425 {
        -tail((1.0 - q).max(f64::MIN_POSITIVE))
    } else {
        let x = q - 0.5;
        let r = x * x;
        horner(&A, r) * x / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn samples(law: Law) -> Vec<f64> {
        let domain = Seed(11).domain("law");
        let mut values: Vec<f64> =
            (0..40_000).map(|n| law.sample(&mut domain.draws_n(n)).as_micros() as f64).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Mean and quantiles of the samples against the law's own formulae.
    fn check(law: Law) {
        let values = samples(law);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean / law.mean() - 1.0).abs() < 0.03, "{law:?}: mean {mean} of {}", law.mean());
        for q in [0.5, 0.95, 0.99] {
            if let Some(expected) = law.quantile(q) {
                let got = values[(q * values.len() as f64) as usize];
                assert!((got / expected - 1.0).abs() < 0.05, "{law:?}: q{q} {got} of {expected}");
            }
        }
    }

    #[test]
    fn samples_follow_their_laws() {
        check(Law::Fixed { micros: 700 });
        check(Law::Uniform { low: 100_000, high: 900_000 });
        check(Law::Normal { mean: 500_000.0, deviation: 50_000.0 });
        check(Law::Lognormal { median: 800_000.0, sigma: 0.5 });
        check(Law::lognormal_of_mean(25_000.0, 0.15));
        check(Law::lognormal_of_p50_p95(400_000.0, 720_000.0));
        check(Law::Exponential { mean: 5_000.0 });
        check(Law::Pareto { scale: 100_000.0, shape: 3.0 });
        check(Law::Gamma { mean: 5_000.0, cv: 2.0 });
        check(Law::Gamma { mean: 5_000.0, cv: 0.5 });
    }

    #[test]
    fn absurd_parameters_stay_in_range() {
        for law in [
            Law::Gamma { mean: 1.0, cv: 0.0 },
            Law::Pareto { scale: f64::MAX, shape: 0.0 },
            Law::Normal { mean: f64::NAN, deviation: 1.0 },
            Law::Uniform { low: 5, high: 1 },
        ] {
            let longest = Duration::from_micros(LONGEST_MICROS as u64);
            assert!(law.sample(&mut Seed(1).domain("x").draws_n(1)) <= longest);
        }
    }
}
