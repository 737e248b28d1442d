//! `brownout check`: validate and do the arithmetic, of every file given.

use drill::file::{Changes, DrillPlan};

use crate::cli::CheckArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let mut exit = Exit::Pass;
    for name in &args.drills {
        match describe(name, args) {
            Ok(text) => terminal.print(&text),
            Err(error) => {
                terminal.print_error(&format!("{error}\n"));
                exit = Exit::Configuration;
            }
        }
    }
    Ok(exit)
}

fn describe(name: &str, args: &CheckArgs) -> Result<String, CommandError> {
    let (name, document) = drill::file::open(name).map_err(CommandError::configuration)?;
    let changes = Changes { profile: args.profile.into(), set: args.set.clone(), ..Changes::default() };
    let plan = DrillPlan::read(&name, document, &changes).map_err(CommandError::configuration)?;
    Ok(drill::check::describe(&plan))
}
