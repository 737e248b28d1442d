//! C, failures that spread: to traffic that has nothing to do with the faulted provider (C1), back onto
//! a provider that has just recovered (C3), to the target itself (C6); and W1, work done for nothing.

use super::Case;
use super::failover;
use super::finding::Evaluation;
use super::offence::Offences;
use crate::demand::{Expectation, FaultWindow, Invariant, JudgePlan, Quantity, Span, Unit, Weight};
use crate::observed::{Joined, SECOND_US, Series};
use evidence::histogram::{Histogram, Precision};
use evidence::record::ClientOutcome;
use evidence::{ClientRecord, Name};
use std::collections::BTreeMap;

/// With fewer requests a 99th percentile is the maximum.
const TAIL_REQUESTS_MIN: u64 = 100;
/// With fewer requests an error rate has no first decimal.
const RATE_REQUESTS_MIN: u64 = 20;
/// C1: how much longer the tail of healthy traffic may get.
const TAIL_FACTOR: i64 = 1_500_000;
/// C3: how long after its return a provider is watched.
const HERD_SPAN_US: u64 = 30 * SECOND_US;
/// C3: the ratio that is worth a word.
const HERD_NOTED: i64 = 1_500_000;
/// C3: below this many attempts a second the busiest of 30 s is twice the mean by chance alone.
const HERD_RATE_MIN: u64 = 20;
/// Steps of an attempt series in a second.
const STEPS: usize = (SECOND_US / failover::ATTEMPT_STEP_US) as usize;

#[derive(Debug)]
pub(crate) struct Tally {
    /// Control traffic by provider: while no fault was on, and in each window.
    pinned: BTreeMap<Name, BTreeMap<Option<usize>, Cell>>,
    tokens: Tokens,
    tokens_in_faults: Tokens,
}

/// Control traffic of one provider in one stretch.
#[derive(Debug)]
struct Cell {
    requests: u64,
    errors: Offences,
    latency: Histogram,
}

/// Tokens that providers produced.
#[derive(Debug, Default)]
struct Tokens {
    all: u64,
    wasted: u64,
    offences: Offences,
}

impl Cell {
    fn new() -> Self {
        Self { requests: 0, errors: Offences::default(), latency: Histogram::new(Precision::Coarse) }
    }

    fn add(&mut self, record: &ClientRecord) {
        self.requests += 1;
        self.latency.record(record.end_us.saturating_sub(record.sched_us));
        if record.outcome != ClientOutcome::Ok {
            self.errors.add(record.sched_us, record.nonce);
        }
    }

    fn error_ppm(&self) -> i64 {
        Quantity::share(self.errors.count, self.requests).map_or(0, |share| share.micro)
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { pinned: BTreeMap::new(), tokens: Tokens::default(), tokens_in_faults: Tokens::default() }
    }

    /// Counts control traffic.
    pub(crate) fn pinned(&mut self, plan: &JudgePlan, provider: &Name, record: &ClientRecord) {
        let cells = self.pinned.entry(provider.clone()).or_default();
        let mut cell = |window: Option<usize>| cells.entry(window).or_insert_with(Cell::new).add(record);
        if !plan.is_faulted_at(record.sched_us) {
            cell(None);
        }
        plan.windows_at(record.sched_us).for_each(|window| cell(Some(window)));
    }

    /// Counts the tokens of any request: a client that left on purpose wastes what came after.
    pub(crate) fn any_joined(&mut self, plan: &JudgePlan, joined: &Joined) {
        let Some(client) = &joined.client else { return };
        let all: u64 = joined.attempts.iter().map(|attempt| u64::from(attempt.tokens)).sum();
        let used = match client.outcome {
            ClientOutcome::Ok | ClientOutcome::Degraded => {
                joined.winner().map_or(0, |attempt| u64::from(attempt.tokens))
            }
            _ if client.deliberate.is_some() => u64::from(client.tokens),
            _ => 0,
        };
        let is_faulted = plan.is_faulted_at(client.sched_us);
        let tokens = if is_faulted { &mut self.tokens_in_faults } else { &mut self.tokens };
        tokens.all += all;
        let wasted = all.saturating_sub(used);
        if wasted > 0 {
            tokens.wasted += wasted;
            tokens.offences.add(client.sched_us, Some(joined.nonce));
        }
    }

