//! `brownout explain`: one request's whole life, from the logs of a run.

use evidence::Nonce;

use crate::cli::ExplainArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let nonce: Nonce = args.nonce.parse().map_err(|_| {
        CommandError::configuration(format!(
            "`{}` is no nonce (accepted: `bo-` and 16 hexadecimal digits)",
            args.nonce
        ))
    })?;
    let story = drill::explain::explain(&args.dir, nonce).map_err(CommandError::configuration)?;
    terminal.print(&story);
    Ok(Exit::Pass)
}
