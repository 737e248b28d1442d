//! The laws of arrivals: how even or bursty they are, at one arrival per unit.

use world::{Domain, Law};

use super::curve::ARRIVAL;

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gaps {
    /// Evenly.
    Constant,
    /// Independently of each other.
    Poisson,
    /// With this coefficient of variation.
    Gamma {
        /// Standard deviation ÷ mean of the gaps.
        cv: f64,
    },
}

impl Gaps {
    /// The gap before arrival `k`, in millionths of the mean gap.
    pub(super) fn before(self, k: u64, domain: &Domain) -> u64 {
        let mean = ARRIVAL as f64;
        let law = match self {
            Self::Constant if k == 0 => return 0,
            Self::Constant => return ARRIVAL,
            Self::Poisson => Law::Exponential { mean },
            Self::Gamma { cv } => Law::Gamma { mean, cv },
        };
        u64::try_from(law.sample(&mut domain.draws_n(k)).as_micros()).unwrap_or(u64::MAX)
    }
}
