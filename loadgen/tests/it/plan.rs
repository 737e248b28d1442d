//! What a plan promises: its numbers, its proportions, its shards, and itself again from the same seed.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::record::Deliberate;
use loadgen::Planned;
use loadgen::plan::{LoadPlan, Shard};
use world::Instant;

use crate::support::plan_of;

const DRILL: &str = r#"
arrivals  = { poisson = "200/s" }
mix       = { chat = 70, embeddings = 25, models = 5 }
streaming = "40%"
control   = { "bedrock/*" = "5/s", "vertex/gemini" = "5/s" }
invalid   = "1%"
prompt_tokens = { lognormal = { median = 120, p95 = 500, max = 2000 } }
"#;

fn arrivals(plan: &LoadPlan) -> Vec<Planned> {
    plan.arrivals().collect()
}

fn hash(plan: &LoadPlan) -> u64 {
    plan.summary(|_| Duration::from_secs(1)).hash
}

/// Within four standard deviations of a Poisson count.
#[track_caller]
fn near(got: usize, expected: f64) {
    assert!((got as f64 - expected).abs() < 4.0 * expected.sqrt(), "{got} of an expected {expected}");
}

#[test]
fn counts_follow_the_rates() {
    let all = arrivals(&plan_of(DRILL, 7, "10m"));
    let count = |keep: &dyn Fn(&Planned) -> bool| all.iter().filter(|planned| keep(planned)).count();
    near(count(&|planned| planned.pinned.is_none()), 120_000.0);
    near(count(&|planned| planned.pinned.as_deref() == Some("bedrock")), 3_000.0);
    near(count(&|planned| planned.pinned.as_deref() == Some("vertex")), 3_000.0);
    near(count(&|planned| planned.pinned.is_none() && planned.streamed), 120_000.0 * 0.7 * 0.4);
    near(count(&|planned| planned.deliberate == Some(Deliberate::InvalidRequest)), 120_000.0 * 0.7 * 0.01);
    assert!(all.is_sorted_by_key(|planned| planned.due));
    assert!(all.last().unwrap().due < Instant::from_secs(600));
}

#[test]
fn gaps_are_as_bursty_as_their_law() {
    let variation = |arrivals_law: &str| {
        let plan = plan_of(&format!("arrivals = {arrivals_law}"), 3, "10m");
        let due: Vec<f64> = arrivals(&plan).iter().map(|planned| planned.due.as_secs_f64()).collect();
        let gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        (gaps.len(), variance.sqrt() / mean)
    };
    let (count, cv) = variation("{ constant = \"50/s\" }");
    assert!((count, cv < 1e-9) == (29_999, true), "{count} {cv}");
    let (count, cv) = variation("{ poisson = \"50/s\" }");
    near(count, 30_000.0);
    assert!((cv - 1.0).abs() < 0.03, "{cv}");
    let (count, cv) = variation("{ gamma = { rate = \"50/s\", cv = 3.0 } }");
    assert!((24_000..36_000).contains(&count) && (cv - 3.0).abs() < 0.3, "{count} {cv}");
}

#[test]
fn the_mix_is_exact() {
    let plan = plan_of(
        "arrivals = { poisson = \"100/s\" }\nmix = { chat = 70, embeddings = 25, models = 5 }",
        7,
        "60s",
    );
    let mut counts = BTreeMap::new();
    let total = arrivals(&plan).len() / 20 * 20;
    for planned in plan.arrivals().take(total) {
        *counts.entry(planned.class.name.to_string()).or_insert(0) += 1;
    }
    let twentieth = total / 20;
    let expected = [("chat", 14), ("embeddings", 5), ("models", 1)];
    assert_eq!(
        counts,
        expected.map(|(name, parts)| (name.to_owned(), parts * twentieth)).into_iter().collect()
    );
}

#[test]
fn the_same_seed_is_the_same_plan_and_another_is_not() {
    assert_eq!(hash(&plan_of(DRILL, 7, "60s")), hash(&plan_of(DRILL, 7, "60s")));
    assert_ne!(hash(&plan_of(DRILL, 7, "60s")), hash(&plan_of(DRILL, 8, "60s")));
    assert_ne!(hash(&plan_of(DRILL, 7, "60s")), hash(&plan_of(&DRILL.replace("40%", "41%"), 7, "60s")));
}

/// The plan of one seed, on every host and in every version.
#[test]
fn a_plan_is_the_same_on_every_machine() {
    let message = "the arrivals of a seed have changed: old runs can no longer be repeated";
    assert_eq!(hash(&plan_of(DRILL, 7, "60s")), 14_939_891_506_181_202_774, "{message}");
}

#[test]
fn shards_are_the_plan_cut_apart() {
    let laws = [
        DRILL.to_owned(),
        "arrivals = { paced = { users = 30, every = \"2s\", ramp = \"10s\" } }".to_owned(),
        "arrivals = { constant = \"40/s\" }\ntenants = [ { name = \"hog\", rate = \"60/s\" }, { name = \"quiet\", count = 3 } ]".to_owned(),
    ];
    for law in laws {
        let plan = plan_of(&law, 11, "30s");
        let whole = arrivals(&plan);
        for count in [1, 2, 3, 4, 7] {
            let shard = |index| arrivals(&plan.clone().shard(Shard::new(index, count).unwrap()));
            let mut union: Vec<Planned> = (0..count).flat_map(shard).collect();
            union.sort_by_key(|planned| (planned.due, planned.ordinal));
            assert_eq!(union.len(), whole.len());
            assert!(union == whole, "{count} shards of {law}");
        }
    }
}

