//! What passes without a fault: nothing is changed, everything is counted.

use std::time::Duration;

use evidence::Nonce;
use evidence::record::{AttemptOutcome, ClosedBy};

use crate::support::{Close, EVENTS, Stage, both, chat_body, plain_body, stream_bytes};

const NONCE: Nonce = Nonce::new(0xabcd);
/// Records of one instant are in the order of their identities, not of their requests.
const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn a_plain_answer_passes_unchanged() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let seen = stage.ask(&chat_body(NONCE, "m", false)).await;
        assert_eq!((seen.status, seen.close, seen.text), (Some(200), Close::Clean, plain_body(NONCE)));
        assert_eq!(seen.headers["x-request-id"], "req_1");
        assert_eq!(seen.headers["content-length"], plain_body(NONCE).len().to_string().as_str());
        assert!(!seen.headers.contains_key("x-brownout-tokens-planned"));
        let (parts, body) = stage.behaviour.requests.lock().expect("no panic").remove(0);
        assert_eq!(parts.uri, "/v1/chat/completions?x=1");
        assert_eq!(parts.headers["host"], "api.openai.com");
        assert_eq!(body, chat_body(NONCE, "m", false));
        let record = stage.only_attempt().await;
        assert_eq!(
            (record.outcome, record.closed_by, record.complete),
            (AttemptOutcome::Ok, ClosedBy::Upstream, true)
        );
        assert_eq!((record.nonce, record.identity, record.attempt), (Some(NONCE), NONCE.identity(), 0));
        assert_eq!((&*record.operation, &*record.model, record.streamed), ("chat-completions", "m", false));
        assert_eq!((record.tokens, record.tokens_planned, record.events), (4, Some(4), 0));
        assert_eq!((record.bytes, record.status), (plain_body(NONCE).len() as u64, Some(200)));
        assert_eq!(record.request_id.as_deref(), Some("req_1"));
        assert!(record.in_us <= record.first_us.expect("a body") && record.first_us <= Some(record.out_us));
    });
}

#[test]
fn a_stream_passes_event_by_event() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let seen = stage.ask(&chat_body(NONCE, "m", true)).await;
        let whole = stream_bytes(NONCE).concat();
        assert_eq!((seen.close, seen.text.as_bytes()), (Close::Clean, &whole[..]));
        let record = stage.only_attempt().await;
        assert_eq!(
            (record.outcome, record.closed_by, record.complete),
            (AttemptOutcome::Ok, ClosedBy::Upstream, true)
        );
        assert_eq!((record.events, record.tokens, record.bytes), (EVENTS, 4, whole.len() as u64));
        if record.in_us == 0 {
            // Virtual time: the first event one gap after the request, the end with the sixth.
            assert_eq!((record.first_us, record.out_us), (Some(50_000), 300_000));
        }
    });
}

#[test]
fn the_attempts_of_a_nonce_are_numbered() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        for nonce in [NONCE, Nonce::new(2), NONCE, NONCE.with_retry(1), NONCE] {
            stage.ask(&chat_body(nonce, "m", false)).await;
            world.clock().sleep(MOMENT).await;
        }
        let attempts: Vec<_> = stage.records().await.attempts.iter().map(|record| record.attempt).collect();
        assert_eq!(attempts, [0, 0, 1, 0, 2]);
    });
}

#[test]
fn a_request_without_a_nonce_is_known_by_its_words() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        for body in ["{\"a\":1}", "{\"a\":2}", "{\"a\":1}"] {
            stage.ask(body).await;
            world.clock().sleep(MOMENT).await;
        }
        let records = stage.records().await.attempts;
        assert_eq!(records[0].identity, records[2].identity);
        assert_ne!(records[0].identity, records[1].identity);
        let attempts: Vec<_> = records.iter().map(|record| record.attempt).collect();
        assert_eq!(attempts, [0, 0, 1]);
    });
}

#[test]
fn a_body_beyond_32_mib_is_refused_as_the_provider_would() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let request = http::Request::post("/v1/chat/completions");
        let seen = stage.send(request, vec![b' '; (32 << 20) + 1], Duration::from_secs(20)).await;
        // On real sockets the rest of the body that nobody reads may turn the answer into a reset.
        assert!(
            seen.status == Some(400) || (!world.is_virtual() && seen.status.is_none()),
            "{:?}",
            seen.status
        );
        assert!(stage.behaviour.requests.lock().expect("no panic").is_empty());
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::Refused, ClosedBy::Proxy));
    });
}

#[test]
fn the_upstreams_prefix_stands_before_the_path_as_it_was_encoded() {
    both(|world| async move {
        let stage = Stage::behind(&world, "", "/base");
        let request = http::Request::post("/v1/a%3Ab//c%2Fd?alt=sse&x=%20");
        stage.send(request, "{}", Duration::from_secs(5)).await;
        let (parts, _) = stage.behaviour.requests.lock().expect("no panic").remove(0);
        assert_eq!(parts.uri, "/base/v1/a%3Ab//c%2Fd?alt=sse&x=%20");
    });
}

#[test]
fn a_request_without_a_body_gets_none() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let request = http::Request::get("/v1/models").header("connection", "x-hop").header("x-hop", "1");
        let seen = stage.send(request, "", Duration::from_secs(5)).await;
        assert_eq!((seen.status, seen.close), (Some(200), Close::Clean));
        let (parts, body) = stage.behaviour.requests.lock().expect("no panic").remove(0);
        assert!(body.is_empty() && !parts.headers.contains_key("content-length"), "{:?}", parts.headers);
        assert!(!parts.headers.contains_key("x-hop"));
        let record = stage.only_attempt().await;
        assert_eq!((&*record.operation, record.nonce, record.outcome), ("models", None, AttemptOutcome::Ok));
    });
}
