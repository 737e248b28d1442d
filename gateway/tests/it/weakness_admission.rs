//! Weaknesses of the way in and of the way out, each beside the healthy gateway.

use std::sync::Arc;
use std::time::Duration;

use brownout_gateway::plan::AdmissionPolicy;

use crate::support::{bedrock_answer, bedrock_error, plan, with, with_plan};

/// What an overload comes to.
#[derive(Debug)]
struct Overload {
    served: usize,
    shed: usize,
    /// Clients that gave up after two seconds.
    gave_up: usize,
    /// How long a request takes three seconds after the last one, in ms.
    later_ms: u128,
}

/// 100 requests a second fit; 300 a second come for `seconds`, and their clients wait for two seconds.
fn overload(weakness: &[&str], seconds: u64) -> Overload {
    let mut plan = plan(weakness);
    let admission = AdmissionPolicy {
        slots: 2,
        service_time: Duration::from_millis(20),
        ..plan.policy.admission.clone()
    };
    plan.policy.admission = admission;
    with_plan(plan, |rig| async move {
        rig.bedrock.always(bedrock_answer(0));
        let rig = Arc::new(rig);
        let send = |n: u64| {
            let shared = Arc::clone(&rig);
            rig.world.spawn(async move {
                shared.sleep_ms(n * 10 / 3).await;
                let patience = Duration::from_secs(2);
                shared.clock().timeout(patience, shared.chat("chat", n)).await.map(|answer| answer.status)
            })
        };
        let mut seen = Overload { served: 0, shed: 0, gave_up: 0, later_ms: 0 };
        for task in (0..300 * seconds).map(send).collect::<Vec<_>>() {
            match task.await.expect("no panic") {
                Ok(200) => seen.served += 1,
                Ok(_) => seen.shed += 1,
                Err(_) => seen.gave_up += 1,
            }
        }
        rig.sleep_ms(1_000).await;
        let asked = rig.now_ms();
        seen.later_ms = rig.chat("chat", 50_000).await.head_at - asked;
        seen
    })
}

#[test]
fn unbounded_queue() {
    let healthy = overload(&[], 5);
    assert_eq!((healthy.gave_up, healthy.later_ms), (0, 20), "{healthy:?}");
    assert!(healthy.served >= 500 && healthy.shed > 900, "{healthy:?}");
    let weak = overload(&["unbounded-queue"], 5);
    assert_eq!(weak.shed, 0);
    assert!(weak.gave_up > 1_000, "{weak:?}");
    // 1,500 requests are 15 s of work, and some 8 s have passed.
    assert!(weak.later_ms > 5_000, "those who left still take their turn: {weak:?}");
}

#[test]
fn no_shedding() {
    let (weak, healthy) = (overload(&["no-shedding"], 8), overload(&[], 8));
    assert_eq!(weak.shed, 0);
    assert!(weak.served * 2 < healthy.served, "goodput collapses: {weak:?} {healthy:?}");
    assert!(weak.gave_up > 1_000, "{weak:?}");
}

#[test]
fn opaque_errors() {
    let error = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(429));
            let answer = rig.chat("haiku", 1).await;
            let kind = answer.headers["content-type"].to_str().expect("text").to_owned();
            (answer.status, answer.retry_after().is_some(), kind)
        })
    };
    assert_eq!(error(&[]), (429, true, "application/json".to_owned()));
    assert_eq!(error(&["opaque-errors"]), (500, false, "text/plain".to_owned()));
}

#[test]
fn slow_30() {
    let took = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_answer(1_000));
            rig.chat("chat", 1).await.head_at
        })
    };
    assert_eq!((took(&[]), took(&["slow-30"])), (1_001, 1_301));
}