    pub(crate) fn evaluate(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        match expectation.invariant {
            Invariant::C1 => self.cascade(case.plan, expectation),
            Invariant::C3 => herd(case, expectation),
            Invariant::C6 => liveness(case),
            _ => self.wasted_work(),
        }
    }

    fn cascade(&self, plan: &JudgePlan, expectation: &Expectation) -> Evaluation {
        let limit = expectation.threshold.limit.micro.max(0);
        let mut worst: Option<Spread> = None;
        for (provider, cells) in &self.pinned {
            let Some(quiet) = cells.get(&None).filter(|cell| cell.requests >= RATE_REQUESTS_MIN) else {
                continue;
            };
            for (index, window) in plan.faults.iter().enumerate() {
                let cell = cells.get(&Some(index)).filter(|cell| cell.requests >= RATE_REQUESTS_MIN);
                let Some(cell) = cell.filter(|_| is_healthy(plan, provider, window)) else { continue };
                let spread = Spread::between(quiet, cell, provider, window);
                if worst.as_ref().is_none_or(|worst| spread.rank(limit) > worst.rank(limit)) {
                    worst = Some(spread);
                }
            }
        }
        worst.map_or_else(
            || {
                Evaluation::not_judged(
                    "no control traffic on a healthy provider, both with and without a fault",
                )
            },
            |spread| spread.evaluation(limit),
        )
    }

    fn wasted_work(&self) -> Evaluation {
        let ratio = |tokens: &Tokens| Quantity::share(tokens.wasted, tokens.all);
        let inside =
            ratio(&self.tokens_in_faults).map_or_else(|| "none".to_owned(), |share| share.to_string());
        let detail = format!(
            "{} of {} tokens outside faults; inside {inside}, which is only reported",
            self.tokens.wasted, self.tokens.all
        );
        Evaluation::from_ratio(ratio(&self.tokens), detail, "no tokens were produced outside faults")
            .breach(self.tokens.offences.first_us, self.tokens.offences.named.clone())
    }
}

/// Whether nothing was done to the provider while the window was open.
fn is_healthy(plan: &JudgePlan, provider: &Name, window: &FaultWindow) -> bool {
    !plan.faults.iter().any(|other| other.provider == *provider && other.span.overlaps(&window.span))
}

/// How control traffic on one healthy provider fared in one window.
struct Spread {
    added_errors: i64,
    tail: Option<i64>,
    text: String,
    first_us: Option<u64>,
    named: Vec<evidence::Nonce>,
}

impl Spread {
    fn between(quiet: &Cell, cell: &Cell, provider: &Name, window: &FaultWindow) -> Self {
        let has_tails = quiet.requests.min(cell.requests) >= TAIL_REQUESTS_MIN;
        let tail = Quantity::factor(cell.latency.quantile_us(0.99), quiet.latency.quantile_us(0.99));
        let added_errors = cell.error_ppm() - quiet.error_ppm();
        let tail = tail.filter(|_| has_tails);
        let tail_text =
            tail.map_or_else(|| "too few for a tail".to_owned(), |tail| format!("p99 times {tail}"));
        Self {
            added_errors,
            tail: tail.map(|tail| tail.micro),
            text: format!("requests pinned to {provider} in {window}: {tail_text}"),
            first_us: cell.errors.first_us.or(Some(window.span.from_us)),
            named: cell.errors.named.clone(),
        }
    }

    /// Breaches first, then by errors.
    fn rank(&self, limit: i64) -> (bool, i64) {
        (!self.holds(limit), self.added_errors)
    }

    fn holds(&self, limit: i64) -> bool {
        self.added_errors <= limit && self.tail.is_none_or(|tail| tail <= TAIL_FACTOR)
    }

