//! `brownout proxy`: the fault-injecting reverse proxy alone, on sockets.

use std::path::Path;
use std::time::Duration;

use drill::file::Document;
use drill::run::Announcement;
use evidence::Journal;
use fault::rule::Weighted;
use fault::schedule::Schedule;
use fault::selection::{Extent, Selection};
use fault::{Family, Rule};
use notation::Share;
use proxy::{ProxyFile, ProxyPlan, RoutePlan};
use world::{Clock, Seed};

use super::{guard_remote, listen_address, serving, target_url};
use crate::cli::ProxyArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

/// Records race each other into the journal by less than this.
const SETTLED: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &ProxyArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    serving::prepare(&args.part)?;
    let plan = read_plan(args)?;
    for route in &plan.routes {
        guard_remote(&route.upstream.address, &args.allow_remote)?;
    }
    let journal = open_journal(args.out.as_deref())?;
    world::run_real(Seed(args.seed), serving::THREADS, async |world| {
        let proxy = proxy::start(&world, plan, &journal).map_err(|error| {
            CommandError::unreachable(format!(
                "the proxy cannot listen: {error} (accepted: a free address of this machine)"
            ))
        })?;
        let providers = proxy.addresses().map(|(name, address)| (name.to_owned(), address.to_string()));
        let providers: std::collections::BTreeMap<String, String> = providers.collect();
        let listening = providers.values().next().cloned().unwrap_or_default();
        let lines =
            providers.iter().map(|(name, address)| format!("proxy route `{name}` on http://{address}\n"));
        let banner: String = lines.collect();
        serving::announce(terminal, &args.part, &Announcement { listening, providers }, &banner);
        let stopped = serving::until_stopped(&world);
        let writing = write_journal(*world.clock(), &journal);
        tokio::select! {
            biased;
            stopped = stopped => stopped?,
            never = writing => match never {},
        }
        proxy.shutdown(serving::GRACE).await;
        finish(&journal)
    })
    .map_err(CommandError::unreachable)?
}

/// Writes the logs twice a second, so that they can be followed while the proxy runs.
async fn write_journal(clock: Clock, journal: &Journal) -> std::convert::Infallible {
    loop {
        clock.sleep(Duration::from_millis(500)).await;
        journal.write_before((clock.now() - SETTLED).as_micros());
    }
}

fn finish(journal: &Journal) -> Result<Exit, CommandError> {
    let Err(errors) = journal.finish() else { return Ok(Exit::Pass) };
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Err(CommandError::new(Exit::Invalid, text.join("\n")))
}

fn open_journal(out: Option<&Path>) -> Result<Journal, CommandError> {
    let mut builder = Journal::builder();
    if let Some(folder) = out {
        let fail = |error: &dyn std::fmt::Display| {
            CommandError::configuration(format!("--out {}: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
        builder = builder.attempt_log(&folder.join("attempts.ndjson.zst")).map_err(|error| fail(&error))?;
        builder = builder.fault_log(&folder.join("faults.ndjson")).map_err(|error| fail(&error))?;
    }
    Ok(builder.real_time())
}

fn read_plan(args: &ProxyArgs) -> Result<ProxyPlan, CommandError> {
    if let Some(path) = &args.config {
        let (name, text) = serving::read_config(path)?;
        let document = Document::parse(&name, &text).map_err(CommandError::configuration)?;
        let located = |problems| CommandError::configuration(document.errors(problems));
        let file: ProxyFile = document.whole().map_err(located)?;
        return file.plan().map_err(located);
    }
    let (Some(listen), Some(upstream)) = (&args.listen, &args.upstream) else {
        return Err(CommandError::configuration(
            "a proxy needs a route (accepted: --listen ADDR --upstream URL, or --config FILE)",
        ));
    };
    let family = family(args.family.as_deref())?;
    let route = RoutePlan {
        provider: family.as_str().to_owned(),
        family,
        listen: listen_address(listen)?,
        upstream: target_url(upstream, &args.allow_remote)?,
    };
    let rules =
        args.faults.iter().enumerate().map(|(n, spec)| rule(n, spec, family)).collect::<Result<_, _>>()?;
    Ok(ProxyPlan { routes: vec![route], rules, allow_overrides: true })
}

fn family(name: Option<&str>) -> Result<Family, CommandError> {
    let name = name.unwrap_or(Family::OpenAi.as_str());
    Family::ALL.into_iter().find(|family| family.as_str() == name).ok_or_else(|| {
        let known = Family::ALL.map(Family::as_str).join(", ");
        CommandError::configuration(format!(
            "--family: `{name}` is no family of providers (accepted: {known})"
        ))
    })
}

/// `error=throttling`, or `error=throttling@50%` for a share of the requests.
fn rule(n: usize, spec: &str, family: Family) -> Result<Rule, CommandError> {
    let fail =
        |error: &dyn std::fmt::Display| CommandError::configuration(format!("--fault {spec}: {error}"));
    let (effect, share) = match spec.rsplit_once('@') {
        Some((effect, share)) => (effect, share.parse::<Share>().map_err(|error| fail(&error))?),
        None => (spec, Share::ALL),
    };
    let effect = fault::spec::parse(effect, family).map_err(|error| fail(&error))?;
    Ok(Rule {
        name: format!("--fault[{n}]").into(),
        selection: Selection::default(),
        schedule: Schedule::ALWAYS,
        extent: Extent::Share { share, ramp: None },
        mix: vec![Weighted { effect, weight: 1 }],
    })
}
