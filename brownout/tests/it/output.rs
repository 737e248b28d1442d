//! What a run leaves: the files, their shape, and that they depend on the seed alone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::report::keys;
use crate::support::{BRIEF, Report, Running, command, drill, folder, healthy, process, run};

const FILES: [&str; 9] = [
    "attempts.ndjson.zst",
    "client.ndjson.zst",
    "faults.ndjson",
    "junit.xml",
    "ledger.ndjson",
    "report.html",
    "report.json",
    "report.md",
    "samples.ndjson",
];

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable"));
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().expect("a plain name");
            (name, fs::read(entry.path()).expect("readable"))
        })
        .collect()
}

fn text(name: &str) -> String {
    fs::read_to_string(healthy().out().join(name)).expect("text")
}

#[test]
fn a_healthy_gateway_passes_and_every_file_is_there() {
    assert_eq!(healthy().ended.code, Some(0), "{}", healthy().ended.err);
    let contents = contents(&healthy().out());
    assert_eq!(contents.keys().collect::<Vec<_>>(), FILES);
    for (name, bytes) in contents {
        assert!(!bytes.is_empty(), "{name} is empty");
    }
}

#[test]
fn json_on_standard_output_is_the_report_and_nothing_else() {
    assert_eq!(healthy().ended.out, text("report.json"));
    assert_eq!(Report::parse(&healthy().ended.out).0["verdict"], "pass");
}

#[test]
fn the_report_has_the_fields_that_its_readers_count_on() {
    let report = healthy().report().0;
    let mut top = keys(&report);
    top.sort_unstable();
    let expected = "attempts_without_nonce drill exit_code expectations faults interrupted invalid_because load \
                    measured preflight profile replay safe schema seed source target time timeline title verdict \
                    version weaknesses";
    assert_eq!(top.join(" "), expected);
    for finding in report["expectations"].as_array().expect("a list") {
        let mut fields = keys(finding);
        fields.sort_unstable();
        let expected = "basis demanded detail evidence first_breach_s id invariant measured name theory threshold verdict";
        assert_eq!(fields.join(" "), expected);
    }
    for key in ["requested", "scheduled", "sent", "completed", "late", "dropped"] {
        assert!(report["load"][key].is_u64(), "load.{key}");
    }
    let measured = &report["measured"];
    for times in ["latency_ms", "service_ms", "ttft_ms", "send_lag_ms"] {
        let mut figures = keys(&measured[times]);
        figures.sort_unstable();
        assert_eq!(figures.join(" "), "count max mean min p50 p90 p95 p99", "measured.{times}");
    }
    for group in ["by_kind", "by_tenant", "by_phase", "by_window", "by_provider"] {
        assert!(!keys(&measured[group]).is_empty(), "measured.{group}");
    }
    assert_eq!(
        (&report["seed"], &report["time"], &report["profile"]),
        (&7.into(), &"virtual".into(), &"full".into())
    );
    assert_eq!((&report["schema"], &report["exit_code"]), (&1.into(), &0.into()));
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["timeline"].as_array().map(Vec::len), Some(3), "thirty seconds in steps of ten");
}

#[test]
fn times_have_three_decimals_at_most() {
    let text = text("report.json");
    let figures = text.lines().filter(|line| line.contains("\"p95\": ") || line.contains("_ms\": "));
    let decimals = figures.filter_map(|line| Some(line.trim_end_matches(',').rsplit_once('.')?.1));
    let decimals: Vec<&str> = decimals.collect();
    assert!(decimals.len() > 10 && decimals.iter().all(|digits| digits.len() <= 3), "{decimals:?}");
}

#[test]
fn junit_has_one_case_for_each_expectation() {
    let junit = quick_junit::Report::deserialize_from_str(&text("junit.xml")).expect("JUnit XML");
    let cases: Vec<&str> =
        junit.test_suites.iter().flat_map(|suite| &suite.test_cases).map(|case| case.name.as_str()).collect();
    let report = healthy().report();
    let demanded = report.findings().filter(|finding| finding.get("demanded") == true);
    let demanded: Vec<String> =
        demanded.map(|finding| finding.get("id").as_str().expect("a text").to_owned()).collect();
    assert_eq!(cases, demanded);
    assert!(cases.len() > 10 && junit.failures == 0);
}

