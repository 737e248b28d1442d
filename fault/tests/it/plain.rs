//! Faults of answers that are not streamed.

use std::time::Duration;

use crate::fault::Family;
use evidence::record::{AttemptOutcome, ClosedBy};
use http::header::CONTENT_LENGTH;

use crate::support::{Close, Play, TOKENS, both, in_virtual_time};

#[test]
fn an_answer_without_a_fault_passes_as_it_is() {
    both(|world| async move {
        let (seen, noted) = Play::PLAIN.with(&world, "").await;
        assert_eq!((seen.status, seen.close, noted.tokens), (Some(200), Close::Clean, TOKENS));
        assert_eq!(seen.headers[CONTENT_LENGTH], seen.bytes.len().to_string().as_str());
        assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Ok, ClosedBy::Upstream));
        assert_eq!((noted.bytes, noted.complete, noted.events), (seen.bytes.len() as u64, true, 0));
    });
}

#[test]
fn a_cut_goes_through_the_middle() {
    both(|world| async move {
        let (whole, _) = Play::PLAIN.with(&world, "").await;
        for (spec, close) in [
            ("cut=3 events:reset", Close::Reset),
            ("cut=0 events:fin", Close::Short),
            ("cut=0 events:clean-end", Close::Clean),
            ("truncated_frame=0 events:fin", Close::Short),
            ("malformed", Close::Clean),
        ] {
            let (seen, noted) = Play::PLAIN.with(&world, spec).await;
            assert_eq!(seen.close, close, "{spec}");
            assert_eq!(seen.bytes, whole.bytes[..whole.bytes.len() / 2], "{spec}");
            assert_eq!(noted.bytes, seen.bytes.len() as u64, "{spec}");
            let announced = if close == Close::Clean { seen.bytes.len() } else { whole.bytes.len() };
            assert_eq!(seen.headers[CONTENT_LENGTH], announced.to_string().as_str(), "{spec}");
            assert_eq!(noted.not_applied, None, "{spec}");
            let outcome = if spec == "malformed" { AttemptOutcome::Ok } else { AttemptOutcome::Cut };
            assert_eq!(noted.outcome, outcome, "{spec}");
        }
    });
}

#[test]
fn a_provider_refuses_in_its_own_words() {
    both(|world| async move {
        let (seen, noted) = Play::PLAIN.with(&world, "error=throttling").await;
        assert_eq!((seen.status, seen.close), (Some(429), Close::Clean));
        assert_eq!(seen.text(), r#"{"message":"Too many requests, please wait before trying again."}"#);
        let error_type = seen.headers["x-amzn-errortype"].to_str().expect("text");
        assert!(error_type.starts_with("ThrottlingException:"), "{error_type}");
        assert!(!seen.headers.contains_key("retry-after") && seen.headers.contains_key("date"));
        assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Error, ClosedBy::Fault));
        let (seen, _) = Play::PLAIN.with(&world, "error=503,retry_after=90s").await;
        assert_eq!((seen.status, &seen.headers["retry-after"]), (Some(503), &"90".parse().expect("a value")));
        for play in Play::STREAMS {
            let (seen, noted) = play.with(&world, "error=429").await;
            assert_eq!((seen.status, noted.status, noted.events), (Some(429), Some(429), 0), "{play:?}");
            let is_told = seen.headers.contains_key("retry-after");
            assert_eq!(is_told, matches!(play.family, Family::OpenAi | Family::Anthropic));
        }
    });
}

#[test]
fn a_reset_before_the_headers_is_a_reset() {
    both(|world| async move {
        for spec in ["reset=before-headers", "reset-before-headers", "reset=before-request"] {
            let (seen, noted) = Play::PLAIN.with(&world, spec).await;
            assert_eq!((seen.status, seen.close), (None, Close::Reset), "{spec}");
            assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Reset, ClosedBy::Fault));
        }
    });
}

#[test]
fn silence_lasts_until_the_client_leaves_or_its_time_is_over() {
    both(|world| async move {
        let play = Play::PLAIN.patient(Duration::from_secs(1));
        let (seen, noted) = play.with(&world, "silence").await;
        assert_eq!((seen.status, seen.close), (None, Close::GaveUp));
        assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Stall, ClosedBy::Client));
        let (seen, noted) = Play::PLAIN.with(&world, "silence=100ms").await;
        assert_eq!((seen.status, seen.close), (None, Close::Short));
        assert!(seen.ended_after >= Duration::from_millis(100));
        assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Stall, ClosedBy::Fault));
    });
}

#[test]
fn a_late_answer_is_whole() {
    in_virtual_time(|world| async move {
        let (seen, noted) = Play::PLAIN.with(&world, "latency=750ms").await;
        assert_eq!((seen.head_after, seen.close), (Duration::from_millis(750), Close::Clean));
        let fault = noted.fault.expect("a fault");
        assert_eq!(fault.parameters.get("delay").map(|delay| &**delay), Some("750ms"));
        assert_eq!(noted.outcome, AttemptOutcome::Ok);
        let (seen, _) = Play::PLAIN.with(&world, "slow_first_token=750ms").await;
        assert_eq!(seen.head_after, Duration::ZERO);
        assert_eq!((seen.ended_after, seen.close), (Duration::from_millis(750), Close::Clean));
        let (seen, _) = Play::PLAIN.with(&world, "bandwidth=100B/s").await;
        assert!(seen.ended_after >= Duration::from_micros((seen.bytes.len() as u64 - 1) * 10_000));
        assert_eq!(seen.close, Close::Clean);
    });
}

