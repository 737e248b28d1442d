//! Weaknesses of the attempt loop, each beside the healthy gateway.

use std::sync::Arc;

use brownout_gateway::BreakerState;

use crate::support::{
    Event, Reply, Rig, StreamEnd, bedrock_answer, bedrock_error, tokens, vertex_answer, with,
};

fn limited(seconds: u32) -> Reply {
    Reply::Whole(0, 429, vec![("retry-after", seconds.to_string())], "{}".to_owned())
}

fn times(rig: &Rig) -> Vec<u128> {
    rig.bedrock.seen().iter().map(|seen| seen.at_ms).collect()
}

/// The status of a chat whose primary is down.
fn with_primary_down(weakness: &[&str]) -> (u16, usize, usize) {
    with(weakness, |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(0));
        let answer = rig.chat("chat", 1).await;
        (answer.status, rig.bedrock.count(), rig.vertex.count())
    })
}

#[test]
fn no_failover() {
    assert_eq!(with_primary_down(&[]), (200, 1, 1));
    let (status, primary, secondary) = with_primary_down(&["no-failover"]);
    assert_eq!((status, secondary), (503, 0));
    assert!(primary >= 1);
}

#[test]
fn failover_nonstream_only() {
    let streamed = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(503));
            rig.vertex.always(Reply::Stream([tokens(1, 0), vec![Event::Stop]].concat(), StreamEnd::Clean));
            let answer = rig.stream("chat", 1).await;
            (answer.status, answer.is_done(), answer.body.is_empty(), rig.vertex.count())
        })
    };
    assert_eq!(streamed(&[]), (200, true, false, 1));
    assert_eq!(streamed(&["failover-nonstream-only"]), (200, false, true, 0), "a 200 with nothing in it");
    assert_eq!(with_primary_down(&["failover-nonstream-only"]), (200, 1, 1));
}

/// Attempts at a dead primary, of 100 chats.
fn dead_primary_attempts(weakness: &[&str]) -> usize {
    with(weakness, |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(0));
        for n in 0..100 {
            assert_eq!(rig.chat("chat", n).await.status, 200);
        }
        rig.bedrock.count()
    })
}

#[test]
fn no_breaker() {
    assert_eq!(dead_primary_attempts(&[]), 20);
    assert_eq!(dead_primary_attempts(&["no-breaker"]), 100);
}

#[test]
fn sticky_breaker() {
    let returns = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock
                .script(|seen, _| if seen.at_ms < 1_000 { bedrock_error(503) } else { bedrock_answer(0) });
            rig.vertex.always(vertex_answer(0));
            for n in 0..30 {
                rig.chat("chat", n).await;
            }
            rig.sleep_ms(3_600_000).await;
            rig.chat("chat", 100).await.provider().to_owned()
        })
    };
    assert_eq!(returns(&[]), "bedrock");
    assert_eq!(returns(&["sticky-breaker"]), "vertex");
}

#[test]
fn misattribute() {
    let breakers = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(503));
            rig.vertex.always(vertex_answer(0));
            for n in 0..30 {
                rig.chat("chat", n).await;
            }
            let providers = rig.gateway.state().providers;
            let pinned = rig.chat("vertex/gemini", 100).await.status;
            (providers[0].breaker, providers[1].breaker, pinned)
        })
    };
    let (open, closed) = (Some(BreakerState::Open), Some(BreakerState::Closed));
    assert_eq!(breakers(&[]), (open, closed, 200));
    assert_eq!(breakers(&["misattribute"]), (closed, open, 503), "the healthy provider is shut out");
}

#[test]
fn retry_unlimited() {
    let (status, primary, _) = with_primary_down(&["retry-unlimited"]);
    assert_eq!(status, 503);
    // 30 s of waits that average half a second.
    assert!((45..90).contains(&primary), "{primary}");
    assert!(dead_primary_attempts(&[]) < 30);
}

#[test]
fn retry_no_budget() {
    assert_eq!(with_primary_down(&["retry-no-budget"]), (200, 6, 1));
    let both_down = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(503));
            rig.vertex.always(bedrock_error(503));
            rig.chat("chat", 1).await;
            rig.bedrock.count() + rig.vertex.count()
        })
    };
    assert_eq!((both_down(&[]), both_down(&["retry-no-budget"])), (3, 12));
}

/// Gaps between the attempts of ten requests at one target, in ms.
fn gaps(weakness: &[&str]) -> Vec<u128> {
    with(weakness, |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        let mut gaps = Vec::new();
        for n in 0..5 {
            let before = rig.bedrock.count();
            rig.chat("haiku", n).await;
            gaps.extend(times(&rig)[before..].windows(2).map(|pair| pair[1] - pair[0]));
        }
        gaps
    })
}

