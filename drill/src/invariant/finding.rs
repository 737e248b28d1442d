//! What a check found, and how that becomes a verdict.

use crate::demand::{Invariant, Quantity, Threshold, TimeBasis, Weight};
use evidence::Nonce;
use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingVerdict {
    /// It holds.
    Pass,
    /// It does not, and that fails the drill (or makes the run invalid, for G1 and E8).
    Fail,
    /// It does not, and that is only reported.
    Advisory,
    /// The sample is too small to tell.
    Inconclusive,
    /// Nothing to judge by.
    NotJudged,
}

/// A line of the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The expectation's key in the drill file; the invariant's id if no expectation names it.
    pub id: String,
    /// The check.
    pub invariant: Invariant,
    /// What the check is called.
    pub name: &'static str,
    /// How it ended.
    pub verdict: FindingVerdict,
    /// Whether the drill demands it.
    pub demanded: bool,
    /// What was measured.
    pub measured: Option<Quantity>,
    /// What was waited for did not happen; `measured` is how long it was waited for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub never: bool,
    /// Where the figure comes from, or why there is none.
    pub detail: String,
    /// What was demanded.
    pub threshold: Option<Threshold>,
    /// What theory expects of the declared policy.
    pub theory: Option<String>,
    /// Which time it was judged in.
    pub basis: TimeBasis,
    /// The second of the run in which it was first broken.
    pub first_breach_s: Option<u64>,
    /// Some of the requests that broke it.
    pub evidence: Vec<Nonce>,
}

/// What a family says about one expectation, before weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) measured: Option<Quantity>,
    pub(crate) detail: String,
    /// Decides in place of the threshold, for checks with more than one figure.
    pub(crate) holds: Option<bool>,
    pub(crate) never: bool,
    pub(crate) too_few: bool,
    /// Weighs a breach in place of the catalogue: a gate that needs an undeclared policy, a certainty.
    pub(crate) weight: Option<Weight>,
    /// The demand that was derived in place of the given one.
    pub(crate) threshold: Option<Threshold>,
    pub(crate) theory: Option<String>,
    pub(crate) first_breach_us: Option<u64>,
    pub(crate) evidence: Vec<Nonce>,
}

impl Evaluation {
    /// Nothing to judge by, and why.
    pub(crate) fn not_judged(why: impl Into<String>) -> Self {
        Self { detail: why.into(), ..Self::default() }
    }

    /// A figure to hold against the threshold.
    pub(crate) fn measured(measured: Quantity, detail: impl Into<String>) -> Self {
        Self { measured: Some(measured), detail: detail.into(), ..Self::default() }
    }

    /// A figure if there is one, else the reason why not.
    pub(crate) fn from_ratio(ratio: Option<Quantity>, detail: impl Into<String>, why_not: &str) -> Self {
        ratio.map_or_else(|| Self::not_judged(why_not), |ratio| Self::measured(ratio, detail))
    }

    pub(crate) fn theory(self, theory: impl Into<String>) -> Self {
        Self { theory: Some(theory.into()), ..self }
    }

    pub(crate) fn breach(self, first_breach_us: Option<u64>, evidence: Vec<Nonce>) -> Self {
        Self { first_breach_us, evidence, ..self }
    }

    pub(crate) fn weighing(self, weight: Weight) -> Self {
        Self { weight: Some(weight), ..self }
    }

    fn holds_against(&self, threshold: Option<Threshold>) -> Option<bool> {
        let measured = self.measured?;
        self.holds.or_else(|| threshold.map(|threshold| threshold.holds(measured)))
    }
}

/// How a check ended, by its figure and what a breach of it means.
pub(super) fn verdict(
    evaluation: &Evaluation,
    threshold: Option<Threshold>,
    invariant: Invariant,
    demanded: bool,
) -> FindingVerdict {
    match evaluation.holds_against(threshold) {
        None => FindingVerdict::NotJudged,
        Some(_) if evaluation.too_few => FindingVerdict::Inconclusive,
        Some(true) => FindingVerdict::Pass,
        Some(false) => match evaluation.weight.unwrap_or(invariant.weight()) {
            Weight::Always | Weight::Invalidates => FindingVerdict::Fail,
            Weight::Gate if demanded => FindingVerdict::Fail,
            Weight::Gate | Weight::Advisory => FindingVerdict::Advisory,
        },
    }
}
