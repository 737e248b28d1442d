//! A drill in virtual time: every part in this process, on one thread, under a clock that jumps.

use crate::demand::TimeBasis;
use crate::judge::Judge;
use crate::observed::RunFacts;
use std::sync::{Arc, Mutex};

use evidence::Journal;
use world::{World, run_virtual};

use super::judge_plan::judge_plan;
use super::options::{Options, Outcome, RunError, Watch};
use super::parts::{Doors, Parts, gateway_plan};
use super::{sampler, session};
use crate::file::DrillPlan;
use crate::report::OutFolder;

/// Runs it.
pub(super) fn run(
    plan: &DrillPlan,
    options: &Options,
    out: &OutFolder,
    watch: &mut dyn Watch,
) -> Result<Outcome, RunError> {
    let declared = gateway_plan(plan, options, "gateway", |name| format!("http://{name}"))?.declared;
    let judge_plan = judge_plan(plan, Some(&declared), TimeBasis::Virtual);
    let judge = Arc::new(Mutex::new(Judge::new(judge_plan)));
    let preflight = run_virtual(plan.seed, |world| preflight(world, plan, options))?;
    let journal = session::begin(out, options, &judge)?.virtual_time();
    let mut facts = RunFacts { preflight: session::preflight_facts(&preflight), ..RunFacts::default() };
    if preflight.is_passed() {
        let load = run_virtual(plan.seed, |world| drill(world, plan, options, &journal, watch))?;
        facts.load = session::load_facts(plan, &load);
        facts.interrupted = load.interrupted;
    }
    let judgement = session::judge(&journal, &judge, plan, facts.clone());
    Ok(Outcome { report: session::report(plan, options, &facts, judgement) })
}

/// One request of each kind through the whole chain, every signature verified.
async fn preflight(
    world: World,
    plan: &DrillPlan,
    options: &Options,
) -> Result<loadgen::Preflight, RunError> {
    let quiet = plan.without_faults();
    let parts = Parts::start(&world, &quiet, options, &Journal::discard(), Doors::AsPlanned)?;
    let preflight = loadgen::preflight(&world, parts.target(), &plan.load).await;
    parts.stop().await;
    Ok(preflight)
}

async fn drill(
    world: World,
    plan: &DrillPlan,
    options: &Options,
    journal: &Journal,
    watch: &mut dyn Watch,
) -> Result<loadgen::LoadSummary, RunError> {
    let parts = Parts::start(&world, plan, options, journal, Doors::Presence)?;
    let loading = session::send_load(&world, plan, parts.target(), journal, options, watch);
    let sampling = sampler::modelled(*world.clock(), &parts, journal);
    let load = tokio::select! {
        biased;
        load = loading => load,
        never = sampling => match never {},
    };
    sampler::once(world.clock(), &parts, journal);
    parts.stop().await;
    Ok(load)
}
