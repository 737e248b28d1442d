//! While a fault is on: F1 how soon, F2 how completely, F3 how quietly, F4 at what price, F7 how steadily
//! traffic leaves the faulted provider.

use super::super::finding::Evaluation;
use super::F1_WINDOW_US;
use super::tally::Tally;
use crate::demand::{Expectation, FaultWindow, Quantity, Span, Threshold, Unit, Weight};
use crate::invariant::Case;
use crate::observed::{SECOND_US, sliding};
use evidence::Name;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Availability that counts as having failed over, in percent.
const F1_GOOD_PERCENT: u64 = 95;
/// F2 of a whole outage: the least share of good answers from elsewhere.
const F2_OUTAGE_PPM: i64 = 950_000;
/// Shares at which a fault is neither nearly absent nor nearly total.
const HALF_PPM: std::ops::RangeInclusive<i64> = 300_000..=700_000;
/// The share from which on a provider is down, the rest being what happened at the edges of the window.
const DOWN_PPM: i64 = 950_000;

/// How failing over went in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failover {
    /// Availability was good for the rest of the window from so long after its start.
    After(u64),
    /// Not before the window ended.
    Never,
    /// Nothing was sent, or the window is too short.
    Unknown,
}

/// F1 of one window.
pub(super) fn failover_of(case: &Case<'_>, window: &FaultWindow) -> Failover {
    let watched = case.tallies.service.everything();
    let (from_us, to_us) = (window.span.from_us, window.span.to_us);
    let mut last_bad = None;
    let mut last = None;
    for start in sliding(from_us, to_us, F1_WINDOW_US) {
        let all = watched.all.between(start, start + F1_WINDOW_US);
        let ok = watched.ok.between(start, start + F1_WINDOW_US);
        if all > 0 {
            last = Some(start);
        }
        if ok * 100 < all * F1_GOOD_PERCENT {
            last_bad = Some(start);
        }
    }
    match (last, last_bad) {
        (None, _) => Failover::Unknown,
        (Some(_), None) => Failover::After(0),
        (Some(last), Some(bad)) if bad == last => Failover::Never,
        (Some(_), Some(bad)) => Failover::After(bad + SECOND_US - from_us),
    }
}

/// The part of a window in which traffic has left: from the failover, or, if there was none, from when
/// it should have been over.
fn settled(case: &Case<'_>, window: &FaultWindow) -> Option<Span> {
    const ALLOWED_US: u64 = 30 * SECOND_US;
    let after_us = match failover_of(case, window) {
        Failover::After(after_us) => after_us,
        Failover::Never => ALLOWED_US.min(window.span.length_us() / 2),
        Failover::Unknown => return None,
    };
    Some(Span { from_us: window.span.from_us + after_us, to_us: window.span.to_us })
}

/// Windows whose fault is known to have acted.
fn active<'a>(tally: &'a Tally, case: &'a Case<'_>) -> impl Iterator<Item = (usize, &'a FaultWindow)> {
    case.plan.failures().filter(|(index, _)| tally.took_hold(*index))
}

pub(super) fn time_to_failover(case: &Case<'_>) -> Evaluation {
    let mut worst: Option<(u64, Failover, &FaultWindow)> = None;
    let mut detail = String::new();
    for (_, window) in active(&case.tallies.failover, case) {
        let failover = failover_of(case, window);
        let (took_us, text) = match failover {
            Failover::Unknown => continue,
            Failover::After(us) => (us, Quantity::micros(us).to_string()),
            Failover::Never => (window.span.length_us(), "never".to_owned()),
        };
        let _ = write!(detail, "{}{window} {text}", if detail.is_empty() { "" } else { ", " });
        if worst.is_none_or(|(worst_us, ..)| took_us > worst_us) {
            worst = Some((took_us, failover, window));
        }
    }
    let Some((took_us, failover, window)) = worst else {
        return Evaluation::not_judged("no fault window with traffic and room for 5 s");
    };
    let mut evaluation = Evaluation::measured(Quantity::micros(took_us), detail)
        .breach(Some(window.span.from_us), case.tallies.service.failed_in(case.window_index(window)));
    if failover == Failover::Never {
        (evaluation.never, evaluation.holds) = (true, Some(false));
    }
    evaluation.theory(case.failover_theory())
}

