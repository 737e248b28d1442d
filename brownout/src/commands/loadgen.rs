//! `brownout loadgen`: load alone, against any gateway that speaks the OpenAI dialect.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use drill::file::{Document, refuse_unknown_keys};
use evidence::Journal;
use loadgen::plan::{ArrivalsFile, Binding, LoadFile, LoadPlan, Shard};
use loadgen::{LoadSummary, Progress, Target};
use notation::Rate;
use world::{Seed, World};

use super::{serving, target_url};
use crate::cli::LoadgenArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

/// How long load goes on when nothing is said.
const DURATION: Duration = Duration::from_secs(30);
/// Records race each other into the journal by less than this.
const SETTLED: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &LoadgenArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let url = args.url.as_ref().or(args.host.as_ref()).ok_or_else(|| {
        CommandError::configuration("load needs somewhere to go (accepted: a URL, or --host URL)")
    })?;
    let mut target = Target::new(target_url(url, &args.allow_remote)?);
    target.key = Some(args.key.clone());
    let plan = read_plan(args)?;
    let journal = open_journal(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    world::watch_interrupt(Arc::clone(&stop)).map_err(CommandError::unreachable)?;
    let summary = world::run_real(Seed(args.seed), serving::THREADS, async |world| {
        let reached = world.network().connect(&target.url.address).await;
        reached
            .map_err(|error| CommandError::unreachable(format!("{} does not answer: {error}", target.url)))?;
        let progress = Progress::with_stop(Arc::clone(&stop));
        let loading = loadgen::run(&world, target.clone(), &plan, journal.clone(), progress.clone());
        let telling = tell(&world, &progress, &journal, terminal);
        tokio::select! {
            biased;
            summary = loading => Ok((summary, progress.snapshot().ok)),
            never = telling => match never {},
        }
    })
    .map_err(CommandError::unreachable)?;
    let (summary, ok) = summary?;
    if let Err(errors) = journal.finish() {
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return Err(CommandError::new(Exit::Invalid, text.join("\n")));
    }
    terminal.print(&if args.json { as_json(&summary, ok) } else { as_text(&summary, ok) });
    Ok(exit_of(&summary, ok))
}

/// Never 0 when nothing was measured.
fn exit_of(summary: &LoadSummary, ok: u64) -> Exit {
    if summary.interrupted {
        Exit::Interrupted
    } else if summary.completed == 0 || ok == 0 || summary.late * 100 > summary.sent {
        Exit::Invalid
    } else {
        Exit::Pass
    }
}

async fn tell(
    world: &World,
    progress: &Progress,
    journal: &Journal,
    terminal: &Terminal,
) -> std::convert::Infallible {
    let mut second = 0_u64;
    loop {
        world.clock().sleep(Duration::from_secs(1)).await;
        second += 1;
        journal.write_before((world.clock().now() - SETTLED).as_micros());
        if second.is_multiple_of(10) {
            let now = progress.snapshot();
            terminal.print_error(&format!(
                "{second:>4} s  sent {}  ok {}  in flight {}  p95 {} ms\n",
                now.sent,
                now.ok,
                now.in_flight,
                now.recent_p95_us / 1_000
            ));
        }
    }
}

fn read_plan(args: &LoadgenArgs) -> Result<LoadPlan, CommandError> {
    let (document, mut file) = match &args.config {
        None => (Document::parse("arguments", "").map_err(CommandError::configuration)?, LoadFile::default()),
        Some(path) => {
            let (name, text) = serving::read_config(path)?;
            let document = Document::parse(&name, &text).map_err(CommandError::configuration)?;
            let mut problems = notation::Problems::new();
            refuse_unknown_keys(&document, &["load"], &mut problems);
            let file = problems.take("", document.section("load")).flatten();
            let file = problems.into_result(file);
            let file = file.map_err(|problems| CommandError::configuration(document.errors(problems)))?;
            (document, file.unwrap_or_default())
        }
    };
    apply_arguments(args, &mut file)?;
    let duration = args.duration.as_deref().map(notation::parse_duration).transpose();
    let duration = duration.map_err(|error| CommandError::configuration(format!("--duration: {error}")))?;
    let models = [("chat".to_owned(), args.model.clone())].into_iter().collect();
    let binding = Binding {
        duration: Some(duration.unwrap_or(DURATION)),
        models,
        pinned: std::collections::BTreeMap::new(),
        seed: Seed(args.seed),
    };
    let plan = file.plan(&binding).map_err(|problems| {
        let mut under = notation::Problems::new();
        under.merge_under("load", problems);
        CommandError::configuration(document.errors(under))
    })?;
    match &args.shard {
        None => Ok(plan),
        Some(text) => Ok(plan.shard(shard(text)?)),
    }
}

fn apply_arguments(args: &LoadgenArgs, file: &mut LoadFile) -> Result<(), CommandError> {
    if let Some(rate) = &args.rate {
        let rate: Rate =
            rate.parse().map_err(|error| CommandError::configuration(format!("--rate: {error}")))?;
        file.arrivals = Some(ArrivalsFile { constant: Some(rate), ..ArrivalsFile::default() });
    } else if file.arrivals.is_none() {
        let rate = Rate::per_second_of(10.0);
        file.arrivals = Some(ArrivalsFile { constant: rate, ..ArrivalsFile::default() });
    }
    if let Some(share) = &args.streaming {
        let share =
            share.parse().map_err(|error| CommandError::configuration(format!("--streaming: {error}")))?;
        file.streaming = Some(share);
    }
    if file.mix.is_empty() {
        file.mix.insert("chat".to_owned(), 1);
    }
    Ok(())
}

/// `2/4`: the third of four machines.
fn shard(text: &str) -> Result<Shard, CommandError> {
    let fail = || {
        CommandError::configuration(format!(
            "--shard: `{text}` is no part of a whole (accepted: I/N with I below N, such as 0/4)"
        ))
    };
    let (index, count) = text.split_once('/').ok_or_else(fail)?;
    let (index, count) = (index.parse().map_err(|_| fail())?, count.parse().map_err(|_| fail())?);
    Shard::new(index, count).ok_or_else(fail)
}

fn open_journal(args: &LoadgenArgs) -> Result<Journal, CommandError> {
    let Some(folder) = &args.out else { return Ok(Journal::builder().real_time()) };
    let fail = |error: &dyn std::fmt::Display| {
        CommandError::configuration(format!("--out {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    let log: PathBuf = folder.join("client.ndjson.zst");
    Ok(Journal::builder().client_log(&log).map_err(|error| fail(&error))?.real_time())
}

fn as_text(summary: &LoadSummary, ok: u64) -> String {
    format!(
        "requested {}  scheduled {}  sent {}  completed {}  ok {ok}  late {}  dropped {}\nsend lag p50 {} us  p99 {} us\n",
        summary.requested,
        summary.scheduled,
        summary.sent,
        summary.completed,
        summary.late,
        summary.dropped,
        summary.send_lag.quantile_us(0.5),
        summary.send_lag.quantile_us(0.99),
    )
}

fn as_json(summary: &LoadSummary, ok: u64) -> String {
    let json = serde_json::json!({
        "requested": summary.requested,
        "scheduled": summary.scheduled,
        "sent": summary.sent,
        "completed": summary.completed,
        "ok": ok,
        "late": summary.late,
        "dropped": summary.dropped,
        "send_lag_us": { "p50": summary.send_lag.quantile_us(0.5), "p99": summary.send_lag.quantile_us(0.99) },
    });
    format!("{json:#}\n")
}
