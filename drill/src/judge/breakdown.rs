//! The figures of a report, by kind, class, tenant, phase, window and provider.

use crate::demand::JudgePlan;
use crate::observed::{Joined, Stats, StatsReport};
use evidence::histogram::Precision;
use evidence::record::AttemptOutcome;
use evidence::{ClientRecord, Name};
use serde::Serialize;
use std::collections::BTreeMap;

/// Tenants beyond this many share one line.
const TENANTS_MAX: usize = 200;
const OTHER_TENANTS: &str = "(others)";
const QUIET: &str = "(no fault)";

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Every request without control traffic and those bad on purpose.
    #[serde(flatten)]
    pub overall: StatsReport,
    /// By kind of request.
    pub by_kind: BTreeMap<String, StatsReport>,
    /// By class of user or length.
    pub by_class: BTreeMap<String, StatsReport>,
    /// By tenant.
    pub by_tenant: BTreeMap<String, StatsReport>,
    /// By phase of the load.
    pub by_phase: BTreeMap<String, StatsReport>,
    /// By fault window, and outside all of them.
    pub by_window: BTreeMap<String, StatsReport>,
    /// By the provider that answered.
    pub by_provider: BTreeMap<String, ProviderReport>,
    /// Control traffic, by the provider it was pinned to.
    pub control: BTreeMap<String, StatsReport>,
    /// Requests that were bad on purpose.
    pub deliberate: Option<StatsReport>,
}

/// One provider, seen from both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProviderReport {
    /// Attempts on its route.
    pub attempts: u64,
    /// How many ended in which way.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Attempts that a fault was applied to.
    pub faulted: u64,
    /// Good answers to clients that it gave.
    pub served: u64,
    /// Tokens that it produced.
    pub tokens: u64,
}

#[derive(Debug)]
pub(crate) struct Breakdown {
    overall: Stats,
    kinds: BTreeMap<Name, Stats>,
    classes: BTreeMap<Name, Stats>,
    tenants: BTreeMap<Name, Stats>,
    phases: BTreeMap<Name, Stats>,
    windows: BTreeMap<Option<usize>, Stats>,
    providers: BTreeMap<Name, ProviderReport>,
    control: BTreeMap<Name, Stats>,
    deliberate: Stats,
}

impl Breakdown {
    pub(crate) const fn new() -> Self {
        Self {
            overall: Stats::new(Precision::Fine),
            kinds: BTreeMap::new(),
            classes: BTreeMap::new(),
            tenants: BTreeMap::new(),
            phases: BTreeMap::new(),
            windows: BTreeMap::new(),
            providers: BTreeMap::new(),
            control: BTreeMap::new(),
            deliberate: Stats::new(Precision::Coarse),
        }
    }

    pub(crate) fn client(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        if record.deliberate.is_some() {
            self.deliberate.add(record);
            return;
        }
        if let Some(provider) = &record.pinned {
            group(&mut self.control, provider, Precision::Coarse).add(record);
            return;
        }
        self.overall.add(record);
        group(&mut self.kinds, &record.kind, Precision::Fine).add(record);
        if let Some(class) = &record.class {
            group(&mut self.classes, class, Precision::Coarse).add(record);
        }
        group(&mut self.phases, &record.phase, Precision::Coarse).add(record);
        self.tenant(&record.tenant).add(record);
        let mut windows: Vec<_> = plan.windows_at(record.sched_us).map(Some).collect();
        if windows.is_empty() {
            windows.push(None);
        }
        for window in windows {
            self.windows.entry(window).or_insert_with(|| Stats::new(Precision::Coarse)).add(record);
        }
    }

    fn tenant(&mut self, tenant: &Name) -> &mut Stats {
        let is_new = !self.tenants.contains_key(tenant);
        if is_new && self.tenants.len() >= TENANTS_MAX {
            return group(&mut self.tenants, &OTHER_TENANTS.into(), Precision::Coarse);
        }
        group(&mut self.tenants, tenant, Precision::Coarse)
    }

    /// Counts every attempt of every request.
    pub(crate) fn joined(&mut self, joined: &Joined) {
        for attempt in &joined.attempts {
            let provider = self.provider(&attempt.provider);
            provider.attempts += 1;
            provider.faulted += u64::from(attempt.is_faulted);
            provider.tokens += u64::from(attempt.tokens);
            *provider.outcomes.entry(outcome_name(attempt.outcome)).or_default() += 1;
        }
        if let Some(provider) = joined.served_by().filter(|_| joined.is_ok()) {
            self.provider(&provider).served += 1;
        }
    }

    fn provider(&mut self, name: &Name) -> &mut ProviderReport {
        if !self.providers.contains_key(name) {
            self.providers.insert(name.clone(), ProviderReport::default());
        }
        self.providers.entry(name.clone()).or_default()
    }

    pub(crate) fn report(&self, plan: &JudgePlan) -> Measured {
        let window_name = |window: &Option<usize>| match window {
            Some(index) => plan.faults[*index].to_string(),
            None => QUIET.to_owned(),
        };
        Measured {
            overall: self.overall.report(),
            by_kind: reports(&self.kinds),
            by_class: reports(&self.classes),
            by_tenant: reports(&self.tenants),
            by_phase: reports(&self.phases),
            by_window: self
                .windows
                .iter()
                .map(|(window, stats)| (window_name(window), stats.report()))
                .collect(),
            by_provider: self
                .providers
                .iter()
                .map(|(name, report)| (name.to_string(), report.clone()))
                .collect(),
            control: reports(&self.control),
            deliberate: (self.deliberate.requests > 0).then(|| self.deliberate.report()),
        }
    }
}

fn group<'a>(groups: &'a mut BTreeMap<Name, Stats>, name: &Name, precision: Precision) -> &'a mut Stats {
    groups.entry(name.clone()).or_insert_with(|| Stats::new(precision))
}

fn reports(groups: &BTreeMap<Name, Stats>) -> BTreeMap<String, StatsReport> {
    groups.iter().map(|(name, stats)| (name.to_string(), stats.report())).collect()
}

const fn outcome_name(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Ok => "ok",
        AttemptOutcome::Error => "error",
        AttemptOutcome::Reset => "reset",
        AttemptOutcome::Cut => "cut",
        AttemptOutcome::Stall => "stall",
        AttemptOutcome::Refused => "refused",
        AttemptOutcome::UpstreamFailed => "upstream_failed",
        AttemptOutcome::ClientLeft => "client_left",
    }
}
