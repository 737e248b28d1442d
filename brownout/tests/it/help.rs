//! Help is there for every command, and changes to it are seen.

use crate::support::{folder, run};

const COMMANDS: [&str; 9] =
    ["drill", "drills", "check", "plan", "mock-provider", "proxy", "gateway", "loadgen", "explain"];

fn help(arguments: &[&str]) -> String {
    let ended = run(folder().path(), arguments).expect(0);
    assert_eq!(ended.err, "");
    ended.out
}

#[test]
fn of_the_whole() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn of_a_drill() {
    insta::assert_snapshot!(help(&["drill", "--help"]));
}

#[test]
fn of_every_command() {
    let whole = help(&["--help"]);
    for command in COMMANDS {
        let text = help(&[command, "--help"]);
        assert!(text.contains(&format!("Usage: brownout {command}")), "{text}");
        assert!(whole.contains(&format!("  {command} ")), "{command} is not listed");
    }
}

#[test]
fn the_version_is_that_of_the_workspace() {
    assert_eq!(help(&["--version"]), format!("brownout {}\n", env!("CARGO_PKG_VERSION")));
}
