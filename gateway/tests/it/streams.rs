//! Relaying, and losing a provider or a client on the way.

use crate::support::{Ending, Event, Reply, StreamEnd, chat_body, nonce, tokens, vertex_answer, with};

fn whole(count: u32, gap_ms: u64) -> Reply {
    Reply::Stream([tokens(count, gap_ms), vec![Event::Stop]].concat(), StreamEnd::Clean)
}

fn texts(n: u64, count: u32) -> String {
    (0..count).map(|seq| nonce(n).token_text(seq)).collect()
}

#[test]
fn a_whole_stream_comes_token_by_token() {
    for (model, provider) in [("bedrock/claude", "bedrock"), ("vertex/gemini", "vertex")] {
        with(&[], |rig| async move {
            rig.bedrock.always(whole(4, 100));
            rig.vertex.always(whole(4, 100));
            let answer = rig.stream(model, 1).await;
            assert_eq!((answer.status, answer.provider(), answer.ending), (200, provider, Ending::Clean));
            assert_eq!(answer.headers["content-type"], "text/event-stream; charset=utf-8");
            assert_eq!(answer.text(), texts(1, 4));
            assert!(answer.is_done());
            let events = answer.events();
            let [.., finish, usage, done] = &events[..] else { panic!("{events:?}") };
            assert!(finish.contains(r#""finish_reason":"stop""#), "{finish}");
            assert!(
                usage.contains(r#""choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3"#),
                "{usage}"
            );
            assert_eq!(*done, "[DONE]");
            assert_eq!(answer.head_at, 101, "the head comes with the first token");
            let mut times = answer.pieces.clone();
            times.dedup();
            assert_eq!(times, [101, 201, 301, 401], "nothing is held back");
        });
    }
}

#[test]
fn usage_is_sent_only_when_asked_for() {
    with(&[], |rig| async move {
        rig.bedrock.always(whole(1, 1));
        let mut body = chat_body("chat", 1, true);
        body["stream_options"] = serde_json::Value::Null;
        let answer = rig.post("/v1/chat/completions", &body).await;
        assert!(answer.is_done() && !answer.body.contains("usage"), "{}", answer.body);
    });
}

#[test]
fn a_loss_in_the_middle_is_an_error_event_and_a_broken_transfer() {
    let losses = [
        Reply::Stream(tokens(2, 10), StreamEnd::Cut),
        Reply::Stream(tokens(2, 10), StreamEnd::Clean),
        Reply::Stream([tokens(2, 10), vec![Event::Error]].concat(), StreamEnd::Clean),
    ];
    for loss in losses {
        for model in ["chat", "vertex/gemini"] {
            let loss = loss.clone();
            with(&[], |rig| async move {
                rig.bedrock.always(loss.clone());
                rig.vertex.always(loss);
                let answer = rig.stream(model, 1).await;
                assert_eq!((answer.status, answer.ending), (200, Ending::Broken));
                assert_eq!(answer.text(), texts(1, 2));
                assert!(answer.has_error_event(), "{}", answer.body);
                assert!(!answer.is_done() && !answer.body.contains(r#""finish_reason":"stop""#));
                assert_eq!(rig.bedrock.count() + rig.vertex.count(), 1, "nothing is sent again");
                let state = rig.gateway.state();
                assert_eq!((state.in_flight, state.upstream_open), (0, 0));
            });
        }
    }
}

#[test]
fn silence_in_the_middle_ends_at_the_idle_limit() {
    with(&[], |rig| async move {
        rig.bedrock.always(Reply::Stream(tokens(2, 10), StreamEnd::Hang));
        let answer = rig.stream("chat", 1).await;
        assert_eq!((answer.ending, answer.ended_at), (Ending::Broken, 21 + 15_000));
        assert!(answer.has_error_event());
        assert_eq!(rig.bedrock.seen()[0].left_at_ms, Some(21 + 15_000));
    });
}

#[test]
fn comments_do_not_keep_a_stream_alive() {
    with(&[], |rig| async move {
        let comments = (0..100).flat_map(|_| [Event::Wait(1_000), Event::Comment]);
        let events = tokens(1, 0).into_iter().chain(comments).collect();
        rig.vertex.always(Reply::Stream(events, StreamEnd::Hang));
        let answer = rig.stream("vertex/gemini", 1).await;
        assert_eq!((answer.ending, answer.ended_at), (Ending::Broken, 1 + 15_000));
    });
}

#[test]
fn a_stream_may_be_long_but_not_endless() {
    with(&[], |rig| async move {
        rig.bedrock.always(Reply::Stream(tokens(400, 10_000), StreamEnd::Hang));
        let answer = rig.stream("chat", 1).await;
        assert_eq!((answer.ending, answer.ended_at), (Ending::Broken, 30 * 60 * 1_000));
        assert!(answer.has_error_event());
    });
}

#[test]
fn a_client_that_leaves_takes_its_request_to_the_provider_with_it() {
    with(&[], |rig| async move {
        rig.bedrock.always(whole(100, 1_000));
        rig.leave(&chat_body("chat", 1, true), None).await;
        rig.sleep_ms(1).await;
        assert_eq!(rig.bedrock.seen()[0].left_at_ms, Some(1_001), "in the middle of a stream");
        let started = u64::try_from(rig.now_ms()).expect("a short test");
        rig.leave(&chat_body("chat", 2, true), Some(500)).await;
        rig.vertex.always(vertex_answer(10_000));
        rig.leave(&chat_body("vertex/gemini", 3, false), Some(500)).await;
        rig.sleep_ms(1).await;
        assert_eq!(
            rig.bedrock.seen()[1].left_at_ms,
            Some(u128::from(started + 500)),
            "before the first token"
        );
        assert_eq!(
            rig.vertex.seen()[0].left_at_ms,
            Some(u128::from(started + 1_000)),
            "before a whole answer"
        );
        let state = rig.gateway.state();
        assert_eq!((state.in_flight, state.upstream_open, state.providers[0].breaker_opened), (0, 0, 0));
    });
}
