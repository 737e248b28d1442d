//! What is demanded of each check unless a drill says otherwise.

use super::catalogue::Invariant;
use super::plan::{Expectation, JudgePlan};
use super::subject::{Figure, Measure, Scope, Statistic, Subject};
use super::threshold::{Quantity, Threshold, Unit};

impl Invariant {
    /// The demand of the catalogue, for the declared policy; none where only a drill can say.
    pub fn default_threshold(self, plan: &JudgePlan) -> Option<Threshold> {
        let policy = plan.policy.as_ref();
        let share = |ppm| Quantity::ppm(ppm);
        let factor = |micro| Quantity { micro, unit: Unit::Factor };
        Some(match self {
            Self::A2 => return None,
            Self::A1 | Self::A3 | Self::A5 | Self::R9 => Threshold::at_least(share(950_000)),
            Self::C1 => Threshold::at_most(Quantity { micro: 10_000, unit: Unit::Points }),
            Self::C3 => Threshold::at_most(factor(2_500_000)),
            Self::C6 | Self::D1 | Self::E1 | Self::E2 | Self::E3 | Self::F9 | Self::R6 | Self::R7 => {
                Threshold::none()
            }
            Self::E4 | Self::E8 | Self::F8 => Threshold::at_least(share(1_000_000)),
            Self::E6 => Threshold::at_most(Quantity::micros(1_000_000)),
            Self::E7 => {
                let idle_us = policy.and_then(|policy| policy.idle_timeout_us)?;
                Threshold::at_most(Quantity::micros(idle_us + 1_000_000))
            }
            Self::F1 => Threshold::at_most(Quantity::micros(30_000_000)),
            Self::F2 => Threshold::at_least(factor(900_000)),
            Self::F3 => Threshold::at_most(factor(100_000)),
            Self::F4 => Threshold::at_most(Quantity::micros(policy.and_then(|policy| policy.backoff_us)?)),
            Self::F5 => Threshold::at_most(Quantity::micros(policy?.fail_back_bound_us()?)),
            Self::F7 => Threshold::at_most(Quantity { micro: 6_000_000, unit: Unit::PerMinute }),
            Self::G1 => Threshold::at_least(share(990_000)),
            Self::R1 => Threshold::at_most(factor(2_000_000)),
            Self::R2 => Threshold::at_most(Quantity::count(3)),
            Self::R3 => Threshold::at_least(factor(200_000)),
            Self::R5 => Threshold::at_most(Quantity::count(1)),
            Self::W1 => Threshold::at_most(share(50_000)),
        })
    }

    /// The stretch that it is judged over unless a drill says otherwise.
    pub const fn default_scope(self) -> Scope {
        match self {
            Self::A1 => Scope::Everywhere,
            _ => Scope::Overall,
        }
    }

    /// The figure that it is judged by unless a drill says otherwise.
    pub const fn default_figure(self) -> Figure {
        let statistic = match self {
            Self::E6 => Statistic::Permyriad(9900),
            _ => Statistic::Permyriad(9500),
        };
        Figure { measure: Measure::Latency, statistic }
    }
}

impl Expectation {
    /// The catalogue's own demand; none where only a drill can say.
    pub fn of_catalogue(invariant: Invariant, plan: &JudgePlan) -> Option<Self> {
        let threshold = invariant.default_threshold(plan)?;
        Some(Self {
            id: invariant.to_string(),
            invariant,
            subject: Subject::everything(),
            figure: invariant.default_figure(),
            scope: invariant.default_scope(),
            threshold,
            source: threshold.to_string(),
        })
    }
}
