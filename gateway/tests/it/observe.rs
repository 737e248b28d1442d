//! What operators and samplers see, and the ledger.

use evidence::record::LedgerState;

use crate::support::{
    Event, Reply, StreamEnd, bedrock_answer, bedrock_error, nonce, tokens, vertex_answer, with,
};

#[test]
fn health_models_state_and_metrics() {
    with(&[], |rig| async move {
        rig.bedrock.always(bedrock_error(503));
        rig.vertex.always(vertex_answer(0));
        rig.chat("chat", 1).await;
        assert_eq!(rig.get("/health").await.json()["status"], "ok");
        let models = rig.get("/v1/models").await.json();
        let names: Vec<_> = models["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|model| model["id"].as_str().expect("an id"))
            .collect();
        assert!(names.contains(&"chat") && names.contains(&"vertex/gemini"), "{names:?}");
        assert_eq!(rig.get("/v1/models/vertex/gemini").await.json()["id"], "vertex/gemini");
        let state = rig.get("/debug/state").await.json();
        assert_eq!(state["providers"][0]["name"], "bedrock");
        assert_eq!(state["providers"][0]["attempts_failed"], 1);
        assert_eq!(state["providers"][0]["breaker"], "closed");
        assert_eq!(state["providers"][1]["attempts_ok"], 1);
        let metrics = rig.get("/metrics").await.body;
        assert!(
            metrics.contains("brownout_gateway_answers_total{route=\"chat\",status=\"200\"} 1\n"),
            "{metrics}"
        );
        assert!(metrics.contains("brownout_gateway_provider_attempts_failed{provider=\"bedrock\"} 1\n"));
        let families: Vec<_> = metrics.lines().filter(|line| line.starts_with("# HELP")).collect();
        assert!(families.is_sorted() && families.len() == 13, "{families:?}");
    });
}

#[test]
fn live_structures_return_to_nothing() {
    with(&[], |rig| async move {
        rig.bedrock.always(Reply::Stream([tokens(3, 100), vec![Event::Stop]].concat(), StreamEnd::Clean));
        let rig = std::sync::Arc::new(rig);
        let shared = std::sync::Arc::clone(&rig);
        let task = rig.world.spawn(async move { shared.stream("chat", 1).await });
        rig.sleep_ms(150).await;
        let state = rig.gateway.state();
        assert_eq!((state.in_flight, state.upstream_open, state.slots_busy), (1, 1, 0));
        assert!(task.await.expect("an answer").is_done());
        rig.sleep_ms(1).await;
        let state = rig.gateway.state();
        assert_eq!((state.in_flight, state.upstream_open, state.queue_length), (0, 0, 0));
    });
}

#[test]
fn every_answer_is_billed_once() {
    with(&[], |rig| async move {
        rig.bedrock.script(|seen, _| match seen.nonce {
            Some(which) if which == nonce(1) => bedrock_answer(0),
            Some(which) if which == nonce(2) => {
                Reply::Stream([tokens(3, 1), vec![Event::Stop]].concat(), StreamEnd::Clean)
            }
            Some(which) if which == nonce(3) => Reply::Stream(tokens(2, 1), StreamEnd::Cut),
            _ => bedrock_error(400),
        });
        rig.chat("chat", 1).await;
        rig.stream("chat", 2).await;
        rig.stream("chat", 3).await;
        rig.chat("chat", 4).await;
        let billed: Vec<_> = rig
            .billed()
            .into_iter()
            .map(|entry| (entry.nonce, entry.state, entry.output_tokens, entry.provider.to_string()))
            .collect();
        let bedrock = || "bedrock".to_owned();
        assert_eq!(
            billed,
            [
                (Some(nonce(1)), LedgerState::Billed, 3, bedrock()),
                (Some(nonce(2)), LedgerState::Billed, 3, bedrock()),
                (Some(nonce(3)), LedgerState::Partial, 2, bedrock()),
            ]
        );
    });
}

#[test]
fn the_same_request_has_the_same_id() {
    let id = || {
        with(&[], |rig| async move {
            rig.bedrock.always(bedrock_answer(0));
            let answer = rig.chat("chat", 1).await;
            answer.headers["x-request-id"].to_str().expect("text").to_owned()
        })
    };
    assert_eq!(id(), id());
    assert!(id().starts_with("req_"));
}