    fn evaluation(self, limit: i64) -> Evaluation {
        let holds = self.holds(limit);
        let measured = Quantity { micro: self.added_errors, unit: Unit::Points };
        let mut evaluation = Evaluation::measured(measured, self.text).breach(self.first_us, self.named);
        evaluation.holds = Some(holds);
        evaluation.theory("a healthy provider's own traffic keeps its error rate (within 1 pp) and tail (p99 within 1.5 times)")
    }
}

fn herd(case: &Case<'_>, expectation: &Expectation) -> Evaluation {
    let peaks = case.plan.failures().filter_map(|(_, window)| Some((peak_after(case, window)?, window)));
    let Some((peak, window)) = peaks.max_by_key(|(peak, _)| peak.ratio.micro) else {
        return Evaluation::not_judged(
            "no provider with 20 requests a second came back with quiet time after it",
        );
    };
    let detail = format!(
        "busiest second of the 30 s after {} came back from {window}, to its quiet rate; dispersion of its 100 ms counts {}",
        window.provider, peak.dispersion
    );
    let mut evaluation = Evaluation::measured(peak.ratio, detail).breach(Some(peak.at_us), Vec::new());
    if !expectation.threshold.holds(peak.ratio) {
        return evaluation.theory("a return is ramped and jittered: at most 1.5 is usual");
    }
    // Between a word and a breach.
    evaluation.holds = Some(peak.ratio.micro <= HERD_NOTED);
    evaluation.weighing(Weight::Advisory).theory("a return is ramped and jittered: at most 1.5 is usual")
}

/// The busiest second after a provider's return.
struct Peak {
    ratio: Quantity,
    dispersion: Quantity,
    at_us: u64,
}

fn peak_after(case: &Case<'_>, window: &FaultWindow) -> Option<Peak> {
    let quiet = case.plan.quiet_before(window.span.from_us);
    let series = case.tallies.failover.attempts_on(&window.provider)?;
    let quiet_count = case.tallies.failover.attempts_between(&window.provider, quiet);
    let quiet_seconds = quiet.length_us() / SECOND_US;
    if case.plan.is_faulted_at(window.span.to_us) || quiet_count < HERD_RATE_MIN * quiet_seconds.max(1) {
        return None;
    }
    let until_us = case.plan.quiet_until(window.span.to_us);
    let first_us = first_attempt(series, window.span.to_us, until_us)?;
    let watched = Span { from_us: first_us, to_us: (first_us + HERD_SPAN_US).min(until_us) };
    let counts: Vec<u64> = series.steps(watched.from_us, watched.to_us).map(u64::from).collect();
    let seconds = counts.windows(STEPS).map(|steps| steps.iter().sum::<u64>());
    let (start, busiest) = seconds.enumerate().rev().max_by_key(|(_, count)| *count)?;
    Some(Peak {
        ratio: Quantity::factor(busiest * quiet_seconds, quiet_count)?,
        dispersion: dispersion(&counts)?,
        at_us: watched.from_us + start as u64 * failover::ATTEMPT_STEP_US,
    })
}

fn first_attempt(series: &Series, from_us: u64, to_us: u64) -> Option<u64> {
    let step = series.steps(from_us, to_us).position(|count| count > 0)? as u64;
    Some(
        from_us.div_ceil(failover::ATTEMPT_STEP_US) * failover::ATTEMPT_STEP_US
            + step * failover::ATTEMPT_STEP_US,
    )
}

/// Variance over mean: 1 for chance, more for bursts.
fn dispersion(counts: &[u64]) -> Option<Quantity> {
    let (n, sum) = (counts.len() as u64, counts.iter().sum::<u64>());
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    Quantity::factor((n * squares).saturating_sub(sum * sum), n * sum)
}

fn liveness(case: &Case<'_>) -> Evaluation {
    let Some(liveness) = &case.facts.liveness else {
        return Evaluation::not_judged("the target's process was not watched");
    };
    let deaths = u64::from(liveness.restarts) + u64::from(!liveness.is_alive);
    let state = if liveness.is_alive { "alive" } else { "gone" };
    let detail = format!("{state} at the end, {} restarts", liveness.restarts);
    Evaluation::measured(Quantity::count(deaths), detail).breach(liveness.died_us, Vec::new())
}

#[cfg(test)]
mod tests;
