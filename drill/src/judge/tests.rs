//! The order of verdicts, the figures of a report, and that memory stays flat.

use super::support::*;
use super::*;
use crate::demand::{Quantity, Threshold, TimeBasis};
use crate::invariant::FindingVerdict;
use evidence::Nonce;
use evidence::record::{ClientOutcome, Deliberate};

#[test]
fn a_calm_run_passes() {
    let judgement = Scene::calm(60).judge();
    assert_eq!(
        (judgement.verdict, judgement.verdict.exit_code()),
        (Verdict::Pass, 0),
        "{:#?}",
        judgement.expectations
    );
    assert_eq!(judgement.broken(), []);
    assert!(!judgement.safe);
}

#[test]
fn a_broken_gate_fails_and_a_dishonest_generator_makes_that_invalid() {
    let failing = |scene: &mut Scene| {
        scene.every(100, 0, 60, |exchange, _| {
            exchange.untried().tried("bedrock").failing(503).refused(503);
        });
    };
    let mut scene = Scene::calm(60);
    failing(&mut scene);
    let judgement = scene.judge();
    assert_eq!((judgement.verdict, judgement.verdict.exit_code()), (Verdict::Fail, 99));

    let mut scene = Scene::calm(60);
    failing(&mut scene);
    scene.facts.load.send_lag_p99_us = 80_000;
    let judgement = scene.judge();
    assert_eq!((judgement.verdict, judgement.verdict.exit_code()), (Verdict::Invalid, 96));
    assert!(
        judgement.invalid_because[0].starts_with("G1 (generator honesty)"),
        "{:?}",
        judgement.invalid_because
    );
}

#[test]
fn a_failure_with_missing_evidence_is_still_a_failure_but_a_pass_is_not() {
    let mut scene = Scene::calm(60);
    scene.facts.missing_evidence.push("client.ndjson.zst: no space left".into());
    assert_eq!(scene.judge().verdict, Verdict::Invalid);

    let mut scene = Scene::calm(60);
    scene.every(100, 0, 60, |exchange, _| {
        exchange.ended(ClientOutcome::Conn);
    });
    scene.facts.missing_evidence.push("client.ndjson.zst: no space left".into());
    assert_eq!(scene.judge().verdict, Verdict::Fail);
}

#[test]
fn nothing_measured_is_never_a_pass() {
    let judgement = Scene::new(60).judge();
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(
        judgement.invalid_because.contains(&"nothing was sent".to_owned()),
        "{:?}",
        judgement.invalid_because
    );
    let judged = judgement.expectations.iter().filter(|finding| finding.verdict == FindingVerdict::Pass);
    assert_eq!(judged.map(|finding| finding.invariant).collect::<Vec<_>>(), [Invariant::C6, Invariant::E8]);
}

#[test]
fn a_failure_that_harms_nobody_further_is_safe() {
    let mut scene = Scene::calm(100);
    scene.every(500, 0, 100, |exchange, _| {
        exchange.untried().refused(503).ends_after(20);
    });
    let mut only = Expectation::of_catalogue(Invariant::A1, &scene.plan).expect("has a default");
    only.threshold = Threshold::above(Quantity::ppm(990_000));
    scene.plan.expectations.push(only);
    let judgement = scene.judge();
    assert_eq!((judgement.verdict, judgement.safe), (Verdict::Fail, true), "{:#?}", judgement.expectations);
}

#[test]
fn control_traffic_and_bad_requests_are_apart() {
    let mut scene = Scene::calm(60);
    scene.every(100, 0, 60, |exchange, number| match number % 2 {
        0 => {
            exchange.pinned_to("vertex").ended(ClientOutcome::Timeout);
        }
        _ => {
            exchange.untried().refused(400);
            exchange.client.deliberate = Some(Deliberate::InvalidRequest);
        }
    });
    let judgement = scene.judge();
    assert_eq!((judgement.measured.overall.requests, judgement.measured.overall.ok), (1200, 1200));
    assert_eq!(judgement.measured.control["vertex"].requests, 300);
    assert_eq!(judgement.measured.deliberate.as_ref().map(|stats| stats.requests), Some(300));
    assert_eq!(judgement.finding(Invariant::A1).measured, Some(Quantity::ppm(1_000_000)));
    assert_eq!(judgement.finding(Invariant::R1).measured.map(|ratio| ratio.micro), Some(1_000_000));
}

