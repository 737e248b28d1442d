//! Which provider answers.

use crate::support::{
    Event, Reply, StreamEnd, bedrock_answer, bedrock_error, nonce, tokens, vertex_answer, with,
};

#[test]
fn the_primary_answers_when_it_can() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_answer(100));
        let answer = rig.chat("chat", 1).await;
        assert_eq!((answer.status, answer.provider()), (200, "bedrock"));
        assert_eq!(answer.json()["model"], "claude");
        assert_eq!(answer.json()["choices"][0]["message"]["content"], " a.0 a.1 a.2");
        assert_eq!(answer.json()["usage"]["total_tokens"], 10);
        assert_eq!(answer.head_at, 101, "1 ms of service time, 100 ms of the provider");
        let seen = &rig.bedrock.seen()[0];
        assert_eq!((seen.path.as_str(), seen.nonce), ("/model/claude/converse", Some(nonce(1))));
        assert!(
            seen.authorization
                .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/")
        );
        assert_eq!(rig.vertex.count(), 0);
    });
}

#[test]
fn the_secondary_answers_at_once_when_the_primary_fails() {
    for failure in [bedrock_error(503), bedrock_error(429), bedrock_error(500), Reply::Reset] {
        with(&[], |rig| async move {
            rig.bedrock.always(failure);
            rig.vertex.always(vertex_answer(100));
            let answer = rig.chat("chat", 1).await;
            assert_eq!((answer.status, answer.provider()), (200, "vertex"));
            assert_eq!(answer.json()["model"], "gemini");
            assert_eq!((rig.bedrock.count(), rig.vertex.count()), (1, 1));
            assert_eq!(answer.head_at, 101, "no backoff before another target");
            let seen = &rig.vertex.seen()[0];
            assert_eq!(
                seen.path,
                "/v1/projects/brownout/locations/us-central1/publishers/google/models/gemini:generateContent"
            );
            assert_eq!((seen.nonce, seen.authorization.as_str()), (Some(nonce(1)), "Bearer ya29.mock"));
        });
    }
}

#[test]
fn a_silent_primary_is_left_at_its_limit() {
    with(&[], |rig| async move {
        rig.vertex.always(vertex_answer(0));
        let answer = rig.chat("chat", 1).await;
        assert_eq!((answer.status, answer.provider(), answer.head_at), (200, "vertex", 30_001));
        assert_eq!(rig.bedrock.seen()[0].left_at_ms, Some(30_001));
    });
}

#[test]
fn a_silent_stream_is_left_when_its_first_content_is_due() {
    with(&[], |rig| async move {
        rig.vertex.always(Reply::Stream([tokens(1, 0), vec![Event::Stop]].concat(), StreamEnd::Clean));
        let answer = rig.stream("chat", 1).await;
        // 34 bytes of prompt count as 8 tokens, a millisecond each.
        assert_eq!((answer.status, answer.provider(), answer.head_at), (200, "vertex", 10_009));
    });
}

#[test]
fn an_error_before_the_first_content_of_a_stream_is_a_failed_attempt() {
    let replies = [
        Reply::Stream(vec![Event::Wait(50), Event::Error], StreamEnd::Clean),
        Reply::Stream(vec![Event::Comment, Event::Wait(50)], StreamEnd::Cut),
        Reply::Stream(vec![Event::Wait(50)], StreamEnd::Clean),
    ];
    for reply in replies {
        with(&[], |rig| async move {
            rig.bedrock.always(reply);
            rig.vertex.always(Reply::Stream([tokens(2, 10), vec![Event::Stop]].concat(), StreamEnd::Clean));
            let answer = rig.stream("chat", 1).await;
            assert_eq!((answer.status, answer.provider()), (200, "vertex"));
            assert_eq!(answer.text(), format!("{}{}", nonce(1).token_text(0), nonce(1).token_text(1)));
            assert!(answer.is_done());
        });
    }
}

#[test]
fn pinned_names_stay_where_they_are() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(0));
        let answer = rig.chat("bedrock/claude", 1).await;
        assert_eq!((answer.status, rig.vertex.count()), (503, 0));
        assert_eq!(rig.chat("vertex/gemini", 2).await.provider(), "vertex");
    });
}

#[test]
fn a_target_that_failed_is_retried_after_a_wait_that_grows() {
    with(&[], |rig| async move {
        rig.bedrock.script(|_, ordinal| if ordinal < 2 { bedrock_error(503) } else { bedrock_answer(0) });
        let answer = rig.chat("haiku", 1).await;
        assert_eq!((answer.status, answer.provider()), (200, "bedrock"));
        let times: Vec<_> = rig.bedrock.seen().iter().map(|seen| seen.at_ms).collect();
        assert_eq!(times.len(), 3);
        assert!(times[1] - times[0] <= 50 && times[2] - times[1] <= 100, "{times:?}");
        assert!(times[2] > times[0], "{times:?}");
    });
}

#[test]
fn three_attempts_are_the_most() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(Reply::Reset);
        let answer = rig.chat("chat", 1).await;
        assert_eq!(answer.status, 503);
        assert_eq!((rig.bedrock.count(), rig.vertex.count()), (2, 1));
    });
}

#[test]
fn embeddings_go_to_the_same_model_elsewhere() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.west.always(Reply::Whole(
            0,
            200,
            Vec::new(),
            r#"{"embedding":[0.5,0.25],"inputTextTokenCount":4}"#.to_owned(),
        ));
        let answer = rig.embed(1).await;
        assert_eq!((answer.status, answer.provider()), (200, "west"));
        assert_eq!(answer.json()["data"][0]["embedding"], serde_json::json!([0.5, 0.25]));
        assert_eq!(answer.json()["usage"]["prompt_tokens"], 4);
        assert_eq!(rig.vertex.count(), 0);
        assert_eq!(rig.west.seen()[0].path, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    });
}

#[test]
fn a_batch_is_one_call_a_text_and_comes_back_in_order() {
    with(&[], |rig| async move {
        rig.bedrock.script(|_, ordinal| {
            let body = format!(r#"{{"embedding":[{ordinal}.0],"inputTextTokenCount":2}}"#);
            // The first to be asked is the last to answer.
            Reply::Whole(30 - 10 * ordinal as u64, 200, Vec::new(), body)
        });
        let body =
            serde_json::json!({ "model": "vectors", "input": ["a", "b", "c"], "encoding_format": "base64" });
        let answer = rig.post("/v1/embeddings", &body).await;
        let vectors: Vec<_> = (0..3)
            .map(|index| {
                let text = answer.json()["data"][index]["embedding"].as_str().expect("base64").to_owned();
                wire::openai::embeddings::decode_base64(&text).expect("floats")
            })
            .collect();
        assert_eq!(vectors, [[0.0], [1.0], [2.0]]);
        assert_eq!(answer.json()["usage"]["total_tokens"], 6);
        assert_eq!(answer.head_at, 31, "all at once");
    });
}

#[test]
fn the_limit_of_attempts_in_flight_protects_the_secondary() {
    let mut plan = crate::support::plan(&[]);
    plan.providers[1].in_flight_max = 2;
    crate::support::with_plan(plan, |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(1_000));
        let rig = std::sync::Arc::new(rig);
        let tasks: Vec<_> = (0..3)
            .map(|n| {
                let shared = std::sync::Arc::clone(&rig);
                rig.world.spawn(async move { shared.chat("chat", n).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.expect("an answer"));
        }
        statuses.sort_unstable();
        assert_eq!((statuses, rig.vertex.count()), (vec![200, 200, 503], 2));
    });
}
