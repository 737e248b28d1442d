//! The same requests meet the same faults in whatever order they come, and the records prove it.

use std::collections::BTreeMap;

use evidence::{AttemptRecord, Nonce};
use fault::{Chance, FaultFile, Identity, Rule};
use proptest::prelude::*;
use serde::Deserialize;
use std::time::Duration;
use world::{Draws, Instant, Seed, World};

use crate::support::{Stage, chat_body};

/// Who was decided about, and what was decided.
type Decisions = BTreeMap<(u64, u32), Option<(String, u32, u64, String)>>;

fn decisions(records: &[AttemptRecord]) -> Decisions {
    let of = |record: &AttemptRecord| {
        let fault = record.fault.as_ref()?;
        Some((fault.rule.to_string(), fault.window, fault.draw, fault.effect.to_string()))
    };
    records.iter().map(|record| ((record.identity, record.attempt), of(record))).collect()
}

/// Sends every nonce twice, all in flight together, in an order drawn from `order`.
async fn play(world: World, rules: String, count: u64, order: u64) -> Vec<AttemptRecord> {
    let stage = Stage::set(&world, &rules);
    let mut numbers: Vec<u64> = (0..2 * count).map(|number| number % count).collect();
    let mut draws: Draws = Seed(order).domain("order").draws_n(0);
    for last in (1..numbers.len()).rev() {
        let other = draws.below(last as u64 + 1) as usize;
        numbers.swap(last, other);
    }
    let domain = Seed(99).domain("nonce");
    let stage = std::sync::Arc::new(stage);
    let tasks: Vec<_> = numbers
        .into_iter()
        .map(|number| {
            let stage = std::sync::Arc::clone(&stage);
            world.spawn(async move {
                let body = chat_body(Nonce::new(domain.hash_n(number)), "m", number % 3 == 0);
                stage.ask_for(&body, Duration::from_secs(2)).await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let stage = std::sync::Arc::into_inner(stage).expect("no task holds it");
    stage.records().await.attempts
}

#[derive(Deserialize)]
struct File {
    faults: Vec<FaultFile>,
}

fn rules_of(text: &str) -> Vec<Rule> {
    let file: File = toml::from_str(text).expect("TOML");
    fault::plan(&file.faults, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Decides anew about everything that was recorded, with nothing but the record and the rules.
fn recompute(records: &[AttemptRecord], rules: &[Rule], seed: Seed) {
    let chance = Chance::of(seed);
    for record in records {
        let who = Identity { number: record.identity, attempt: record.attempt };
        let at = Instant::from_micros(record.in_us);
        let decided = rules.iter().find_map(|rule| {
            if rule.selection.streaming.is_some_and(|streaming| streaming != record.streamed) {
                return None;
            }
            let window = rule.schedule.window_at(at)?;
            let since = at.saturating_since(window.opens);
            let verdict = chance.decide(rule, window.index, since, who, 0)?;
            let effect = rule.mix[verdict.entry].effect.name().to_owned();
            Some((rule.name.to_string(), window.index, verdict.draw, effect))
        });
        let recorded = record
            .fault
            .as_ref()
            .map(|fault| (fault.rule.to_string(), fault.window, fault.draw, fault.effect.to_string()));
        assert_eq!(recorded, decided, "{record:?}");
    }
}

fn rule_text() -> impl Strategy<Value = String> {
    let effect = prop_oneof![
        Just("error = 503"),
        Just("reset = 'before-headers'"),
        Just("mix = [{ error = 429, weight = 3 }, { html = true }, { cut = '2 events:reset', weight = 2 }]"),
        Just("latency = '30ms'"),
        Just("streaming = true\ncut = '1 event:clean-end'"),
    ];
    (0_u32..=100, effect).prop_map(|(share, effect)| format!("[[faults]]\nshare = '{share}%'\n{effect}\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn order_does_not_matter(rules in proptest::collection::vec(rule_text(), 1..4), seed: u64, orders in [any::<u64>(), any::<u64>()]) {
        let text = rules.concat();
        let [first, second] =
            orders.map(|order| world::run_virtual(Seed(seed), |world| play(world, text.clone(), 150, order)));
        prop_assert_eq!(first.len(), 300);
        prop_assert_eq!(decisions(&first), decisions(&second));
        recompute(&first, &rules_of(&text), Seed(seed));
        recompute(&second, &rules_of(&text), Seed(seed));
    }
}

#[test]
fn thousands_of_requests_in_any_order_meet_the_same_faults() {
    let text = "[[faults]]\nwhen = { first = '0s', for = '10m' }\nshare = '50%'\n\
                mix = [{ error = 503, weight = 6 }, { error = 429, weight = 2 }, { reset = 'before-headers' }, \
                { cut = { after = '3 events', by = 'reset' } }]\n";
    let run = |order| world::run_virtual(Seed(7), |world| play(world, text.to_owned(), 1_500, order));
    let (first, second) = (run(1), run(2));
    assert_eq!(decisions(&first), decisions(&second));
    recompute(&first, &rules_of(text), Seed(7));
    let faulted = first.iter().filter(|record| record.fault.is_some()).count();
    assert!((1_380..1_620).contains(&faulted), "{faulted} of 3000");
}

#[test]
fn two_runs_of_the_same_seed_leave_the_same_records() {
    let text = "[[faults]]\nshare = '50%'\nmix = [{ latency = { exponential = '40ms' } }, { cut = '2 events:reset' }, \
                { error = 429, retry_after = 'true' }, { slow_tokens = { uniform = ['1ms', '9ms'] } }]\n";
    let run = || world::run_virtual(Seed(11), |world| play(world, text.to_owned(), 150, 1));
    assert_eq!(run(), run());
}

#[test]
fn real_time_decides_as_virtual_time_does() {
    let text = "[[faults]]\nshare = '40%'\nmix = [{ error = 503 }, { reset = 'before-headers' }]\n";
    let virtual_run = world::run_virtual(Seed(5), |world| play(world, text.to_owned(), 100, 1));
    let real_run =
        world::run_real(Seed(5), 2, |world| play(world, text.to_owned(), 100, 2)).expect("a runtime");
    assert_eq!(decisions(&virtual_run), decisions(&real_run));
    recompute(&real_run, &rules_of(text), Seed(5));
}

#[test]
fn raising_the_share_only_adds_faults() {
    let text = |share: u32| {
        format!("[[faults]]\nname = 'r'\nshare = '{share}%'\nmix = [{{ error = 503 }}, {{ html = true }}]\n")
    };
    let run = |share| decisions(&world::run_virtual(Seed(3), |world| play(world, text(share), 400, 1)));
    let runs = [10, 35, 80].map(run);
    for pair in runs.windows(2) {
        for (who, decided) in pair[0].iter().filter(|(_, decided)| decided.is_some()) {
            assert_eq!(&pair[1][who], decided);
        }
    }
    let counts = runs.map(|run| run.values().flatten().count());
    assert!(counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
}
