//! What clients get when there is no answer.

use http::Method;
use serde_json::json;

use crate::support::{
    Reply, bedrock_answer, bedrock_error, plan, request_with_key, vertex_answer, with, with_plan,
};

#[test]
fn a_request_that_the_provider_refuses_is_never_sent_again() {
    for (status, shown) in [(400, 400), (401, 503), (403, 503), (404, 404)] {
        with(&[], |rig| async move {
            rig.bedrock.always(bedrock_error(status));
            rig.vertex.always(vertex_answer(0));
            let answer = rig.chat("chat", 1).await;
            assert_eq!((answer.status, rig.bedrock.count(), rig.vertex.count()), (shown, 1, 0), "{status}");
            assert!(answer.json()["error"]["message"].is_string());
        });
    }
}

#[test]
fn the_client_is_told_when_to_come_back() {
    with(&[], |rig| async move {
        let limited =
            Reply::Whole(0, 429, vec![("retry-after", "7".to_owned())], r#"{"message":"slow"}"#.to_owned());
        rig.bedrock.always(limited);
        let answer = rig.chat("haiku", 1).await;
        assert_eq!((answer.status, answer.retry_after()), (429, Some(7)));
        assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded");
        rig.sleep_ms(2_000).await;
        let answer = rig.chat("haiku", 2).await;
        assert_eq!((answer.status, answer.retry_after()), (503, Some(5)), "5 of 7 s are left");
        assert_eq!(rig.bedrock.count(), 1, "the provider asked to be left alone");
    });
}

#[test]
fn a_cooldown_is_about_one_model() {
    with(&[], |rig| async move {
        rig.bedrock.script(|seen, _| {
            if seen.path.contains("haiku") {
                Reply::Whole(0, 429, vec![("retry-after", "7".to_owned())], "{}".to_owned())
            } else {
                bedrock_answer(0)
            }
        });
        rig.chat("haiku", 1).await;
        assert_eq!(rig.chat("bedrock/claude", 2).await.status, 200);
    });
}

#[test]
fn keys_are_asked_for() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_answer(0));
        let body = json!({ "model": "chat", "messages": [{ "role": "user", "content": "a" }] }).to_string();
        let unknown = rig.send(request_with_key(Method::POST, "/v1/chat/completions", body, "sk-2")).await;
        assert_eq!((unknown.status, rig.bedrock.count()), (401, 0));
        assert_eq!(unknown.json()["error"]["code"], "invalid_api_key");
        assert_eq!(rig.get("/v1/models").await.status, 200);
    });
}

#[test]
fn requests_that_cannot_be_are_refused_with_reasons() {
    with(&[], |rig| async move {
        let message = json!([{ "role": "user", "content": "a" }]);
        for (path, body, status) in [
            ("/v1/chat/completions", json!({ "model": "nobody", "messages": message }), 404),
            ("/v1/chat/completions", json!({ "model": "vectors", "messages": message }), 400),
            ("/v1/chat/completions", json!({ "model": "chat", "messages": [] }), 400),
            ("/v1/chat/completions", json!({ "model": "chat", "messages": message, "n": 2 }), 400),
            ("/v1/chat/completions", json!({ "model": "chat", "messages": message, "max_tokens": 0 }), 400),
            ("/v1/chat/completions", json!({ "messages": message }), 400),
            ("/v1/chat/completions", json!("chat"), 400),
            ("/v1/embeddings", json!({ "model": "vectors", "input": [] }), 400),
            ("/v1/embeddings", json!({ "model": "vectors", "input": [1, 2] }), 400),
            ("/v1/embeddings", json!({ "model": "chat", "input": "a" }), 400),
            ("/v1/nothing", json!({}), 404),
        ] {
            let answer = rig.post(path, &body).await;
            assert_eq!(answer.status, status, "{path} {body}");
            assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{path} {body}");
        }
        assert_eq!(rig.bedrock.count() + rig.vertex.count(), 0);
    });
}

#[test]
fn retries_at_one_target_stay_within_their_budget() {
    // Without a breaker, which would stop the failures first. None of them gets better by trying again.
    with(&["no-breaker"], |rig| async move {
        rig.bedrock.script(|seen, _| {
            let failing = seen.nonce.is_some_and(|nonce| nonce.id().is_multiple_of(4));
            if failing { bedrock_error(503) } else { bedrock_answer(0) }
        });
        for n in 0..1_000 {
            rig.chat("haiku", n).await;
            rig.sleep_ms(1).await;
        }
        let seconds = usize::try_from(rig.now_ms() / 1_000).expect("a short test");
        let retries = rig.bedrock.count() - 1_000;
        assert!((100..=111 + seconds).contains(&retries), "{retries} retries in {seconds} s");
    });
}

#[test]
fn refusals_carry_the_request_id_too() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(400));
        let answer = rig.chat("haiku", 1).await;
        assert!(answer.headers["x-request-id"].to_str().expect("text").starts_with("req_"));
    });
}

#[test]
fn overload_is_refused_at_once_and_says_when_to_come_back() {
    let mut plan = plan(&[]);
    plan.policy.admission.in_flight_max = Some(1);
    with_plan(plan, |rig| async move {
        rig.bedrock.always(bedrock_answer(1_000));
        let rig = std::sync::Arc::new(rig);
        let shared = std::sync::Arc::clone(&rig);
        let first = rig.world.spawn(async move { shared.chat("chat", 1).await.status });
        rig.sleep_ms(500).await;
        let second = rig.chat("chat", 2).await;
        assert_eq!((second.status, second.retry_after(), second.head_at), (503, Some(1), 500));
        assert_eq!(second.json()["error"]["code"], "in_flight");
        assert_eq!((first.await.expect("an answer"), rig.bedrock.count()), (200, 1));
    });
}
