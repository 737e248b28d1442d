//! The commands that run nothing: check, drills, plan, explain, and the list of weaknesses.

use evidence::log::LogReader;
use evidence::record::{AttemptOutcome, ClientOutcome};
use evidence::{AttemptRecord, ClientRecord, Nonce};

use crate::support::{folder, healthy, run};

fn printed(arguments: &[&str]) -> String {
    let folder = folder();
    let ended = run(folder.path(), arguments).expect(0);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "something was left behind");
    ended.out
}

#[test]
fn check_does_the_arithmetic() {
    let text = printed(&["check", "provider-failure"]);
    for line in [
        "for 45m, profile full, seed 7; arrivals hash ",
        "peak 210/s, 60 % of the gateway's 350/s; about ",
        "without faults p50 ",
        "fault half-dead[0] on bedrock   300 s to   600 s: 50% of bedrock",
        "fault down[0] on bedrock  2100 s to  2400 s: 100% of bedrock",
        "expect time_to_failover",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    let smoke = printed(&["check", "provider-failure", "--profile", "smoke"]);
    assert!(smoke.contains("for 1m, profile smoke"), "{smoke}");
}

#[test]
fn check_says_what_a_closed_loop_cannot_exceed() {
    let folder = folder();
    let drill = r#"
        duration = "60s"
        providers = { bedrock = { profile = "bedrock/claude-haiku" } }
        gateway = { models = { chat = { targets = ["bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"] } } }
        load = { mix = { chat = 1 }, users = { count = 50, wait = { low = "1s", high = "3s" } } }
        expect = { availability = "> 95%" }
    "#;
    std::fs::write(folder.path().join("loop.toml"), drill).expect("a file");
    let text = run(folder.path(), &["check", "loop.toml"]).expect(0).out;
    assert!(text.contains("closed loop: at most 50 users and "), "{text}");
}

#[test]
fn drills_lists_what_can_be_run() {
    let text = printed(&["drills"]);
    let names: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"provider-failure"), "{text}");
    for name in names {
        printed(&["check", name]);
    }
}

fn hash(arguments: &[&str]) -> String {
    let text = printed(arguments);
    let (_, hash) = text.trim_end().rsplit_once("hash ").unwrap_or_else(|| panic!("no hash in {text}"));
    assert_eq!(hash.len(), 16, "{text}");
    hash.to_owned()
}

#[test]
fn a_plan_depends_on_the_seed_alone() {
    let seven = hash(&["plan", "provider-failure", "--profile", "smoke"]);
    assert_eq!(seven, hash(&["plan", "provider-failure", "--profile", "smoke", "--seed", "7"]));
    assert_ne!(seven, hash(&["plan", "provider-failure", "--profile", "smoke", "--seed", "8"]));
    assert_ne!(seven, hash(&["plan", "provider-failure", "--profile", "short"]));
}

/// The plan is what is sent: as many as the run's report counts.
#[test]
fn a_plan_counts_what_a_run_sends() {
    let text = printed(&["plan", "provider-failure", "--profile", "smoke"]);
    let count = |what: &str| -> u64 {
        let (_, rest) = text.split_once(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    let kinds: u64 = ["class  chat ", "class  embeddings ", "class  models "].into_iter().map(count).sum();
    assert!(kinds > 1_000 && kinds <= count("arrivals"), "{text}");
}

fn faulted() -> (AttemptRecord, Nonce) {
    let log = healthy().out().join("attempts.ndjson.zst");
    let mut attempts =
        LogReader::<AttemptRecord>::open(&log).expect("the log").map(|record| record.expect("whole"));
    let failed = |record: &AttemptRecord| record.fault.is_some() && record.outcome != AttemptOutcome::Ok;
    let attempt = attempts.find(failed).expect("the drill has faults");
    let nonce = attempt.nonce.expect("the load names its requests");
    (attempt, nonce)
}

fn client_of(nonce: Nonce) -> ClientRecord {
    let log = healthy().out().join("client.ndjson.zst");
    let mut clients =
        LogReader::<ClientRecord>::open(&log).expect("the log").map(|record| record.expect("whole"));
    clients.find(|record| record.nonce == Some(nonce)).expect("both logs have it")
}

#[test]
fn explain_tells_a_faulted_requests_life() {
    let (attempt, nonce) = faulted();
    let out = healthy().out().display().to_string();
    let story = printed(&["explain", &out, &nonce.to_string()]);
    let client = client_of(nonce);
    let fault = attempt.fault.as_ref().expect("it is faulted");
    let mut told = vec![
        nonce.to_string(),
        "client: intended, try 0".to_owned(),
        format!("{} attempt 0: {}", attempt.provider, attempt.operation),
        "fault decided".to_owned(),
        fault.rule.to_string(),
        format!("client: ended {}", client.outcome.as_str()),
    ];
    if client.outcome == ClientOutcome::Ok {
        told.push(format!("served by {}", client.served_by.expect("the gateway says who")));
    }
    for text in told {
        assert!(story.contains(&text), "nothing about `{text}` in:\n{story}");
    }
    let place = |text: &str| story.find(text).expect("told above");
    assert!(
        place("client: intended") < place("fault decided") && place("fault decided") < place("client: ended")
    );
}

#[test]
fn explain_refuses_what_no_log_mentions() {
    let out = healthy().out().display().to_string();
    let folder = folder();
    let unknown = run(folder.path(), &["explain", &out, "bo-0000000000000000"]).expect(104);
    assert!(unknown.err.contains("mentions bo-0000000000000000"), "{}", unknown.err);
    let malformed = run(folder.path(), &["explain", &out, "request-12"]).expect(104);
    assert!(malformed.err.contains("`bo-` and 16 hexadecimal digits"), "{}", malformed.err);
    let empty = run(folder.path(), &["explain", ".", "bo-0000000000000000"]).expect(104);
    assert!(empty.err.contains("client.ndjson.zst"), "{}", empty.err);
}

#[test]
fn every_weakness_is_listed_with_what_catches_it() {
    let text = printed(&["gateway", "--weaknesses"]);
    for weakness in gateway::weakness::ALL {
        assert!(text.contains(weakness.name), "{} is missing", weakness.name);
        assert!(text.contains(weakness.summary) && text.contains(weakness.caught_by), "{}", weakness.name);
    }
}
