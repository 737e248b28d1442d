//! F, each held and each broken.

use super::super::FindingVerdict;
use crate::demand::{Expectation, Invariant};
use crate::judge::Verdict;
use crate::judge::support::*;
use evidence::record::{AttemptOutcome, ClientOutcome};

const OUTAGE: u32 = 1_000_000;

fn in_fault(exchange: &Exchange, from_s: u64, to_s: u64) -> bool {
    (from_s * SECOND..to_s * SECOND).contains(&exchange.client.sched_us)
}

/// `bedrock` is down in [60, 120) of 200 s; `during` says what becomes of each request meanwhile, by
/// its number since the fault began.
fn outage(share_ppm: u32, during: impl Fn(&mut Exchange, u64)) -> Scene {
    let mut scene = Scene::new(200).fault("bedrock", 60, 120, share_ppm);
    scene.every(50, 0, 200, |exchange, number| {
        if number.is_multiple_of(4) {
            exchange.streamed();
        }
        if in_fault(exchange, 60, 120) {
            during(exchange, number - 1200);
        }
    });
    scene
}

/// A good gateway: the first fails over, then the breaker sends nearly all to the second choice.
fn good(exchange: &mut Exchange, number: u64) {
    if number < 20 || number.is_multiple_of(50) {
        exchange.fails_over();
    } else {
        exchange.avoids_first_choice();
    }
    exchange.attempts.iter_mut().for_each(|attempt| attempt.streamed = exchange.client.streamed);
}

impl Exchange {
    /// Failing over, where a closure wants nothing back.
    fn reroute(&mut self) {
        self.fails_over();
    }
}

fn down(exchange: &mut Exchange) {
    exchange.untried().tried("bedrock").failing(503).refused(503).ends_after(30);
    exchange.client.first_us = None;
}

