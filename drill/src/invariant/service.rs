//! A, the level of service: availability, latency, goodput, clean errors; and D1, that a valid key is
//! never called invalid.
//!
//! Control traffic and requests that are bad on purpose are left out. Times count from the intended
//! send time.

use super::Case;
use super::finding::Evaluation;
use super::offence::Offences;
use crate::demand::{
    Expectation, Invariant, JudgePlan, Quantity, Scope, Span, Statistic, Subject, Threshold, Unit,
};
use crate::observed::{SECOND_US, Series, Stats, sliding};
use evidence::histogram::Precision;
use evidence::record::ClientOutcome;
use evidence::{ClientRecord, Name, Nonce};
use std::collections::BTreeMap;

/// Below this many requests, a value whose confidence interval reaches the limit decides nothing.
const CONCLUSIVE_REQUESTS: u64 = 1000;
/// The stretch in which a tenant's demand is held against its limit, and a first breach is looked for.
const WINDOW_US: u64 = 10 * SECOND_US;

#[derive(Debug)]
pub(crate) struct Tally {
    watched: Vec<Watched>,
    good: u64,
    judged_for_goodput: u64,
    late: Offences,
    clean_errors: u64,
    dirty_errors: Offences,
    valid_key_requests: u64,
    called_invalid: Offences,
    tenants: BTreeMap<Name, Limited>,
}

/// A subject that an expectation names.
#[derive(Debug)]
pub(crate) struct Watched {
    subject: Subject,
    stats: Stats,
    pub(crate) all: Series,
    pub(crate) ok: Series,
    windows: BTreeMap<usize, Stats>,
    failed: BTreeMap<usize, Offences>,
    failures: Offences,
}

/// A tenant with a limit of its own.
#[derive(Debug)]
struct Limited {
    demand: Series,
    throttled: Series,
}

impl Watched {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            stats: Stats::new(Precision::Fine),
            all: Series::seconds(),
            ok: Series::seconds(),
            windows: BTreeMap::new(),
            failed: BTreeMap::new(),
            failures: Offences::default(),
        }
    }

    fn add(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        self.stats.add(record);
        self.all.add(record.sched_us);
        for window in plan.windows_at(record.sched_us) {
            self.windows.entry(window).or_insert_with(|| Stats::new(Precision::Coarse)).add(record);
        }
        if record.outcome == ClientOutcome::Ok {
            self.ok.add(record.sched_us);
            return;
        }
        self.failures.add(record.sched_us, record.nonce);
        for window in plan.windows_at(record.sched_us) {
            self.failed.entry(window).or_default().add(record.sched_us, record.nonce);
        }
    }

    /// Some of the requests that failed in a window.
    pub(crate) fn failed_in(&self, window: usize) -> Vec<Nonce> {
        self.failed.get(&window).map(|failed| failed.named.clone()).unwrap_or_default()
    }

    /// (ok, all) of a stretch.
    fn availability(&self, span: Span) -> (u64, u64) {
        (self.ok.between(span.from_us, span.to_us), self.all.between(span.from_us, span.to_us))
    }
}

impl Tally {
    pub(crate) fn new(plan: &JudgePlan) -> Self {
        let mut subjects = vec![Subject::everything()];
        for expectation in &plan.expectations {
            if !subjects.contains(&expectation.subject) {
                subjects.push(expectation.subject.clone());
            }
        }
        let limited =
            || Limited { demand: Series::with_step(WINDOW_US), throttled: Series::with_step(WINDOW_US) };
        Self {
            watched: subjects.into_iter().map(Watched::new).collect(),
            good: 0,
            judged_for_goodput: 0,
            late: Offences::default(),
            clean_errors: 0,
            dirty_errors: Offences::default(),
            valid_key_requests: 0,
            called_invalid: Offences::default(),
            tenants: plan.tenant_limits.keys().map(|tenant| (tenant.clone(), limited())).collect(),
        }
    }

    /// Counts a request that is neither control traffic nor bad on purpose.
    pub(crate) fn client(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        for watched in self.watched.iter_mut().filter(|watched| watched.subject.matches(record)) {
            watched.add(plan, record);
        }
        self.count_goodput(plan, record);
        self.count_error(record);
        self.count_demand(record);
    }

    fn count_goodput(&mut self, plan: &JudgePlan, record: &ClientRecord) {
        let Some(kind) = plan.kinds.get(&record.kind) else { return };
        let useful_us = kind.useful_us.unwrap_or(kind.deadline_us);
        self.judged_for_goodput += 1;
        let latency_us = record.end_us.saturating_sub(record.sched_us);
        if record.outcome == ClientOutcome::Ok && latency_us <= useful_us {
            self.good += 1;
        } else {
            self.late.add(record.sched_us, record.nonce);
        }
    }