#[test]
fn the_page_is_one_file_that_needs_no_network() {
    let page = text("report.html").to_ascii_lowercase();
    assert!(page.starts_with("<!doctype html>") && page.contains("provider-failure"));
    let fetches = ["http://", "https://", "src=", "<link", "@import", "url("];
    for fetch in fetches {
        assert!(!page.contains(fetch), "the page has `{fetch}`");
    }
}

#[test]
fn the_markdown_has_a_line_for_each_expectation_and_says_how_to_see_it_again() {
    let markdown = text("report.md");
    assert!(markdown.starts_with("# provider-failure: PASS"), "{markdown}");
    for finding in healthy().report().findings().filter(|finding| finding.get("demanded") == true) {
        let row = format!("| {} |", finding.get("id").as_str().expect("a text"));
        assert!(markdown.contains(&row), "no `{row}`");
    }
    assert!(markdown.contains("Replay: `brownout drill provider-failure --seed 7 --set "), "{markdown}");
}

#[test]
fn what_depends_on_the_machine_is_in_its_own_file() {
    let path = healthy().folder.join("machine.json");
    let machine = Report::parse(&fs::read_to_string(path).expect("written")).0;
    for key in ["wall_ms", "cpu_ms", "memory_peak_bytes"] {
        assert!(machine[key].as_u64().is_some_and(|value| value > 0), "{key} of {machine}");
    }
    let report = text("report.json");
    for word in ["wall_ms", "cpu_ms", "memory_peak", &healthy().folder.display().to_string()] {
        assert!(!report.contains(word), "report.json has `{word}`");
    }
}

/// Another folder, another form of output, another time of day: the same bytes.
#[test]
fn two_runs_of_a_seed_are_byte_identical_and_another_seed_is_not() {
    let folder = folder();
    let same = run(folder.path(), &drill(&BRIEF, "same")).expect(0);
    assert!(!same.out.contains('\u{1b}'), "escape codes in a pipe: {:?}", same.out);
    assert!(same.out.contains("PASS") && same.out.contains("availability"), "{}", same.out);
    let ours = contents(&folder.path().join("same"));
    let theirs = contents(&healthy().out());
    for name in FILES {
        assert!(ours[name] == theirs[name], "{name} differs between two runs of a seed");
    }
    let other = [&drill(&BRIEF, "other")[..], &["--seed", "8"]].concat();
    run(folder.path(), &other);
    let others = contents(&folder.path().join("other"));
    for name in ["client.ndjson.zst", "attempts.ndjson.zst", "report.json", "ledger.ndjson"] {
        assert!(others[name] != theirs[name], "{name} is the same for another seed");
    }
}

/// Runs a small drill with a terminal for standard output.
fn on_a_terminal(folder: &Path, no_color: Option<&str>) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal of ours");
    let name = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("a path");
    let screen = File::options().read(true).write(true).open(name).expect("the other side");
    let tiny = [
        "--set",
        "duration=4s",
        "--set",
        "faults[0].when={first=\"1s\",for=\"1s\"}",
        "--set",
        "faults[1].when={first=\"2s\",for=\"1s\"}",
        "--set",
        "load.arrivals.poisson=10/s",
    ];
    let mut command = command(folder, &drill(&tiny, "out"));
    command.env("TERM", "xterm");
    if let Some(value) = no_color {
        command.env("NO_COLOR", value);
    }
    Running::start_printing_to(command, Stdio::from(screen)).wait();
    process::read_terminal(File::from(terminal))
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let folder = folder();
    let coloured = on_a_terminal(folder.path(), None);
    assert!(coloured.contains("\u{1b}[32m") && coloured.contains("availability"), "{coloured:?}");
    let plain = on_a_terminal(folder.path(), Some("1"));
    assert!(!plain.contains('\u{1b}') && plain.contains("availability"), "{plain:?}");
}
