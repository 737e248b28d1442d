//! `brownout gateway`: the reference gateway alone, on a socket.

use drill::file::{Document, refuse_unknown_keys};
use drill::run::Announcement;
use gateway::{GatewayFile, GatewayPlan, StartError};
use world::Seed;

use super::drill::find_weakness;
use super::{listen_address, serving};
use crate::cli::GatewayArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

/// In front of a mock provider at its usual address.
const DEFAULT_CONFIG: &str = include_str!("../../../configs/gateway.toml");

pub(crate) fn run(args: &GatewayArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    if args.weaknesses {
        terminal.print(&list_weaknesses());
        return Ok(Exit::Pass);
    }
    serving::prepare(&args.part)?;
    let plan = read_plan(args)?;
    world::run_real(Seed(args.seed), serving::THREADS, async |world| {
        let gateway = gateway::start(&world, &plan, None).map_err(|error| start_error(&error))?;
        let address = gateway.address().to_string();
        let announcement =
            Announcement { listening: address.clone(), providers: std::collections::BTreeMap::new() };
        serving::announce(terminal, &args.part, &announcement, &banner(&address, &plan));
        serving::until_stopped(&world).await?;
        gateway.shutdown(serving::GRACE).await;
        Ok(Exit::Pass)
    })
    .map_err(CommandError::unreachable)?
}

fn read_plan(args: &GatewayArgs) -> Result<GatewayPlan, CommandError> {
    let (name, text) = match &args.config {
        Some(path) => serving::read_config(path)?,
        None => ("configs/gateway.toml".to_owned(), DEFAULT_CONFIG.to_owned()),
    };
    let document = Document::parse(&name, &text).map_err(CommandError::configuration)?;
    let located = |problems| CommandError::configuration(document.errors(problems));
    let mut problems = notation::Problems::new();
    refuse_unknown_keys(&document, &["gateway"], &mut problems);
    let file = problems.take("", document.section::<GatewayFile>("gateway")).flatten();
    let file = problems.into_result(file).map_err(located)?;
    let mut file = file.ok_or_else(|| {
        CommandError::configuration(format!("{name}: has no [gateway] section (accepted: one)"))
    })?;
    if let Some(listen) = &args.listen {
        file.listen = Some(listen_address(listen)?.to_string());
    }
    let mut plan = file.plan().map_err(|problems| {
        let mut under = notation::Problems::new();
        under.merge_under("gateway", problems);
        located(under)
    })?;
    for name in &args.weakness {
        plan.weaken(find_weakness(name)?);
    }
    Ok(plan)
}

fn start_error(error: &StartError) -> CommandError {
    match error {
        StartError::Listen { .. } => CommandError::unreachable(format!(
            "the gateway {error} (accepted: a free address of this machine)"
        )),
        StartError::Plan(_) => CommandError::configuration(error),
    }
}

fn banner(address: &str, plan: &GatewayPlan) -> String {
    let mut text = format!("reference gateway on http://{address}/v1 (OpenAI dialect)\n");
    for alias in &plan.aliases {
        let targets: Vec<String> = alias
            .targets
            .iter()
            .filter_map(|index| Some(plan.pinned_name(plan.targets.get(*index)?)))
            .collect();
        text.push_str(&format!("  model {:<14} {}\n", alias.name, targets.join(", then ")));
    }
    text.push_str(&format!("  state: http://{address}/debug/state   metrics: http://{address}/metrics\n"));
    text
}

fn list_weaknesses() -> String {
    let mut text = String::new();
    for weakness in gateway::weakness::ALL {
        text.push_str(&format!(
            "{:<24} {}\n{:<24} caught by {}\n",
            weakness.name, weakness.summary, "", weakness.caught_by
        ));
    }
    text
}
