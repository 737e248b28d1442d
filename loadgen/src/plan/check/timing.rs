//! Checking `arrivals`, `stages`, `bursts` and `duration`: when requests are due.

use std::time::Duration;

use evidence::record::Name;
use notation::{DurationText, Problems, Rate};

use crate::plan::curve::Burst;
use crate::plan::draws::micros;
use crate::plan::{Binding, BurstFile, Curve, Gaps, LoadFile, Pace, PacedFile, Segment, StageFile};

/// More bursts than a drill of a day has.
const BURSTS_MAX: u64 = 10_000;

/// The most users with a pace: each has a key and a place in memory.
const PACED_MAX: u32 = 100_000;

/// The phase of a load without stages.
const PHASE: &str = "load";

/// When requests are due.
pub(super) struct Timing {
    pub(super) duration: Duration,
    pub(super) phases: Vec<(u64, Name)>,
    /// The main stream, where there is one.
    pub(super) main: Option<Pace>,
    gaps: Gaps,
}

/// What `arrivals` says.
enum Law {
    Rate(Gaps, f64),
    Users { users: u32, every: Duration, ramp: Duration },
}

impl Timing {
    pub(super) fn check(file: &LoadFile, binding: &Binding) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let law = check_law(file, &mut problems);
        let duration = check_duration(file, binding, &mut problems);
        let segments = check_stages(&file.stages, law.as_ref(), duration, &mut problems);
        let bursts = check_bursts(&file.bursts, duration, binding, &mut problems);
        if (!file.stages.is_empty() || !file.bursts.is_empty()) && matches!(law, Some(Law::Users { .. })) {
            let has_rates = file.stages.iter().any(|stage| stage.at.is_some() || stage.to.is_some());
            if has_rates || !file.bursts.is_empty() {
                problems.add(
                    "arrivals.paced",
                    "keeps its own pace",
                    "`stages` without rates and no `bursts`",
                );
            }
        }
        let mut phases = stage_phases(&file.stages);
        add_burst_phases(&file.bursts, &bursts, &mut phases);
        let edges: Vec<Burst> = bursts.iter().map(|(_, burst)| *burst).collect();
        let gaps = match law {
            Some(Law::Rate(gaps, _)) => gaps,
            _ => Gaps::Poisson,
        };
        let main = law.map(|law| match law {
            Law::Rate(gaps, _) => Pace::Rate { gaps, curve: Curve::new(segments).with_bursts(&edges) },
            Law::Users { users, every, ramp } => Pace::Users { users, every, ramp, end: duration },
        });
        problems.into_result(Self { duration, phases, main, gaps })
    }

    /// A steady rate for the whole load.
    pub(super) fn whole(&self, rate: Rate) -> Curve {
        Curve::flat(0, micros(self.duration), rate.per_second())
    }

    /// A steady rate for a part of the load, by the law of the main stream.
    pub(super) fn steady(&self, rate: Rate, from: Option<Duration>, until: Option<Duration>) -> Pace {
        let end = micros(until.unwrap_or(self.duration).min(self.duration)).max(1);
        let start = micros(from.unwrap_or_default()).min(end - 1);
        Pace::Rate { gaps: self.gaps, curve: Curve::flat(start, end, rate.per_second()) }
    }
}

fn check_law(file: &LoadFile, problems: &mut Problems) -> Option<Law> {
    let arrivals = file.arrivals.as_ref()?;
    let law = match (arrivals.poisson, arrivals.constant, &arrivals.gamma, &arrivals.paced) {
        (Some(rate), None, None, None) => Law::Rate(Gaps::Poisson, rate.per_second()),
        (None, Some(rate), None, None) => Law::Rate(Gaps::Constant, rate.per_second()),
        (None, None, Some(gamma), None) if (0.01..=100.0).contains(&gamma.cv) => {
            Law::Rate(Gaps::Gamma { cv: gamma.cv }, gamma.rate.per_second())
        }
        (None, None, Some(_), None) => {
            problems.add("arrivals.gamma.cv", "is no coefficient of variation", "0.01 to 100");
            return None;
        }
        (None, None, None, Some(paced)) if is_pace(paced) => Law::Users {
            users: paced.users,
            every: paced.every.into(),
            ramp: paced.ramp.map(Duration::from).unwrap_or_default(),
        },
        (None, None, None, Some(_)) => {
            let accepted = format!("1 to {PACED_MAX} users, and a time above zero");
            problems.add("arrivals.paced", "has no users, too many, or no time between requests", accepted);
            return None;
        }
        _ => {
            let accepted = "exactly one of `poisson = \"200/s\"`, `constant = \"200/s\"`, \
                            `gamma = { rate = \"200/s\", cv = 3.0 }`, `paced = { users = 100, every = \"2s\" }`";
            problems.add("arrivals", "is no law of arrivals", accepted);
            return None;
        }
    };
    Some(law)
}

