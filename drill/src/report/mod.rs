//! What a run leaves for people and machines: one value, written in five forms.
//!
//! [`Report`] is `report.json`; the page, the Markdown summary, JUnit and the terminal summary are read
//! from it and hold nothing that it does not.

mod files;
mod html;
mod junit;
mod markdown;
mod summary;

pub use files::{OutFolder, OutFolderError, ReportError, write_all};
pub use html::page;
pub use junit::junit;
pub use markdown::markdown;
pub use summary::{Style, summary};

use crate::demand::TimeBasis;
use crate::invariant::{Finding, FindingVerdict};
use crate::judge::{Judgement, Verdict};
use crate::observed::{PreflightCheck, StatsReport};
use serde::Serialize;

use evidence::histogram::Summary;

/// The version of `report.json`'s shape. It grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// Everything that is told about a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub schema: u32,
    /// The drill's name.
    pub drill: String,
    /// What the drill does, in a sentence.
    pub title: String,
    /// The requirement that it comes from, if it names one.
    pub source: Option<String>,
    /// The root seed.
    pub seed: u64,
    /// The version of Brownout.
    pub version: &'static str,
    /// Which time it ran in.
    pub time: TimeBasis,
    /// The set of overrides.
    pub profile: String,
    /// What was judged: the embedded gateway, or a target's URL.
    pub target: String,
    /// Weaknesses that were switched on.
    pub weaknesses: Vec<String>,
    /// Whether it was ended by hand; what follows is about the part that ran.
    pub interrupted: bool,
    /// The exit code of the command.
    pub exit_code: u8,
    /// What was checked before the load.
    pub preflight: Vec<PreflightCheck>,
    /// The verdict, the findings, the figures, the timeline.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// The fault windows as declared.
    pub faults: Vec<DeclaredFault>,
    /// How to see the same run again.
    pub replay: String,
}

/// A fault window in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredFault {
    /// Its name: rule and ordinal.
    pub window: String,
    /// The provider it acts on.
    pub provider: String,
    /// Its beginning, in milliseconds of the run.
    pub from_ms: u64,
    /// Its end, in milliseconds of the run.
    pub to_ms: u64,
    /// The share of requests that it hits.
    pub share: String,
}

impl Report {
    /// The verdict in a word, as people read it.
    #[must_use]
    pub fn verdict_word(&self) -> &'static str {
        match self.judgement.verdict {
            _ if self.interrupted => "INTERRUPTED",
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Invalid => "INVALID",
        }
    }

    /// What the drill demanded, in its order.
    pub fn demanded(&self) -> impl Iterator<Item = &Finding> {
        self.judgement.expectations.iter().filter(|finding| finding.demanded)
    }

    /// What was looked at beside that and does not hold.
    pub fn remarks(&self) -> impl Iterator<Item = &Finding> {
        let is_remark = |finding: &&Finding| {
            !finding.demanded && matches!(finding.verdict, FindingVerdict::Advisory | FindingVerdict::Fail)
        };
        self.judgement.expectations.iter().filter(is_remark)
    }

    /// What was looked at beside the demands and holds.
    pub fn also_held(&self) -> impl Iterator<Item = &Finding> {
        let holds = |finding: &&Finding| !finding.demanded && finding.verdict == FindingVerdict::Pass;
        self.judgement.expectations.iter().filter(holds)
    }

    /// What could not be judged, demanded or not.
    pub fn not_judged(&self) -> impl Iterator<Item = &Finding> {
        let is_open = |finding: &&Finding| {
            matches!(finding.verdict, FindingVerdict::NotJudged | FindingVerdict::Inconclusive)
        };
        self.judgement.expectations.iter().filter(is_open)
    }

    /// The whole as JSON, indented, with a closing line break.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("no map of the report has keys other than text");
        text.push('\n');
        text
    }
}

/// How many requests that show a breach a page for people names; `report.json` has all that were kept.
pub(crate) const SHOWN_MAX: usize = 3;

/// Seconds of the run as `12:05`.
pub(crate) fn clock(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A finding's verdict as a word.
pub(crate) fn word(verdict: FindingVerdict) -> &'static str {
    match verdict {
        FindingVerdict::Pass => "pass",
        FindingVerdict::Fail => "fail",
        FindingVerdict::Advisory => "advisory",
        FindingVerdict::Inconclusive => "inconclusive",
        FindingVerdict::NotJudged => "not judged",
    }
}

/// What a finding measured, or a dash. A time that something did not happen in is none that it took.
pub(crate) fn measured(finding: &Finding) -> String {
    match finding.measured {
        Some(waited) if finding.never => format!("not in {waited}"),
        Some(quantity) => quantity.to_string(),
        None => "–".to_owned(),
    }
}

/// What a finding was held against, or a dash.
pub(crate) fn demanded(finding: &Finding) -> String {
    finding.threshold.map_or_else(|| "–".to_owned(), |threshold| threshold.to_string())
}

/// A latency of a group of requests, or a dash where none ended.
pub(crate) fn latency_figure(group: &StatsReport, pick: fn(&Summary) -> u64) -> String {
    group.latency_ms.as_ref().map_or_else(|| "–".to_owned(), |summary| millis(pick(summary)))
}

/// What became of the load, in the order in which requests are lost.
pub(crate) fn load_line(report: &Report) -> String {
    let load = &report.judgement.load;
    format!(
        "{} requested, {} scheduled, {} sent, {} completed, {} late, {} dropped; send lag p99 {}",
        load.requested,
        load.scheduled,
        load.sent,
        load.completed,
        load.late,
        load.dropped + load.dropped_at_cap,
        millis(load.send_lag_p99_us)
    )
}

/// Microseconds as milliseconds with as many places as people read.
pub(crate) fn millis(us: u64) -> String {
    if us >= 100_000 {
        format!("{} ms", us / 1_000)
    } else {
        format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
    }
}

/// `part` of `whole` in percent with two places; a dash of an empty whole.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    match (part * 10_000).checked_div(whole) {
        None => "–".to_owned(),
        Some(hundredths) => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
    }
}
