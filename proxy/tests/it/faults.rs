//! Rules through the proxy: what the client sees and what the record says.

use std::time::Duration;

use evidence::Nonce;
use evidence::record::{AttemptOutcome, ClosedBy};

use crate::support::{Close, Stage, both, chat_body};

const NONCE: Nonce = Nonce::new(0xabcd);

fn rule(effect: &str) -> String {
    format!("[[faults]]\nname = 'r'\nprovider = 'openai'\n{effect}")
}

#[test]
fn an_error_is_the_providers_and_nothing_is_forwarded() {
    both(|world| async move {
        let stage = Stage::set(&world, &rule("error = 'overloaded'"));
        let seen = stage.ask(&chat_body(NONCE, "m", true)).await;
        assert_eq!((seen.status, seen.close), (Some(503), Close::Clean));
        assert!(seen.text.contains("The engine is currently overloaded"), "{}", seen.text);
        assert!(stage.behaviour.requests.lock().expect("no panic").is_empty());
        let record = stage.only_attempt().await;
        assert_eq!(
            (record.outcome, record.closed_by, record.status),
            (AttemptOutcome::Error, ClosedBy::Fault, Some(503))
        );
        let fault = record.fault.expect("a fault");
        assert_eq!((&*fault.rule, fault.window, &*fault.effect), ("r", 0, "error"));
        assert_eq!(fault.parameters.get("error").map(|name| &**name), Some("overloaded"));
        assert_eq!((record.fault_not_applied, record.bytes), (None, seen.text.len() as u64));
    });
}

#[test]
fn a_cut_stream_is_recorded_as_the_client_saw_it() {
    both(|world| async move {
        for (by, close) in [("reset", Close::Reset), ("fin", Close::Short), ("clean-end", Close::Clean)] {
            let stage = Stage::set(&world, &rule(&format!("cut = {{ after = '3 events', by = '{by}' }}")));
            let seen = stage.ask(&chat_body(NONCE, "m", true)).await;
            assert_eq!((seen.close, seen.events()), (close, 3), "{by}");
            // Nobody waits for the rest.
            stage.provider_is_left().await;
            let record = stage.only_attempt().await;
            assert_eq!(
                (record.outcome, record.closed_by, record.complete),
                (AttemptOutcome::Cut, ClosedBy::Fault, false)
            );
            assert_eq!((record.events, record.tokens, record.bytes), (3, 2, seen.text.len() as u64));
            world.clock().sleep(Duration::from_millis(10)).await;
        }
    });
}

#[test]
fn a_reset_before_the_request_counts_connections() {
    both(|world| async move {
        let stage = Stage::set(&world, &rule("requests = { every = 2 }\nreset = 'before-request'"));
        let mut closes = Vec::new();
        for number in 0..4 {
            let seen = stage.ask(&chat_body(Nonce::new(number), "m", false)).await;
            closes.push(seen.close);
        }
        // The first connection is spared and kept alive; it serves all.
        assert_eq!(closes, [Close::Clean; 4]);
        let request = || http::Request::post("/v1/chat/completions").header("connection", "close");
        let mut closes = Vec::new();
        for number in 0..4 {
            let body = chat_body(Nonce::new(number), "m", false);
            closes.push(stage.send(request(), body, Duration::from_secs(5)).await.close);
        }
        assert_eq!(closes.iter().filter(|close| **close == Close::Reset).count(), 2, "{closes:?}");
        let records = stage.records().await.attempts;
        let resets: Vec<_> =
            records.iter().filter(|record| record.outcome == AttemptOutcome::Reset).collect();
        assert_eq!((records.len(), resets.len()), (8, 2));
        assert!(resets.iter().all(|record| &*record.operation == "connection" && record.identity % 2 == 1));
    });
}

#[test]
fn a_rule_hits_only_what_it_selects() {
    both(|world| async move {
        let rules = format!(
            "{}\n{}\n{}",
            rule("model = 'gpt-*'\nerror = 500"),
            "[[faults]]\nstreaming = true\nerror = 503",
            "[[faults]]\ntenant = 'sk-2'\nerror = 429"
        );
        let stage = Stage::set(&world, &rules);
        let chat = |model: &str, stream| chat_body(NONCE, model, stream);
        let status = |seen: crate::support::Seen| seen.status;
        assert_eq!(status(stage.ask(&chat("gpt-4o", false)).await), Some(500));
        assert_eq!(status(stage.ask(&chat("gpt-4o", true)).await), Some(500));
        assert_eq!(status(stage.ask(&chat("m", true)).await), Some(503));
        assert_eq!(status(stage.ask(&chat("m", false)).await), Some(200));
        let keyed = |key: &str| {
            http::Request::post("/v1/chat/completions").header("authorization", format!("Bearer {key}"))
        };
        let patience = Duration::from_secs(5);
        assert_eq!(status(stage.send(keyed("sk-1"), chat("m", false), patience).await), Some(200));
        assert_eq!(status(stage.send(keyed("sk-2"), chat("m", false), patience).await), Some(429));
    });
}

#[test]
fn a_true_retry_after_is_what_is_left_of_the_window() {
    world::run_virtual(world::Seed(7), |world| async move {
        let effect = "when = { first = '10s', for = '60s' }\nerror = 429\nretry_after = 'true'";
        let stage = Stage::set(&world, &rule(effect));
        assert_eq!(stage.ask(&chat_body(NONCE, "m", false)).await.status, Some(200));
        world.clock().sleep_until(world::Instant::from_secs(25)).await;
        let seen = stage.ask(&chat_body(NONCE, "m", false)).await;
        assert_eq!((seen.status, &seen.headers["retry-after"]), (Some(429), &"45".parse().expect("a value")));
        world.clock().sleep_until(world::Instant::from_secs(70)).await;
        assert_eq!(stage.ask(&chat_body(NONCE, "m", false)).await.status, Some(200));
    });
}