#[test]
fn a_plain_body_stalls_in_its_middle() {
    in_virtual_time(|world| async move {
        let (whole, _) = Play::PLAIN.with(&world, "").await;
        let play = Play::PLAIN.patient(Duration::from_secs(1));
        let (seen, noted) = play.with(&world, "stall=0 events").await;
        assert_eq!((seen.bytes.len(), seen.close), (whole.bytes.len() / 2, Close::GaveUp));
        assert_eq!((noted.outcome, noted.closed_by), (AttemptOutcome::Stall, ClosedBy::Client));
        let (seen, noted) = Play::PLAIN.with(&world, "stall=0 events:1s").await;
        assert_eq!((seen.bytes, seen.close), (whole.bytes, Close::Clean));
        assert_eq!(noted.outcome, AttemptOutcome::Ok);
    });
}

#[test]
fn answers_that_are_none() {
    both(|world| async move {
        let (seen, noted) = Play::PLAIN.with(&world, "html").await;
        assert_eq!((seen.status, seen.close), (Some(200), Close::Clean));
        assert!(seen.text().starts_with("<!DOCTYPE html>"));
        assert_eq!((noted.outcome, noted.complete), (AttemptOutcome::Error, false));
        let (seen, noted) = Play::PLAIN.with(&world, "empty_body").await;
        assert_eq!((seen.status, seen.close, seen.bytes.len()), (Some(200), Close::Clean, 0));
        assert_eq!((noted.outcome, noted.complete, noted.bytes), (AttemptOutcome::Error, false, 0));
    });
}

#[test]
fn successes_that_say_nothing() {
    both(|world| async move {
        for play in Play::STREAMS.into_iter().chain([Play::PLAIN]) {
            let (seen, noted) = play.with(&world, "empty-204").await;
            assert_eq!((seen.status, seen.close, seen.bytes.len()), (Some(204), Close::Clean, 0), "{play:?}");
            assert!(!seen.headers.contains_key("content-type"), "{:?}", seen.headers);
            assert_eq!((noted.status, noted.outcome), (Some(204), AttemptOutcome::Error));
            let (seen, noted) = play.with(&world, "empty-json-200").await;
            assert_eq!((seen.status, seen.close, &*seen.text()), (Some(200), Close::Clean, "{}"), "{play:?}");
            assert_eq!(seen.headers["content-type"], "application/json");
            assert_eq!((noted.outcome, noted.complete, noted.bytes), (AttemptOutcome::Error, false, 2));
            let fault = noted.fault.expect("it is noted");
            assert_eq!(&*fault.parameters["says"], "object");
        }
    });
}

#[test]
fn an_error_says_whether_to_come_back_where_it_is_told_to() {
    both(|world| async move {
        for play in Play::STREAMS.into_iter().chain([Play::PLAIN]) {
            for (spec, status, said) in [
                ("error=500,should_retry=false", 500, Some("false")),
                ("error=400,should_retry", 400, Some("true")),
                ("error=429,should_retry=true,retry_after=none", 429, Some("true")),
                ("error=500", 500, None),
            ] {
                let (seen, noted) = play.with(&world, spec).await;
                let found = seen.headers.get("x-should-retry").map(|value| value.to_str().expect("text"));
                assert_eq!((seen.status, found), (Some(status), said), "{spec} {play:?}");
                let noted = noted.fault.expect("it is noted");
                assert_eq!(noted.parameters.get("should_retry").map(|said| &**said), said, "{spec}");
            }
        }
    });
}

#[test]
fn what_only_a_stream_can_suffer_is_not_applied_and_says_so() {
    in_virtual_time(|world| async move {
        for spec in [
            "in_band_error=throttling",
            "slow_tokens=1s",
            "duplicate=1 event",
            "reorder=1 event",
            "bad_crc=1 event",
            "no_terminator",
            "keep_alive_comments=1s",
        ] {
            let (seen, noted) = Play::PLAIN.with(&world, spec).await;
            assert_eq!((seen.status, seen.close, noted.tokens), (Some(200), Close::Clean, TOKENS), "{spec}");
            assert_eq!(noted.not_applied.as_deref(), Some("the answer is not streamed"), "{spec}");
            assert_eq!((noted.outcome, noted.complete), (AttemptOutcome::Ok, true), "{spec}");
        }
    });
}

#[test]
fn an_answer_without_a_body_has_nothing_to_cut() {
    both(|world| async move {
        for spec in ["cut=0 events:reset", "stall=0 events", "slow_headers=1s", "bandwidth=1B/s"] {
            let (seen, noted) = Play::BODILESS.with(&world, spec).await;
            assert_eq!((seen.status, seen.close, seen.bytes.len()), (Some(204), Close::Clean, 0), "{spec}");
            assert_eq!(noted.not_applied.as_deref(), Some("the answer has no body"), "{spec}");
            assert_eq!((noted.outcome, noted.complete), (AttemptOutcome::Ok, true), "{spec}");
        }
    });
}
