//! A drill in real time: sockets, the machine's clock, gateway and mock as processes of their own.

use crate::demand::TimeBasis;
use crate::judge::Judge;
use crate::observed::{Liveness, RunFacts};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evidence::Journal;
use loadgen::Target;
use proxy::Proxy;
use world::{BaseUrl, Stopwatch, World, own_cpu, process_usage, run_real};

use super::children::Part;
use super::judge_plan::judge_plan;
use super::options::{Options, Outcome, RunError, Watch};
use super::parts::{gateway_plan, start_proxy};
use super::{sampler, session};
use crate::file::DrillPlan;
use crate::report::OutFolder;

/// Worker threads of load generator and proxy together.
const THREADS: usize = 2;
/// From when all parts are up to the first request.
const LEAD: Duration = Duration::from_millis(200);
/// How long load goes on after a part has died: long enough to see what clients get.
const AFTER_DEATH: Duration = Duration::from_secs(5);
/// How often parts are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Records race each other into the journal by less than this.
const SETTLED: Duration = Duration::from_millis(50);

/// Runs it.
pub(super) fn run(
    plan: &DrillPlan,
    options: &Options,
    out: &OutFolder,
    watch: &mut dyn Watch,
) -> Result<Outcome, RunError> {
    let declared = match &plan.target {
        Some(_) => None,
        None => {
            Some(gateway_plan(plan, options, "127.0.0.1:0", |_| "http://127.0.0.1:1".to_owned())?.declared)
        }
    };
    let judge_plan = judge_plan(plan, declared.as_ref(), TimeBasis::Real);
    let judge = Arc::new(Mutex::new(Judge::new(judge_plan)));
    let mut facts = RunFacts::default();
    let journal = run_real(plan.seed, THREADS, async |world| {
        preflight(&world, plan, options, &mut facts).await?;
        let journal = session::begin(out, options, &judge)?.real_time();
        if !facts.interrupted && facts.preflight.iter().all(|check| check.problem.is_none()) {
            drill(&world, plan, options, &journal, watch, &mut facts).await?;
        }
        Ok::<_, RunError>(journal)
    })??;
    let judgement = session::judge(&journal, &judge, plan, facts.clone());
    Ok(Outcome { report: session::report(plan, options, &facts, judgement) })
}

/// What runs for one drill in real time.
struct Stage {
    mock: Part,
    proxy: Proxy,
    gateway: Option<Part>,
    target: Target,
}

impl Stage {
    /// Starts the parts; with `world`, time begins.
    async fn start(
        world: &World,
        plan: &DrillPlan,
        options: &Options,
        mock: Part,
        journal: &Journal,
    ) -> Result<Self, RunError> {
        let upstreams: Result<Vec<BaseUrl>, RunError> =
            plan.providers.iter().map(|provider| mock.provider_url(&provider.name)).collect();
        let proxy = start_proxy(world, plan, &upstreams?, journal)?;
        let routes: BTreeMap<String, String> = proxy
            .addresses()
            .map(|(provider, address)| (provider.to_string(), address.to_string()))
            .collect();
        let (gateway, target) = match &plan.target {
            Some(target) => {
                (None, target.resolve().map_err(|error| RunError::Configuration(error.to_string()))?)
            }
            None => {
                let gateway = Part::gateway(*world.clock(), plan, options, &routes).await?;
                let target = Target::new(gateway.url()?);
                (Some(gateway), target)
            }
        };
        Ok(Self { mock, proxy, gateway, target })
    }

    async fn stop(self) {
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        self.proxy.shutdown(Duration::from_secs(2)).await;
        self.mock.stop().await;
    }
}

async fn preflight(
    world: &World,
    plan: &DrillPlan,
    options: &Options,
    facts: &mut RunFacts,
) -> Result<(), RunError> {
    let quiet = plan.without_faults();
    let mock = Part::mock(*world.clock(), plan, options).await?;
    let stage = Stage::start(world, &quiet, options, mock, &Journal::discard()).await?;
    if let Err(cause) = world.network().connect(&stage.target.url.address).await {
        let url = stage.target.url.to_string();
        stage.stop().await;
        return Err(RunError::Unreachable { url, cause: cause.to_string() });
    }
    // A target that never answers takes all of the clients' patience, several times.
    tokio::select! {
        biased;
        () = told_to_stop(world, options) => facts.interrupted = true,
        preflight = loadgen::preflight(world, stage.target.clone(), &plan.load) => {
            facts.preflight = session::preflight_facts(&preflight);
        }
    }
    stage.stop().await;
    Ok(())
}

