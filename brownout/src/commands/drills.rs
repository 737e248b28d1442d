//! `brownout drills`: what ships, a line each.

use drill::file::{Changes, DrillPlan, EvidenceKept};

use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

pub(crate) fn run(terminal: &Terminal) -> Result<Exit, CommandError> {
    let mut text = format!(
        "{:<22} {:>8} {:>9} {:>10} {:>7} {:>10}  {}\n",
        "drill", "length", "peak", "requests", "faults", "evidence", "what it does"
    );
    for name in drill::file::shipped() {
        let (name, document) = drill::file::open(name).map_err(CommandError::configuration)?;
        let plan =
            DrillPlan::read(&name, document, &Changes::default()).map_err(CommandError::configuration)?;
        let figures = drill::check::arithmetic(&plan);
        text.push_str(&format!(
            "{name:<22} {:>8} {:>7.0}/s {:>10} {:>7} {:>7} MB  {}\n",
            notation::format_duration(plan.duration),
            figures.peak_rate,
            figures.arrivals,
            drill::run::declared_faults(&plan).len(),
            evidence_megabytes(&plan, figures.arrivals),
            plan.title,
        ));
    }
    terminal.print(&text);
    Ok(Exit::Pass)
}

/// Bytes of a request in all logs, the first two compressed; measured on the drills that ship.
const BYTES_PER_REQUEST: u64 = 285;

fn evidence_megabytes(plan: &DrillPlan, arrivals: u64) -> u64 {
    let kept = match plan.evidence {
        EvidenceKept::All => arrivals,
        EvidenceKept::Notable => arrivals / 20,
    };
    (kept * BYTES_PER_REQUEST).div_ceil(1_000_000)
}
