//! What is wrong with a `[load]` section is said all at once, with its key.

use loadgen::plan::LoadFile;

use crate::support::binding;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let file: LoadFile = toml::from_str(text).expect("the right shape");
    let problems = file.plan(&binding(1, "1m")).expect_err("a faulty section");
    let paths: Vec<&str> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, expected, "{problems}");
}

#[test]
fn every_problem_is_named_by_its_key() {
    check("", &["arrivals"]);
    check("arrivals = { }", &["arrivals"]);
    check("arrivals = { poisson = \"1/s\", constant = \"1/s\" }", &["arrivals"]);
    check("arrivals = { gamma = { rate = \"1/s\", cv = 0.0 } }", &["arrivals.gamma.cv"]);
    check("arrivals = { paced = { users = 0, every = \"1s\" } }", &["arrivals.paced"]);
    check("arrivals = { poisson = \"1/s\" }\nduration = \"2m\"", &["duration"]);
    check("arrivals = { poisson = \"1/s\" }\nmix = { cat = 1, models = 2 }", &["mix.cat.kind"]);
    check("arrivals = { poisson = \"1/s\" }\nmix = { chat = 0 }", &["mix"]);
    check(
        "arrivals = { poisson = \"1/s\" }\nmix = { m = 1 }\nclasses = { m = { kind = \"models\", batch = 2, streaming = \"1%\" }, n = {} }",
        &["classes.m.streaming", "classes.m.batch", "classes.n"],
    );
    check("arrivals = { poisson = \"1/s\" }\nmix = { get = 1 }", &["mix.get.path"]);
    check(
        "arrivals = { poisson = \"1/s\" }\nmix = { embeddings = 1 }\nprompt_tokens = { fixed = 5000 }\nclasses = { embeddings = { batch = 2000 } }",
        &["classes.embeddings.batch"],
    );
    check("arrivals = { poisson = \"1/s\" }\ncontrol = { \"vertex/*\" = \"5/s\" }", &["control.vertex/*"]);
    check("arrivals = { poisson = \"1/s\" }\ncontrol = { bedrock = \"5/s\" }", &["control.bedrock"]);
    check(
        "arrivals = { poisson = \"1/s\" }\nstages = [ { at = \"5/s\", to = \"6/s\", for = \"1s\" }, { from = \"1/s\" } ]",
        &["stages[0].at", "stages[1].for", "stages[1].from"],
    );
    check(
        "arrivals = { poisson = \"1/s\" }\nbursts = [ { times_rate = -1.0, for = \"2s\", every = \"1s\" } ]",
        &["bursts[0].times_rate", "bursts[0].for"],
    );
    check(
        "arrivals = { poisson = \"1/s\" }\ntenants = [ { name = \"a\" }, { name = \"a\", weight = 1, rate = \"1/s\" }, { name = \"b c\", key = \" \" } ]",
        &["tenants[1].weight", "tenants[1].name", "tenants[2].name", "tenants[2].key"],
    );
    check("arrivals = { poisson = \"1/s\" }\ntenants = [ { name = \"a\", rate = \"1/s\" } ]", &["tenants"]);
    check("arrivals = { poisson = \"1/s\" }\nprompt_tokens = { fixed = 0 }", &["mix.chat.prompt_tokens"]);
    check(
        "arrivals = { poisson = \"1/s\" }\ntimeout = \"0s\"\nin_flight_max = 0\nretries = { times = 1000 }",
        &["retries.times", "timeout", "in_flight_max"],
    );
}

#[test]
fn an_unknown_key_is_an_error() {
    let error = toml::from_str::<LoadFile>("arrivals = { poisson = \"1/s\" }\nstreamming = \"40%\"")
        .expect_err("a typo");
    assert!(error.to_string().contains("streamming"), "{error}");
}

#[test]
fn a_section_is_written_as_it_was_read() {
    let text = "streaming = \"40%\"\n\n[arrivals]\npoisson = \"200/s\"\n\n[mix]\nchat = 70\nmodels = 5\n";
    let file: LoadFile = toml::from_str(text).expect("a load section");
    assert_eq!(toml::to_string(&file).expect("text"), text);
}