#[test]
fn control_traffic_does_not_shift_the_load() {
    let without: String =
        DRILL.lines().filter(|line| !line.starts_with("control")).collect::<Vec<_>>().join("\n");
    let main = |text: &str| -> Vec<Planned> {
        plan_of(text, 7, "60s").arrivals().filter(|planned| planned.pinned.is_none()).collect()
    };
    assert!(main(DRILL) == main(&without));
    let pinned = |text: &str| -> Vec<_> {
        let all =
            plan_of(text, 7, "60s").arrivals().filter(|planned| planned.pinned.as_deref() == Some("vertex"));
        all.map(|planned| (planned.due, planned.nonce, planned.model)).collect()
    };
    let vertex_alone = DRILL.replace("\"bedrock/*\" = \"5/s\", ", "");
    assert_eq!(pinned(DRILL), pinned(&vertex_alone));
    assert_eq!(&*pinned(DRILL)[0].2, "vertex/gemini");
}

#[test]
fn users_keep_their_own_pace() {
    let plan = plan_of("arrivals = { paced = { users = 100, every = \"2s\", ramp = \"50s\" } }", 5, "100s");
    let mut dues: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for planned in plan.arrivals() {
        dues.entry(planned.tenant.name.to_string()).or_default().push(planned.due.as_micros());
    }
    assert_eq!(dues.len(), 100);
    for times in dues.values() {
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 2_000_000));
    }
    // The first joins at once, the last after 49.5 s; each then sends to the end.
    assert!(dues["user-1"][0] < 2_000_000 && (49_500_000..51_500_000).contains(&dues["user-100"][0]));
    let total: usize = dues.values().map(Vec::len).sum();
    assert!((3_675..=3_775).contains(&total), "{total}");
}

#[test]
fn stages_ramp_hold_and_rest() {
    let plan = plan_of(
        r#"
        arrivals = { constant = "50/s" }
        stages = [
            { name = "ramp",  for = "10s", to = "50/s" },
            { name = "hold",  for = "10s" },
            { name = "spike", for = "2s", at = "500/s" },
            { name = "rest",  for = "5s", quiet = true },
            { name = "after", for = "2s", at = "10/s" },
        ]"#,
        1,
        "29s",
    );
    let counts = plan.summary(|_| Duration::ZERO).by_phase;
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    assert_eq!(
        [count("ramp"), count("hold"), count("spike"), count("rest"), count("after")],
        [250, 500, 1_000, 0, 20]
    );
    assert!((plan.peak_rate() - 500.0).abs() < 1e-6);
}

#[test]
fn bursts_multiply_and_name_their_time() {
    let plan = plan_of(
        r#"
        arrivals = { constant = "10/s" }
        bursts = [
            { name = "batch", times_rate = 5.0, for = "10s", first = "20s", every = "40s" },
            { name = "viral", times_rate = 10.0, for = "5s", random = 2 },
        ]"#,
        1,
        "100s",
    );
    let counts = plan.summary(|_| Duration::ZERO).by_phase;
    let viral: u64 = counts.iter().filter(|(name, _)| name.contains("viral")).map(|(_, count)| count).sum();
    assert!((500..=2_000).contains(&viral), "{counts:?}");
    assert!(counts.contains_key("load+batch") && counts.contains_key("load"), "{counts:?}");
    assert_eq!(plan.phases()[0].0, 0);
}

#[test]
fn tenants_share_or_have_their_own_rate() {
    let plan = plan_of(
        r#"
        arrivals = { constant = "10/s" }
        tenants = [
            { name = "big", weight = 3 }, { name = "small" },
            { name = "noisy", key = "sk-noisy-1", rate = "240/s", from = "10s", until = "20s" },
            { name = "quiet", count = 2, rate = "6/s" },
        ]"#,
        1,
        "40s",
    );
    let counts = plan.summary(|_| Duration::ZERO).by_tenant;
    let count = |name: &str| counts[name];
    assert_eq!(
        [count("big"), count("small"), count("noisy"), count("quiet-1"), count("quiet-2")],
        [300, 100, 2_400, 240, 240]
    );
    let keys: Vec<&str> = plan.tenants().map(|tenant| tenant.key.as_str()).collect();
    assert_eq!(keys, ["sk-big", "sk-small", "sk-noisy-1", "sk-quiet-1", "sk-quiet-2"]);
    assert!((plan.peak_rate() - 262.0).abs() < 1e-6);
}

#[test]
fn expected_load_in_flight_is_rate_times_service_time() {
    let plan = plan_of("arrivals = { constant = \"100/s\" }\ntimeout = \"10s\"", 1, "20s");
    assert_eq!(plan.summary(|_| Duration::from_secs(2)).peak_in_flight, 200);
    assert_eq!(plan.in_flight_max(), 1_200);
}

#[test]
fn a_plan_can_begin_later() {
    let plan = plan_of(
        "arrivals = { constant = \"1/s\" }\nstages = [ { name = \"a\", for = \"1s\" }, { name = \"b\", for = \"1s\" } ]",
        1,
        "2s",
    );
    let later = plan.clone().starting_at(Instant::from_secs(100));
    let of = |plan: &LoadPlan| -> Vec<_> {
        plan.arrivals()
            .map(|planned| (planned.due.as_micros(), planned.phase.to_string(), planned.nonce))
            .collect()
    };
    let moved: Vec<_> =
        of(&plan).into_iter().map(|(due, phase, nonce)| (due + 100_000_000, phase, nonce)).collect();
    assert_eq!(of(&later), moved);
}
