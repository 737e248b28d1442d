//! A and D1, each held and each broken.

use super::wilson_ppm;
use crate::demand::{
    Expectation, Figure, Invariant, Measure, Quantity, Scope, Statistic, Subject, Threshold,
};
use crate::invariant::FindingVerdict;
use crate::judge::support::*;
use crate::judge::{Judgement, Verdict};
use evidence::record::{ClientOutcome, Deliberate};

fn latency_p(scene: &Scene, percent: f64, limit_ms: u64, subject: Subject) -> Expectation {
    let mut expectation = Expectation::of_catalogue(Invariant::A1, &scene.plan).expect("has a default");
    expectation.id = "chat.latency".into();
    expectation.invariant = Invariant::A2;
    expectation.subject = subject;
    expectation.figure =
        Figure { measure: Measure::Latency, statistic: Statistic::Permyriad((percent * 100.0) as u16) };
    expectation.threshold = Threshold::at_most(Quantity::micros(limit_ms * MILLI));
    expectation
}

#[test]
fn a1_holds_and_breaks_overall() {
    Scene::calm(60).judge().assert_holds(Invariant::A1);

    let mut scene = Scene::calm(60);
    scene.every(500, 0, 60, |exchange, _| {
        exchange.untried().refused(503).ends_after(20);
    });
    // Errors are not useful answers either.
    scene.judge().assert_breaks(&[Invariant::A1, Invariant::A3]);
}

#[test]
fn a1_breaks_in_a_window_that_the_whole_run_hides() {
    let mut scene = Scene::new(200).fault("vertex", 100, 110, 500_000);
    scene.every(50, 0, 200, |exchange, number| {
        if (100 * SECOND..110 * SECOND).contains(&exchange.client.sched_us) && number.is_multiple_of(12) {
            exchange.untried().refused(503).ends_after(20);
        }
    });
    let mut only = Expectation::of_catalogue(Invariant::A1, &scene.plan).expect("has a default");
    only.scope = Scope::Overall;
    scene.plan.expectations = vec![only];
    assert_eq!(scene.clone().judge().finding(Invariant::A1).verdict, FindingVerdict::Pass);

    scene.plan.expectations[0].scope = Scope::Everywhere;
    let finding = scene.judge().finding(Invariant::A1).clone();
    assert_eq!((finding.verdict, finding.measured), (FindingVerdict::Fail, Quantity::share(183, 200)));
    assert_eq!(finding.first_breach_s, Some(97));
}

#[test]
fn a1_names_when_and_who() {
    let mut scene = Scene::calm(60);
    scene.every(20, 30, 40, |exchange, _| {
        exchange.untried().refused(503).ends_after(20);
    });
    let judgement = scene.judge();
    let finding = judgement.finding(Invariant::A1);
    assert_eq!(finding.first_breach_s, Some(21), "the first stretch of 10 s with too many failures");
    assert_eq!(finding.evidence.len(), 5);
    assert_eq!(finding.measured, Quantity::share(1200, 1700));
}

#[test]
fn a1_leaves_out_what_a_tenant_asks_beyond_its_limit() {
    let flooded = |limits: &[(&str, u32)]| {
        let mut scene = Scene::calm(60);
        scene.plan.tenant_limits = limits.iter().map(|(tenant, limit)| ((*tenant).into(), *limit)).collect();
        scene.every(50, 0, 60, |exchange, number| {
            exchange.client.tenant = "noisy".into();
            if number % 2 == 1 {
                exchange.untried().refused(429).ends_after(5);
            }
        });
        scene.judge().finding(Invariant::A1).measured
    };
    assert_eq!(flooded(&[("noisy", 10)]), Some(Quantity::ppm(1_000_000)));
    assert_eq!(
        flooded(&[("noisy", 15)]),
        Quantity::share(1800, 2100),
        "throttled below its limit is a failure"
    );
    assert_eq!(flooded(&[]), Quantity::share(1800, 2400));
}