    /// What went wrong inside a stream has its own checks (E1 to E4): no status was left to send. What was never sent
    /// is nobody's error but the generator's (G1).
    fn count_error(&mut self, record: &ClientRecord) {
        if record.sent_us.is_none() {
            return;
        }
        self.valid_key_requests += 1;
        if matches!(record.status, Some(401 | 403)) {
            self.called_invalid.add(record.sched_us, record.nonce);
        }
        match record.outcome {
            ClientOutcome::Ok
            | ClientOutcome::Degraded
            | ClientOutcome::TruncSilent
            | ClientOutcome::Crosstalk
            | ClientOutcome::Duplicate => {}
            ClientOutcome::TruncSignalled if record.streamed => {}
            ClientOutcome::Http
                if matches!(record.status, Some(429 | 503)) && record.error_type.is_some() =>
            {
                self.clean_errors += 1;
            }
            _ => self.dirty_errors.add(record.sched_us, record.nonce),
        }
    }

    fn count_demand(&mut self, record: &ClientRecord) {
        let Some(tenant) = self.tenants.get_mut(&record.tenant) else { return };
        tenant.demand.add(record.sched_us);
        if record.status == Some(429) {
            tenant.throttled.add(record.sched_us);
        }
    }

    /// Some of the requests that failed in a window.
    pub(crate) fn failed_in(&self, window: usize) -> Vec<Nonce> {
        self.everything().failed_in(window)
    }

    /// The counts of every request.
    pub(crate) fn everything(&self) -> &Watched {
        &self.watched[0]
    }

    pub(crate) fn evaluate(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        match expectation.invariant {
            Invariant::A1 => self.availability(case, expectation),
            Invariant::A2 => self.latency(case.plan, expectation),
            Invariant::A3 => self.goodput(),
            Invariant::A5 => self.clean(),
            _ => self.truthful(),
        }
    }

    fn watched(&self, subject: &Subject) -> &Watched {
        self.watched.iter().find(|watched| watched.subject == *subject).unwrap_or_else(|| self.everything())
    }

    fn availability(&self, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
        let watched = self.watched(&expectation.subject);
        let overall = self.overall_availability(case, watched);
        let mut stretches = Vec::new();
        if expectation.scope != Scope::Windows {
            stretches.push(("overall".to_owned(), overall, watched.failures.named.clone()));
        }
        if expectation.scope != Scope::Overall {
            for (index, window) in case.plan.faults.iter().enumerate() {
                let counts = watched.availability(window.span);
                stretches.push((window.to_string(), counts, watched.failed_in(index)));
            }
        }
        worst_stretch(stretches, expectation.threshold)
            .theory(case.availability_theory())
            .first_seen(|| first_window_below(watched, case.plan, expectation.threshold))
    }

    /// (ok, all) of the run. What the full in-flight cap kept back has a record like every other failure;
    /// what a tenant asked beyond its own limit was not failed by the target.
    fn overall_availability(&self, case: &Case<'_>, watched: &Watched) -> (u64, u64) {
        let excess: u64 =
            self.tenants.iter().map(|(name, tenant)| self.excess(case, watched, name, tenant)).sum();
        (watched.stats.ok, watched.stats.requests.saturating_sub(excess).max(watched.stats.ok))
    }

    /// Throttled requests of a tenant that were beyond its limit.
    fn excess(&self, case: &Case<'_>, watched: &Watched, name: &Name, tenant: &Limited) -> u64 {
        let is_meant = watched.subject.tenant.as_ref().is_none_or(|wanted| wanted == name);
        let limit = case.plan.tenant_limits.get(name).filter(|_| is_meant);
        let Some(limit) = limit else { return 0 };
        let limit = u64::from(*limit) * (WINDOW_US / SECOND_US);
        let end_us = case.plan.duration_us + WINDOW_US;
        let demands = tenant.demand.steps(0, end_us).map(u64::from);
        let throttled = tenant.throttled.steps(0, end_us).map(u64::from);
        demands.zip(throttled).map(|(demand, throttled)| throttled.min(demand.saturating_sub(limit))).sum()
    }

    /// The stretch with the highest figure decides; each that was judged is listed.
    fn latency(&self, plan: &JudgePlan, expectation: &Expectation) -> Evaluation {
        let watched = self.watched(&expectation.subject);
        let overall = (expectation.scope != Scope::Windows).then(|| ("overall".to_owned(), &watched.stats));
        let windows = watched.windows.iter().map(|(index, stats)| (plan.faults[*index].to_string(), stats));
        let windows = windows.filter(|_| expectation.scope != Scope::Overall);
        let figures =
            overall.into_iter().chain(windows).map(|(name, stats)| (name, stats.figure(expectation.figure)));
        let judged: Vec<_> = figures.filter(|(_, (count, _))| *count > 0).collect();
        let Some((_, (count, value_us))) = judged.iter().max_by_key(|(_, (_, value_us))| *value_us) else {
            return Evaluation::not_judged("no request of this kind");
        };
        let describe = |(name, (count, value_us)): &(String, (u64, u64))| {
            format!("{name} {} of {count}", Quantity::micros(*value_us))
        };
        let detail: Vec<_> = judged.iter().map(describe).collect();
        let mut evaluation = Evaluation::measured(Quantity::micros(*value_us), detail.join(", "));
        if let Statistic::Permyriad(parts) = expectation.figure.statistic {
            // A percentile needs at least one value beyond it, or it is only the maximum.
            evaluation.too_few = count * u64::from(10_000_u16.saturating_sub(parts)) < 10_000;
        }
        evaluation
    }

