//! A disk that fills up while a drill runs: evidence is missing, so the run says nothing, exit 96.
//!
//! The kernel's limit on the size of a file stands in for the disk. Its signal is ignored, as a full disk sends
//! none; writes then fail with an error, like on a full disk.

use std::path::Path;
use std::process::Command;

use crate::support::{BRIEF, Ended, Report, Running, drill, folder};

/// Runs the brief drill where no file can grow beyond `blocks` of 512 bytes.
fn on_a_disk_of(folder: &Path, blocks: u32) -> Ended {
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_brownout")]).args(drill(&BRIEF, "out"));
    command.current_dir(folder).env_remove("NO_COLOR");
    Running::start(command).wait()
}

#[test]
fn logs_that_break_off_make_the_run_invalid() {
    let folder = folder();
    let ended = on_a_disk_of(folder.path(), 100).expect(96);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert!(ended.out.contains("INVALID") && ended.out.contains("ledger.ndjson"), "{}", ended.out);
    let report = Report::read(&folder.path().join("out"));
    assert_eq!((&report.0["verdict"], &report.0["exit_code"]), (&"invalid".into(), &96.into()));
    assert!(report.invalid_because().contains("ledger.ndjson"), "{}", report.invalid_because());
}

#[test]
fn a_report_that_cannot_be_written_is_no_pass() {
    let folder = folder();
    let ended = on_a_disk_of(folder.path(), 8).expect(96);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert!(
        ended.err.contains("its report is missing") && ended.err.contains("report.json"),
        "{}",
        ended.err
    );
    let left = std::fs::read_dir(folder.path().join("out")).expect("the folder");
    let names: Vec<String> =
        left.map(|entry| entry.expect("readable").file_name().into_string().expect("plain")).collect();
    assert!(!names.iter().any(|name| name.contains("report") || name.contains("partial")), "{names:?}");
}