/// One figure of F2: good answers to one kind of request in one window.
struct Share<'a> {
    window: &'a FaultWindow,
    kind: Name,
    streamed: bool,
    measured: Quantity,
    /// What the catalogue asks of it.
    wanted: Quantity,
    /// Whether every attempt on the first choice failed.
    is_down: bool,
}

pub(super) fn failover_share(tally: &Tally, case: &Case<'_>, expectation: &Expectation) -> Evaluation {
    let mut shares = Vec::new();
    let classes: BTreeSet<(Name, bool)> =
        tally.served().map(|(key, _)| (key.kind.clone(), key.streamed)).collect();
    let is_meant = |streamed: bool| expectation.subject.streamed.is_none_or(|wanted| wanted == streamed);
    for (index, window) in active(tally, case) {
        let Some(settled) = settled(case, window) else { continue };
        for (kind, streamed) in classes.iter().filter(|(_, streamed)| is_meant(*streamed)) {
            // How much fails is seen and not declared: a rule may choose among requests, mix effects, or act too late.
            let failing_ppm = tally.failing_ppm_of(index, kind, *streamed).filter(|ppm| *ppm > 0);
            shares.extend(
                failing_ppm.and_then(|ppm| share_of(tally, case, window, settled, (kind, *streamed), ppm)),
            );
        }
    }
    let slack = |share: &Share<'_>| share.measured.micro - share.wanted.micro;
    let detail: Vec<_> = shares.iter().map(describe).collect();
    let Some(worst) = shares.iter().min_by_key(|share| slack(share)) else {
        return Evaluation::not_judged("no good answers of a kind whose first choice was faulted");
    };
    // The demand is a factor on what this window's share of failures lets one expect.
    let factor = expectation.threshold.limit.micro.min(1_000_000) * worst.wanted.micro / 900_000;
    let wanted = if worst.is_down { worst.wanted.micro } else { factor };
    let mut evaluation = Evaluation::measured(worst.measured, detail.join(", ")).breach(
        Some(worst.window.span.from_us),
        case.tallies.service.failed_in(case.window_index(worst.window)),
    );
    evaluation.threshold = Some(Threshold::at_least(Quantity::ppm(wanted)));
    if case.plan.policy.is_none() && !worst.is_down {
        evaluation = evaluation.weighing(Weight::Advisory);
    }
    evaluation
        .theory("at least 95% when all fail; at least 0.9·p^(r+1) when a share p fails and r retries stay")
}

fn describe(share: &Share<'_>) -> String {
    let streams = if share.streamed { " streams" } else { "" };
    format!("{} {}{streams} {} (wanted {})", share.window, share.kind, share.measured, share.wanted)
}

fn share_of<'a>(
    tally: &Tally,
    case: &Case<'_>,
    window: &'a FaultWindow,
    settled: Span,
    (kind, streamed): (&Name, bool),
    failing_ppm: i64,
) -> Option<Share<'a>> {
    if !tally.is_primary(case.plan, kind, &window.provider) {
        return None;
    }
    let (mut all, mut elsewhere) = (0, 0);
    for (key, series) in tally.served().filter(|(key, _)| key.kind == *kind && key.streamed == streamed) {
        let count = series.between(settled.from_us, settled.to_us);
        all += count;
        elsewhere += if key.provider == window.provider { 0 } else { count };
    }
    let is_down = window.is_outage() && failing_ppm >= DOWN_PPM;
    let wanted = if is_down { F2_OUTAGE_PPM } else { wanted_ppm(case, failing_ppm) };
    let measured = Quantity::share(elsewhere, all)?;
    Some(Share { window, kind: kind.clone(), streamed, measured, wanted: Quantity::ppm(wanted), is_down })
}

/// 0.9·p^(r+1).
fn wanted_ppm(case: &Case<'_>, failing_ppm: i64) -> i64 {
    let retries = case.plan.policy.as_ref().map_or(0, |policy| policy.retries);
    (0..retries.min(16)).fold(failing_ppm, |power, _| power * failing_ppm / 1_000_000) * 9 / 10
}

