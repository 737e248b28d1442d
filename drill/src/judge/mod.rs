//! The judge: it reads the records of a run as they are written and says at the end what held.
//!
//! Nothing is kept of a request once its client has ended and its attempts have had time to end too;
//! what remains are counts by second and distributions of fixed size.

mod breakdown;
mod facts;
pub(crate) mod join;
mod joined;
mod judgement;
mod plan;
pub(crate) mod series;
pub(crate) mod stats;
mod theory;
pub(crate) mod threshold;
mod timeline;

pub use breakdown::{Measured, ProviderReport};
pub use facts::{Liveness, LoadSummary, PreflightCheck, RunFacts};
pub use judgement::{Judgement, Verdict};
pub use plan::{
    Breaker, Expectation, FaultWindow, Figure, JudgePlan, KindPlan, Measure, Policy, Scope, Span, Statistic,
    Subject, TimeBasis,
};
pub use stats::StatsReport;
pub use threshold::{Comparison, Quantity, Threshold, Unit};
pub use timeline::TimelineStep;

use crate::invariant::{Finding, Invariant, cascade, failover, finding, retry, service, stream};
use breakdown::Breakdown;
use evidence::{AttemptRecord, ClientRecord, FaultRecord, Observe};
use join::{Join, Joined};
use timeline::Timeline;

/// Judges one run from its records.
#[derive(Debug)]
pub struct Judge {
    plan: JudgePlan,
    join: Join,
    service: service::Tally,
    failover: failover::Tally,
    retry: retry::Tally,
    cascade: cascade::Tally,
    stream: stream::Tally,
    breakdown: Breakdown,
    timeline: Timeline,
    attempts_without_nonce: u64,
}

/// All that a check may look at.
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a JudgePlan,
    pub(crate) facts: &'a RunFacts,
    pub(crate) service: &'a service::Tally,
    pub(crate) failover: &'a failover::Tally,
    pub(crate) retry: &'a retry::Tally,
    pub(crate) cascade: &'a cascade::Tally,
    pub(crate) stream: &'a stream::Tally,
}

impl Judge {
    /// A judge for a run that was declared like this.
    pub fn new(plan: JudgePlan) -> Self {
        let idle_us = plan.policy.as_ref().and_then(|policy| policy.idle_timeout_us);
        Self {
            join: Join::new(plan.deadline_max_us()),
            service: service::Tally::new(&plan),
            failover: failover::Tally::new(),
            retry: retry::Tally::new(),
            cascade: cascade::Tally::new(),
            stream: stream::Tally::new(idle_us.map(|idle_us| idle_us + 1_000_000)),
            breakdown: Breakdown::new(),
            timeline: Timeline::new(&plan),
            attempts_without_nonce: 0,
            plan,
        }
    }

    /// Ends the run and judges it.
    pub fn finish(mut self, facts: &RunFacts) -> Judgement {
        self.advance(u64::MAX);
        let timeline = self.timeline();
        let expectations = self.findings(facts);
        let measured = self.breakdown.report(&self.plan);
        let (verdict, invalid_because) = judgement::verdict(&expectations, facts, measured.overall.ok);
        Judgement {
            verdict,
            safe: judgement::is_safe(&expectations, verdict),
            invalid_because,
            expectations,
            load: facts.load.clone(),
            measured,
            timeline,
            attempts_without_nonce: self.attempts_without_nonce,
        }
    }

    fn findings(&self, facts: &RunFacts) -> Vec<Finding> {
        let case = Case {
            plan: &self.plan,
            facts,
            service: &self.service,
            failover: &self.failover,
            retry: &self.retry,
            cascade: &self.cascade,
            stream: &self.stream,
        };
        let demanded =
            self.plan.expectations.iter().map(|expectation| finding::judge(&case, expectation, true));
        let is_demanded =
            |id: &Invariant| self.plan.expectations.iter().any(|demand| demand.invariant == *id);
        let others = Invariant::ALL.into_iter().filter(|invariant| !is_demanded(invariant));
        let others = others.filter_map(|invariant| Expectation::of_catalogue(invariant, &self.plan));
        demanded.chain(others.map(|expectation| finding::judge(&case, &expectation, false))).collect()
    }

    fn timeline(&mut self) -> Vec<TimelineStep> {
        let mut steps = self.timeline.finish();
        for step in &mut steps {
            let span = step.span();
            let counts = self
                .failover
                .attempts()
                .map(|(name, series)| (name.clone(), series.between(span.from_us, span.to_us)));
            step.attempts = counts.filter(|(_, count)| *count > 0).collect();
            let open = self.plan.faults.iter().filter(|window| window.span.overlaps(&span));
            step.faults = open.map(ToString::to_string).collect();
        }
        steps
    }

    /// Hands on every pair that is whole by now.
    fn advance(&mut self, now_us: u64) {
        self.timeline.advance(now_us);
        while let Some(joined) = self.join.next_whole(now_us) {
            self.take(&joined);
        }
    }

    fn take(&mut self, joined: &Joined) {
        self.breakdown.joined(joined);
        self.retry.any_joined(joined);
        self.cascade.any_joined(&self.plan, joined);
        self.stream.any_joined(joined);
        if joined.client.as_ref().is_none_or(is_ordinary) {
            self.failover.joined(joined);
            self.retry.joined(joined);
        }
    }
}

/// Neither control traffic nor bad on purpose.
fn is_ordinary(record: &ClientRecord) -> bool {
    record.pinned.is_none() && record.deliberate.is_none()
}

impl Observe for Judge {
    fn client(&mut self, record: &ClientRecord) {
        self.advance(record.t_us);
        self.breakdown.client(&self.plan, record);
        self.stream.client(record);
        if let Some(provider) = record.pinned.as_ref().filter(|_| record.deliberate.is_none()) {
            self.cascade.pinned(&self.plan, provider, record);
        }
        if is_ordinary(record) {
            self.service.client(&self.plan, record);
            self.failover.client(&self.plan, record);
            self.retry.client(&self.plan, record);
            self.timeline.client(record);
        }
        if let Some(nonce) = record.nonce {
            self.join.client(nonce, record);
        }
    }

    fn attempt(&mut self, record: &AttemptRecord) {
        self.advance(record.t_us);
        self.failover.attempt(&self.plan, record);
        match record.nonce {
            Some(nonce) => self.join.attempt(nonce, record),
            None => self.attempts_without_nonce += 1,
        }
    }

    /// Windows are judged as declared; the record's time still moves the clock on.
    fn fault(&mut self, record: &FaultRecord) {
        self.advance(record.t_us);
    }
}

impl Case<'_> {
    /// A window's place in the plan.
    pub(crate) fn window_index(&self, window: &FaultWindow) -> usize {
        self.plan.faults.iter().position(|other| other == window).unwrap_or(usize::MAX)
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

#[cfg(test)]
pub(crate) mod support;
#[cfg(test)]
mod tests;