#[test]
fn a_good_gateway_holds_all_of_them() {
    let judgement = outage(OUTAGE, good).judge();
    for invariant in
        [Invariant::F1, Invariant::F2, Invariant::F3, Invariant::F4, Invariant::F5, Invariant::F8]
    {
        judgement.assert_holds(invariant);
    }
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn none_is_judged_without_a_fault() {
    let judgement = Scene::calm(60).judge();
    for invariant in [
        Invariant::F1,
        Invariant::F2,
        Invariant::F3,
        Invariant::F4,
        Invariant::F5,
        Invariant::F7,
        Invariant::F9,
    ] {
        judgement.assert_not_judged(invariant);
    }
}

#[test]
fn f1_measures_from_the_fault_to_the_last_bad_window() {
    let late = |seconds: u64| {
        let scene = outage(OUTAGE, move |exchange, number| match number < seconds * 20 {
            true => down(exchange),
            false => good(exchange, number),
        });
        scene.judge()
    };
    let judgement = late(20);
    let finding = judgement.finding(Invariant::F1);
    // The last window of 5 s with a bad second begins in that second's last moment.
    assert_eq!(finding.measured.map(|took| took.to_string()).as_deref(), Some("20s"));
    assert_eq!(finding.verdict, FindingVerdict::Pass);

    let judgement = late(40);
    let finding = judgement.finding(Invariant::F1);
    assert_eq!(
        (finding.verdict, finding.first_breach_s, finding.evidence.len()),
        (FindingVerdict::Fail, Some(60), 5)
    );
}

#[test]
fn f1_breaks_alone_when_a_few_keep_failing() {
    // One in twelve fails for 36 s: the last window of 5 s with more than 5 in 100 begins 4 s before that.
    let mut scene = outage(OUTAGE, |exchange, number| match number < 720 && number.is_multiple_of(12) {
        true => down(exchange),
        false => good(exchange, number.max(20) | 1),
    });
    scene.plan.expectations = [Invariant::F1, Invariant::F2, Invariant::F3]
        .into_iter()
        .filter_map(|id| Expectation::of_catalogue(id, &scene.plan))
        .collect();
    let judgement = scene.judge();
    assert_eq!(
        judgement.finding(Invariant::F1).measured.map(|took| took.to_string()).as_deref(),
        Some("33s")
    );
    judgement.assert_breaks(&[Invariant::F1]);
}

#[test]
fn f1_that_never_comes_is_the_whole_window_and_a_breach() {
    let mut scene = Scene::new(60).fault("bedrock", 20, 40, OUTAGE);
    scene.every(50, 0, 60, |exchange, _| {
        if in_fault(exchange, 20, 40) {
            down(exchange);
        }
    });
    let judgement = scene.judge();
    let finding = judgement.finding(Invariant::F1);
    assert_eq!(finding.verdict, FindingVerdict::Fail, "20 s are less than 30 s, but it never came");
    assert_eq!(finding.detail, "outage[0] on bedrock never");
}

#[test]
fn f1_does_not_judge_a_fault_that_never_took_hold() {
    let mut scene = Scene::new(60).fault("bedrock", 20, 40, 500_000);
    scene.every(50, 0, 60, |_, _| ());
    scene.judge().assert_not_judged(Invariant::F1);
}

/// Half of the first choice's answers fail; `on_failure` says what the gateway does then.
fn half(on_failure: impl Fn(&mut Exchange)) -> Scene {
    outage(500_000, move |exchange, number| {
        if (number / 4).is_multiple_of(2) {
            on_failure(exchange);
        }
    })
}

#[test]
fn f2_of_a_partial_fault_is_held_against_its_share() {
    let judgement = half(Exchange::reroute).judge();
    let finding = judgement.finding(Invariant::F2);
    assert_eq!(finding.verdict, FindingVerdict::Pass, "{finding:#?}");
    assert_eq!(finding.threshold.map(|threshold| threshold.to_string()).as_deref(), Some(">= 45%"));
}

#[test]
fn f2_looks_at_streams_apart() {
    let mut scene = Scene::new(200).fault("bedrock", 60, 120, 500_000);
    scene.every(50, 0, 200, |exchange, number| {
        let is_stream = number.is_multiple_of(20);
        if is_stream {
            exchange.streamed();
        }
        match (in_fault(exchange, 60, 120), is_stream) {
            (true, true) if number.is_multiple_of(40) => down(exchange), // streams are not tried elsewhere
            (true, false) if number.is_multiple_of(2) => exchange.reroute(),
            _ => {}
        }
    });
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::F2]);
    let detail = &judgement.finding(Invariant::F2).detail;
    assert!(detail.contains("outage[0] on bedrock chat streams 0%"), "{detail}");
}

#[test]
fn f2_and_f3_go_by_what_fails_and_not_by_what_is_declared() {
    // A rule for one kind: the others are served by a provider that is well.
    let mut of_a_kind = Scene::new(200).fault("bedrock", 60, 120, OUTAGE);
    of_a_kind.every(50, 0, 200, |exchange, number| {
        if number.is_multiple_of(4) {
            exchange.client.kind = "embeddings".into();
            if in_fault(exchange, 60, 120) {
                exchange.reroute();
            }
        }
    });
    of_a_kind.plan.kinds.insert("embeddings".into(), of_a_kind.plan.kinds["chat"].clone());
    let judgement = of_a_kind.clone().judge();
    judgement.assert_holds(Invariant::F2);
    assert_eq!(
        judgement.finding(Invariant::F2).detail,
        "outage[0] on bedrock embeddings 100% (wanted 95%)",
        "nothing is asked of chats, of which none fails"
    );
    judgement.assert_not_judged(Invariant::F3);

    // One request in ten.
    let one_in_ten = |on_failure: fn(&mut Exchange)| {
        outage(OUTAGE, move |exchange, number| {
            if (number / 4).is_multiple_of(10) {
                on_failure(exchange);
            }
        })
        .judge()
    };
    one_in_ten(Exchange::reroute).assert_holds(Invariant::F2);
    assert!(one_in_ten(down).broken().contains(&Invariant::F2));

    // A stream that is cut after its first token cannot be tried elsewhere.
    let cut = outage(500_000, |exchange, number| {
        if number.is_multiple_of(2) {
            return;
        }
        exchange.streamed().broken_by("cut", AttemptOutcome::Cut, 3).ended(ClientOutcome::TruncSignalled);
    });
    cut.judge().assert_not_judged(Invariant::F2);
}