#[test]
fn no_jitter() {
    let healthy = gaps(&[]);
    let distinct: std::collections::BTreeSet<_> = healthy.iter().collect();
    assert!(distinct.len() > 5 && healthy.iter().all(|gap| *gap <= 100), "{healthy:?}");
    assert_eq!(gaps(&["no-jitter"]), [1_000; 10]);
}

#[test]
fn ignore_retry_after() {
    let attempts = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(limited(10));
            rig.chat("haiku", 1).await;
            times(&rig)
        })
    };
    assert_eq!(attempts(&[]), [1]);
    assert_eq!(attempts(&["ignore-retry-after"]), [1, 1, 1]);
}

#[test]
fn wide_cooldown() {
    let neighbour = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            let limits_haiku = |seen: &crate::support::Seen| seen.path.contains("haiku");
            rig.bedrock
                .script(move |seen, _| if limits_haiku(seen) { limited(10) } else { bedrock_answer(0) });
            rig.chat("haiku", 1).await;
            rig.chat("bedrock/claude", 2).await.status
        })
    };
    assert_eq!((neighbour(&[]), neighbour(&["wide-cooldown"])), (200, 503));
}

#[test]
fn retry_permanent() {
    let attempts = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(400));
            rig.vertex.always(bedrock_error(400));
            let status = rig.chat("chat", 1).await.status;
            (status, rig.bedrock.count(), rig.vertex.count())
        })
    };
    assert_eq!(attempts(&[]), (400, 1, 0));
    assert_eq!(attempts(&["retry-permanent"]), (400, 2, 1));
}

#[test]
fn embed_anywhere() {
    let served = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_error(503));
            let titan = r#"{"embedding":[0.5,0.25],"inputTextTokenCount":4}"#;
            rig.west.always(Reply::Whole(0, 200, Vec::new(), titan.to_owned()));
            let gecko = r#"{"predictions":[{"embeddings":{"values":[1.5],"statistics":{"token_count":4,"truncated":false}}}]}"#;
            rig.vertex.always(Reply::Whole(0, 200, Vec::new(), gecko.to_owned()));
            let answer = rig.embed(1).await;
            let vector = answer.json()["data"][0]["embedding"].as_array().expect("a vector").len();
            (answer.json()["model"].as_str().expect("a model").to_owned(), vector)
        })
    };
    assert_eq!(served(&[]), ("amazon.titan-embed-text-v2:0".to_owned(), 2));
    assert_eq!(served(&["embed-anywhere"]), ("gecko".to_owned(), 1));
}

/// Attempts at the primary in the busiest 100 ms after an outage, at 100 chats a second.
fn busiest_return(weakness: &[&str]) -> usize {
    with(weakness, |rig| async move {
        rig.bedrock.script(|seen, _| if seen.at_ms < 2_000 { bedrock_error(503) } else { bedrock_answer(0) });
        rig.vertex.always(vertex_answer(0));
        let rig = Arc::new(rig);
        let tasks: Vec<_> = (0..1_500)
            .map(|n| {
                let shared = Arc::clone(&rig);
                rig.world.spawn(async move {
                    shared.sleep_ms(n * 10).await;
                    shared.chat("chat", n).await.status
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("an answer");
        }
        let mut slots = std::collections::BTreeMap::<u128, usize>::new();
        for at in times(&rig).into_iter().filter(|at| *at > 3_000) {
            *slots.entry(at / 100).or_default() += 1;
        }
        slots.into_values().max().unwrap_or(0)
    })
}

#[test]
fn herd_on_close() {
    assert!(busiest_return(&[]) <= 15, "{}", busiest_return(&[]));
    let herd = busiest_return(&["herd-on-close"]);
    assert!(herd > 300, "some four seconds' worth of requests at once: {herd}");
}

#[test]
fn no_ttft_timeout() {
    let answer = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.vertex.always(vertex_answer(0));
            let hour = std::time::Duration::from_secs(3_600);
            let answer = rig.clock().timeout(hour, rig.chat("chat", 1)).await;
            answer.map(|answer| answer.provider().to_owned()).ok()
        })
    };
    assert_eq!(answer(&[]), Some("vertex".to_owned()));
    assert_eq!(answer(&["no-ttft-timeout"]), None);
}

#[test]
fn total_timeout() {
    let long_answer = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(bedrock_answer(60_000));
            let mut body = crate::support::chat_body("haiku", 1, false);
            body["max_tokens"] = serde_json::json!(4_000);
            let answer = rig.post("/v1/chat/completions", &body).await;
            (answer.status, answer.head_at)
        })
    };
    assert_eq!(long_answer(&[]), (200, 60_001));
    assert_eq!(long_answer(&["total-timeout"]), (503, 30_000));
    let long_stream = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            let events = [tokens(60, 1_000), vec![Event::Stop]].concat();
            rig.bedrock.always(Reply::Stream(events, StreamEnd::Clean));
            rig.stream("chat", 1).await.is_done()
        })
    };
    assert_eq!((long_stream(&[]), long_stream(&["total-timeout"])), (true, false));
}
