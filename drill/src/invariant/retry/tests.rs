//! R, each held and each broken.

use crate::demand::{Expectation, Invariant, Quantity, Scope, Threshold, Unit};
use crate::invariant::FindingVerdict;
use crate::judge::support::*;
use evidence::record::{ClientOutcome, Deliberate};

fn only(scene: &mut Scene, invariant: Invariant, change: impl FnOnce(&mut Expectation)) {
    let mut expectation = Expectation::of_catalogue(invariant, &scene.plan).expect("has a default");
    change(&mut expectation);
    scene.plan.expectations.push(expectation);
}

fn factor(micro: i64) -> Quantity {
    Quantity { micro, unit: Unit::Factor }
}

#[test]
fn r1_holds_and_breaks_in_a_window_of_its_own() {
    let stormy = |scope| {
        let mut scene = Scene::new(120);
        scene.every(50, 0, 120, |exchange, _| {
            if (40 * SECOND..60 * SECOND).contains(&exchange.client.sched_us) {
                exchange.untried().tried("bedrock").failing(503).tried("vertex").failing(503).tried("spare");
                exchange.served_by("spare");
            }
        });
        only(&mut scene, Invariant::R1, |expectation| {
            expectation.scope = scope;
            expectation.threshold = Threshold::at_most(factor(1_600_000));
        });
        scene.judge()
    };
    let overall = stormy(Scope::Overall);
    assert_eq!(overall.finding(Invariant::R1).measured, Some(factor(1_333_333)));
    assert_eq!(overall.finding(Invariant::R1).verdict, FindingVerdict::Pass);
    let windows = stormy(Scope::Windows);
    windows.assert_breaks(&[Invariant::R1]);
    let finding = windows.finding(Invariant::R1);
    assert_eq!((finding.measured, finding.first_breach_s), (Some(factor(3_000_000)), Some(40)));
}

#[test]
fn r1_leaves_out_requests_without_a_nonce() {
    let mut scene = Scene::calm(60);
    scene.every(100, 0, 60, |exchange, _| {
        exchange.untried().client.kind = "models".into();
        exchange.client.nonce = None;
    });
    assert_eq!(scene.judge().finding(Invariant::R1).measured, Some(factor(1_000_000)));
    let mut scene = Scene::new(10);
    scene.every(100, 0, 10, |exchange, _| exchange.untried().client.nonce = None);
    scene.judge().assert_not_judged(Invariant::R1);
}

#[test]
fn r1_stands_beside_its_theory() {
    let mut scene = Scene::new(60).fault("bedrock", 10, 20, 500_000);
    scene.plan.policy.as_mut().expect("declared").retries = 1;
    scene.every(100, 0, 60, |_, _| ());
    let theory = scene.judge().finding(Invariant::R1).theory.clone().expect("a theory");
    assert!(theory.starts_with("r = 1: 1.75 when 50% of the first choice fails"), "{theory}");
}

#[test]
fn r2_holds_and_breaks_on_one_stubborn_request() {
    let tries = |count: usize| {
        let mut scene = Scene::calm(60);
        scene.at(30 * SECOND, |exchange| {
            exchange.untried();
            for _ in 1..count {
                exchange.tried("bedrock").failing(503);
            }
            exchange.tried("bedrock");
        });
        scene.judge()
    };
    tries(3).assert_holds(Invariant::R2);
    let judgement = tries(4);
    judgement.assert_breaks(&[Invariant::R2]);
    assert_eq!(judgement.finding(Invariant::R2).evidence.len(), 1);
    Scene::new(10).judge().assert_not_judged(Invariant::R2);
}

/// Sixty requests that each fail twice on one provider; `wait_ms` is the pause before try 1 and 2.
fn backing_off(wait_ms: impl Fn(u64, u64) -> u64) -> Scene {
    let mut scene = Scene::calm(120);
    scene.every(2000, 0, 120, |exchange, number| {
        exchange.untried();
        for attempt in 0..3 {
            exchange.tried("bedrock");
            if attempt < 2 {
                exchange.failing(503);
            }
            if attempt > 0 {
                let pause_us = wait_ms(attempt, number) * MILLI;
                let last = exchange.attempts.last_mut().expect("tried");
                (last.in_us, last.out_us, last.t_us) =
                    (last.in_us + pause_us, last.out_us + pause_us, last.t_us + pause_us);
            }
        }
        let end_us = exchange.attempts.last().expect("tried").out_us;
        (exchange.client.end_us, exchange.client.t_us) = (end_us, end_us);
    });
    scene
}

#[test]
fn r3_holds_for_jitter_and_breaks_for_a_fixed_pause() {
    backing_off(|attempt, number| attempt * (number * 37 % 100)).judge().assert_holds(Invariant::R3);
    backing_off(|attempt, _| attempt * 1000).judge().assert_breaks(&[Invariant::R3]);
    Scene::calm(60).judge().assert_not_judged(Invariant::R3);
}

#[test]
fn r3_breaks_for_jitter_that_does_not_grow() {
    backing_off(|_, number| number * 37 % 100).judge().assert_breaks(&[Invariant::R3]);
}

