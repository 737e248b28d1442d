//! What the parts that serve have in common: announcing themselves, and running until told to stop.

use std::time::Duration;

use drill::run::Announcement;
use world::World;

use crate::cli::PartArgs;
use crate::exit::CommandError;
use crate::terminal::Terminal;

/// How long requests in flight may take when a part is told to stop.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Worker threads of a part that runs alone.
pub(super) const THREADS: usize = 2;

/// A child of a drill ends with it, however that ends.
pub(super) fn prepare(part: &PartArgs) -> Result<(), CommandError> {
    if part.child {
        world::end_with_parent().map_err(CommandError::unreachable)?;
    }
    Ok(())
}

/// Says where a part listens: one line of JSON to a program that waits for it, a banner to a person.
pub(super) fn announce(terminal: &Terminal, part: &PartArgs, announcement: &Announcement, banner: &str) {
    if part.child {
        let line = serde_json::to_string(announcement).unwrap_or_default();
        terminal.print(&format!("{line}\n"));
    } else {
        terminal.print(banner);
    }
}

/// Waits for an interrupt or a request to end.
pub(super) async fn until_stopped(_world: &World) -> Result<(), CommandError> {
    world::interrupted().await.map_err(CommandError::unreachable)
}

/// Reads a configuration: a file, or standard input for `-`. Returns what errors call it, and its text.
pub(super) fn read_config(path: &std::path::Path) -> Result<(String, String), CommandError> {
    let name = if path == std::path::Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let text = if path == std::path::Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        let accepted = "a file of TOML in UTF-8, or `-` for standard input";
        CommandError::configuration(format!("cannot read {name}: {error} (accepted: {accepted})"))
    })?;
    Ok((name, text))
}
