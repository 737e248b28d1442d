//! `brownout drill`: run a drill, print the verdict, exit by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use drill::file::{Changes, DrillPlan, EvidenceKept, TargetFile};
use drill::report::summary;
use drill::run::{Options, Outcome, RunError, TimeMode};
use gateway::weakness::{self, Weakness};

use super::target_url;
use crate::cli::{DrillArgs, Evidence, Time};
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

pub(crate) fn run(args: &DrillArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    match &args.drill {
        Some(name) => one(name, args, terminal),
        None => all(args, terminal),
    }
}

/// Runs every drill that ships, one after another, and prints a line each.
fn all(args: &DrillArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let mut worst = Exit::Pass;
    let mut lines = Vec::new();
    for name in drill::file::shipped() {
        let exit = match one(name, args, terminal) {
            Ok(exit) => exit,
            Err(error) => {
                terminal.error(&error.to_string());
                error.exit()
            }
        };
        lines.push(format!("{name:<24} exit {}\n", exit as u8));
        if worst == Exit::Pass {
            worst = exit;
        }
        if exit == Exit::Interrupted {
            worst = exit;
            break;
        }
    }
    terminal.print(&lines.concat());
    Ok(worst)
}

fn one(name: &str, args: &DrillArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let plan = read_plan(name, args)?;
    let options = options(&plan, args)?;
    try_machine_file(args)?;
    let mut watch = terminal.watch();
    let outcome = drill::run::run(&plan, &options, &mut watch);
    watch.clear();
    let outcome = outcome.map_err(|error| run_error(&error))?;
    let wall = watch.elapsed();
    write_machine(args, &outcome, wall)?;
    if args.json {
        terminal.print(&outcome.report.json());
    } else {
        terminal.print(&summary(&outcome.report, terminal.style()));
    }
    terminal.print_error(&format!(
        "  report: {}  ({:.1} s wall, {:.1} s CPU, {} MiB)\n",
        options.out.join("report.html").display(),
        wall.as_secs_f64(),
        world::own_cpu().as_secs_f64(),
        world::own_memory_peak().unwrap_or(0) / (1024 * 1024),
    ));
    Ok(exit_of(&outcome))
}

fn exit_of(outcome: &Outcome) -> Exit {
    match outcome.report.exit_code {
        0 => Exit::Pass,
        99 => Exit::Failed,
        105 => Exit::Interrupted,
        _ => Exit::Invalid,
    }
}

fn read_plan(name: &str, args: &DrillArgs) -> Result<DrillPlan, CommandError> {
    let (name, document) = drill::file::open(name).map_err(CommandError::configuration)?;
    let changes = Changes {
        profile: args.profile.into(),
        seed: args.seed,
        shorten: args.shorten,
        scale_rate: args.scale_rate,
        set: args.set.clone(),
        target: args.target.as_deref().map(read_target).transpose()?,
    };
    let plan = DrillPlan::read(&name, document, &changes).map_err(CommandError::configuration)?;
    if let Some(target) = &plan.target {
        target_url(&target.url.to_string(), &args.allow_remote)?;
        // Keys that are named but not there are found before anything starts.
        target.resolve().map_err(CommandError::configuration)?;
    }
    if args.shorten.is_some() {
        drill::check::refuse_short_windows(&plan).map_err(CommandError::configuration)?;
    }
    Ok(plan)
}

/// A URL, or a file with a `[target]` section.
fn read_target(text: &str) -> Result<TargetFile, CommandError> {
    if text.contains("://") {
        return Ok(TargetFile::at(text));
    }
    let (_, document) = drill::file::open(text).map_err(CommandError::configuration)?;
    let section = document.section::<TargetFile>("target");
    let section = section.map_err(|problems| CommandError::configuration(document.errors(problems)))?;
    section.ok_or_else(|| {
        CommandError::configuration(format!(
            "{text}: has no [target] section (accepted: a URL, or a file with one)"
        ))
    })
}

