//! Faults of the head.

use std::time::Duration;

use evidence::record::AttemptOutcome;
use http::header::CONTENT_TYPE;

use crate::support::{Close, Play, TOKENS, both, in_virtual_time};

#[test]
fn another_content_type_over_the_same_body() {
    both(|world| async move {
        let (plain, _) = Play::OPENAI.with(&world, "").await;
        let (seen, noted) = Play::OPENAI.with(&world, "wrong_content_type=application/xml").await;
        assert_eq!(seen.headers[CONTENT_TYPE], "application/xml");
        assert_eq!((seen.close, &seen.bytes), (Close::Clean, &plain.bytes));
        assert_eq!((noted.outcome, noted.tokens, noted.not_applied), (AttemptOutcome::Ok, TOKENS, None));
    });
}

#[test]
fn a_flood_of_headers_is_more_than_a_client_reads() {
    both(|world| async move {
        let (seen, noted) = Play::PLAIN.with(&world, "header_flood=50x10").await;
        assert_eq!((seen.close, seen.headers["x-flood-49"].len()), (Close::Clean, 10));
        assert_eq!(noted.not_applied, None);
        let (seen, _) = Play::PLAIN.with(&world, "header_flood=200x1024").await;
        assert!(matches!(seen.close, Close::Malformed | Close::Short), "{seen:?}");
    });
}

#[test]
fn a_head_drips_and_the_body_does_not() {
    in_virtual_time(|world| async move {
        for play in [Play::PLAIN, Play::BEDROCK] {
            let (plain, _) = play.with(&world, "").await;
            let (seen, noted) = play.with(&world, "slow_headers=2s").await;
            assert!(seen.head_after > Duration::from_millis(1_200), "{:?}", seen.head_after);
            assert!(seen.ended_after < Duration::from_millis(2_800), "{:?}", seen.ended_after);
            assert_eq!((seen.close, seen.bytes.len()), (Close::Clean, plain.bytes.len()));
            assert_eq!((noted.outcome, noted.not_applied), (AttemptOutcome::Ok, None));
        }
    });
}