#[test]
fn the_timeline_shows_rate_faults_and_attempts() {
    let mut scene = Scene::new(40).fault("bedrock", 12, 18, 1_000_000);
    scene.every(50, 0, 40, |exchange, _| {
        if (12 * SECOND..18 * SECOND).contains(&exchange.client.sched_us) {
            exchange.fails_over();
        }
    });
    let judgement = scene.judge();
    let steps: Vec<_> = judgement
        .timeline
        .iter()
        .map(|step| (step.from_s, step.requests, step.ok, step.faults.len()))
        .collect();
    assert_eq!(steps, [(0, 200, 200, 0), (10, 200, 200, 1), (20, 200, 200, 0), (30, 200, 200, 0)]);
    assert_eq!(judgement.timeline[1].attempts.get("vertex"), Some(&120));
    assert_eq!(judgement.timeline[0].p50_ms.0 / 10_000, 50);
}

#[test]
fn a_report_has_its_published_shape() {
    let mut scene = Scene::calm(10);
    scene.plan.time = TimeBasis::Virtual;
    let report = serde_json::to_value(scene.judge()).expect("serializable");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["measured"]["latency_ms"]["p95"], 500.0);
    assert_eq!(report["measured"]["by_kind"]["chat"]["ok"], 200);
    assert_eq!(report["load"]["scheduled"], 200);
    let first = &report["expectations"][0];
    assert_eq!(
        (&first["invariant"], &first["verdict"], &first["basis"]),
        (&"A1".into(), &"pass".into(), &"virtual".into())
    );
    assert_eq!(first["measured"]["text"], "100%");
    assert_eq!(first["threshold"], ">= 95%");
}

#[test]
fn what_is_open_stays_few_however_long_the_run() {
    let mut judge = Judge::new(Scene::new(3600).plan);
    let mut peak = 0;
    for second in 0..3600 {
        let mut scene = Scene::new(1);
        scene.at(second * SECOND, |exchange| exchange.rename(Nonce::new(second)));
        scene.replay_into(&mut judge);
        peak = peak.max(judge.join.len());
    }
    assert!((1..30).contains(&peak), "{peak}");
}

#[test]
fn the_order_of_client_and_attempt_records_does_not_matter() {
    let outcome = |late_ms: u64| {
        let mut scene = Scene::new(20);
        scene.at(SECOND, |exchange| exchange.attempts[0].t_us += late_ms * MILLI);
        scene.judge().measured.by_provider["bedrock"].served
    };
    assert_eq!((outcome(0), outcome(5000)), (1, 1));
}

#[test]
fn failures_that_nobody_demanded_anything_of_are_no_pass() {
    let undemanding = |is_ok: bool| {
        let mut scene = Scene::new(10);
        scene.every(100, 0, 10, |exchange, _| {
            if !is_ok {
                exchange.untried().ended(ClientOutcome::Conn);
            }
        });
        let mut judge = Judge::new(scene.plan.clone());
        scene.replay_into(&mut judge);
        judge.finish(&scene.facts).verdict
    };
    assert_eq!((undemanding(true), undemanding(false)), (Verdict::Pass, Verdict::Invalid));
}

#[test]
fn wild_times_in_a_log_do_no_harm() {
    let wild = [0, 1, 15 * SECOND, u64::MAX / 2, u64::MAX];
    let mut scene = Scene::new(30).fault("bedrock", 10, 20, 500_000);
    for (sched_us, end_us) in wild.into_iter().flat_map(|sched| wild.map(|end| (sched, end))) {
        for outcome in [ClientOutcome::Ok, ClientOutcome::Aborted, ClientOutcome::Timeout] {
            scene.at(0, |exchange| {
                let client = &mut exchange.streamed().client;
                (client.sched_us, client.sent_us, client.first_us) = (sched_us, Some(end_us), Some(end_us));
                (client.end_us, client.t_us, client.outcome) = (end_us, end_us, outcome);
                exchange.tried("bedrock");
                let (first, second) = exchange.attempts.split_at_mut(1);
                (first[0].in_us, first[0].out_us, first[0].t_us) = (end_us, sched_us, sched_us);
                (second[0].in_us, second[0].out_us, second[0].t_us) = (sched_us, end_us, end_us);
            });
        }
    }
    let judgement = scene.judge();
    assert_eq!(judgement.measured.overall.requests, 75);
}
