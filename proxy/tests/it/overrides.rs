//! Faults that a request asks for itself.

use std::time::Duration;

use evidence::Nonce;
use evidence::record::{AttemptOutcome, ClosedBy};

use crate::support::{Close, EVENTS, Stage, both, chat_body};

const NONCE: Nonce = Nonce::new(0xabcd);
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn by_header_and_by_path() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let by_header =
            http::Request::post("/v1/chat/completions").header("x-brownout-fault", "cut=2 events:fin");
        let seen = stage.send(by_header, chat_body(NONCE, "m", true), PATIENCE).await;
        assert_eq!((seen.events(), seen.close), (2, Close::Short));
        let by_path = http::Request::post("/fault/stream-no-terminator/v1/chat/completions");
        let seen = stage.send(by_path, chat_body(NONCE, "m", true), PATIENCE).await;
        assert_eq!((seen.events(), seen.close), (EVENTS - 1, Close::Clean));
        let requests = std::mem::take(&mut *stage.behaviour.requests.lock().expect("no panic"));
        assert!(requests.iter().all(|(parts, _)| parts.uri.path() == "/v1/chat/completions"));
        assert!(requests.iter().all(|(parts, _)| !parts.headers.contains_key("x-brownout-fault")));
        let records = stage.records().await.attempts;
        let rules: Vec<_> =
            records.iter().map(|record| &*record.fault.as_ref().expect("a fault").rule).collect();
        assert_eq!(rules, ["override", "override"]);
    });
}

#[test]
fn a_fault_that_does_not_exist_is_refused_with_those_that_do() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let request = http::Request::post("/v1/chat/completions").header("x-brownout-fault", "dance");
        let seen = stage.send(request, chat_body(NONCE, "m", true), PATIENCE).await;
        assert_eq!(seen.status, Some(400));
        assert!(seen.text.contains("`dance`") && seen.text.contains("stream-stall"), "{}", seen.text);
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::Refused, ClosedBy::Proxy));
    });
}
