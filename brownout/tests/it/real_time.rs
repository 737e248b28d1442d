//! Drills on sockets and the machine's clock: all parts together, and each of them lost in the middle.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::process::{is_alive, pause, signal_process};
use crate::support::{Ended, Report, Running, command, folder};

/// The smoke profile, shortened further. The generator shares its machine with other tests: it may be late by
/// what a busy machine costs, but not by as much as a stop of two seconds.
pub(crate) fn real_time(out: &str) -> Vec<&str> {
    let overrides = [
        "duration=14s",
        "faults[0].when={first=\"3s\",for=\"4s\"}",
        "faults[1].when={first=\"9s\",for=\"4s\"}",
        "load.arrivals.poisson=30/s",
        "load.send_lag_max=1s",
    ];
    let sets = overrides.into_iter().flat_map(|set| ["--set", set]);
    ["drill", "provider-failure", "--time", "real", "--profile", "smoke", "--out", out]
        .into_iter()
        .chain(sets)
        .collect()
}

/// Waits until the preflight is over and the parts have started anew; returns the mock and the gateway.
pub(crate) fn under_way(run: &Running) -> (u32, u32) {
    let rehearsed = run.child("gateway", None);
    let gateway = run.child("gateway", Some(rehearsed));
    (run.child("mock-provider", None), gateway)
}

/// Runs the drill and does `something` to it, or to its mock and gateway, two seconds after the load began.
fn disturbed(something: impl FnOnce(&Running, u32, u32)) -> (Ended, Report) {
    let folder = folder();
    let run = Running::start(command(folder.path(), &real_time("out")));
    let (mock, gateway) = under_way(&run);
    pause(Duration::from_secs(2));
    something(&run, mock, gateway);
    let ended = run.wait();
    assert!(!is_alive(mock) && !is_alive(gateway), "a child outlives its drill");
    let report = Report::read(&folder.path().join("out"));
    assert_eq!(report.0["exit_code"].as_i64().map(|code| code as i32), ended.code);
    (ended, report)
}

#[test]
fn all_parts_together_pass() {
    let (ended, report) = disturbed(|_, _, _| {});
    ended.expect(0);
    assert_eq!((&report.0["time"], &report.0["profile"]), (&"real".into(), &"smoke".into()));
    assert_eq!(report.finding("C6").verdict(), "pass", "the gateway's process was watched");
    let faulted = report.0["measured"]["by_provider"]["bedrock"]["faulted"].as_u64();
    assert!(faulted.is_some_and(|count| count > 0), "no fault reached a socket");
}

#[test]
fn a_gateway_that_dies_fails_and_the_report_says_when() {
    let (ended, report) = disturbed(|_, _, gateway| signal_process(gateway, Signal::KILL));
    let ended = ended.expect(99);
    let liveness = report.finding("C6");
    assert_eq!(liveness.verdict(), "fail");
    let second = liveness.get("first_breach_s").as_u64().expect("the report says when");
    assert!((1..=6).contains(&second), "second {second}");
    assert!(
        ended.out.contains("liveness") && ended.out.contains(&format!("first at 0:{second:02}")),
        "{}",
        ended.out
    );
    let sent = report.0["load"]["sent"].as_u64().expect("a number");
    assert!(
        sent < report.0["load"]["requested"].as_u64().expect("a number"),
        "the load goes on against nothing"
    );
}

/// The mock is ours: what happens after its death says nothing about the gateway.
#[test]
fn a_mock_that_dies_makes_the_run_invalid() {
    let (ended, report) = disturbed(|_, mock, _| signal_process(mock, Signal::KILL));
    let ended = ended.expect(96);
    assert_eq!(report.0["verdict"], "invalid");
    let reason = report.invalid_because();
    assert!(
        reason.contains("mock provider ended") && reason.contains("SIGKILL") && reason.contains(" s"),
        "{reason}"
    );
    assert!(ended.out.contains("mock provider ended"), "{}", ended.out);
}

/// Requests that were not sent when they should have been must not be held against the gateway.
#[test]
fn a_generator_that_was_stopped_makes_the_run_invalid() {
    let (ended, report) = disturbed(|run, _, _| {
        run.signal(Signal::STOP);
        pause(Duration::from_secs(2));
        run.signal(Signal::CONT);
    });
    ended.expect(96);
    assert_eq!(report.finding("G1").verdict(), "fail");
    assert!(report.invalid_because().contains("send lag p99"), "{}", report.invalid_because());
}
