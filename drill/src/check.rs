//! The arithmetic of a drill, done before anything runs: what a healthy gateway would show, how much of its
//! capacity and of each quota the load takes, and which expectations no gateway could meet.

use crate::demand::{Comparison, Expectation, Invariant, Measure, Statistic};
use std::fmt::Write;
use std::time::Duration;

use gateway::plan::ModelKind;
use loadgen::plan::{Class, Kind};
use mock_provider::{Kind as ProfileKind, Quantiles};
use notation::Problems;

use crate::file::{DrillPlan, key_of};

/// What the arithmetic says of one class of request.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassForecast {
    /// The class.
    pub class: String,
    /// The kind of its requests.
    pub kind: String,
    /// The provider that is asked first.
    pub provider: String,
    /// The whole answer without faults, at the provider.
    pub complete: Quantiles,
    /// The first token of a stream.
    pub first_token: Quantiles,
}

/// The figures of a drill that need no run.
#[derive(Debug, Clone, PartialEq)]
pub struct Arithmetic {
    /// Requests that the plan holds.
    pub arrivals: u64,
    /// The highest rate, in requests a second.
    pub peak_rate: f64,
    /// Requests in flight at the worst, were every answer of median length.
    pub peak_in_flight: u64,
    /// What the embedded gateway can serve, in requests a second; none for a target.
    pub capacity: Option<f64>,
    /// Tokens a minute at the peak, prompts and longest answers together.
    pub tokens_per_minute: f64,
    /// By class.
    pub classes: Vec<ClassForecast>,
    /// The fingerprint of the arrivals.
    pub hash: u64,
}

/// Does the arithmetic.
#[must_use]
pub fn arithmetic(plan: &DrillPlan) -> Arithmetic {
    let classes = forecasts(plan);
    let median = |class: &str| {
        classes
            .iter()
            .find(|forecast| forecast.class == class)
            .map_or(Duration::from_millis(5), |f| f.complete.p50)
    };
    let summary = plan.load.summary(|planned| median(&planned.class.name));
    let seconds = plan.duration.as_secs_f64().max(1.0);
    let tokens = (summary.prompt_tokens + summary.answer_tokens_max) as f64;
    Arithmetic {
        arrivals: summary.arrivals,
        peak_rate: summary.peak_rate,
        peak_in_flight: summary.peak_in_flight,
        capacity: capacity(plan),
        tokens_per_minute: tokens / seconds * 60.0 * summary.peak_rate
            / (summary.arrivals as f64 / seconds).max(1e-9),
        classes,
        hash: summary.hash,
    }
}

fn capacity(plan: &DrillPlan) -> Option<f64> {
    if !plan.is_embedded() {
        return None;
    }
    plan.gateway.plan().ok().map(|gateway| gateway.declared.capacity_per_second)
}

fn forecasts(plan: &DrillPlan) -> Vec<ClassForecast> {
    plan.load.classes().filter_map(|class| forecast(plan, class)).collect()
}

fn forecast(plan: &DrillPlan, class: &Class) -> Option<ClassForecast> {
    let (kind, profile_kind) = match class.kind {
        Kind::Chat => (ModelKind::Chat, ProfileKind::Chat),
        Kind::Embeddings => (ModelKind::Embeddings, ProfileKind::Embeddings),
        _ => return None,
    };
    let pinned = class.model.split_once('/').map(|_| class.model.to_string());
    let alias = || {
        let model = plan.gateway.models.get(&*class.model).filter(|model| model.kind == kind)?;
        model.targets.first().cloned()
    };
    let target = pinned.or_else(alias)?;
    let (provider, model) = target.split_once('/')?;
    let mock = &plan.providers.iter().find(|known| known.name == provider)?.mock;
    let prompt = class.prompt_tokens.law.mean().min(f64::from(class.prompt_tokens.max));
    let profile = mock.profile_of(mock.home(), profile_kind, model);
    let prediction = profile.predict(prompt as u64, class.max_tokens.unwrap_or(u32::MAX));
    Some(ClassForecast {
        class: class.name.to_string(),
        kind: class.kind_name.to_string(),
        provider: provider.to_owned(),
        complete: prediction.complete,
        first_token: prediction.first_token,
    })
}

