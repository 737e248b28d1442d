//! What a plan amounts to, counted without sending anything.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use evidence::record::Name;
use world::{Domain, Instant, Seed};

use super::{LoadPlan, Planned};

/// A plan in figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanSummary {
    /// All arrivals, control traffic included.
    pub arrivals: u64,
    /// Of them, control traffic.
    pub control: u64,
    /// Of them, bad on purpose.
    pub deliberate: u64,
    /// Of them, streamed.
    pub streamed: u64,
    /// By class of the mix; control traffic is a class of its own.
    pub by_class: BTreeMap<Name, u64>,
    /// By tenant.
    pub by_tenant: BTreeMap<Name, u64>,
    /// By phase.
    pub by_phase: BTreeMap<Name, u64>,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens of all answers, were each as long as it may be.
    pub answer_tokens_max: u64,
    /// Highest rate, in requests a second.
    pub peak_rate: f64,
    /// Most requests in flight, were each answered in the time that the caller expects.
    pub peak_in_flight: u64,
    /// When the last arrival is due.
    pub last_due: Instant,
    /// The fingerprint of every arrival: equal if and only if two plans send the same.
    pub hash: u64,
}

impl LoadPlan {
    /// Counts the plan's arrivals. `service` says how long a request is expected to take.
    pub fn summary(&self, service: impl Fn(&Planned) -> Duration) -> PlanSummary {
        let mut summary = PlanSummary { peak_rate: self.peak_rate(), ..PlanSummary::default() };
        // A key of its own, whatever the seed: equal plans have equal fingerprints.
        let domain = Seed(0).domain("load.hash");
        let mut in_flight = BinaryHeap::new();
        for planned in self.arrivals() {
            summary.count(&planned);
            summary.hash = chained(&domain, summary.hash, &planned);
            while in_flight.peek().is_some_and(|Reverse(end)| *end <= planned.due) {
                in_flight.pop();
            }
            in_flight.push(Reverse(planned.due + service(&planned)));
            summary.peak_in_flight = summary.peak_in_flight.max(in_flight.len() as u64);
        }
        summary
    }
}

impl PlanSummary {
    fn count(&mut self, planned: &Planned) {
        self.arrivals += 1;
        self.control += u64::from(planned.pinned.is_some());
        self.deliberate += u64::from(planned.deliberate.is_some());
        self.streamed += u64::from(planned.streamed);
        add(&mut self.by_class, &planned.class.name);
        add(&mut self.by_tenant, &planned.tenant.name);
        add(&mut self.by_phase, &planned.phase);
        self.prompt_tokens += u64::from(planned.prompt_tokens) * u64::from(planned.class.batch);
        self.answer_tokens_max += u64::from(planned.class.max_tokens.unwrap_or(0));
        self.last_due = self.last_due.max(planned.due);
    }
}

fn add(counts: &mut BTreeMap<Name, u64>, name: &Name) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(Name::clone(name), 1)),
    }
}

fn chained(domain: &Domain, before: u64, planned: &Planned) -> u64 {
    let leaves = planned.leaves_after.map_or(u64::MAX, |after| after.as_micros() as u64);
    domain.hash(&[
        &before.to_le_bytes(),
        &planned.ordinal.to_le_bytes(),
        &planned.due.as_micros().to_le_bytes(),
        planned.class.name.as_bytes(),
        planned.class.path.as_bytes(),
        planned.tenant.name.as_bytes(),
        planned.model.as_bytes(),
        planned.phase.as_bytes(),
        &[u8::from(planned.streamed), planned.deliberate.map_or(0, |kind| kind as u8 + 1)],
        &planned.nonce.map_or(0, evidence::Nonce::id).to_le_bytes(),
        &planned.prompt_tokens.to_le_bytes(),
        &planned.class.max_tokens.unwrap_or(0).to_le_bytes(),
        &planned.class.batch.to_le_bytes(),
        &leaves.to_le_bytes(),
    ])
}
