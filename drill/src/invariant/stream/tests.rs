//! E, each held and each broken.

use crate::demand::{Invariant, Quantity};
use crate::judge::Verdict;
use crate::judge::support::*;
use crate::observed::PreflightCheck;
use evidence::record::{AttemptOutcome, ClientOutcome, Deliberate};

/// Calm traffic of streams, and one stream at second 30 as changed by `change`.
fn with_stream(change: impl FnOnce(&mut Exchange)) -> Scene {
    let mut scene = Scene::new(60);
    scene.every(50, 0, 60, |exchange, _| {
        exchange.streamed();
    });
    scene.at(30 * SECOND, |exchange| change(exchange.streamed()));
    scene
}

#[test]
fn whole_streams_hold_all_of_them() {
    let judgement = with_stream(|_| ()).judge();
    for invariant in [Invariant::E1, Invariant::E2, Invariant::E3, Invariant::E8] {
        judgement.assert_holds(invariant);
    }
    for invariant in [Invariant::E4, Invariant::E6, Invariant::E7] {
        judgement.assert_not_judged(invariant);
    }
    Scene::calm(10).judge().assert_not_judged(Invariant::E1);
}

#[test]
fn e1_breaks_on_a_stream_that_just_ends() {
    let judgement = with_stream(|exchange| {
        exchange.broken_by("cut", AttemptOutcome::Cut, 3).ended(ClientOutcome::TruncSilent).client.tokens = 3;
    })
    .judge();
    // What is silent is not signalled either.
    judgement.assert_breaks(&[Invariant::E1, Invariant::E4]);
    assert_eq!(judgement.finding(Invariant::E1).first_breach_s, Some(30));
}

#[test]
fn e1_breaks_on_a_cut_certified_as_whole() {
    let judgement = with_stream(|exchange| {
        exchange.broken_by("cut", AttemptOutcome::Cut, 3).client.tokens = 3;
        exchange.client.served_by = None;
    })
    .judge();
    judgement.assert_breaks(&[Invariant::E1, Invariant::E4]);
}

#[test]
fn e1_breaks_on_tokens_lost_on_the_way_and_on_tokens_never_sent() {
    with_stream(|exchange| exchange.client.tokens = 7).judge().assert_breaks(&[Invariant::E1, Invariant::E4]);
    let short = with_stream(|exchange| {
        exchange.attempts[0].tokens = 7;
        exchange.client.tokens = 7;
    });
    short.judge().assert_breaks(&[Invariant::E1, Invariant::E4]);
}

#[test]
fn e2_breaks_on_a_foreign_token() {
    let judgement = with_stream(|exchange| exchange.client.outcome = ClientOutcome::Crosstalk).judge();
    judgement.assert_breaks(&[Invariant::E2]);
    assert_eq!(judgement.finding(Invariant::E2).evidence.len(), 1);
}

#[test]
fn e3_breaks_on_a_restart() {
    with_stream(|exchange| exchange.client.outcome = ClientOutcome::Duplicate)
        .judge()
        .assert_breaks(&[Invariant::E3]);
}

#[test]
fn e4_holds_for_an_error_and_breaks_for_silence() {
    let judgement = with_stream(|exchange| {
        exchange.broken_by("cut", AttemptOutcome::Cut, 3).ended(ClientOutcome::TruncSignalled);
    })
    .judge();
    judgement.assert_holds(Invariant::E4);

    let judgement = with_stream(|exchange| {
        exchange
            .broken_by("stall", AttemptOutcome::Stall, 3)
            .ended(ClientOutcome::Timeout)
            .ends_after(20_000);
        exchange.client.gap_max_us = Some(10 * SECOND);
        let end_us = exchange.client.end_us;
        let attempt = &mut exchange.attempts[0];
        (attempt.out_us, attempt.t_us) = (end_us, end_us);
    })
    .judge();
    // A hang is no clean error, and nobody ended it in time.
    judgement.assert_breaks(&[Invariant::A5, Invariant::E4, Invariant::R6]);
}

fn leaving(late_ms: u64) -> Scene {
    with_stream(|exchange| {
        exchange
            .broken_by("none", AttemptOutcome::ClientLeft, 0)
            .ended(ClientOutcome::Aborted)
            .ends_after(200);
        exchange.client.deliberate = Some(Deliberate::Abort);
        let attempt = &mut exchange.attempts[0];
        attempt.out_us = exchange.client.end_us + late_ms * MILLI;
        attempt.t_us = attempt.out_us;
    })
}

#[test]
fn e6_holds_and_breaks_on_an_upstream_kept_open() {
    leaving(0).judge().assert_holds(Invariant::E6);
    leaving(900).judge().assert_holds(Invariant::E6);
    let judgement = leaving(1100).judge();
    judgement.assert_breaks(&[Invariant::E6]);
    assert_eq!(judgement.finding(Invariant::E6).measured, Some(Quantity::micros(1_100_000)));
    leaving(60_000).judge().assert_breaks(&[Invariant::E6]);
    // Clients wait 30 s at most, and 120 s are added.
    leaving(149_000).judge().assert_breaks(&[Invariant::E6]);
}

fn stalling(silence_s: u64) -> Scene {
    with_stream(|exchange| {
        exchange
            .broken_by("stall", AttemptOutcome::Stall, 3)
            .ended(ClientOutcome::TruncSignalled)
            .ends_after(20_000);
        exchange.client.gap_max_us = Some(silence_s * SECOND);
    })
}

#[test]
fn e7_holds_and_breaks_on_a_long_silence() {
    stalling(16).judge().assert_holds(Invariant::E7);
    stalling(17).judge().assert_breaks(&[Invariant::E7]);
    let mut undeclared = stalling(17);
    undeclared.plan.policy.as_mut().expect("declared").idle_timeout_us = None;
    assert!(!undeclared.judge().broken().contains(&Invariant::E7));
}

#[test]
fn e8_breaks_the_run_not_the_target() {
    let mut scene = Scene::calm(60);
    let problem = Some("the stream had no terminal marker".to_owned());
    scene.facts.preflight.push(PreflightCheck { provider: "vertex".into(), streamed: true, problem });
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::E8]);
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(
        judgement.invalid_because[0].contains("vertex stream: the stream had no"),
        "{:?}",
        judgement.invalid_because
    );

    let mut scene = Scene::calm(60);
    scene.facts.preflight.clear();
    scene.judge().assert_not_judged(Invariant::E8);
}