/// Refuses a drill with an expectation that the providers alone already break.
///
/// # Errors
/// Each such expectation, with what the providers need.
pub fn refuse_impossible(plan: &DrillPlan) -> Result<(), Problems> {
    let mut problems = Problems::new();
    for expectation in &plan.expectations {
        if let Some(message) = contradiction(plan, expectation) {
            let accepted = "a limit above that, a faster profile, or a smaller max_tokens";
            problems.add(format!("expect.{}", key_of(expectation)), message, accepted);
        }
    }
    problems.into_result(())
}

/// Refuses a shortened drill whose fault windows prove nothing any more: shorter than five of the breaker's
/// cooldowns, than twice the failover limit, or with fewer than a thousand requests.
///
/// # Errors
/// Each such window, with what it would need.
pub fn refuse_short_windows(plan: &DrillPlan) -> Result<(), Impossible> {
    let gateway = plan.gateway.plan().ok().filter(|_| plan.is_embedded());
    let cooldown =
        gateway.and_then(|gateway| gateway.policy.breaker).map_or(Duration::ZERO, |breaker| breaker.open);
    let failover = plan.expectations.iter().filter(|expectation| expectation.invariant == Invariant::F1);
    let failover =
        failover.map(|expectation| micros(expectation.threshold.limit.micro)).max().unwrap_or_default();
    let requests = Duration::from_secs_f64(WINDOW_REQUESTS_MIN / plan.load.peak_rate().max(1e-3));
    let needed = (cooldown * 5).max(failover * 2).max(requests);
    let short = crate::run::declared_faults(plan)
        .into_iter()
        .filter(|window| Duration::from_millis(window.to_ms - window.from_ms) < needed);
    let lines: Vec<String> = short
        .map(|window| {
            format!(
                "--shorten: fault window {} would last {} (accepted: {} or more, for five cooldowns, twice the failover \
                 limit and a thousand requests)",
                window.window,
                notation::format_duration(Duration::from_millis(window.to_ms - window.from_ms)),
                notation::format_duration(needed)
            )
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(Impossible(lines)) }
}

/// Fewer requests in a window say nothing about a share of them.
const WINDOW_REQUESTS_MIN: f64 = 1_000.0;

fn micros(micro: i64) -> Duration {
    Duration::from_micros(u64::try_from(micro).unwrap_or(0))
}

/// Refuses a real-time drill for which this process may not open enough sockets: each request in flight takes
/// one of the generator's and two of the proxy's.
///
/// # Errors
/// Too few, with the limit and what is needed.
pub fn refuse_few_descriptors(plan: &DrillPlan, limit: Option<u64>) -> Result<(), Impossible> {
    let needed = arithmetic(plan).peak_in_flight * 3 + DESCRIPTORS_BESIDE;
    match limit {
        Some(limit) if limit < needed => Err(Impossible(vec![format!(
            "the drill needs about {needed} open files and sockets at its peak, and this process may open {limit} \
             (accepted: a higher `ulimit -n`, or a lower rate)"
        )])),
        _ => Ok(()),
    }
}

/// Listeners, logs, child processes and what the runtime itself holds.
const DESCRIPTORS_BESIDE: u64 = 64;

/// What a drill asks for that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Impossible(Vec<String>);

fn contradiction(plan: &DrillPlan, expectation: &Expectation) -> Option<String> {
    let wants_less = matches!(expectation.threshold.comparison, Comparison::Below | Comparison::AtMost);
    if expectation.invariant != Invariant::A2 || !wants_less {
        return None;
    }
    let meant = plan.load.classes_of_load().filter(|class| is_meant(expectation, class));
    let needs = meant.map(|class| {
        let forecast = forecast(plan, class)?;
        Some((needed(expectation, &forecast)?, forecast.provider))
    });
    // What the fastest of them exceeds, all of them together do.
    let (needed, provider) = needs.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let allowed_us = u128::try_from(expectation.threshold.limit.micro).unwrap_or(0);
    (needed.as_micros() > allowed_us).then(|| {
        format!(
            "`{}` cannot be met by any gateway: {provider} alone needs {}",
            expectation.source,
            notation::format_duration(Duration::from_millis(needed.as_millis() as u64)),
        )
    })
}

/// Whether requests of a class are among those that an expectation is about. Only chats are streamed.
fn is_meant(expectation: &Expectation, class: &Class) -> bool {
    let subject = &expectation.subject;
    let streams_alone = subject.streamed == Some(true) || expectation.figure.measure == Measure::Ttft;
    subject.kind.as_ref().is_none_or(|kind| *kind == class.kind_name)
        && subject.class.as_ref().is_none_or(|name| *name == class.name)
        && (class.kind == Kind::Chat || !streams_alone)
}

/// The figure of an expectation, as the provider alone gives it; none where that is not computed.
fn needed(expectation: &Expectation, forecast: &ClassForecast) -> Option<Duration> {
    let quantiles = match expectation.figure.measure {
        Measure::Ttft => forecast.first_token,
        Measure::Latency | Measure::Service => forecast.complete,
    };
    match expectation.figure.statistic {
        Statistic::Permyriad(5000) => Some(quantiles.p50),
        Statistic::Permyriad(9500) => Some(quantiles.p95),
        Statistic::Permyriad(9900) => Some(quantiles.p99),
        Statistic::Mean => Some(quantiles.mean),
        Statistic::Permyriad(_) | Statistic::Max => None,
    }
}

/// The arithmetic as a table for people.
#[must_use]
pub fn describe(plan: &DrillPlan) -> String {
    let figures = arithmetic(plan);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_out(&mut out, plan, &figures);
    out
}

fn write_out(out: &mut String, plan: &DrillPlan, figures: &Arithmetic) -> std::fmt::Result {
    writeln!(out, "{}: {}", plan.name, plan.title)?;
    writeln!(
        out,
        "  {} for {}, profile {}, seed {}; arrivals hash {:016x}",
        figures.arrivals,
        notation::format_duration(plan.duration),
        plan.profile,
        plan.seed,
        figures.hash
    )?;
    if let Some(users) = plan.load.users() {
        let quickest = figures.classes.iter().map(|class| class.complete.p50).min().unwrap_or_default();
        writeln!(
            out,
            "  closed loop: at most {} users and {:.0}/s; what they send follows the answers and is not counted here",
            users.most(),
            users.ceiling(quickest)
        )?;
    }
    let share = figures.capacity.map(|capacity| figures.peak_rate / capacity * 100.0);
    let slots = figures.capacity.zip(share).map_or_else(String::new, |(capacity, share)| {
        format!(", {share:.0} % of the gateway's {capacity:.0}/s")
    });
    writeln!(out, "  peak {:.0}/s{slots}; about {} in flight", figures.peak_rate, figures.peak_in_flight)?;
    writeln!(
        out,
        "  at most {:.1} M tokens a minute at the peak; quotas are {}",
        figures.tokens_per_minute / 1e6,
        quotas(plan)
    )?;
    let ms = |duration: Duration| format!("{} ms", duration.as_millis());
    for class in &figures.classes {
        writeln!(
            out,
            "  {:<12} at {:<14} without faults p50 {:>8} p95 {:>8} p99 {:>8}   first token p95 {:>8}",
            class.class,
            class.provider,
            ms(class.complete.p50),
            ms(class.complete.p95),
            ms(class.complete.p99),
            ms(class.first_token.p95)
        )?;
    }
    for window in crate::run::declared_faults(plan) {
        let (from, to) = (window.from_ms / 1_000, window.to_ms / 1_000);
        writeln!(
            out,
            "  fault {:<14} {:>5} s to {:>5} s: {} of {}",
            window.window, from, to, window.share, window.provider
        )?;
    }
    for expectation in &plan.expectations {
        writeln!(
            out,
            "  expect {:<30} {:<4} {}",
            expectation.id,
            expectation.invariant.to_string(),
            expectation.source
        )?;
    }
    Ok(())
}

fn quotas(plan: &DrillPlan) -> &'static str {
    if plan.providers.iter().any(|provider| provider.file.quota.is_some()) {
        "imposed"
    } else {
        "not imposed"
    }
}
