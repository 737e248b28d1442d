//! The part of a run that is the same in both worlds: logs, load, watching, facts.

use crate::demand::TimeBasis;
use crate::judge::{Judge, Judgement};
use crate::observed::{LoadSummary, PreflightCheck, RunFacts};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evidence::Journal;
use evidence::journal::JournalBuilder;
use loadgen::{Progress, Target};
use world::{Clock, World};

use super::judge_plan::declared_faults;
use super::options::{Options, RunError, TimeMode, Watch, WatchState};
use crate::file::DrillPlan;
use crate::report::{OutFolder, Report, SCHEMA};

/// How often whoever watches is told.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// A judge that reads along while the journal writes.
pub(super) type SharedJudge = Arc<Mutex<Judge>>;

/// Begins a run in its folder: opens every log, and shows each record to the judge.
pub(super) fn begin(
    out: &OutFolder,
    options: &Options,
    judge: &SharedJudge,
) -> Result<JournalBuilder, RunError> {
    out.begin()?;
    let builder = Journal::builder()
        .client_log(&out.file("client.ndjson.zst"))?
        .attempt_log(&out.file("attempts.ndjson.zst"))?
        .fault_log(&out.file("faults.ndjson"))?
        .sample_log(&out.file("samples.ndjson"))?
        .ledger_log(&out.file("ledger.ndjson"))?
        .observer(Box::new(Arc::clone(judge)))
        .evidence(options.evidence);
    Ok(builder)
}

/// Sends the load while somebody watches.
pub(super) async fn send_load(
    world: &World,
    plan: &DrillPlan,
    target: Target,
    journal: &Journal,
    options: &Options,
    watch: &mut dyn Watch,
) -> loadgen::LoadSummary {
    let progress = Progress::with_stop(Arc::clone(&options.stop));
    let loading = loadgen::run(world, target, &plan.load, journal.clone(), progress.clone());
    let watching = tell(*world.clock(), plan, &progress, watch);
    tokio::select! {
        biased;
        summary = loading => summary,
        never = watching => match never {},
    }
}

async fn tell(
    clock: Clock,
    plan: &DrillPlan,
    progress: &Progress,
    watch: &mut dyn Watch,
) -> std::convert::Infallible {
    loop {
        clock.sleep(WATCH_EVERY).await;
        let now = clock.now();
        let open = plan.rules.iter().filter_map(|rule| Some((rule, rule.schedule.window_at(now)?)));
        let faults = open.map(|(rule, window)| format!("{}[{}]", rule.name, window.index)).collect();
        watch.state(&WatchState { now, load: progress.snapshot(), faults });
    }
}

/// The generator's summary as the judge reads it.
pub(super) fn load_facts(plan: &DrillPlan, summary: &loadgen::LoadSummary) -> LoadSummary {
    LoadSummary {
        requested: summary.requested,
        scheduled: summary.scheduled,
        sent: summary.sent,
        completed: summary.completed,
        late: summary.late,
        dropped: summary.scheduled.saturating_sub(summary.sent + summary.dropped),
        dropped_at_cap: summary.dropped,
        send_lag_p99_us: summary.send_lag.quantile_us(0.99),
        send_lag_limit_us: u64::try_from(plan.load.send_lag_max().as_micros()).unwrap_or(u64::MAX),
        cpu_saturated: None,
    }
}

/// The preflight as the judge reads it.
pub(super) fn preflight_facts(preflight: &loadgen::Preflight) -> Vec<PreflightCheck> {
    let check = |check: &loadgen::PreflightCheck| PreflightCheck {
        provider: check.pinned.as_ref().map_or_else(|| check.model.to_string(), ToString::to_string),
        streamed: check.streamed,
        problem: (!check.is_passed()).then(|| check.to_string()),
    };
    preflight.checks.iter().map(check).collect()
}

/// Closes the logs and judges.
pub(super) fn judge(
    journal: &Journal,
    judge: &SharedJudge,
    plan: &DrillPlan,
    mut facts: RunFacts,
) -> Judgement {
    if let Err(errors) = journal.finish() {
        facts.missing_evidence.extend(errors.iter().map(ToString::to_string));
    }
    let fresh = Judge::new(super::judge_plan::judge_plan(plan, None, TimeBasis::Virtual));
    let mut judge = judge.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *judge, fresh).finish(&facts)
}

/// Puts a report together.
pub(super) fn report(plan: &DrillPlan, options: &Options, facts: &RunFacts, judgement: Judgement) -> Report {
    let exit_code = if facts.interrupted { 105 } else { judgement.verdict.exit_code() };
    Report {
        schema: SCHEMA,
        drill: plan.name.clone(),
        title: plan.title.clone(),
        source: plan.source.clone(),
        seed: plan.seed.0,
        version: env!("CARGO_PKG_VERSION"),
        time: basis(options.time),
        profile: plan.profile.clone(),
        target: plan
            .target
            .as_ref()
            .map_or_else(|| "reference gateway".to_owned(), |target| target.url.to_string()),
        weaknesses: options.weaknesses.iter().map(|weakness| weakness.name.to_owned()).collect(),
        interrupted: facts.interrupted,
        exit_code,
        preflight: facts.preflight.clone(),
        judgement,
        faults: declared_faults(plan),
        replay: options.replay.clone(),
    }
}

/// The time of a run as the judge and the report call it.
pub(super) fn basis(time: TimeMode) -> TimeBasis {
    match time {
        TimeMode::Virtual => TimeBasis::Virtual,
        TimeMode::Real => TimeBasis::Real,
    }
}
