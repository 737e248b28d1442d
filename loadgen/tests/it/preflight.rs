//! A few requests before a run say whether its answers can be right.

use evidence::record::ClientOutcome;
use loadgen::{Target, preflight};
use world::{Address, Seed, run_virtual};

use crate::support::{Asked, Scripted, good, plan_of, server, streamed};

const LOAD: &str = r#"
arrivals = { poisson = "10/s" }
mix = { chat = 2, embeddings = 1, models = 1 }
control = { "bedrock/*" = "1/s" }
"#;

fn tried<F, R>(script: F) -> loadgen::Preflight
where
    F: Fn(Asked) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Scripted> + Send + 'static,
{
    run_virtual(Seed(1), |world| async move {
        let server = server(&world, &Address::new("gateway"), script);
        let target = Target::new("http://gateway/v1".parse().unwrap());
        let found = preflight(&world, target, &plan_of(LOAD, 1, "1m")).await;
        drop(server);
        found
    })
}

#[test]
fn each_kind_and_each_pin_is_tried_plain_and_streamed() {
    let found = tried(|asked| async move { good(&asked) });
    assert!(found.is_passed(), "{found:?}");
    let tried: Vec<_> = found.checks.iter().map(|check| (&*check.model, check.streamed)).collect();
    let expected = [
        ("chat", false),
        ("chat", true),
        ("embeddings", false),
        ("models", false),
        ("bedrock/claude", false),
        ("bedrock/claude", true),
    ];
    assert_eq!(tried, expected);
}

#[test]
fn a_wrong_answer_is_found_and_described() {
    let found = tried(|asked| async move {
        let is_pinned = asked.body.windows(14).any(|window| window == b"bedrock/claude");
        if is_pinned && asked.streamed { Ok(streamed(&[])) } else { good(&asked) }
    });
    let failures: Vec<_> = found.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].answer.outcome, failures[0].pinned.as_deref()),
        (ClientOutcome::TruncSilent, Some("bedrock"))
    );
    assert_eq!(
        failures[0].to_string(),
        "streamed `control` to model `bedrock/claude`: trunc_silent, status 200"
    );
}
