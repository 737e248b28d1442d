//! C and W1, each held and each broken.

use crate::demand::{Invariant, Quantity, TimeBasis, Unit};
use crate::invariant::FindingVerdict;
use crate::judge::Verdict;
use crate::judge::support::*;
use crate::observed::Liveness;
use evidence::record::{ClientOutcome, Deliberate};

/// `bedrock` half down in [60, 120) of 200 s, with 5 requests a second pinned to each provider.
fn pinned(during: impl Fn(&mut Exchange, u64)) -> Scene {
    let mut scene = Scene::new(200).fault("bedrock", 60, 120, 500_000);
    let is_faulted = |exchange: &Exchange| (60 * SECOND..120 * SECOND).contains(&exchange.client.sched_us);
    scene.every(50, 0, 200, |exchange, number| {
        if is_faulted(exchange) && number.is_multiple_of(2) {
            exchange.fails_over();
        }
    });
    scene.every(200, 0, 200, |exchange, number| {
        exchange.pinned_to("bedrock");
        if is_faulted(exchange) && number.is_multiple_of(2) {
            exchange.untried().tried("bedrock").failing(503).refused(503);
        }
    });
    scene.every(200, 0, 200, |exchange, number| {
        exchange.pinned_to("vertex");
        if is_faulted(exchange) {
            during(exchange, number);
        }
    });
    scene
}

#[test]
fn c1_holds_when_the_healthy_provider_is_left_alone() {
    let judgement = pinned(|_, _| ()).judge();
    judgement.assert_holds(Invariant::C1);
    assert_eq!(judgement.finding(Invariant::C1).measured, Some(Quantity { micro: 0, unit: Unit::Points }));
}

#[test]
fn c1_breaks_on_errors_of_the_healthy_provider() {
    let judgement = pinned(|exchange, number| {
        if number.is_multiple_of(10) {
            exchange.untried().refused(503).ends_after(5);
        }
    })
    .judge();
    judgement.assert_breaks(&[Invariant::C1]);
    let finding = judgement.finding(Invariant::C1);
    assert_eq!((finding.first_breach_s, finding.evidence.len()), (Some(60), 5));
    assert!(finding.detail.starts_with("requests pinned to vertex"), "{}", finding.detail);
}

#[test]
fn c1_breaks_on_a_longer_tail_of_the_healthy_provider() {
    let slow = |ms: u64| {
        pinned(move |exchange, _| {
            exchange.ends_after(ms);
        })
    };
    slow(740).judge().assert_holds(Invariant::C1);
    slow(800).judge().assert_breaks(&[Invariant::C1]);
}

#[test]
fn c1_is_not_judged_without_control_traffic() {
    Scene::calm(60).judge().assert_not_judged(Invariant::C1);
}

/// `bedrock` down in [60, 90) of 150 s; after it, `back` says whether a request may go there again.
fn returning(back: impl Fn(u64) -> u64) -> Scene {
    let mut scene = Scene::new(150).fault("bedrock", 60, 90, 1_000_000);
    scene.every(50, 0, 150, |exchange, number| {
        let at_ms = exchange.client.sched_us / MILLI;
        if (60_000..90_000).contains(&at_ms) {
            if number.is_multiple_of(50) {
                exchange.fails_over()
            } else {
                exchange.avoids_first_choice()
            };
        } else if at_ms >= 90_000 {
            exchange.attempts[0].in_us += back(at_ms) * MILLI;
        }
    });
    scene
}

#[test]
fn c3_holds_for_a_steady_return() {
    let judgement = returning(|_| 0).judge();
    judgement.assert_holds(Invariant::C3);
    assert_eq!(
        judgement.finding(Invariant::C3).measured,
        Some(Quantity { micro: 1_000_000, unit: Unit::Factor })
    );
}

#[test]
fn c3_breaks_when_parked_requests_are_let_go_at_once() {
    // All of four seconds arrive within the last of them.
    let judgement = returning(|at_ms| if at_ms < 94_000 { (94_000 - at_ms) / 8 * 7 } else { 0 }).judge();
    judgement.assert_breaks(&[Invariant::C3]);
    assert_eq!(judgement.verdict, Verdict::Fail);
}

#[test]
fn c3_between_a_word_and_a_breach_is_advice() {
    let judgement = returning(|at_ms| if at_ms < 92_000 { (92_000 - at_ms) / 2 } else { 0 }).judge();
    assert_eq!(judgement.finding(Invariant::C3).verdict, FindingVerdict::Advisory);
    judgement.assert_breaks(&[Invariant::C3]);
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn c3_is_not_judged_without_a_return() {
    Scene::calm(60).judge().assert_not_judged(Invariant::C3);
}

#[test]
fn c6_holds_and_breaks_when_the_target_dies_even_if_nobody_asks() {
    Scene::calm(60).judge().assert_holds(Invariant::C6);
    let mut scene = Scene::calm(60);
    scene.facts.liveness = Some(Liveness { is_alive: false, restarts: 0, died_us: Some(59 * SECOND) });
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::C6]);
    assert_eq!(
        (judgement.verdict, judgement.finding(Invariant::C6).first_breach_s),
        (Verdict::Fail, Some(59))
    );
}

#[test]
fn c6_needs_a_process() {
    let mut scene = Scene::calm(60);
    scene.plan.time = TimeBasis::Virtual;
    scene.judge().assert_not_judged(Invariant::C6);
}

#[test]
fn w1_holds_and_breaks_on_tokens_that_nobody_got() {
    Scene::calm(60).judge().assert_holds(Invariant::W1);
    let mut scene = Scene::calm(60);
    scene.every(2000, 0, 60, |exchange, _| {
        exchange.attempts[0].tokens = 100;
        exchange.attempts[0].tokens_planned = Some(100);
        exchange.refused(503);
    });
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::W1]);
    assert_eq!(judgement.finding(Invariant::W1).measured, Quantity::share(3000, 12_600));
}

#[test]
fn w1_counts_the_losers_and_what_came_after_a_client_left() {
    let mut scene = Scene::calm(60);
    scene.every(2000, 0, 60, |exchange, _| {
        exchange.tried("vertex").attempts[1].tokens = 60; // the second good answer is the one used
        exchange.attempts[0].tokens = 40;
        exchange.served_by("vertex");
    });
    scene.every(2000, 0, 60, |exchange, _| {
        exchange.ended(ClientOutcome::Aborted).ends_after(500);
        exchange.client.deliberate = Some(Deliberate::Abort);
        exchange.client.tokens = 2;
    });
    let judgement = scene.judge();
    assert_eq!(
        judgement.finding(Invariant::W1).measured,
        Quantity::share(30 * 40 + 30 * 6, 9600 + 30 * 100 + 30 * 8)
    );
    Scene::new(10).judge().assert_not_judged(Invariant::W1);
}

#[test]
fn c3_compares_with_the_load_just_before_the_fault() {
    let mut scene = Scene::new(270).fault("bedrock", 180, 210, 1_000_000);
    scene.every(200, 0, 120, |_, _| ());
    scene.every(40, 120, 270, |exchange, _| {
        if (180 * SECOND..210 * SECOND).contains(&exchange.client.sched_us) {
            exchange.avoids_first_choice();
        }
    });
    let finding = scene.judge().finding(Invariant::C3).clone();
    assert_eq!(
        (finding.verdict, finding.measured.map(|ratio| ratio.micro)),
        (FindingVerdict::Pass, Some(1_000_000))
    );
}