fn options(plan: &DrillPlan, args: &DrillArgs) -> Result<Options, CommandError> {
    let time = match (args.time, plan.is_embedded()) {
        (Some(Time::Virtual), false) => {
            return Err(CommandError::configuration(
                "--time virtual is for the embedded gateway: somebody's own lives in real time (accepted: --time real)",
            ));
        }
        (Some(Time::Virtual) | None, true) => TimeMode::Virtual,
        (Some(Time::Real), _) | (None, false) => TimeMode::Real,
    };
    if time == TimeMode::Real {
        let limit = world::descriptor_limit();
        drill::check::refuse_few_descriptors(plan, limit).map_err(CommandError::configuration)?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    world::watch_interrupt(Arc::clone(&stop)).map_err(CommandError::unreachable)?;
    Ok(Options {
        time,
        out: args
            .out
            .clone()
            .unwrap_or_else(|| PathBuf::from("brownout-out").join(format!("{}-{}", plan.name, plan.seed))),
        evidence: evidence(args.evidence, plan.evidence),
        weaknesses: weaknesses(plan, &args.weakness)?,
        stop,
        program: world::own_program().map_err(CommandError::unreachable)?,
        replay: replay(plan, args, time),
    })
}

fn evidence(asked: Option<Evidence>, of_drill: EvidenceKept) -> evidence::journal::Evidence {
    match (asked, of_drill) {
        (Some(Evidence::All), _) | (None, EvidenceKept::All) => evidence::journal::Evidence::All,
        (Some(Evidence::Notable), _) | (None, EvidenceKept::Notable) => evidence::journal::Evidence::Notable,
    }
}

fn weaknesses(plan: &DrillPlan, names: &[String]) -> Result<Vec<&'static Weakness>, CommandError> {
    if !names.is_empty() && !plan.is_embedded() {
        return Err(CommandError::configuration(
            "--weakness weakens the embedded gateway, not a target (accepted: no --target)",
        ));
    }
    names.iter().map(|name| find_weakness(name)).collect()
}

/// A weakness by its name.
pub(super) fn find_weakness(name: &str) -> Result<&'static Weakness, CommandError> {
    weakness::find(name).ok_or_else(|| {
        let known: Vec<&str> = weakness::ALL.iter().map(|weakness| weakness.name).collect();
        CommandError::configuration(format!("`{name}` is no weakness (accepted: {})", known.join(", ")))
    })
}

/// The command that shows the same run again: what changed it, in a fixed order, and nothing else.
fn replay(plan: &DrillPlan, args: &DrillArgs, time: TimeMode) -> String {
    let mut command =
        format!("brownout drill {} --seed {}", args.drill.as_deref().unwrap_or(&plan.name), plan.seed);
    let mut add = |flag: &str, value: &str| command.push_str(&format!(" --{flag} {}", quoted(value)));
    match time {
        TimeMode::Real => add("time", "real"),
        TimeMode::Virtual => {}
    }
    match args.profile {
        crate::cli::Profile::Full => {}
        crate::cli::Profile::Short => add("profile", "short"),
        crate::cli::Profile::Smoke => add("profile", "smoke"),
    }
    if let Some(by) = args.shorten {
        add("shorten", &by.to_string());
    }
    if let Some(factor) = args.scale_rate {
        add("scale-rate", &factor.to_string());
    }
    for (flag, values) in [("weakness", &args.weakness), ("set", &args.set)] {
        for value in values {
            add(flag, value);
        }
    }
    if let Some(target) = &args.target {
        add("target", target);
    }
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:%=".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn run_error(error: &RunError) -> CommandError {
    let exit = match error {
        RunError::Report(_) => Exit::Invalid,
        RunError::Out(_) | RunError::Log(_) | RunError::Configuration(_) => Exit::Configuration,
        RunError::Listen { .. }
        | RunError::Child { .. }
        | RunError::Unreachable { .. }
        | RunError::Runtime(_) => Exit::Unreachable,
    };
    CommandError::new(exit, error)
}

/// What depends on this machine, beside the report.
fn write_machine(args: &DrillArgs, outcome: &Outcome, wall: std::time::Duration) -> Result<(), CommandError> {
    let Some(path) = &args.machine else { return Ok(()) };
    let facts = serde_json::json!({
        "drill": outcome.report.drill,
        "seed": outcome.report.seed,
        "wall_ms": wall.as_millis() as u64,
        "cpu_ms": world::own_cpu().as_millis() as u64,
        "memory_peak_bytes": world::own_memory_peak(),
        "descriptor_limit": world::descriptor_limit(),
        "out": args.out,
    });
    std::fs::write(path, format!("{facts:#}\n")).map_err(|error| machine_error(path, &error))
}

/// Whether the machine's file can be written is known before anything starts.
fn try_machine_file(args: &DrillArgs) -> Result<(), CommandError> {
    let Some(path) = &args.machine else { return Ok(()) };
    std::fs::write(path, "").map_err(|error| machine_error(path, &error))
}

fn machine_error(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::configuration(format!(
        "--machine: cannot write {}: {error} (accepted: a file in a folder that exists)",
        path.display()
    ))
}