#[test]
fn a1_counts_the_victims_of_a_full_in_flight_cap_once() {
    let mut scene = Scene::calm(60);
    let sent = scene.facts.load.scheduled;
    scene.facts.load.scheduled += 300;
    scene.facts.load.dropped_at_cap = 300;
    for victim in 0..300 {
        scene.at(victim * 200_000, |exchange| {
            exchange.untried().ended(ClientOutcome::Conn).ends_after(0).client.sent_us = None;
        });
    }
    let calm = Scene::calm(60).judge();
    let judgement = scene.judge();
    let of = |judgement: &Judgement, id| judgement.finding(id).measured;
    for unmoved in [Invariant::R1, Invariant::R2, Invariant::R6] {
        assert_eq!(of(&judgement, unmoved), of(&calm, unmoved), "{unmoved}");
    }
    assert_eq!(judgement.measured.overall.latency_ms, calm.measured.overall.latency_ms);
    judgement.assert_not_judged(Invariant::A5);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(judgement.broken().contains(&Invariant::A1));
    assert_eq!(judgement.measured.overall.requests, sent + 300);
}

#[test]
fn a1_of_few_requests_that_could_go_either_way_is_inconclusive() {
    let mut scene = Scene::new(60);
    scene.every(500, 0, 60, |exchange, number| {
        if number.is_multiple_of(15) {
            exchange.untried().refused(503).ends_after(20);
        }
    });
    let judgement = scene.judge();
    assert_eq!(judgement.finding(Invariant::A1).verdict, FindingVerdict::Inconclusive);
    let (low, high) = wilson_ppm(8, 10);
    assert_eq!((low / 1000, high / 1000), (490, 943), "the textbook's interval of 8 in 10");
}

#[test]
fn a2_holds_and_breaks_by_kind() {
    let judged = |limit_ms| {
        let mut scene = Scene::calm(60);
        scene.every(500, 0, 60, |exchange, _| {
            exchange.client.kind = "embeddings".into();
            exchange.ends_after(2000);
        });
        let chat = latency_p(&scene, 95.0, limit_ms, Subject::kind("chat"));
        scene.plan.expectations = vec![chat];
        scene.judge()
    };
    assert_eq!(judged(600).finding(Invariant::A2).verdict, FindingVerdict::Pass);
    judged(499).assert_breaks(&[Invariant::A2]);
}

#[test]
fn a2_of_five_requests_has_no_p95() {
    let mut scene = Scene::new(10);
    scene.every(2000, 0, 10, |_, _| ());
    let p95 = latency_p(&scene, 95.0, 3000, Subject::everything());
    let none = latency_p(&scene, 50.0, 3000, Subject::kind("image"));
    scene.plan.expectations = vec![p95, none];
    let judgement = scene.judge();
    let verdicts: Vec<_> = judgement.expectations.iter().take(2).map(|finding| finding.verdict).collect();
    assert_eq!(verdicts, [FindingVerdict::Inconclusive, FindingVerdict::NotJudged]);
}

#[test]
fn a_stall_shows_in_latency_from_the_intended_time() {
    // 200 a second for 20 s; all of seconds 8 to 10 are answered at second 10.
    let mut scene = Scene::new(20);
    scene.every(5, 0, 20, |exchange, _| {
        let at_ms = exchange.client.sched_us / MILLI;
        exchange.ends_after(if (8000..10_000).contains(&at_ms) { 10_000 - at_ms } else { 0 });
    });
    let latency = scene.judge().measured.overall.latency_ms.expect("measured");
    let near = |measured: u64, expected_ms: u64| measured.abs_diff(expected_ms * MILLI) <= 10 * MILLI;
    assert!(near(latency.p95.0, 1000) && near(latency.p99.0, 1800), "{latency:?}");
    assert_eq!((latency.p90.0 < 10 * MILLI, latency.max.0), (true, 2000 * MILLI));
}

#[test]
fn a3_holds_and_breaks_when_answers_come_too_late() {
    Scene::calm(60).judge().assert_holds(Invariant::A3);
    let mut scene = Scene::calm(60);
    scene.plan.kinds.get_mut("chat").expect("planned").useful_us = Some(2 * SECOND);
    scene.every(500, 0, 60, |exchange, _| {
        exchange.ends_after(2500);
    });
    scene.judge().assert_breaks(&[Invariant::A3]);
    let mut scene = Scene::calm(60);
    scene.plan.kinds.clear();
    scene.judge().assert_not_judged(Invariant::A3);
}

