//! G1, held and broken in each of its ways.

use crate::demand::Invariant;
use crate::judge::Verdict;
use crate::judge::support::Scene;
use crate::observed::LoadSummary;

fn judged(change: impl FnOnce(&mut LoadSummary)) -> crate::judge::Judgement {
    let mut scene = Scene::calm(60);
    change(&mut scene.facts.load);
    scene.judge()
}

#[test]
fn g1_holds_for_a_schedule_kept() {
    judged(|_| ()).assert_holds(Invariant::G1);
    judged(|load| load.cpu_saturated = Some(false)).assert_holds(Invariant::G1);
}

#[test]
fn g1_breaks_on_arrivals_missed_lag_or_a_full_cpu() {
    let dishonest: [fn(&mut LoadSummary); 3] = [
        |load| load.scheduled += 13,
        |load| load.send_lag_p99_us = 5001,
        |load| load.cpu_saturated = Some(true),
    ];
    for change in dishonest {
        let judgement = judged(change);
        judgement.assert_breaks(&[Invariant::G1]);
        assert_eq!(judgement.verdict, Verdict::Invalid);
    }
}

#[test]
fn g1_is_not_judged_when_nothing_was_scheduled() {
    Scene::new(10).judge().assert_not_judged(Invariant::G1);
}
