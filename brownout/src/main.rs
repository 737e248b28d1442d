//! The `brownout` command: reads arguments, composes parts, prints, and maps what happened to exit codes. It
//! decides nothing itself.

mod cli;
mod commands;
mod exit;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, Command};
use exit::{CommandError, Exit};
use mimalloc::MiMalloc;
use terminal::Terminal;

/// A request allocates about 130 times, and what it needs has often just been given back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let terminal = Terminal::of_process();
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refusal) => return answer_refusal(&terminal, &refusal).into(),
    };
    terminal.log_events(cli.verbose);
    match run(&cli.command, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal.error(&error.to_string());
            error.exit().into()
        }
    }
}

fn run(command: &Command, terminal: &Terminal) -> Result<Exit, CommandError> {
    match command {
        Command::Drill(args) => commands::drill::run(args, terminal),
        Command::Drills => commands::drills::run(terminal),
        Command::Check(args) => commands::check::run(args, terminal),
        Command::Plan(args) => commands::plan::run(args, terminal),
        Command::MockProvider(args) => commands::mock_provider::run(args, terminal),
        Command::Proxy(args) => commands::proxy::run(args, terminal),
        Command::Gateway(args) => commands::gateway::run(args, terminal),
        Command::Loadgen(args) => commands::loadgen::run(args, terminal),
        Command::Explain(args) => commands::explain::run(args, terminal),
    }
}

/// Help and version are no failure; everything else that clap refuses is an unusable argument.
fn answer_refusal(terminal: &Terminal, refusal: &clap::Error) -> Exit {
    use clap::error::ErrorKind;
    match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            terminal.print(&refusal.render().to_string());
            Exit::Pass
        }
        _ => {
            terminal.print_error(&refusal.render().to_string());
            Exit::Configuration
        }
    }
}
