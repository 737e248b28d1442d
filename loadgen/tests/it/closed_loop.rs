//! Users who wait for their answers: they think, they come and go, and they slow down with the target.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{binding, drive, good, plan_of};
use loadgen::plan::{LoadFile, LoadPlan, Shard};

#[test]
fn users_slow_down_with_the_target() {
    let plan = plan_of(
        "mix = { models = 1 }\nusers = { count = 10, wait = { low = \"1s\", high = \"1s\" } }",
        1,
        "60s",
    );
    let rate = |service: u64| {
        let (summary, records) = drive(&plan, move |asked| async move {
            asked.world.clock().sleep(Duration::from_millis(service)).await;
            good(&asked)
        });
        assert_eq!(
            (summary.completed, records.len() as u64, summary.dropped),
            (summary.sent, summary.sent, 0)
        );
        summary.sent
    };
    // 10 users for 60 s at a round of 1.5 s and of 3 s.
    assert_eq!((rate(500), rate(2_000)), (400, 200));
    let ceiling = plan.users().unwrap().ceiling(Duration::from_millis(500));
    assert!((ceiling - 10.0 / 1.5).abs() < 1e-9, "{ceiling}");
}

#[test]
fn kinds_of_user_ask_what_they_are_for() {
    let load = r#"
        mix = { chat = 1 }
        classes = { health = { kind = "get", path = "/health" } }
        [users]
        count = 40
        spawn_rate = "10/s"
        wait = { low = "1s", high = "3s" }
        classes = [
            { name = "reader", weight = 3 },
            { name = "watcher", wait = { low = "100ms", high = "500ms" }, mix = { health = 1 } },
        ]
    "#;
    let (_, records) = drive(&plan_of(load, 3, "60s"), |asked| async move { good(&asked) });
    let mut starts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in &records {
        starts.entry(record.tenant.to_string()).or_default().push(record.sent_us.expect("sent"));
    }
    assert_eq!(starts.len(), 40);
    let mut first: Vec<u64> = starts.values().map(|times| times[0]).collect();
    first.sort_unstable();
    assert!(first.iter().zip(0..).all(|(start, user)| *start == user * 100_000), "{first:?}");
    let asked = |kind: &str| records.iter().filter(|record| &*record.kind == kind).count();
    // 30 readers with 2 s between requests, 10 watchers with 0.3 s, for some 58 s each.
    assert!((800..950).contains(&asked("chat")), "{}", asked("chat"));
    assert!((1_750..2_100).contains(&asked("get")), "{}", asked("get"));
}

#[test]
fn stages_set_how_many_are_there() {
    let load = r#"
        mix = { models = 1 }
        stages = [ { name = "few", for = "10s", users = 2 }, { name = "storm", for = "10s", users = 20 }, { name = "calm", for = "10s", users = 2 } ]
        [users]
        wait = { low = "1s", high = "1s" }
    "#;
    let (_, records) = drive(&plan_of(load, 1, "30s"), |asked| async move { good(&asked) });
    let count = |phase: &str| records.iter().filter(|record| &*record.phase == phase).count();
    assert_eq!([count("few"), count("storm"), count("calm")], [20, 200, 20]);
}

#[test]
fn a_target_that_fails_at_once_does_not_hold_the_clock() {
    let plan = plan_of("mix = { models = 1 }\nusers = { count = 1 }", 1, "100ms");
    let (summary, _) = drive(&plan, |asked| async move {
        asked.connection.reset();
        Err(world::http::Abort)
    });
    assert_eq!(summary.sent, 100);
}

#[test]
fn shards_share_the_users() {
    let plan = plan_of(
        "mix = { chat = 1 }\nusers = { count = 10, wait = { low = \"1s\", high = \"2s\" } }",
        1,
        "20s",
    );
    let of = |plan: &LoadPlan| {
        let (_, records) = drive(plan, |asked| async move { good(&asked) });
        let mut seen: Vec<_> =
            records.iter().map(|record| (record.sent_us, record.nonce, record.tenant.clone())).collect();
        seen.sort();
        seen
    };
    let mut union: Vec<_> =
        (0..3).flat_map(|index| of(&plan.clone().shard(Shard::new(index, 3).unwrap()))).collect();
    union.sort();
    assert_eq!(of(&plan), union);
}

#[test]
fn an_open_and_a_closed_loop_exclude_each_other() {
    let check = |text: &str, expected: &[&str]| {
        let file: LoadFile = toml::from_str(text).expect("the right shape");
        let problems = file.plan(&binding(1, "1m")).expect_err("a faulty section");
        let paths: Vec<&str> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, expected, "{problems}");
    };
    check("arrivals = { poisson = \"1/s\" }\nusers = { count = 1 }", &["users"]);
    check("users = { }", &["users.count", "users.count"]);
    check("users = { count = 1, wait = { low = \"2s\", high = \"1s\" } }", &["users.wait"]);
    check(
        "users = { count = 1, classes = [ { weight = 0, mix = { cat = 1 } } ] }",
        &["users.classes[0].name", "users.classes[0].weight", "users.classes[0].mix.cat.kind"],
    );
    check("arrivals = { poisson = \"1/s\" }\nstages = [ { for = \"1s\", users = 3 } ]", &["stages[0].users"]);
}