#[test]
fn a_fault_that_could_not_act_is_none() {
    let judgement = outage(OUTAGE, |exchange, _| {
        exchange.failing(503);
        let attempt = exchange.attempts.last_mut().expect("an attempt");
        (attempt.outcome, attempt.complete) = (AttemptOutcome::Ok, true);
        attempt.fault_not_applied = Some("the answer has fewer events".into());
    })
    .judge();
    for invariant in [Invariant::F1, Invariant::F2, Invariant::F3] {
        judgement.assert_not_judged(invariant);
    }
    assert_eq!(judgement.measured.by_provider["bedrock"].faulted, 0);
}

#[test]
fn f3_breaks_without_a_breaker_and_weighs_by_what_is_declared() {
    let scene = |declares_breaker: bool| {
        let mut scene = outage(OUTAGE, |exchange, _| exchange.reroute());
        if !declares_breaker {
            scene.plan.policy.as_mut().expect("declared").breaker = None;
        }
        scene.judge()
    };
    let judgement = scene(true);
    judgement.assert_breaks(&[Invariant::F3]);
    assert_eq!(judgement.verdict, Verdict::Fail);
    let judgement = scene(false);
    assert_eq!(judgement.finding(Invariant::F3).verdict, FindingVerdict::Advisory);
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn f4_is_advice_about_a_slow_way_round() {
    let judgement = outage(OUTAGE, |exchange, number| {
        good(exchange, number);
        exchange.ends_after(1520);
    })
    .judge();
    judgement.assert_breaks(&[Invariant::F4]);
    assert_eq!(judgement.verdict, Verdict::Pass);
}

#[test]
fn f5_times_the_return() {
    let returning = |after_s: u64| {
        let mut scene = Scene::new(200).fault("bedrock", 60, 120, OUTAGE);
        scene.every(50, 0, 200, |exchange, number| {
            if in_fault(exchange, 60, 120) {
                good(exchange, number - 1200);
            } else if in_fault(exchange, 120, 120 + after_s) {
                exchange.avoids_first_choice();
            }
        });
        scene.judge()
    };
    let judgement = returning(12);
    judgement.assert_holds(Invariant::F5);
    assert_eq!(
        judgement.finding(Invariant::F5).measured.map(|took| took.to_string()).as_deref(),
        Some("12s")
    );
    returning(30).assert_breaks(&[Invariant::F5]);

    let judgement = returning(80);
    judgement.assert_breaks(&[Invariant::F5]);
    assert!(
        judgement.finding(Invariant::F5).detail.ends_with("never"),
        "{:#?}",
        judgement.finding(Invariant::F5)
    );
}

#[test]
fn f5_never_is_a_breach_even_of_an_unknown_policy_and_too_soon_to_tell_is_none() {
    let stuck = |seconds: u64| {
        let mut scene = Scene::new(seconds).fault("bedrock", 20, 40, OUTAGE);
        scene.every(50, 0, seconds, |exchange, _| {
            if exchange.client.sched_us >= 20 * SECOND {
                exchange.avoids_first_choice();
            }
        });
        let declared = Expectation::of_catalogue(Invariant::F5, &scene.plan).expect("declared");
        scene.plan.expectations = vec![declared];
        scene.plan.policy = None;
        scene.judge()
    };
    assert_eq!(stuck(100).finding(Invariant::F5).verdict, FindingVerdict::Fail);
    stuck(50).assert_not_judged(Invariant::F5);
}

#[test]
fn f5_sees_a_provider_that_is_gone_for_good_after_a_later_fault_too() {
    // The quiet time after the first fault is too short to tell.
    let mut scene = Scene::new(300).fault("bedrock", 60, 100, OUTAGE).fault("bedrock", 110, 150, OUTAGE);
    scene.every(50, 0, 300, |exchange, number| {
        if number >= 60 * 20 {
            good(exchange, if number < 61 * 20 { 0 } else { 21 });
        }
    });
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::F5]);
    let detail = &judgement.finding(Invariant::F5).detail;
    assert_eq!(detail, "after outage[1] on bedrock never");
}

