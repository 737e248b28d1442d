//! Ctrl-C: what was seen is reported and marked, nothing stays behind, exit 105.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::real_time::{real_time, under_way};
use crate::support::process::{TakenPort, is_alive, pause, wait_until};
use crate::support::{BRIEF, Report, Running, command, drill, folder};

fn is_marked(out: &Path) {
    let report = Report::read(out).0;
    assert_eq!((&report["interrupted"], &report["exit_code"]), (&true.into(), &105.into()));
    let sent = report["load"]["sent"].as_u64().expect("a number");
    assert!(sent > 0 && sent < report["load"]["requested"].as_u64().expect("a number"), "{}", report["load"]);
    let text = |name: &str| std::fs::read_to_string(out.join(name)).expect("every form is written");
    assert!(text("report.md").contains("INTERRUPTED"));
    assert!(text("report.html").contains("INTERRUPTED"));
    let junit = quick_junit::Report::deserialize_from_str(&text("junit.xml")).expect("JUnit XML");
    assert_eq!(junit.errors, 1, "a CI system must not take it for a pass");
}

#[test]
fn a_virtual_run() {
    let folder = folder();
    // Long enough to be still under way on any machine.
    let arguments = [&drill(&BRIEF, "out")[..], &["--set", "duration=8h"]].concat();
    let run = Running::start(command(folder.path(), &arguments));
    let faults = folder.path().join("out/client.ndjson.zst");
    assert!(wait_until(Duration::from_secs(60), || faults.exists()), "it does not begin");
    pause(Duration::from_secs(3));
    run.signal(Signal::INT);
    let ended = run.wait().expect(105);
    assert!(ended.out.contains("INTERRUPTED"), "{}", ended.out);
    is_marked(&folder.path().join("out"));
}

#[test]
fn a_target_that_never_answers() {
    let folder = folder();
    let silent = TakenPort::new();
    let target = format!("http://{}", silent.address());
    let arguments =
        ["drill", "provider-failure", "--target", &target, "--set", "load.control={}", "--out", "out"];
    let run = Running::start(command(folder.path(), &arguments));
    // The first only looks whether anybody is there.
    let _callers = [silent.caller(), silent.caller()];
    run.signal(Signal::INT);
    // One request of the preflight alone has a minute.
    let report = folder.path().join("out/report.json");
    assert!(wait_until(Duration::from_secs(30), || report.exists()), "it goes on asking");
    let ended = run.wait().expect(105);
    assert!(ended.out.contains("INTERRUPTED"), "{}", ended.out);
    assert_eq!(Report::read(&folder.path().join("out")).0["interrupted"], true);
}

#[test]
fn a_real_run() {
    let folder = folder();
    let run = Running::start(command(folder.path(), &real_time("out")));
    let (mock, gateway) = under_way(&run);
    pause(Duration::from_secs(2));
    run.signal(Signal::INT);
    let ended = run.wait().expect(105);
    assert!(ended.out.contains("INTERRUPTED"), "{}", ended.out);
    is_marked(&folder.path().join("out"));
    assert!(!is_alive(mock) && !is_alive(gateway), "a child outlives its drill");
}