async fn told_to_stop(world: &World, options: &Options) {
    while !options.stop.load(Ordering::Acquire) {
        world.clock().sleep(LOOK).await;
    }
}

async fn drill(
    world: &World,
    plan: &DrillPlan,
    options: &Options,
    journal: &Journal,
    watch: &mut dyn Watch,
    facts: &mut RunFacts,
) -> Result<(), RunError> {
    let mock = Part::mock(*world.clock(), plan, options).await?;
    // The time that counts begins when the slow starters are up; faults and records go by it.
    let world = world.begun_now();
    let mut stage = Stage::start(&world, plan, options, mock, journal).await?;
    let load = plan.load.clone().starting_at(world.clock().now() + LEAD);
    let plan = DrillPlan { load, ..plan.clone() };
    let (cpu_before, wall) = (own_cpu(), Stopwatch::start());
    let halt = Arc::new(AtomicBool::new(false));
    let told = Options { stop: Arc::clone(&halt), ..options.clone() };
    let target = stage.target.clone();
    let summary = {
        let loading = session::send_load(&world, &plan, target, journal, &told, watch);
        let looking = look_after(&world, &plan, options, &mut stage, journal, &halt, facts);
        tokio::select! {
            biased;
            summary = loading => summary,
            never = looking => match never {},
        }
    };
    let busy = own_cpu().saturating_sub(cpu_before).as_secs_f64() / wall.elapsed().as_secs_f64().max(1e-3);
    facts.load = session::load_facts(&plan, &summary);
    facts.load.cpu_saturated = Some(busy > 0.9 * THREADS as f64);
    facts.interrupted = options.stop.load(Ordering::Acquire);
    stage.stop().await;
    Ok(())
}

/// Writes the journal, samples the target, and notices when a part dies or somebody wants to stop.
async fn look_after(
    world: &World,
    plan: &DrillPlan,
    options: &Options,
    stage: &mut Stage,
    journal: &Journal,
    halt: &AtomicBool,
    facts: &mut RunFacts,
) -> std::convert::Infallible {
    let clock = *world.clock();
    let mut halt_at = None;
    let mut sample_at = clock.now();
    loop {
        clock.sleep(LOOK).await;
        let now = clock.now();
        journal.write_before((now - SETTLED).as_micros());
        if options.stop.load(Ordering::Acquire) {
            halt.store(true, Ordering::Release);
        }
        if now >= sample_at {
            sample_at = now + sampler::EVERY_REAL;
            sampler::process(now, usage(plan, stage), journal);
        }
        if halt_at.is_none() && note_deaths(plan, stage, facts, now.as_micros()) {
            halt_at = Some(now + AFTER_DEATH);
        }
        if halt_at.is_some_and(|at| now >= at) {
            halt.store(true, Ordering::Release);
        }
    }
}

fn usage(plan: &DrillPlan, stage: &Stage) -> Option<world::ProcessUsage> {
    match &stage.gateway {
        Some(gateway) => gateway.usage(),
        None => process_usage(plan.target.as_ref()?.pid?),
    }
}

/// Notes parts that have died; says whether one has.
fn note_deaths(plan: &DrillPlan, stage: &mut Stage, facts: &mut RunFacts, now_us: u64) -> bool {
    if let Some(story) = stage.mock.ended() {
        facts.invalidated_by.push(format!("{story} after {} s", now_us / 1_000_000));
        return true;
    }
    let is_watched =
        stage.gateway.is_some() || plan.target.as_ref().is_some_and(|target| target.pid.is_some());
    if !is_watched {
        return false;
    }
    let is_alive = match &mut stage.gateway {
        Some(gateway) => gateway.ended().is_none(),
        None => usage(plan, stage).is_some(),
    };
    facts.liveness = Some(Liveness { is_alive, restarts: 0, died_us: (!is_alive).then_some(now_us) });
    !is_alive
}