    fn goodput(&self) -> Evaluation {
        let ratio = Quantity::share(self.good, self.judged_for_goodput);
        let detail = format!("{} of {} useful in time", self.good, self.judged_for_goodput);
        Evaluation::from_ratio(ratio, detail, "no request of a kind with a deadline")
            .breach(self.late.first_us, self.late.named.clone())
    }

    fn clean(&self) -> Evaluation {
        let errors = self.clean_errors + self.dirty_errors.count;
        let detail = format!("{} of {errors} errors are 429 or 503 with a JSON body", self.clean_errors);
        Evaluation::from_ratio(Quantity::share(self.clean_errors, errors), detail, "no errors")
            .breach(self.dirty_errors.first_us, self.dirty_errors.named.clone())
    }

    fn truthful(&self) -> Evaluation {
        if self.valid_key_requests == 0 {
            return Evaluation::not_judged("no request with a valid key");
        }
        let detail = format!("of {} requests with a valid key", self.valid_key_requests);
        Evaluation::measured(Quantity::count(self.called_invalid.count), detail)
            .breach(self.called_invalid.first_us, self.called_invalid.named.clone())
    }
}

type Stretch = (String, (u64, u64), Vec<Nonce>);

/// A breach that is certain decides before one that is not, then the lowest availability; each stretch
/// that was judged is listed.
fn worst_stretch(stretches: Vec<Stretch>, threshold: Threshold) -> Evaluation {
    let judged: Vec<_> = stretches.into_iter().filter(|(_, (_, all), _)| *all > 0).collect();
    let detail: Vec<String> = judged.iter().map(|(name, counts, _)| describe(name, *counts)).collect();
    let rank = |(_, (ok, all), _): &Stretch| {
        let share = Quantity::share(*ok, *all).unwrap_or(Quantity::ppm(0));
        let is_unsure = is_inconclusive((*ok, *all), threshold);
        (is_unsure || threshold.holds(share), !is_unsure, share.micro)
    };
    let worst = judged.into_iter().min_by_key(rank);
    let Some((_, (ok, all), named)) = worst else { return Evaluation::not_judged("no requests") };
    Evaluation {
        measured: Quantity::share(ok, all),
        detail: detail.join(", "),
        too_few: is_inconclusive((ok, all), threshold),
        evidence: named,
        ..Evaluation::default()
    }
}

/// Whether so few requests could as well have come out on the other side of the threshold.
fn is_inconclusive((ok, all): (u64, u64), threshold: Threshold) -> bool {
    all < CONCLUSIVE_REQUESTS && straddles(wilson_ppm(ok, all), threshold)
}

fn describe(name: &str, (ok, all): (u64, u64)) -> String {
    let (low, high) = wilson_ppm(ok, all);
    let share = Quantity::share(ok, all).map(|share| share.to_string()).unwrap_or_default();
    format!("{name} {share} of {all} (95% between {} and {})", Quantity::ppm(low), Quantity::ppm(high))
}

/// Whether one end of the interval is as demanded and the other is not.
fn straddles((low, high): (i64, i64), threshold: Threshold) -> bool {
    let holds = |micro| threshold.holds(Quantity { micro, unit: Unit::Share });
    holds(low) != holds(high)
}

/// Wilson's 95 % interval of a share, in parts per million.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "counts are small, the result lies in 0 to 1e6"
)]
fn wilson_ppm(ok: u64, all: u64) -> (i64, i64) {
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (all as f64, ok as f64 / all as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * libm::sqrt(p * (1.0 - p) / n + Z * Z / (4.0 * n * n));
    let scale = 1e6 / (1.0 + Z * Z / n);
    let ppm = |value: f64| libm::round(value * scale).clamp(0.0, 1e6) as i64;
    (ppm(centre - half), ppm(centre + half))
}

/// The first stretch of 10 s whose availability is not as demanded.
fn first_window_below(watched: &Watched, plan: &JudgePlan, threshold: Threshold) -> Option<u64> {
    sliding(0, plan.duration_us, WINDOW_US).find(|start| {
        let (ok, all) = watched.availability(Span { from_us: *start, to_us: start + WINDOW_US });
        Quantity::share(ok, all).is_some_and(|share| !threshold.holds(share))
    })
}

impl Evaluation {
    /// Looks for the first breach only where there is a figure.
    fn first_seen(mut self, find: impl FnOnce() -> Option<u64>) -> Self {
        self.first_breach_us = self.measured.and_then(|_| find());
        self
    }
}

#[cfg(test)]
mod tests;
