//! What cannot be understood is refused by name before anything starts: exit 104.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{folder, run};

const DRILL: &str = include_str!("../../../configs/drills/provider-failure.toml");

/// The shipped drill with lines replaced; the first line that begins with the left becomes the right. Returns the
/// number of the last one.
fn write_drill(folder: &Path, changes: &[(&str, &str)]) -> usize {
    let mut lines: Vec<&str> = DRILL.lines().collect();
    let mut place = 0;
    for (begin, replacement) in changes {
        place = lines
            .iter()
            .position(|line| line.starts_with(begin))
            .unwrap_or_else(|| panic!("no line {begin}"));
        lines[place] = replacement;
    }
    fs::write(folder.join("bad.toml"), lines.join("\n")).expect("a file");
    place + 1
}

/// Runs with arguments that are wrong; `words` must be said, and nothing may be left behind.
#[track_caller]
fn refused(folder: &TempDir, arguments: &[&str], words: &[&str]) -> String {
    let ended = run(folder.path(), arguments).expect(104);
    for word in words {
        assert!(ended.err.contains(word), "nothing about `{word}` in:\n{}", ended.err);
    }
    assert_eq!(ended.out, "", "something on standard output");
    for left in ["out", "brownout-out"] {
        assert!(!folder.path().join(left).exists(), "`{left}` was made");
    }
    ended.err
}

/// A drill with one wrong line: exactly one problem, at that line.
#[track_caller]
fn refused_line(change: (&str, &str), words: &[&str]) {
    let folder = folder();
    let line = write_drill(folder.path(), &[change]);
    let place = format!("bad.toml:{line}: ");
    let err = refused(&folder, &["drill", "bad.toml", "--out", "out"], &[&[place.as_str()], words].concat());
    assert_eq!(err.lines().count(), 1, "one mistake, one problem:\n{err}");
    let checked = run(folder.path(), &["check", "bad.toml"]).expect(104);
    assert_eq!(checked.err.trim_start_matches("brownout: "), err.trim_start_matches("brownout: "));
}

#[test]
fn an_unknown_key() {
    refused_line(("streaming ", "streamin = \"40%\""), &["load.streamin", "`streaming`"]);
    refused_line(("evidence ", "evidense = \"all\""), &["evidense", "accepted: title, about"]);
}

#[test]
fn a_wrong_unit() {
    refused_line(("duration = \"45m\"", "duration = \"45 parsecs\""), &["duration", "45 parsecs", "`20s`"]);
    refused_line(("timeout ", "timeout = \"60 req\""), &["load.timeout", "60 req", "`500ms`"]);
    refused_line(
        ("arrivals ", "arrivals = { poisson = \"200 ms\" }"),
        &["load.arrivals.poisson", "200 ms", "/s"],
    );
}

#[test]
fn a_share_above_the_whole() {
    refused_line(
        ("share    = \"50%\"", "share    = \"150%\""),
        &["faults[0].share", "150%", "`0%` to `100%`"],
    );
}

#[test]
fn a_fault_of_a_provider_that_is_not_there() {
    let change = ("provider = \"bedrock\"", "provider = \"bedrok\"");
    refused_line(change, &["faults[0].provider", "`bedrok`", "accepted: bedrock, bedrock-west, vertex"]);
}

#[test]
fn an_unknown_profile_of_a_provider() {
    let change = ("profile = \"bedrock/claude-haiku\"", "profile = \"bedrock/claude-hiaku\"");
    refused_line(change, &["providers.bedrock.profile", "claude-hiaku", "bedrock/claude-haiku"]);
    let change = ("profile = \"vertex/gemini-flash\"", "profil = \"vertex/gemini-flash\"");
    refused_line(change, &["providers.vertex.profil", "`profile`"]);
}

#[test]
fn an_unknown_error_name() {
    let change =
        ("    { error = \"service-unavailable\"", "    { error = \"service-unavailble\", weight = 6 },");
    refused_line(change, &["faults[0].mix[0].error", "service-unavailble", "service-unavailable"]);
}

#[test]
fn an_expectation_with_a_typo() {
    let change = ("silent_truncation ", "silent_trunction = \"none\"");
    refused_line(change, &["expect.silent_trunction", "is no check", "silent_truncation"]);
    let change = ("cascade ", "cascade = \"nun\"");
    refused_line(change, &["expect.cascade", "`nun`", "`none`"]);
    let change = ("\"chat.latency.p95\" ", "\"chat.latency.p95\" = \"<= 3 stones\"");
    refused_line(change, &["expect.chat.latency.p95", "3 stones", "`<= 30s`"]);
}

/// It would never be judged, and so never fail.
#[test]
fn an_expectation_about_requests_that_are_not_sent() {
    let change = ("\"chat.latency.p95\" ", "\"chatt.latency.p95\" = \"<= 3s\"");
    refused_line(
        change,
        &["expect.chatt.latency.p95", "no kind `chatt`", "accepted: chat, embeddings, models"],
    );
    let change = ("cascade ", "\"http_req_duration{route:chatt}\" = [\"p(95)<9000\", \"p(99)<9000\"]");
    refused_line(change, &["http_req_duration{route:chatt}", "no kind `chatt`"]);
    let change = ("cascade ", "\"tenant:nobody.availability\" = \"> 95%\"");
    refused_line(change, &["no tenant `nobody`"]);
}

#[test]
fn an_expectation_that_no_gateway_could_meet() {
    for key in ["chat.latency.p95", "class:chat.latency.p95", "streams.latency.p99", "streams.ttft.p50"] {
        let line = format!("\"{key}\" = \"<= 10ms\"");
        let wanted = format!("expect.{key}");
        refused_line(
            ("\"chat.latency.p95\" ", &line),
            &[&wanted, "cannot be met by any gateway", "accepted: a limit above"],
        );
    }
}

