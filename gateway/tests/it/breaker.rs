//! A provider that fails, recovers, and how soon requests notice.

use std::sync::Arc;

use brownout_gateway::BreakerState;

use crate::support::{Rig, bedrock_answer, bedrock_error, vertex_answer, with};

/// Sends `per_second` chats a second from `from_s` to `to_s`, and waits for all of them.
async fn load(rig: &Arc<Rig>, per_second: u64, from_s: u64, to_s: u64) {
    let mut tasks = Vec::new();
    for n in from_s * per_second..to_s * per_second {
        rig.clock().sleep_until(world::Instant::from_micros(n * 1_000_000 / per_second)).await;
        let shared = Arc::clone(rig);
        tasks.push(rig.world.spawn(async move { shared.chat("chat", n).await.status }));
    }
    for task in tasks {
        assert_eq!(task.await.expect("an answer"), 200);
    }
}

/// Attempts at the primary in the second that begins at `second`.
fn primary_in(rig: &Rig, second: u128) -> usize {
    rig.bedrock.seen().iter().filter(|seen| seen.at_ms / 1_000 == second).count()
}

fn state(rig: &Rig) -> Option<BreakerState> {
    rig.gateway.state().providers[0].breaker
}

#[test]
fn an_outage_is_noticed_probed_and_left_behind() {
    with(&[], |rig| async move {
        let outage = 3_000..10_000;
        rig.bedrock.script(
            move |seen, _| if outage.contains(&seen.at_ms) { bedrock_error(503) } else { bedrock_answer(0) },
        );
        rig.vertex.always(vertex_answer(0));
        let rig = Arc::new(rig);
        load(&rig, 100, 0, 3).await;
        assert_eq!((primary_in(&rig, 2), state(&rig)), (100, Some(BreakerState::Closed)));
        // 200 good results lie in the window; 30 % failures are there after some 60-85 more.
        load(&rig, 100, 3, 4).await;
        assert_eq!(state(&rig), Some(BreakerState::Open));
        let noticed = primary_in(&rig, 3);
        assert!((55..=90).contains(&noticed), "{noticed}");
        load(&rig, 100, 4, 8).await;
        assert_eq!((4..8).map(|second| primary_in(&rig, second)).sum::<usize>(), 0, "5 s less a fifth");
        // A probe during the outage fails: twice the time.
        load(&rig, 100, 8, 24).await;
        let probes = (8..14).map(|second| primary_in(&rig, second)).sum::<usize>();
        assert_eq!(probes, 1);
        // The second probe succeeds, and a tenth of the traffic returns.
        let back = (14..24).find(|second| primary_in(&rig, *second) > 1).expect("it returns");
        load(&rig, 100, 24, 36).await;
        let ramp: Vec<_> = (0..12).map(|second| primary_in(&rig, back + second)).collect();
        assert!(ramp[1] < 40 && ramp[4] > ramp[1] && ramp[8] > ramp[4], "{ramp:?}");
        assert_eq!((ramp[11], state(&rig)), (100, Some(BreakerState::Closed)), "{ramp:?}");
    });
}

#[test]
fn when_all_are_open_the_answer_is_fast_and_says_when_to_come_back() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(bedrock_error(503));
        for n in 0..60 {
            rig.chat("chat", n).await;
        }
        let (sent, asked) = (rig.bedrock.count() + rig.vertex.count(), rig.now_ms());
        let answer = rig.chat("chat", 100).await;
        assert_eq!((answer.status, answer.head_at - asked), (503, 1));
        assert!((3..=6).contains(&answer.retry_after().expect("a time")), "{:?}", answer.retry_after());
        assert_eq!(answer.json()["error"]["code"], "providers_unavailable");
        assert_eq!(rig.bedrock.count() + rig.vertex.count(), sent);
    });
}

#[test]
fn refusals_neither_open_the_breaker_nor_hold_it_closed() {
    with(&[], |rig| async move {
        rig.bedrock.script(|_, ordinal| if ordinal < 100 { bedrock_error(400) } else { bedrock_error(503) });
        for n in 0..100 {
            rig.chat("haiku", n).await;
        }
        assert_eq!(state(&rig), Some(BreakerState::Closed));
        for n in 0..20 {
            rig.chat("haiku", 100 + n).await;
        }
        assert_eq!(state(&rig), Some(BreakerState::Open), "20 failures of 20 results");
    });
}

#[test]
fn half_of_a_providers_answers_failing_costs_no_answer_and_few_attempts() {
    with(&[], |rig| async move {
        rig.bedrock.script(|seen, _| {
            let fails = seen.nonce.is_some_and(|nonce| world::splitmix64(nonce.id()).is_multiple_of(2));
            if fails { bedrock_error(503) } else { bedrock_answer(50) }
        });
        rig.vertex.always(vertex_answer(50));
        let rig = Arc::new(rig);
        load(&rig, 100, 0, 15).await;
        let attempts = rig.bedrock.count() + rig.vertex.count();
        assert!(attempts < 1_500 * 115 / 100, "{attempts} attempts of 1500 requests");
        let (primary, secondary) = (rig.bedrock.count(), rig.vertex.count());
        assert!(primary < 200 && secondary > 1_350, "{primary} {secondary}");
    });
}
