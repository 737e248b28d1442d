//! `brownout plan`: the arrivals of a drill, counted without sending any.

use drill::file::{Changes, DrillPlan};

use crate::cli::PlanArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

pub(crate) fn run(args: &PlanArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let (name, document) = drill::file::open(&args.drill).map_err(CommandError::configuration)?;
    let changes = Changes { profile: args.profile.into(), seed: args.seed, ..Changes::default() };
    let plan = DrillPlan::read(&name, document, &changes).map_err(CommandError::configuration)?;
    let figures = drill::check::arithmetic(&plan);
    let summary = plan.load.summary(|_| std::time::Duration::ZERO);
    let mut text = format!(
        "{name}, seed {}, profile {}\n  arrivals {} (control {}, bad on purpose {}), streamed {}\n  peak {:.0}/s, about {} in flight\n",
        plan.seed,
        plan.profile,
        summary.arrivals,
        summary.control,
        summary.deliberate,
        summary.streamed,
        summary.peak_rate,
        figures.peak_in_flight
    );
    for (what, counts) in
        [("class", &summary.by_class), ("tenant", &summary.by_tenant), ("phase", &summary.by_phase)]
    {
        for (name, count) in counts {
            text.push_str(&format!("  {what:<6} {name:<24} {count:>9}\n"));
        }
    }
    text.push_str(&format!("  last due {}, hash {:016x}\n", summary.last_due, summary.hash));
    terminal.print(&text);
    Ok(Exit::Pass)
}
