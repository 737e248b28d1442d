//! The run in steps of 10 s. A step's distribution is kept only until no client of it can be waiting.

use crate::demand::{JudgePlan, Span};
use evidence::histogram::{Histogram, Millis, Precision};
use evidence::record::ClientOutcome;
use evidence::{ClientRecord, Name};
use serde::Serialize;
use std::collections::BTreeMap;

const STEP_US: u64 = 10_000_000;
/// A week: a record with a wild time must not take the memory.
const TIME_MAX_US: u64 = 7 * 24 * 3600 * 1_000_000;
/// What a client may be late beyond its deadline.
const SLACK_US: u64 = 5_000_000;

/// One step of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimelineStep {
    /// Its start, in seconds of the run.
    pub from_s: u64,
    /// Requests that were intended in it, without control traffic and those bad on purpose.
    pub requests: u64,
    /// How many of them got a whole answer.
    pub ok: u64,
    /// Their median latency from the intended send time.
    pub p50_ms: Millis,
    /// Their 95th percentile.
    pub p95_ms: Millis,
    /// Their 99th percentile.
    pub p99_ms: Millis,
    /// Attempts that began in it, by provider.
    pub attempts: BTreeMap<Name, u64>,
    /// The fault windows that were open at some time in it.
    pub faults: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Timeline {
    closed: BTreeMap<u64, TimelineStep>,
    open: BTreeMap<u64, Step>,
    patience_us: u64,
}

#[derive(Debug)]
struct Step {
    ok: u64,
    latency: Histogram,
}

impl Timeline {
    pub(crate) fn new(plan: &JudgePlan) -> Self {
        let patience_us = STEP_US + plan.deadline_max_us() + SLACK_US;
        Self { closed: BTreeMap::new(), open: BTreeMap::new(), patience_us }
    }

    /// Counts a request that is neither control traffic nor bad on purpose.
    pub(crate) fn client(&mut self, record: &ClientRecord) {
        let from_us = record.sched_us / STEP_US * STEP_US;
        if from_us > TIME_MAX_US {
            return;
        }
        let is_ok = u64::from(record.outcome == ClientOutcome::Ok);
        if let Some(closed) = self.closed.get_mut(&from_us) {
            closed.requests += 1; // too late for the percentiles
            closed.ok += is_ok;
            return;
        }
        let step = self.open.entry(from_us).or_insert_with(Step::new);
        step.ok += is_ok;
        step.latency.record(record.end_us.saturating_sub(record.sched_us));
    }

    /// Closes the steps that no client can be waiting in any more.
    pub(crate) fn advance(&mut self, now_us: u64) {
        while let Some(first) = self.open.first_entry() {
            if first.key() + self.patience_us > now_us {
                return;
            }
            let (from_us, step) = first.remove_entry();
            self.closed.insert(from_us, step.close(from_us));
        }
    }

    /// Every step up to the last one with a request.
    pub(crate) fn finish(&mut self) -> Vec<TimelineStep> {
        self.advance(u64::MAX);
        let Some((last_us, _)) = self.closed.last_key_value() else { return Vec::new() };
        let steps = (0..=last_us / STEP_US).map(|step| step * STEP_US);
        let empty = |from_us: u64| TimelineStep { from_s: from_us / 1_000_000, ..TimelineStep::default() };
        steps.map(|from_us| self.closed.get(&from_us).cloned().unwrap_or_else(|| empty(from_us))).collect()
    }
}

impl TimelineStep {
    /// The stretch of the run that it stands for.
    pub(crate) const fn span(&self) -> Span {
        let from_us = self.from_s * 1_000_000;
        Span { from_us, to_us: from_us + STEP_US }
    }
}

impl Step {
    const fn new() -> Self {
        Self { ok: 0, latency: Histogram::new(Precision::Coarse) }
    }

    fn close(self, from_us: u64) -> TimelineStep {
        TimelineStep {
            from_s: from_us / 1_000_000,
            requests: self.latency.count(),
            ok: self.ok,
            p50_ms: Millis(self.latency.quantile_us(0.5)),
            p95_ms: Millis(self.latency.quantile_us(0.95)),
            p99_ms: Millis(self.latency.quantile_us(0.99)),
            attempts: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}