#[test]
fn what_is_not_toml() {
    refused_line(("seed ", "seed = = 7"), &["extra `=`"]);
}

#[test]
fn several_problems_are_all_reported_in_the_order_of_the_file() {
    let folder = folder();
    let changes = [
        ("seed ", "sead = 7"),
        ("share    = \"50%\"", "share    = \"150%\""),
        ("streaming ", "streamin = \"40%\""),
        ("silent_truncation ", "silent_trunction = \"none\""),
    ];
    write_drill(folder.path(), &changes);
    let err = refused(&folder, &["drill", "bad.toml", "--out", "out"], &[]);
    let problems: Vec<&str> = err.lines().collect();
    assert_eq!(problems.len(), changes.len(), "{err}");
    for (problem, key) in problems.iter().zip(["sead", "share", "streamin", "silent_trunction"]) {
        assert!(problem.contains("bad.toml:") && problem.contains(key), "{problem}");
    }
}

#[test]
fn a_file_that_is_not_there() {
    let words = ["nowhere.toml", "provider-failure", "No such file"];
    refused(&folder(), &["drill", "nowhere.toml", "--out", "out"], &words);
}

#[test]
fn an_output_folder_that_cannot_be_one() {
    let folder = folder();
    fs::write(folder.path().join("taken"), "a file").expect("a file");
    let words = ["output folder", "accepted: a folder that can be written to"];
    for out in ["taken", "taken/below"] {
        refused(&folder, &["drill", "provider-failure", "--out", out], &[&[out][..], &words].concat());
    }
    assert_eq!(fs::read_to_string(folder.path().join("taken")).expect("still there"), "a file");
    let machine = ["drill", "provider-failure", "--out", "out", "--machine", "taken/below"];
    refused(&folder, &machine, &["--machine", "taken/below", "accepted:"]);
}

#[test]
fn flags_that_say_nothing_sensible() {
    let cases: [(&[&str], &[&str]); 13] = [
        (
            &["--set", "target={url=\"http://127.0.0.1:1\",pinned={vertx=\"m\"}}"],
            &["target.pinned.vertx", "no provider is called `vertx`", "bedrock-west"],
        ),
        (
            &["--set", "target={url=\"http://127.0.0.1:1\",policy={order=[\"nope\"]}}"],
            &["target.policy.order", "no provider is called `nope`", "bedrock-west"],
        ),
        (&["--weakness", "bogus"], &["`bogus` is no weakness", "no-failover"]),
        (&["--set", "bogus"], &["--set bogus", "KEY=VALUE"]),
        (&["--set", "faults[7].share=5%"], &["faults[7].share", "leads nowhere"]),
        (&["--set", "faults[0].share=500%"], &["--set", "faults[0].share", "`0%` to `100%`"]),
        (&["--shorten", "0"], &["--shorten", "0"]),
        (&["--shorten", "100"], &["half-dead[0] on bedrock would last 3s", "accepted: 1m or more"]),
        (&["--scale-rate", "nan"], &["--scale-rate", "above zero"]),
        (&["--profile", "tiny"], &["tiny", "smoke"]),
        (&["--target", "127.0.0.1:1"], &["127.0.0.1:1"]),
        (&["--weakness", "no-failover", "--bogus"], &["--bogus", "--help"]),
        (
            &["--time", "virtual", "--target", "http://127.0.0.1:1", "--set", "load.control={}"],
            &["--time", "real"],
        ),
    ];
    for (flags, words) in cases {
        refused(&folder(), &[&["drill", "provider-failure", "--out", "out"], flags].concat(), words);
    }
    refused(&folder(), &["drill", "--out", "out"], &["NAME|FILE"]);
    refused(&folder(), &["dril"], &["dril", "drill"]);
}

#[test]
fn a_host_beyond_this_machine_unless_it_is_allowed() {
    let words = ["example.com:80 is not this machine", "--allow-remote example.com"];
    let target = ["drill", "provider-failure", "--out", "out", "--set", "load.control={}"];
    refused(&folder(), &[&target[..], &["--target", "http://example.com"]].concat(), &words);
    refused(&folder(), &["loadgen", "http://example.com"], &words);
    refused(&folder(), &["proxy", "--listen", "127.0.0.1:0", "--upstream", "http://example.com"], &words);
}

#[test]
fn parts_refuse_their_own_arguments() {
    let folder = folder();
    fs::write(folder.path().join("empty.toml"), "").expect("a file");
    let cases: [(&[&str], &[&str]); 8] = [
        (&["proxy"], &["--listen ADDR --upstream URL"]),
        (&["proxy", "--listen", "127.0.0.1:99999", "--upstream", "http://127.0.0.1:1"], &["HOST:PORT"]),
        (
            &[
                "proxy",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "http://127.0.0.1:1",
                "--fault",
                "error=x@2%",
            ],
            &["--fault"],
        ),
        (&["mock-provider", "--listen", "nowhere"], &["HOST:PORT"]),
        (&["mock-provider", "--config", "empty.toml"], &["empty.toml", "[providers.NAME]"]),
        (&["gateway", "--config", "empty.toml"], &["empty.toml", "[gateway]"]),
        (&["gateway", "--weakness", "bogus"], &["`bogus` is no weakness"]),
        (&["loadgen", "http://127.0.0.1:1", "--rate", "fast"], &["--rate", "fast"]),
    ];
    for (arguments, words) in cases {
        refused(&folder, arguments, words);
    }
}
