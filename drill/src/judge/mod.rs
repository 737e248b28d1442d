//! The judge: it reads the records of a run as they are written and says at the end what held.
//!
//! Nothing is kept of a request once its client has ended and its attempts have had time to end too;
//! what remains are counts by second and distributions of fixed size.

mod breakdown;
mod judgement;
mod timeline;

pub use breakdown::{Measured, ProviderReport};
pub use judgement::{Judgement, Verdict};
pub use timeline::TimelineStep;

use crate::demand::{Expectation, Invariant, JudgePlan};
use crate::invariant::{self, Case, Finding, Tallies};
use crate::observed::{Join, RunFacts};
use breakdown::Breakdown;
use evidence::{AttemptRecord, ClientRecord, FaultRecord, Observe};
use timeline::Timeline;

/// Judges one run from its records.
#[derive(Debug)]
pub struct Judge {
    plan: JudgePlan,
    join: Join,
    tallies: Tallies,
    breakdown: Breakdown,
    timeline: Timeline,
    attempts_without_nonce: u64,
}

impl Judge {
    /// A judge for a run that was declared like this.
    pub fn new(plan: JudgePlan) -> Self {
        Self {
            join: Join::new(plan.deadline_max_us()),
            tallies: Tallies::new(&plan),
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
        let case = Case { plan: &self.plan, facts, tallies: &self.tallies };
        let demanded =
            self.plan.expectations.iter().map(|expectation| invariant::judge(&case, expectation, true));
        let is_demanded =
            |id: &Invariant| self.plan.expectations.iter().any(|demand| demand.invariant == *id);
        let others = Invariant::ALL.into_iter().filter(|invariant| !is_demanded(invariant));
        let others = others.filter_map(|invariant| Expectation::of_catalogue(invariant, &self.plan));
        demanded.chain(others.map(|expectation| invariant::judge(&case, &expectation, false))).collect()
    }

    fn timeline(&mut self) -> Vec<TimelineStep> {
        let mut steps = self.timeline.finish();
        for step in &mut steps {
            let span = step.span();
            let asked = self.tallies.attempts_between(span).filter(|(_, count)| *count > 0);
            step.attempts = asked.map(|(name, count)| (name.clone(), count)).collect();
            let open = self.plan.faults.iter().filter(|window| window.span.overlaps(&span));
            step.faults = open.map(ToString::to_string).collect();
        }
        steps
    }

    /// Hands on every pair that is whole by now.
    fn advance(&mut self, now_us: u64) {
        self.timeline.advance(now_us);
        while let Some(joined) = self.join.next_whole(now_us) {
            self.breakdown.joined(&joined);
            self.tallies.joined(&self.plan, &joined);
        }
    }
}

impl Observe for Judge {
    fn client(&mut self, record: &ClientRecord) {
        self.advance(record.t_us);
        self.breakdown.client(&self.plan, record);
        self.tallies.client(&self.plan, record);
        if invariant::is_ordinary(record) {
            self.timeline.client(record);
        }
        if let Some(nonce) = record.nonce {
            self.join.client(nonce, record);
        }
    }

    fn attempt(&mut self, record: &AttemptRecord) {
        self.advance(record.t_us);
        self.tallies.attempt(&self.plan, record);
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

#[cfg(test)]
pub(crate) mod support;
#[cfg(test)]
mod tests;
