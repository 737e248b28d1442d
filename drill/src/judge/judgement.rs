//! From findings to a verdict and an exit code.

use super::breakdown::Measured;
use super::timeline::TimelineStep;
use crate::demand::Invariant;
use crate::invariant::{Finding, FindingVerdict};
use crate::observed::{LoadSummary, RunFacts};
use serde::Serialize;

/// The verdict on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What was demanded and could be judged holds.
    Pass,
    /// A demand was broken by the target.
    Fail,
    /// The run says nothing about the target.
    Invalid,
}

/// Everything that was judged and measured of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// A failed run whose every error was bounded, clean and unamplified.
    pub safe: bool,
    /// Why a run is invalid.
    pub invalid_because: Vec<String>,
    /// What was demanded, in the drill's order, then the rest of the catalogue.
    pub expectations: Vec<Finding>,
    /// What the generator was asked to do and did.
    pub load: LoadSummary,
    /// The figures.
    pub measured: Measured,
    /// The run in steps of 10 s.
    pub timeline: Vec<TimelineStep>,
    /// Attempts that carried no nonce, so that no request can be named for them.
    pub attempts_without_nonce: u64,
}

impl Verdict {
    /// The exit code that it stands for.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Invalid => 96,
            Self::Fail => 99,
        }
    }
}

/// Puts the findings of a run in the order of verdicts.
///
/// A generator that missed its schedule, or a preflight that got wrong answers, makes the run invalid,
/// whatever else is seen. Then a broken gate is a failure, also of a run that is otherwise poor. What
/// remains is invalid if evidence is missing, a gate is undecided, or nothing was measured.
pub(super) fn verdict(findings: &[Finding], facts: &RunFacts, ok: u64) -> (Verdict, Vec<String>) {
    let breached = |finding: &&Finding| finding.verdict == FindingVerdict::Fail;
    let is_about_run = |finding: &&Finding| matches!(finding.invariant, Invariant::G1 | Invariant::E8);
    let mut unusable = facts.invalidated_by.clone();
    unusable.extend(findings.iter().filter(breached).filter(is_about_run).map(describe));
    if !unusable.is_empty() {
        return (Verdict::Invalid, unusable);
    }
    if findings.iter().any(|finding| breached(&finding)) {
        return (Verdict::Fail, Vec::new());
    }
    let poor = why_poor(findings, facts, ok);
    (if poor.is_empty() { Verdict::Pass } else { Verdict::Invalid }, poor)
}

fn why_poor(findings: &[Finding], facts: &RunFacts, ok: u64) -> Vec<String> {
    let mut reasons = facts.missing_evidence.clone();
    let demanded = || findings.iter().filter(|finding| finding.demanded);
    let undecided = demanded().filter(|finding| finding.verdict == FindingVerdict::Inconclusive);
    reasons.extend(undecided.map(|finding| format!("{}, too few samples", describe(finding))));
    if facts.load.sent == 0 {
        reasons.push("nothing was sent".to_owned());
    } else if facts.load.completed == 0 {
        reasons.push("nothing came to an end".to_owned());
    } else if demanded().next().is_none() && ok == 0 {
        reasons.push("no request succeeded, and nothing was demanded that could say so".to_owned());
    } else if demanded().next().is_some()
        && demanded().all(|finding| finding.verdict == FindingVerdict::NotJudged)
    {
        reasons.push("nothing that is demanded could be judged".to_owned());
    }
    reasons
}

fn describe(finding: &Finding) -> String {
    format!("{} ({}): {}", finding.id, finding.name, finding.detail)
}

/// Availability is all that was missed, and every error was bounded, clean and unamplified.
pub(super) fn is_safe(findings: &[Finding], verdict: Verdict) -> bool {
    const HARMLESS: [Invariant; 5] =
        [Invariant::E1, Invariant::E2, Invariant::R2, Invariant::R6, Invariant::A5];
    let is_broken =
        |finding: &Finding| matches!(finding.verdict, FindingVerdict::Fail | FindingVerdict::Advisory);
    let only_availability = findings
        .iter()
        .filter(|finding| finding.verdict == FindingVerdict::Fail)
        .all(|finding| finding.invariant == Invariant::A1);
    let harmless =
        findings.iter().filter(|finding| HARMLESS.contains(&finding.invariant)).all(|f| !is_broken(f));
    verdict == Verdict::Fail && only_availability && harmless
}
