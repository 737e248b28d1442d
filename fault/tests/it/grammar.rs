//! `[[faults]]`: what is accepted, and what is said about the rest.

use crate::fault::grammar::Provider;
use crate::fault::{Effect, Family, FaultFile, Rule};
use notation::Problems;
use serde::Deserialize;
use world::Instant;

#[derive(Deserialize)]
struct File {
    faults: Vec<FaultFile>,
}

const PROVIDERS: [Provider<'_>; 2] = [
    Provider { name: "bedrock", family: Family::Bedrock },
    Provider { name: "vertex", family: Family::Vertex },
];

fn plan(text: &str) -> Result<Vec<Rule>, Problems> {
    let file: File = toml::from_str(text).expect("TOML of the right shape");
    crate::fault::plan(&file.faults, &PROVIDERS)
}

fn refused(rule: &str) -> String {
    plan(&format!("[[faults]]\n{rule}")).map(|_| ()).expect_err(rule).to_string()
}

#[test]
fn a_drills_faults_become_rules() {
    let rules = plan(
        r#"
        [[faults]]
        provider = "bedrock"
        when     = { first = "5m", for = "5m", every = "10m", times = 3 }
        share    = "50%"
        mix      = [ { error = "service-unavailable", weight = 6 }, { error = "throttling", weight = 2 },
                     { reset = "before-headers", weight = 1 },
                     { cut = { after = "3 events", by = "reset" }, weight = 1 } ]

        [[faults]]
        name     = "down"
        provider = "bedrock"
        when     = { first = "35m", for = "5m" }
        share    = "100%"
        error    = "service-unavailable"
        "#,
    )
    .expect("two rules");
    let names: Vec<_> = rules.iter().map(|rule| &*rule.name).collect();
    assert_eq!(names, ["faults[0]", "down"]);
    let weights: Vec<_> = rules[0].mix.iter().map(|entry| (entry.effect.name(), entry.weight)).collect();
    assert_eq!(weights, [("error", 6), ("error", 2), ("reset", 1), ("cut", 1)]);
    let opens: Vec<_> = rules[0].schedule.windows().map(|window| window.opens).collect();
    assert_eq!(opens, [300, 900, 1500].map(Instant::from_secs));
}

#[test]
fn every_effect_has_its_key() {
    for (text, name) in [
        ("error = 503", "error"),
        ("error = 'throttling'\nretry_after = true", "error"),
        ("reset = 'before-request'", "reset"),
        ("cut = { after = '1 event', by = 'clean-end' }", "cut"),
        ("stall = { after = '2 events', for = '30s' }", "stall"),
        ("in_band_error = { error = 'throttling', after = '1 content event' }", "in_band_error"),
        ("latency = { lognormal = { p50 = '400ms', p95 = '2s' } }", "latency"),
        ("silence = true", "silence"),
        ("slow_first_token = '5s'", "slow_first_token"),
        ("slow_tokens = { exponential = '50ms' }", "slow_tokens"),
        ("bandwidth = '10KiB/s'", "bandwidth"),
        ("malformed = '1 event'", "malformed"),
        ("duplicate = '1 event'", "duplicate"),
        ("reorder = '1 event'", "reorder"),
        ("bad_crc = '1 event'", "bad_crc"),
        ("truncated_frame = { after = '1 event', by = 'fin' }", "truncated_frame"),
        ("no_terminator = true", "no_terminator"),
        ("wrong_content_type = 'text/plain'", "wrong_content_type"),
        ("html = true", "html"),
        ("html = 404", "html"),
        ("empty_body = true", "empty_body"),
        ("empty_body = 'no-content'", "empty_body"),
        ("empty_body = 'object'", "empty_body"),
        ("error = 500\nshould_retry = false", "error"),
        ("header_flood = { count = 200, bytes = 1024 }", "header_flood"),
        ("slow_headers = '5s'", "slow_headers"),
        ("keep_alive_comments = { every = '1s', for = '1m' }", "keep_alive_comments"),
    ] {
        let rules = plan(&format!("[[faults]]\nprovider = 'bedrock'\n{text}")).expect(text);
        assert_eq!(rules[0].mix[0].effect.name(), name);
    }
}

#[test]
fn an_error_is_one_of_its_provider() {
    let text = refused("provider = 'vertex'\nerror = 'throttling'");
    for part in ["[0].error", "vertex has no error `throttling`", "resource-exhausted", "400 to 599"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Without a provider it must be one of all.
    let text = refused("error = 'throttling'");
    assert!(text.contains("vertex has no error"), "{text}");
    let rules = plan("[[faults]]\nerror = 503").expect("a status is everywhere");
    assert!(matches!(rules[0].mix[0].effect, Effect::Error(_)));
}

#[test]
fn every_problem_is_said_at_once_with_its_place() {
    let text = plan(
        r#"
        [[faults]]
        provider = "azure"
        when = { every = "10m", times = 0 }
        requests = { first = 1, every = 2 }
        share = "10%"
        mix = [{ weight = 0 }, { error = 503, html = true }]

        [[faults]]
        name = "a"
        mix = []

        [[faults]]
        name = "a"
        provider = "bedrock"
        kind = "chat"
        reset = "before-request"
        retry_after = true
        should_retry = false
        "#,
    )
    .expect_err("problems")
    .to_string();
    for part in [
        "[0].provider: there is no provider `azure` (accepted: bedrock, vertex)",
        "[0].when.every: needs `for`",
        "[0].when.times: is zero",
        "[0].requests: stands beside `share` or `ramp`",
        "[0].requests: is not one order",
        "[0].mix[0]: names no effect",
        "[0].mix[1]: names 2 effects at once: error, html",
        "[1].mix: is empty",
        "[2].retry_after: belongs to an `error`",
        "[2].should_retry: belongs to an `error`",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn what_happens_before_a_request_cannot_select_by_it() {
    let text = refused("provider = 'bedrock'\nkind = 'chat'\nreset = 'before-request'");
    assert!(text.contains("cannot select by it"), "{text}");
    let text = refused("mix = [{ reset = 'before-request' }, { error = 503 }]");
    assert!(text.contains("cannot share a mix"), "{text}");
}

#[test]
fn unknown_keys_and_values_are_errors() {
    for text in [
        "eror = 503",
        "error = 200",
        "cut = { aftr = '1 event' }",
        "share = '101%'\nhtml = true",
        "html = false",
        "empty_body = false",
        "empty_body = 205",
        "error = 500\nshould_retry = 'perhaps'",
    ] {
        assert!(toml::from_str::<File>(&format!("[[faults]]\n{text}")).is_err(), "{text}");
    }
}
