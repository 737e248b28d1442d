//! Proven both ways: the healthy gateway passes, and each weakness breaks the invariant that is named for it.

use crate::support::{BRIEF, Report, drill, folder, healthy, run};

/// A fifth of the requests fail, too few to open the breaker: streams go on being cut while they run.
const CUTS: [&str; 12] = [
    "--set",
    "duration=20s",
    "--set",
    "faults[0].when={first=\"4s\",for=\"12s\"}",
    "--set",
    "faults[0].share=20%",
    "--set",
    "faults[1].when={first=\"1h\"}",
    "--set",
    "load.arrivals.poisson=60/s",
    "--set",
    "load.streaming=100%",
];

/// One short outage, then more quiet than the longest return may take.
const RETURN: [&str; 12] = [
    "--set",
    "duration=75s",
    "--set",
    "faults[0].when={first=\"11s\",for=\"6s\"}",
    "--set",
    "faults[0].share=100%",
    "--set",
    "faults[1].when={first=\"1h\"}",
    "--set",
    "load.arrivals.poisson=20/s",
    "--set",
    "load.control={\"bedrock/*\"=\"1/s\",\"vertex/*\"=\"1/s\"}",
];

fn passes(report: &Report, invariants: &[&str]) {
    for invariant in invariants {
        assert_eq!(report.finding(invariant).verdict(), "pass", "{invariant} of the healthy gateway");
    }
}

/// Runs the drill with a weakness; the named invariants must be broken, and the report must say by whom.
fn breaks(overrides: &[&str], weakness: &str, invariants: &[&str]) {
    let folder = folder();
    let arguments = [&drill(overrides, "out")[..], &["--weakness", weakness]].concat();
    let ended = run(folder.path(), &arguments).expect(99);
    assert!(ended.out.contains("FAIL"), "{}", ended.out);
    let report = Report::read(&folder.path().join("out"));
    let markdown = std::fs::read_to_string(folder.path().join("out/report.md")).expect("a report");
    assert_eq!(report.0["weaknesses"], serde_json::json!([weakness]));
    assert_eq!((&report.0["verdict"], &report.0["exit_code"]), (&"fail".into(), &99.into()));
    for invariant in invariants {
        let finding = report.finding(invariant);
        assert_eq!(finding.verdict(), "fail", "{invariant}: {}", finding.get("detail"));
        let told = format!("- {invariant} ");
        let line = markdown.lines().find(|line| line.starts_with(&told)).unwrap_or_default();
        assert!(line.contains(finding.get("detail").as_str().expect("a text")), "{invariant}: {line}");
    }
}

fn healthy_with(overrides: &[&str], invariants: &[&str]) {
    let folder = folder();
    run(folder.path(), &drill(overrides, "out")).expect(0);
    passes(&Report::read(&folder.path().join("out")), invariants);
}

#[test]
fn without_failover_requests_fail() {
    passes(&healthy().report(), &["A1", "F1"]);
    breaks(&BRIEF, "no-failover", &["A1", "F1"]);
}

#[test]
fn unlimited_retries_multiply_the_attempts() {
    passes(&healthy().report(), &["R2", "R1"]);
    breaks(&BRIEF, "retry-unlimited", &["R2", "R1"]);
}

#[test]
fn a_breaker_that_sticks_never_lets_a_provider_come_back() {
    healthy_with(&RETURN, &["F5"]);
    breaks(&RETURN, "sticky-breaker", &["F5"]);
}

#[test]
fn a_stream_that_ends_as_if_it_were_whole_is_found() {
    healthy_with(&CUTS, &["E1", "E4"]);
    breaks(&CUTS, "truncate-silent", &["E1"]);
}