pub(super) fn probe_discipline(tally: &Tally, case: &Case<'_>) -> Evaluation {
    let of_window = |window: &FaultWindow| {
        let settled = settled(case, window)?;
        let requests = tally.requests.between(settled.from_us, settled.to_us);
        let attempts = tally.attempts_between(&window.provider, settled);
        Some((Quantity::factor(attempts, requests)?, window.clone()))
    };
    let is_down = |index: usize| tally.failing_ppm(index).is_some_and(|ppm| ppm >= DOWN_PPM);
    let outages = active(tally, case).filter(|(index, window)| window.is_outage() && is_down(*index));
    let worst = outages.filter_map(|(_, window)| of_window(window)).max_by_key(|(ratio, _)| ratio.micro);
    let Some((ratio, window)) = worst else { return Evaluation::not_judged("no provider was down whole") };
    let detail = format!("attempts on {} for each client request after failover, {window}", window.provider);
    let has_breaker = case.plan.policy.as_ref().is_some_and(|policy| policy.breaker.is_some());
    let weight = if has_breaker { Weight::Gate } else { Weight::Advisory };
    let retries = case.plan.policy.as_ref().map_or(0, |policy| policy.retries);
    let theory = format!("without a breaker {} attempts a request for as long as it is down", retries + 1);
    Evaluation::measured(ratio, detail)
        .breach(Some(window.span.from_us), Vec::new())
        .weighing(weight)
        .theory(theory)
}

pub(super) fn latency_cost(tally: &Tally, case: &Case<'_>) -> Evaluation {
    let quiet = &tally.quiet_latency;
    let medians = active(tally, case).filter_map(|(index, window)| {
        let histogram = tally.fault_latency.get(&index)?;
        Some((histogram.quantile_us(0.5), window))
    });
    let Some((median_us, window)) = medians.max_by_key(|(median, _)| *median).filter(|_| quiet.count() > 0)
    else {
        return Evaluation::not_judged("no good answers both in a fault window and in quiet time");
    };
    let quiet_us = quiet.quantile_us(0.5);
    let detail = format!(
        "median {} in {window}, {} in quiet time",
        Quantity::micros(median_us),
        Quantity::micros(quiet_us)
    );
    Evaluation::measured(Quantity::micros(median_us.saturating_sub(quiet_us)), detail)
        .breach(Some(window.span.from_us), Vec::new())
}

pub(super) fn flapping(tally: &Tally, case: &Case<'_>) -> Evaluation {
    let steady = active(tally, case).filter(|(index, window)| {
        tally.failing_ppm(*index).is_some_and(|ppm| HALF_PPM.contains(&ppm))
            && window.span.length_us() >= 60 * SECOND_US
    });
    let rates = steady.filter_map(|(_, window)| {
        let rate = Quantity::per_minute(transitions(tally, case, window)?, window.span.length_us())?;
        Some((rate, window))
    });
    let Some((rate, window)) = rates.max_by_key(|(rate, _)| rate.micro) else {
        return Evaluation::not_judged("no window of a minute in which about half of the requests fail");
    };
    let detail = format!("times that traffic left or came back to {} in {window}", window.provider);
    Evaluation::measured(Quantity { unit: Unit::PerMinute, ..rate }, detail)
        .breach(Some(window.span.from_us), Vec::new())
}

/// How often the provider's share of attempts went from mostly there to mostly gone, or back. Between
/// the two marks (30 % and 60 % of its quiet share) nothing changes, so that noise is no transition.
fn transitions(tally: &Tally, case: &Case<'_>, window: &FaultWindow) -> Option<u64> {
    let quiet = case.plan.quiet_before(window.span.from_us);
    let quiet_own = tally.attempts_between(&window.provider, quiet);
    let quiet_all = tally.attempts_in(quiet);
    if quiet_own == 0 || quiet_all < 100 {
        return None;
    }
    let (mut is_there, mut transitions) = (true, 0);
    for start in sliding(window.span.from_us, window.span.to_us, SECOND_US) {
        let second = Span { from_us: start, to_us: start + SECOND_US };
        let own = tally.attempts_between(&window.provider, second) * quiet_all * 10;
        let whole = tally.attempts_in(second) * quiet_own;
        let next = if is_there { own >= whole * 3 } else { own > whole * 6 };
        transitions += u64::from(next != is_there);
        is_there = next;
    }
    Some(transitions)
}