#[test]
fn f7_counts_leaving_and_coming_back() {
    let flapping = |period_s: u64| {
        outage(500_000, move |exchange, number| match (number / 20 / period_s) % 2 {
            0 if number.is_multiple_of(2) => exchange.reroute(),
            0 => {}
            _ => {
                exchange.avoids_first_choice();
            }
        })
    };
    flapping(12).judge().assert_holds(Invariant::F7);
    let judgement = flapping(2).judge();
    judgement.assert_breaks(&[Invariant::F7]);
    assert_eq!(judgement.verdict, Verdict::Pass, "it is advice");
}

#[test]
fn f8_breaks_when_the_wrong_provider_is_named() {
    let mut scene = Scene::calm(60);
    scene.at(30 * SECOND, |exchange| exchange.client.served_by = Some("vertex".into()));
    let judgement = scene.judge();
    judgement.assert_breaks(&[Invariant::F8]);
    assert_eq!(judgement.finding(Invariant::F8).first_breach_s, Some(30));

    let mut scene = Scene::new(10);
    scene.every(50, 0, 10, |exchange, _| exchange.client.served_by = None);
    scene.judge().assert_not_judged(Invariant::F8);
}

#[test]
fn f9_breaks_when_vectors_change() {
    let embedding = |exchange: &mut Exchange, model: &str, dimension: u32| {
        exchange.client.model = "embeddings".into();
        exchange.client.served_model = Some(model.into());
        exchange.client.dimension = Some(dimension);
    };
    let mut scene = Scene::calm(60);
    scene.every(1000, 0, 60, |exchange, _| embedding(exchange, "titan", 1024));
    scene.judge().assert_holds(Invariant::F9);

    for (model, dimension) in [("gemini", 768), ("gemini", 1024), ("titan", 256)] {
        let mut scene = Scene::calm(60);
        scene.every(1000, 0, 60, |exchange, number| match number {
            40 => embedding(exchange, model, dimension),
            _ => embedding(exchange, "titan", 1024),
        });
        scene.judge().assert_breaks(&[Invariant::F9]);
    }
}

#[test]
fn a_slow_provider_is_not_one_to_fail_over_from() {
    let mut scene = outage(OUTAGE, |_, _| ());
    scene.plan.faults[0].is_failure = false;
    let judgement = scene.judge();
    for invariant in [Invariant::F1, Invariant::F2, Invariant::F3, Invariant::F4, Invariant::F5] {
        judgement.assert_not_judged(invariant);
    }
}

#[test]
fn f2_breaks_when_a_dead_provider_is_said_to_answer() {
    let judgement = outage(OUTAGE, |exchange, number| match number % 10 {
        // Out of a cache, say: nobody was asked.
        0 => {
            exchange.untried().served_by("bedrock");
        }
        _ => good(exchange, number),
    })
    .judge();
    let finding = judgement.finding(Invariant::F2);
    assert_eq!(finding.verdict, FindingVerdict::Fail, "{finding:#?}");
    assert_eq!(finding.threshold.map(|threshold| threshold.to_string()).as_deref(), Some(">= 95%"));
}

#[test]
fn f7_sees_no_transition_in_traffic_that_hovers() {
    // 20 % in one second, so it has left; then 45 % and 20 % in turn, which is neither here nor there.
    let judgement = outage(500_000, |exchange, number| {
        let share = if (number / 20).is_multiple_of(2) { 4 } else { 9 };
        if number % 20 >= share {
            exchange.avoids_first_choice();
        } else if number.is_multiple_of(2) {
            exchange.reroute();
        }
    })
    .judge();
    let finding = judgement.finding(Invariant::F7);
    assert_eq!(finding.measured.map(|rate| rate.to_string()).as_deref(), Some("1/min"), "{finding:#?}");
}
