//! Providers at their quota.

use std::sync::{Arc, Mutex};

use brownout_gateway::BreakerState;
use world::Instant;

use crate::support::{Reply, Seen, bedrock_answer, bedrock_error, vertex_answer, with};

/// Answers `per_second` requests a second, saved up for a second at most, and throttles the rest.
fn quota(per_second: u128, good: Reply) -> impl Fn(&Seen, usize) -> Reply + Send + Sync {
    // Thousandths of a request, and until when they were counted, in ms.
    let bucket = Mutex::new((per_second * 1_000, 0));
    move |seen, _| {
        let mut bucket = bucket.lock().expect("no panic");
        let (saved, counted_until) = *bucket;
        let refilled = (saved + (seen.at_ms - counted_until) * per_second).min(per_second * 1_000);
        *bucket = (refilled.saturating_sub(1_000), seen.at_ms);
        if refilled >= 1_000 {
            return good.clone();
        }
        *bucket = (refilled, seen.at_ms);
        Reply::Whole(20, 429, Vec::new(), "{}".to_owned())
    }
}

/// Sends 200 chats a second for ten seconds to two providers of 50 a second each: how many were answered,
/// how many attempts that took, and how many of the others were told to come back later.
fn at_their_limit(weakness: &[&str]) -> (usize, usize, usize) {
    with(weakness, |rig| async move {
        rig.bedrock.script(quota(50, bedrock_answer(20)));
        rig.vertex.script(quota(50, vertex_answer(20)));
        let rig = Arc::new(rig);
        let mut tasks = Vec::new();
        for n in 0..2_000 {
            rig.clock().sleep_until(Instant::from_micros(n * 5_000)).await;
            let shared = Arc::clone(&rig);
            tasks.push(rig.world.spawn(async move { shared.chat("chat", n).await }));
        }
        let (mut answered, mut told) = (0, 0);
        for task in tasks {
            let answer = task.await.expect("an answer");
            answered += usize::from(answer.status == 200);
            told += usize::from(matches!(answer.status, 429 | 503) && answer.retry_after() == Some(1));
        }
        (answered, rig.bedrock.count() + rig.vertex.count(), told)
    })
}

#[test]
fn quotas_are_used_and_not_run_against() {
    let (answered, attempts, told) = at_their_limit(&[]);
    // Two times 50 a second, and what was saved up in the beginning.
    assert!((990..=1_100).contains(&answered), "{answered}");
    assert!(attempts < 2_000, "{attempts} attempts of 2000 requests");
    assert_eq!(answered + told, 2_000, "everyone else is told when to come back");
}

#[test]
fn retries_without_a_budget_run_against_them() {
    let (_, attempts, _) = at_their_limit(&["retry-no-budget"]);
    assert!(attempts > 2_000 * 3, "{attempts} attempts of 2000 requests");
}

#[test]
fn a_bare_throttle_rests_its_model_and_leaves_the_provider_alone() {
    with(&[], |rig| async move {
        rig.bedrock.script(
            |seen, _| {
                if seen.path.contains("haiku") { bedrock_error(429) } else { bedrock_answer(0) }
            },
        );
        for n in 0..50 {
            let answer = rig.chat("haiku", n).await;
            assert_eq!((answer.retry_after(), answer.status >= 429), (Some(1), true));
            assert_eq!(rig.chat("bedrock/claude", 100 + n).await.status, 200);
            rig.sleep_ms(100).await;
        }
        let throttled = rig.bedrock.seen().iter().filter(|seen| seen.path.contains("haiku")).count();
        assert!((9..=11).contains(&throttled), "once every half second of five: {throttled}");
        assert_eq!(rig.gateway.state().providers[0].breaker, Some(BreakerState::Closed));
    });
}