fn is_pace(paced: &PacedFile) -> bool {
    (1..=PACED_MAX).contains(&paced.users) && !paced.every.0.is_zero()
}

fn check_duration(file: &LoadFile, binding: &Binding, problems: &mut Problems) -> Duration {
    let staged: Duration = file.stages.iter().filter_map(|stage| stage.length).map(Duration::from).sum();
    let accepted = "a duration above zero, such as `30m`";
    let duration = match (file.duration, file.stages.is_empty()) {
        (Some(_), false) => {
            problems.add("duration", "is already said by `stages`", "one of the two");
            return staged;
        }
        (Some(DurationText(said)), true) => said,
        (None, false) => staged,
        (None, true) => match binding.duration {
            Some(duration) => duration,
            None => {
                problems.add("duration", "is missing", accepted);
                return Duration::from_secs(1);
            }
        },
    };
    if duration.is_zero() {
        problems.add("duration", "is no time at all", accepted);
    }
    if binding.duration.is_some_and(|whole| duration > whole) {
        problems.add("duration", "the load lasts longer than the drill", "at most the drill's `duration`");
    }
    duration.max(Duration::from_micros(1))
}

/// The pieces of the rate, where the law has one.
fn check_stages(
    stages: &[StageFile],
    law: Option<&Law>,
    duration: Duration,
    problems: &mut Problems,
) -> Vec<Segment> {
    let steady = if let Some(Law::Rate(_, rate)) = law { *rate } else { 0.0 };
    if stages.is_empty() {
        return vec![Segment { start_us: 0, end_us: micros(duration), from: steady, to: steady }];
    }
    let mut at = Rates { start_us: 0, rate: steady, is_first: true };
    stages
        .iter()
        .enumerate()
        .filter_map(|(index, stage)| {
            let mut found = Problems::new();
            let segment = at.stage(stage, law.is_some(), &mut found);
            problems.merge_under(&format!("stages[{index}]"), found);
            segment
        })
        .collect()
}

/// Where the stages so far have led.
struct Rates {
    start_us: u64,
    rate: f64,
    is_first: bool,
}

impl Rates {
    fn stage(&mut self, stage: &StageFile, has_law: bool, problems: &mut Problems) -> Option<Segment> {
        let length = stage.length.map(Duration::from).unwrap_or_default();
        if length.is_zero() {
            problems.add("for", "a stage needs a length", "a duration above zero, such as `5m`");
        }
        if !has_law && (stage.at.is_some() || stage.to.is_some()) {
            problems.add("at", "there are no `arrivals` whose rate it could be", "`arrivals`");
        }
        let before = if self.is_first { 0.0 } else { self.rate };
        let ramp_from = stage.from.map_or(before, Rate::per_second);
        let (from, to) = match (stage.at, stage.to, stage.quiet) {
            (Some(rate), None, false) => (rate.per_second(), rate.per_second()),
            (None, Some(rate), false) => (ramp_from, rate.per_second()),
            (None, None, true) => (0.0, 0.0),
            (None, None, false) => (self.rate, self.rate),
            _ => {
                problems.add("at", "a stage has one rate", "one of `at`, `to` and `quiet`");
                return None;
            }
        };
        if stage.from.is_some() && stage.to.is_none() {
            problems.add("from", "only a ramp begins somewhere", "`to` beside it");
        }
        if stage.quiet && stage.users.is_some() {
            problems.add("users", "nobody is there in a quiet stage", "one of the two");
        }
        let start_us = self.start_us;
        // After a quiet stage a stage without a rate goes on as before it.
        self.rate = if stage.quiet { self.rate } else { to };
        self.start_us += micros(length);
        self.is_first = false;
        (!length.is_zero()).then_some(Segment { start_us, end_us: self.start_us, from, to })
    }
}

