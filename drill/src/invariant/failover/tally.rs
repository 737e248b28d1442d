//! What the F family counts while the run goes on.

use super::super::offence::Offences;
use crate::demand::{JudgePlan, Quantity, Span};
use crate::observed::{Joined, Series};
use evidence::histogram::{Histogram, Precision};
use evidence::record::{AttemptOutcome, ClientOutcome};
use evidence::{AttemptRecord, ClientRecord, Name};
use std::collections::BTreeMap;

/// Fine enough to see a herd inside one second.
pub(crate) const ATTEMPT_STEP_US: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Tally {
    /// Attempts of ordinary traffic by provider, by the time they began.
    attempts: BTreeMap<Name, Series>,
    /// Requests that carry a nonce, by intended send time.
    pub(super) requests: Series,
    /// Good answers by kind, streamed or not, and provider.
    served: BTreeMap<ServedKey, Series>,
    pub(super) quiet_latency: Histogram,
    pub(super) fault_latency: BTreeMap<usize, Histogram>,
    /// What faults did to a window's provider while it was open.
    hits: BTreeMap<usize, Hits>,
    /// The same of ordinary traffic, by window, kind, and streamed or not.
    hits_by_kind: BTreeMap<(usize, Name, bool), Hits>,
    pub(super) attributed: u64,
    pub(super) misattributed: Offences,
    embeddings: BTreeMap<Name, (Option<Name>, u32)>,
    pub(super) embedded: u64,
    pub(super) unstable: Offences,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServedKey {
    pub(super) kind: Name,
    pub(super) streamed: bool,
    pub(super) provider: Name,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            attempts: BTreeMap::new(),
            requests: Series::seconds(),
            served: BTreeMap::new(),
            quiet_latency: Histogram::new(Precision::Fine),
            fault_latency: BTreeMap::new(),
            hits: BTreeMap::new(),
            hits_by_kind: BTreeMap::new(),
            attributed: 0,
            misattributed: Offences::default(),
            embeddings: BTreeMap::new(),
            embedded: 0,
            unstable: Offences::default(),
        }
    }

    /// Counts a request that is neither control traffic nor bad on purpose.
    pub(crate) fn client(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        if record.nonce.is_some() && record.sent_us.is_some() {
            self.requests.add(record.sched_us);
        }
        if record.outcome != ClientOutcome::Ok {
            return;
        }
        let latency_us = record.end_us.saturating_sub(record.sched_us);
        if plan.baseline().contains(record.sched_us) {
            self.quiet_latency.record(latency_us);
        }
        for window in plan.windows_at(record.sched_us) {
            self.fault_latency.entry(window).or_insert_with(coarse).record(latency_us);
        }
        self.count_embedding(record);
    }

    fn count_embedding(&mut self, record: &ClientRecord) {
        let Some(dimension) = record.dimension else { return };
        self.embedded += 1;
        let seen = (record.served_model.clone(), dimension);
        let first = self.embeddings.entry(record.model.clone()).or_insert_with(|| seen.clone());
        if *first != seen {
            self.unstable.add(record.sched_us, record.nonce);
        }
    }

    /// Counts what a fault rule did to a provider's attempts; those without a nonce count too.
    pub(crate) fn attempt(&mut self, plan: &JudgePlan, record: &AttemptRecord) {
        for index in plan.windows_at(record.in_us) {
            if plan.faults[index].provider == record.provider {
                let failed = record.outcome != AttemptOutcome::Ok || !record.complete;
                let hits = self.hits.entry(index).or_default();
                hits.add(record.is_faulted(), failed && !(record.streamed && record.tokens > 0));
            }
        }
    }

    /// Counts ordinary traffic with all its attempts.
    pub(crate) fn joined(&mut self, plan: &JudgePlan, joined: &Joined) {
        for attempt in &joined.attempts {
            let series = self.attempts.entry(attempt.provider.clone());
            series.or_insert_with(|| Series::with_step(ATTEMPT_STEP_US)).add(attempt.in_us);
        }
        self.count_hits(plan, joined);
        let Some(client) = joined.client.as_ref().filter(|client| client.outcome == ClientOutcome::Ok) else {
            return;
        };
        if let Some(provider) = joined.served_by() {
            let key = ServedKey { kind: client.kind.clone(), streamed: client.streamed, provider };
            self.served.entry(key).or_insert_with(Series::seconds).add(client.sched_us);
        }
        self.count_attribution(joined, client);
    }

    fn count_hits(&mut self, plan: &JudgePlan, joined: &Joined) {
        let Some(client) = &joined.client else { return };
        for attempt in &joined.attempts {
            for index in plan.windows_at(attempt.in_us) {
                if plan.faults[index].provider == attempt.provider {
                    let key = (index, client.kind.clone(), client.streamed);
                    let begun = client.streamed && attempt.tokens > 0;
                    let hits = self.hits_by_kind.entry(key).or_default();
                    hits.add(attempt.is_faulted, !attempt.succeeded() && !begun);
                }
            }
        }
    }

    fn count_attribution(&mut self, joined: &Joined, client: &ClientRecord) {
        let Some(claimed) = client.served_by.as_ref().filter(|_| !joined.attempts.is_empty()) else { return };
        self.attributed += 1;
        if !joined.attempts.iter().any(|attempt| attempt.succeeded() && attempt.provider == *claimed) {
            self.misattributed.add(client.sched_us, Some(joined.nonce));
        }
    }

    /// The attempts of ordinary traffic on a provider.
    pub(crate) fn attempts_on(&self, provider: &str) -> Option<&Series> {
        self.attempts.get(provider)
    }

    /// Attempts on every provider.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = (&Name, &Series)> {
        self.attempts.iter()
    }

    pub(crate) fn attempts_between(&self, provider: &str, span: Span) -> u64 {
        self.attempts_on(provider).map_or(0, |series| series.between(span.from_us, span.to_us))
    }

    /// Attempts on every provider in a stretch.
    pub(crate) fn attempts_in(&self, span: Span) -> u64 {
        self.attempts.values().map(|series| series.between(span.from_us, span.to_us)).sum()
    }

    pub(super) fn served(&self) -> impl Iterator<Item = (&ServedKey, &Series)> {
        self.served.iter()
    }

    /// Whether the provider is the first choice for a kind: as declared, else as most quiet answers show.
    pub(super) fn is_primary(&self, plan: &JudgePlan, kind: &Name, provider: &Name) -> bool {
        let declared = plan.kinds.get(kind).and_then(|kind| kind.targets.first());
        declared.map_or_else(|| self.serves_most(plan.baseline(), kind, provider), |first| first == provider)
    }

    fn serves_most(&self, quiet: Span, kind: &Name, provider: &Name) -> bool {
        let of_kind = self.served.iter().filter(|(key, _)| key.kind == *kind);
        let (mut all, mut own) = (0, 0);
        for (key, series) in of_kind {
            let count = series.between(quiet.from_us, quiet.to_us);
            all += count;
            own += if key.provider == *provider { count } else { 0 };
        }
        2 * own > all
    }

    /// Whether the provider is the first choice for any kind.
    pub(super) fn is_primary_of_any(&self, plan: &JudgePlan, provider: &Name) -> bool {
        let declared = plan.kinds.keys();
        let seen = self.served.keys().map(|key| &key.kind);
        declared.chain(seen).any(|kind| self.is_primary(plan, kind, provider))
    }

    /// Whether a window shows faults: a rule that never took hold tests nothing.
    pub(super) fn took_hold(&self, window: usize) -> bool {
        const ENOUGH_TO_TELL: u64 = 50;
        self.hits.get(&window).is_none_or(|hits| hits.faulted > 0 || hits.attempts < ENOUGH_TO_TELL)
    }

    /// The share of a window's attempts on its provider that a fault made fail in time for failing over.
    pub(super) fn failing_ppm(&self, window: usize) -> Option<i64> {
        self.hits.get(&window)?.failing_ppm()
    }

    /// The same of ordinary requests of one kind, streamed or not.
    pub(super) fn failing_ppm_of(&self, window: usize, kind: &Name, streamed: bool) -> Option<i64> {
        self.hits_by_kind.get(&(window, kind.clone(), streamed))?.failing_ppm()
    }
}

/// Attempts on the provider of a fault window.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    attempts: u64,
    /// A fault acted on them.
    faulted: u64,
    /// It made them fail before any of a streamed answer had gone out, while failing over was possible.
    failed: u64,
}

impl Hits {
    fn add(&mut self, is_faulted: bool, has_failed: bool) {
        self.attempts += 1;
        self.faulted += u64::from(is_faulted);
        self.failed += u64::from(is_faulted && has_failed);
    }

    /// In millionths; none of so few that a share means nothing.
    fn failing_ppm(&self) -> Option<i64> {
        const ENOUGH: u64 = 5;
        let share = Quantity::share(self.failed, self.attempts)?;
        (self.attempts >= ENOUGH).then_some(share.micro)
    }
}

const fn coarse() -> Histogram {
    Histogram::new(Precision::Coarse)
}
