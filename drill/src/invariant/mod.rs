//! The checks, one file per family.
//!
//! A family counts what it needs while the records stream by and evaluates at the end. A check says
//! what it measured and whether that was enough to judge by; a zero denominator is never a pass.

mod cascade;
mod failover;
mod finding;
mod generator;
mod offence;
mod retry;
mod service;
mod stream;
mod theory;

pub use finding::{Finding, FindingVerdict};

use crate::demand::{Expectation, FaultWindow, Invariant, JudgePlan, Span, TimeBasis};
use crate::observed::{Joined, RunFacts};
use evidence::{AttemptRecord, ClientRecord, Name};
use finding::{Evaluation, verdict};

/// What the families have counted of a run.
#[derive(Debug)]
pub(crate) struct Tallies {
    service: service::Tally,
    failover: failover::Tally,
    retry: retry::Tally,
    cascade: cascade::Tally,
    stream: stream::Tally,
}

/// All that a check may look at.
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a JudgePlan,
    pub(crate) facts: &'a RunFacts,
    pub(crate) tallies: &'a Tallies,
}

impl Tallies {
    /// Nothing counted yet, of a run that was declared like this.
    pub(crate) fn new(plan: &JudgePlan) -> Self {
        let idle_us = plan.policy.as_ref().and_then(|policy| policy.idle_timeout_us);
        Self {
            service: service::Tally::new(plan),
            failover: failover::Tally::new(),
            retry: retry::Tally::new(),
            cascade: cascade::Tally::new(),
            stream: stream::Tally::new(idle_us.map(|idle_us| idle_us + 1_000_000)),
        }
    }

    /// A client's request has ended.
    pub(crate) fn client(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        self.stream.client(record);
        if let Some(provider) = record.pinned.as_ref().filter(|_| record.deliberate.is_none()) {
            self.cascade.pinned(plan, provider, record);
        }
        if is_ordinary(record) {
            self.service.client(plan, record);
            self.failover.client(plan, record);
            self.retry.client(plan, record);
        }
    }

    /// A provider has been asked.
    pub(crate) fn attempt(&mut self, plan: &JudgePlan, record: &AttemptRecord) {
        self.failover.attempt(plan, record);
    }

    /// A request and its attempts are whole.
    pub(crate) fn joined(&mut self, plan: &JudgePlan, joined: &Joined) {
        self.retry.any_joined(joined);
        self.cascade.any_joined(plan, joined);
        self.stream.any_joined(joined);
        if joined.client.as_ref().is_none_or(is_ordinary) {
            self.failover.joined(plan, joined);
            self.retry.joined(joined);
        }
    }

    /// Attempts on each provider that began in a stretch of the run.
    pub(crate) fn attempts_between(&self, span: Span) -> impl Iterator<Item = (&Name, u64)> {
        self.failover.attempts().map(move |(name, series)| (name, series.between(span.from_us, span.to_us)))
    }
}

/// Neither control traffic nor bad on purpose.
pub(crate) fn is_ordinary(record: &ClientRecord) -> bool {
    record.pinned.is_none() && record.deliberate.is_none()
}

impl Case<'_> {
    /// A window's place in the plan.
    fn window_index(&self, window: &FaultWindow) -> usize {
        self.plan.faults.iter().position(|other| other == window).unwrap_or(usize::MAX)
    }
}

/// Judges one expectation of the plan, or (`demanded` is false) one line of the catalogue.
pub(crate) fn judge(case: &Case<'_>, expectation: &Expectation, demanded: bool) -> Finding {
    let invariant = expectation.invariant;
    let evaluation = evaluate(case, expectation);
    let threshold = evaluation.threshold.or(Some(expectation.threshold));
    let verdict = verdict(&evaluation, threshold, invariant, demanded);
    let is_breached = matches!(verdict, FindingVerdict::Fail | FindingVerdict::Advisory);
    Finding {
        id: expectation.id.clone(),
        invariant,
        name: invariant.name(),
        verdict,
        demanded,
        measured: evaluation.measured,
        never: evaluation.never,
        detail: evaluation.detail,
        threshold,
        theory: evaluation.theory,
        basis: case.plan.time,
        first_breach_s: evaluation.first_breach_us.filter(|_| is_breached).map(|us| us / 1_000_000),
        evidence: if is_breached { evaluation.evidence } else { Vec::new() },
    }
}

fn evaluate(case: &Case<'_>, expectation: &Expectation) -> Evaluation {
    use Invariant as I;
    if expectation.invariant.needs_process() && case.plan.time == TimeBasis::Virtual {
        return Evaluation::not_judged("needs a real process: judged in real time only");
    }
    // `check` refuses these; a demand must never be answered by another figure than the one it names.
    if !expectation.invariant.can_be_narrowed_to(&expectation.subject) {
        return Evaluation::not_judged("cannot be narrowed to some requests");
    }
    if !expectation.invariant.can_be_judged_over(expectation.scope) {
        return Evaluation::not_judged("is judged over the whole run only");
    }
    let tallies = case.tallies;
    match expectation.invariant {
        I::A1 | I::A2 | I::A3 | I::A5 | I::D1 => tallies.service.evaluate(case, expectation),
        I::F1 | I::F2 | I::F3 | I::F4 | I::F5 | I::F7 | I::F8 | I::F9 => {
            tallies.failover.evaluate(case, expectation)
        }
        I::R1 | I::R2 | I::R3 | I::R5 | I::R6 | I::R7 | I::R9 => tallies.retry.evaluate(case, expectation),
        I::C1 | I::C3 | I::C6 | I::W1 => tallies.cascade.evaluate(case, expectation),
        I::E1 | I::E2 | I::E3 | I::E4 | I::E6 | I::E7 | I::E8 => tallies.stream.evaluate(case, expectation),
        I::G1 => generator::evaluate(case.facts),
    }
}