fn stage_phases(stages: &[StageFile]) -> Vec<(u64, Name)> {
    if stages.is_empty() {
        return vec![(0, PHASE.into())];
    }
    let starts = stages.iter().scan(0, |start, stage| {
        let begins = *start;
        *start += stage.length.map_or(0, |length| micros(length.0));
        Some(begins)
    });
    let name =
        |(index, stage): (usize, &StageFile)| stage.name.clone().unwrap_or_else(|| format!("stage-{index}"));
    starts.zip(stages.iter().enumerate().map(name)).map(|(start, name)| (start, name.into())).collect()
}

/// Every burst with the index of its entry.
fn check_bursts(
    entries: &[BurstFile],
    duration: Duration,
    binding: &Binding,
    problems: &mut Problems,
) -> Vec<(usize, Burst)> {
    let mut bursts = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("bursts[{index}]");
        if !(entry.times_rate.is_finite()
            && (0.0..=1_000.0).contains(&entry.times_rate)
            && entry.times_rate > 0.0)
        {
            problems.add(format!("{path}.times_rate"), "is no multiple of the rate", "above 0, up to 1000");
        }
        if entry.length.0.is_zero() || entry.every.is_some_and(|every| every < entry.length) {
            let accepted = "a length above zero, no longer than `every`";
            problems.add(format!("{path}.for"), "is no length of a burst", accepted);
            continue;
        }
        if entry.random.is_some() && (entry.first.is_some() || entry.every.is_some()) {
            problems.add(format!("{path}.random"), "has no first and no every", "one way to say when");
        }
        let starts = burst_starts(index, entry, duration, binding);
        let length = micros(entry.length.0);
        let burst = |start_us| Burst {
            start_us,
            end_us: (start_us + length).min(micros(duration)),
            factor: entry.times_rate,
        };
        bursts.extend(starts.into_iter().map(|start| (index, burst(start))));
    }
    bursts
}

fn burst_starts(index: usize, entry: &BurstFile, duration: Duration, binding: &Binding) -> Vec<u64> {
    let end = micros(duration);
    if let Some(count) = entry.random {
        let latest = end.saturating_sub(micros(entry.length.0));
        let domain = binding.seed.domain("load.bursts");
        let start = |n: u64| domain.draws_n(((index as u64) << 32) | n).below(latest + 1);
        return (0..u64::from(count).min(BURSTS_MAX)).map(start).collect();
    }
    let first = entry.first.map_or(0, |first| micros(first.0));
    let count = if entry.every.is_some() { BURSTS_MAX } else { 1 };
    let every = entry.every.map_or(0, |every| micros(every.0));
    (0..count).map(|n| first + n * every).take_while(|start| *start < end).collect()
}

/// Splits the phases where named bursts begin and end: a phase's name is its stage's, followed by the
/// names of the bursts that are on.
fn add_burst_phases(entries: &[BurstFile], bursts: &[(usize, Burst)], phases: &mut Vec<(u64, Name)>) {
    let stages = phases.clone();
    let mut edges: Vec<u64> = stages.iter().map(|(start, _)| *start).collect();
    edges.extend(bursts.iter().flat_map(|(_, burst)| [burst.start_us, burst.end_us]));
    edges.sort_unstable();
    edges.dedup();
    let name_at = |edge: u64| {
        let stage = stages.iter().rev().find(|(start, _)| *start <= edge).map_or("", |(_, name)| &**name);
        let mut on: Vec<&str> = bursts
            .iter()
            .filter(|(_, burst)| (burst.start_us..burst.end_us).contains(&edge))
            .map(|(index, _)| entries[*index].name.as_deref().unwrap_or("burst"))
            .collect();
        on.dedup();
        [&[stage], &on[..]].concat().join("+")
    };
    *phases = edges.into_iter().map(|edge| (edge, name_at(edge).into())).collect();
    phases.dedup_by(|next, previous| next.1 == previous.1);
}
