//! Exchanges that somebody leaves before their end: a client, the provider.

use std::time::Duration;

use evidence::Nonce;
use evidence::record::{AttemptOutcome, ClosedBy};

use tokio::io::AsyncWriteExt;

use crate::support::{Close, Stage, both, chat_body};

const NONCE: Nonce = Nonce::new(0xabcd);

#[test]
fn a_client_that_leaves_before_the_head_is_recorded_and_the_provider_notices() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let seen = stage.ask_for(&chat_body(NONCE, "slow", false), Duration::from_secs(1)).await;
        assert_eq!((seen.status, seen.close), (None, Close::GaveUp));
        stage.provider_is_left().await;
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::ClientLeft, ClosedBy::Client));
        assert_eq!((record.status, record.first_us, record.bytes, record.complete), (None, None, 0, false));
        assert!(record.out_us - record.in_us < 2_000_000, "{record:?}");
    });
}

#[test]
fn a_client_that_leaves_while_it_sends_is_recorded() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let mut connection = world.network().connect(&stage.address).await.expect("a listener");
        let begun = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"a\":";
        connection.write_all(begun).await.expect("room");
        world.clock().sleep(Duration::from_millis(50)).await;
        drop(connection);
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::ClientLeft, ClosedBy::Client));
        assert_eq!((&*record.operation, record.status, record.bytes), ("unread", None, 0));
    });
}

#[test]
fn a_client_that_leaves_mid_stream_is_recorded_at_once() {
    both(|world| async move {
        let stage = Stage::set(&world, "");
        let seen = stage.ask_for(&chat_body(NONCE, "m", true), Duration::from_millis(120)).await;
        assert_eq!(seen.close, Close::GaveUp);
        stage.provider_is_left().await;
        let record = stage.only_attempt().await;
        assert_eq!(
            (record.outcome, record.closed_by, record.complete),
            (AttemptOutcome::ClientLeft, ClosedBy::Client, false)
        );
        assert!(record.events >= seen.events() && record.events < crate::support::EVENTS, "{record:?}");
        if record.in_us == 0 {
            assert_eq!((seen.events(), record.events, record.out_us), (2, 2, 120_000));
        }
    });
}

#[test]
fn a_fault_that_the_client_did_not_wait_for_was_not_applied() {
    both(|world| async move {
        let stage = Stage::set(&world, "[[faults]]\ncut = '5 events:reset'");
        stage.ask_for(&chat_body(NONCE, "m", true), Duration::from_millis(120)).await;
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::ClientLeft, ClosedBy::Client));
        assert_eq!(record.fault_not_applied.as_deref(), Some("the exchange ended first"));
    });
}

#[test]
fn a_stall_ends_when_the_client_leaves() {
    both(|world| async move {
        let stage = Stage::set(&world, "[[faults]]\nstall = '2 events'");
        let seen = stage.ask_for(&chat_body(NONCE, "m", true), Duration::from_secs(2)).await;
        assert_eq!((seen.events(), seen.close), (2, Close::GaveUp));
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::Stall, ClosedBy::Client));
        assert_eq!((record.events, record.fault_not_applied), (2, None));
    });
}

#[test]
fn a_provider_that_breaks_off_breaks_off_downstream() {
    both(|world| async move {
        for (model, close) in [("reset", Close::Reset), ("closes", Close::Short)] {
            let stage = Stage::set(&world, "");
            let seen = stage.ask(&chat_body(NONCE, model, false)).await;
            assert_eq!((seen.status, seen.close), (None, close), "{model}");
            let record = stage.only_attempt().await;
            assert_eq!(
                (record.outcome, record.closed_by),
                (AttemptOutcome::UpstreamFailed, ClosedBy::Upstream)
            );
            world.clock().sleep(Duration::from_millis(10)).await;
        }
        let stage = Stage::set(&world, "");
        let seen = stage.ask(&chat_body(NONCE, "breaks", true)).await;
        assert_eq!((seen.events(), seen.close), (3, Close::Reset));
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::UpstreamFailed, ClosedBy::Upstream));
        assert_eq!((record.events, record.tokens, record.complete), (3, 2, false));
    });
}

#[test]
fn a_provider_that_is_not_there_is_a_bad_gateway() {
    both(|world| async move {
        let mut stage = Stage::set(&world, "");
        stage.stop_provider().await;
        let seen = stage.ask(&chat_body(NONCE, "m", false)).await;
        assert_eq!((seen.status, seen.close), (Some(502), Close::Clean));
        let record = stage.only_attempt().await;
        assert_eq!((record.outcome, record.closed_by), (AttemptOutcome::UpstreamFailed, ClosedBy::Upstream));
        assert_eq!(record.status, Some(502));
    });
}