#[test]
fn a5_holds_for_clean_errors_and_breaks_for_dirty_ones() {
    Scene::calm(60).judge().assert_not_judged(Invariant::A5);
    let with_errors = |status: u16, is_json: bool| {
        let mut scene = Scene::calm(60);
        scene.every(2000, 0, 60, |exchange, _| {
            exchange.untried().refused(status).ends_after(20);
            exchange.client.error_type = is_json.then(|| "overloaded".into());
        });
        scene.judge()
    };
    with_errors(503, true).assert_holds(Invariant::A5);
    with_errors(429, true).assert_holds(Invariant::A5);
    with_errors(500, true).assert_breaks(&[Invariant::A5]);
    with_errors(503, false).assert_breaks(&[Invariant::A5]);

    let mut scene = Scene::calm(60);
    scene.at(30 * SECOND, |exchange| {
        exchange.ended(ClientOutcome::TruncSignalled);
    });
    scene.judge().assert_breaks(&[Invariant::A5]);
}

#[test]
fn d1_holds_and_breaks_when_a_valid_key_is_called_invalid() {
    Scene::calm(60).judge().assert_holds(Invariant::D1);
    let refused = |deliberate| {
        let mut scene = Scene::calm(60);
        scene.at(30 * SECOND, |exchange| {
            exchange.untried().refused(401).ends_after(5);
            exchange.client.deliberate = deliberate;
        });
        scene.judge()
    };
    refused(Some(Deliberate::UnknownKey)).assert_holds(Invariant::D1);
    // A 401 is no clean error either.
    refused(None).assert_breaks(&[Invariant::A5, Invariant::D1]);
}

#[test]
fn hangs_and_resets_are_dirty() {
    let mut scene = Scene::calm(60);
    scene.at(30 * SECOND, |exchange| {
        exchange.untried().ended(ClientOutcome::Conn);
    });
    scene.judge().assert_breaks(&[Invariant::A5]);
}

#[test]
fn a2_in_windows_is_the_worst_of_them() {
    let judged = |scope| {
        let mut scene = Scene::new(200).fault("bedrock", 60, 120, 1_000_000);
        scene.every(50, 0, 200, |exchange, _| {
            if (60 * SECOND..120 * SECOND).contains(&exchange.client.sched_us) {
                exchange.fails_over().ends_after(900);
            }
        });
        let mut median = latency_p(&scene, 50.0, 600, Subject::everything());
        median.scope = scope;
        scene.plan.expectations = vec![median];
        scene.judge().finding(Invariant::A2).verdict
    };
    assert_eq!(judged(Scope::Overall), FindingVerdict::Pass);
    assert_eq!(judged(Scope::Windows), FindingVerdict::Fail);
    assert_eq!(judged(Scope::Everywhere), FindingVerdict::Fail);
}

#[test]
fn a_demand_is_never_answered_by_another_figure() {
    let mut scene = Scene::calm(60);
    for (subject, scope) in [(Subject::kind("chat"), Scope::Overall), (Subject::everything(), Scope::Windows)]
    {
        let mut expectation = Expectation::of_catalogue(Invariant::R2, &scene.plan).expect("has a default");
        (expectation.subject, expectation.scope) = (subject, scope);
        scene.plan.expectations.push(expectation);
    }
    let judgement = scene.judge();
    let verdicts: Vec<_> = judgement.expectations.iter().take(2).map(|finding| finding.verdict).collect();
    assert_eq!(verdicts, [FindingVerdict::NotJudged; 2]);
}

#[test]
fn a_certain_breach_is_not_hidden_by_an_uncertain_one() {
    // 4 of 40 fail in the first window, 100 of 1200 in the second.
    let mut scene = Scene::new(200).fault("vertex", 20, 22, 500_000).fault("vertex", 100, 160, 500_000);
    scene.every(50, 0, 200, |exchange, number| {
        let second = exchange.client.sched_us / SECOND;
        let (is_first, is_second) = ((20..22).contains(&second), (100..160).contains(&second));
        if (is_first && number.is_multiple_of(10)) || (is_second && number.is_multiple_of(12)) {
            exchange.untried().refused(503).ends_after(20);
        }
    });
    let finding = scene.judge().finding(Invariant::A1).clone();
    assert_eq!((finding.verdict, finding.measured), (FindingVerdict::Fail, Quantity::share(1100, 1200)));
}