#[test]
fn r5_holds_and_breaks_when_a_bad_request_is_sent_again() {
    let refused = |times: usize| {
        let mut scene = Scene::calm(60);
        scene.at(30 * SECOND, |exchange| {
            exchange.untried().refused(400).ends_after(100);
            for _ in 0..times {
                exchange.tried("bedrock").failing(400);
            }
            exchange.client.deliberate = Some(Deliberate::InvalidRequest);
        });
        scene.judge()
    };
    refused(1).assert_holds(Invariant::R5);
    refused(2).assert_breaks(&[Invariant::R5]);
    Scene::calm(60).judge().assert_not_judged(Invariant::R5);
}

#[test]
fn r6_holds_and_breaks_on_a_hang() {
    let ending = |after_s: u64| {
        let mut scene = Scene::calm(60);
        scene.at(10 * SECOND, |exchange| {
            exchange.ends_after(after_s * 1000);
        });
        scene.judge()
    };
    ending(34).assert_holds(Invariant::R6);
    ending(36).assert_breaks(&[Invariant::R6]);
    Scene::new(10).judge().assert_not_judged(Invariant::R6);
}

#[test]
fn r6_counts_a_clients_second_try_from_its_own_beginning() {
    let retried = |took_s: u64| {
        let mut scene = Scene::calm(120);
        scene.at(10 * SECOND, |exchange| {
            exchange.client.attempt = 1;
            exchange.client.sent_us = Some(60 * SECOND);
            exchange.ends_after((50 + took_s) * 1000);
        });
        scene.judge()
    };
    let judgement = retried(2);
    judgement.assert_holds(Invariant::R6);
    let lag = judgement.measured.overall.send_lag_ms.as_ref().expect("first tries have one");
    assert_eq!(serde_json::to_string(&lag.max).expect("a number"), "0.0", "its pause is no lag");
    retried(36).assert_breaks(&[Invariant::R6]);
}

#[test]
fn r6_without_a_declared_budget_is_the_clients_patience() {
    let mut scene = Scene::calm(60);
    scene.plan.kinds.get_mut("chat").expect("planned").budget_us = None;
    scene.at(10 * SECOND, |exchange| {
        exchange.untried().ended(ClientOutcome::Timeout).ends_after(30_000);
    });
    // Nobody got an error that was clean.
    scene.judge().assert_breaks(&[Invariant::A5, Invariant::R6]);
}

#[test]
fn r7_holds_and_breaks_on_work_for_a_client_that_left() {
    let leaving = |late_ms: u64| {
        let mut scene = Scene::calm(60);
        scene.at(30 * SECOND, |exchange| {
            exchange.ended(ClientOutcome::Aborted).ends_after(100);
            exchange.client.deliberate = Some(Deliberate::Abort);
            let attempt = &mut exchange.attempts[0];
            attempt.in_us = exchange.client.end_us + late_ms * MILLI;
            (attempt.out_us, attempt.t_us, attempt.tokens) = (attempt.in_us, attempt.in_us, 0);
        });
        scene.judge()
    };
    leaving(900).assert_holds(Invariant::R7);
    // What began so late ended late as well.
    leaving(1100).assert_breaks(&[Invariant::E6, Invariant::R7]);
    Scene::calm(60).judge().assert_not_judged(Invariant::R7);
}

#[test]
fn r9_holds_and_breaks_on_advice_to_wait() {
    let advised = |seconds: Option<u32>| {
        let mut scene = Scene::calm(60);
        scene.every(2000, 0, 60, |exchange, _| {
            exchange.untried().refused(429).ends_after(5);
            exchange.client.retry_after_s = seconds;
        });
        scene.judge()
    };
    advised(Some(60)).assert_holds(Invariant::R9);
    advised(Some(0)).assert_breaks(&[Invariant::R9]);
    advised(Some(61)).assert_breaks(&[Invariant::R9]);
    advised(None).assert_breaks(&[Invariant::R9]);
    Scene::calm(60).judge().assert_not_judged(Invariant::R9);
}

#[test]
fn r6_counts_a_client_that_gave_up_after_the_budget() {
    let giving_up = |after_ms: u64| {
        let mut scene = Scene::calm(60);
        scene.at(10 * SECOND, |exchange| {
            exchange.untried().ended(ClientOutcome::Timeout).ends_after(after_ms);
        });
        scene.judge().finding(Invariant::R6).verdict
    };
    assert_eq!(giving_up(30_000), FindingVerdict::Fail);
    assert_eq!(giving_up(10_000), FindingVerdict::Pass, "an impatient client is no hang");
}

#[test]
fn r1_has_no_window_of_a_few_requests() {
    let mut scene = Scene::new(60);
    scene.every(1000, 0, 60, |exchange, _| {
        exchange.untried().tried("bedrock").failing(503).tried("vertex");
        exchange.served_by("vertex");
    });
    only(&mut scene, Invariant::R1, |expectation| expectation.scope = Scope::Windows);
    scene.judge().assert_not_judged(Invariant::R1);
}
