//! Faults of streams, in every dialect: events delivered, how the stream ends, what is noted.

use std::time::Duration;

use evidence::record::{AttemptOutcome, ClosedBy};

use crate::support::{Close, Noted, Play, Seen, TOKENS, both, in_virtual_time};

/// Events of a whole stream.
const WHOLE: usize = TOKENS as usize + 2;

/// What the client saw is what was noted.
fn agree(seen: &Seen, noted: &Noted) {
    assert_eq!(seen.events.len(), noted.events as usize, "{seen:?} {noted:?}");
    assert_eq!(seen.bytes.len() as u64, noted.bytes, "{noted:?}");
    assert_eq!(seen.status, noted.status);
}

fn check(noted: &Noted, outcome: AttemptOutcome, closed_by: ClosedBy, complete: bool) {
    assert_eq!((noted.outcome, noted.closed_by, noted.complete), (outcome, closed_by, complete), "{noted:?}");
}

#[test]
fn a_stream_without_a_fault_passes_as_it_is() {
    both(|world| async move {
        for play in Play::STREAMS {
            let (seen, noted) = play.with(&world, "").await;
            agree(&seen, &noted);
            assert_eq!(
                (seen.close, seen.events.len(), noted.tokens),
                (Close::Clean, WHOLE, TOKENS),
                "{play:?}"
            );
            check(&noted, AttemptOutcome::Ok, ClosedBy::Upstream, true);
            assert!(noted.fault.is_none());
        }
    });
}

#[test]
fn a_cut_delivers_what_came_before_it_and_ends_as_told() {
    both(|world| async move {
        for play in Play::STREAMS {
            for (spec, close) in [
                ("cut=3 events:reset", Close::Reset),
                ("cut=3 events:fin", Close::Short),
                ("cut=3 events:clean-end", Close::Clean),
            ] {
                let (seen, noted) = play.with(&world, spec).await;
                agree(&seen, &noted);
                assert_eq!((seen.events.len(), seen.close, noted.tokens), (3, close, 2), "{play:?} {spec}");
                check(&noted, AttemptOutcome::Cut, ClosedBy::Fault, false);
                assert_eq!(noted.not_applied, None);
            }
        }
    });
}

#[test]
fn events_before_a_fault_do_not_wait_for_it() {
    in_virtual_time(|world| async move {
        for spec in ["cut=3 events:reset", "stall=3 events", "truncated_frame=3 events:fin"] {
            for play in Play::STREAMS {
                let (seen, _) = play.with(&world, spec).await;
                let times: Vec<_> = seen.events.iter().map(|(at, _)| *at).collect();
                assert_eq!(times, [10, 20, 30].map(Duration::from_millis), "{spec} {play:?}");
            }
        }
    });
    world::run_real(world::Seed(7), 2, |world| async move {
        let play = Play::OPENAI.patient(Duration::from_secs(3));
        let (seen, _) = play.with(&world, "stall=3 events").await;
        assert!(seen.events[2].0 < Duration::from_secs(2), "{:?}", seen.events);
        assert!(seen.ended_after >= play.patience);
    })
    .expect("a runtime");
}

#[test]
fn a_cut_before_the_first_event_leaves_a_head() {
    both(|world| async move {
        for (spec, close) in [
            ("cut=0 events:reset", Close::Reset),
            ("cut=0 events:fin", Close::Short),
            ("cut=0 events:clean-end", Close::Clean),
            ("reset=after-headers", Close::Reset),
        ] {
            let (seen, noted) = Play::BEDROCK.with(&world, spec).await;
            agree(&seen, &noted);
            assert_eq!((seen.status, seen.close, seen.bytes.len()), (Some(200), close, 0), "{spec}");
        }
    });
}

#[test]
fn a_cut_beyond_the_end_is_not_applied_and_says_so() {
    in_virtual_time(|world| async move {
        for spec in
            ["cut=99 events:reset", "stall=99 events", "duplicate=99 events", "truncated_frame=99 events:fin"]
        {
            for play in Play::STREAMS {
                let (seen, noted) = play.with(&world, spec).await;
                agree(&seen, &noted);
                assert_eq!((seen.close, seen.events.len()), (Close::Clean, WHOLE), "{spec}");
                check(&noted, AttemptOutcome::Ok, ClosedBy::Upstream, true);
                assert!(noted.fault.is_some() && noted.not_applied.is_some(), "{spec} {noted:?}");
            }
        }
    });
}

#[test]
fn a_stall_lasts_until_the_client_leaves() {
    both(|world| async move {
        let play = Play::BEDROCK.patient(Duration::from_secs(2));
        let (seen, noted) = play.with(&world, "stall=2 events").await;
        agree(&seen, &noted);
        assert_eq!((seen.close, seen.events.len()), (Close::GaveUp, 2));
        check(&noted, AttemptOutcome::Stall, ClosedBy::Client, false);
    });
}

#[test]
fn a_stall_with_an_end_goes_on() {
    in_virtual_time(|world| async move {
        let (seen, noted) = Play::OPENAI.with(&world, "stall=2 events:1s").await;
        agree(&seen, &noted);
        assert_eq!((seen.close, seen.events.len()), (Close::Clean, WHOLE));
        assert!(seen.events[2].0 >= seen.events[1].0 + Duration::from_secs(1));
        check(&noted, AttemptOutcome::Ok, ClosedBy::Upstream, true);
        assert_eq!(noted.not_applied, None);
        // A client without that patience leaves a stall behind.
        let (_, noted) =
            Play::OPENAI.patient(Duration::from_millis(500)).with(&world, "stall=2 events:1s").await;
        check(&noted, AttemptOutcome::Stall, ClosedBy::Client, false);
    });
}

#[test]
fn an_error_event_is_the_last_in_every_dialect() {
    both(|world| async move {
        for play in Play::STREAMS {
            let (seen, noted) = play.with(&world, "stream-error-event").await;
            agree(&seen, &noted);
            // The opening, one token, the error.
            assert_eq!((seen.close, seen.events.len(), noted.tokens), (Close::Clean, 3, 1), "{play:?}");
            check(&noted, AttemptOutcome::Error, ClosedBy::Fault, false);
        }
        let (seen, noted) = Play::BEDROCK.with(&world, "in_band_error=throttling").await;
        agree(&seen, &noted);
        assert_eq!(seen.events.len(), 1);
        assert!(seen.text().contains("throttlingException"), "{}", seen.text());
    });
}

#[test]
fn a_missing_end_marker_is_all_that_is_missing() {
    in_virtual_time(|world| async move {
        for play in Play::STREAMS {
            let (seen, noted) = play.with(&world, "no_terminator").await;
            agree(&seen, &noted);
            assert_eq!(
                (seen.close, seen.events.len(), noted.tokens),
                (Close::Clean, WHOLE - 1, TOKENS),
                "{play:?}"
            );
            check(&noted, AttemptOutcome::Cut, ClosedBy::Fault, false);
        }
    });
}

#[test]
fn half_an_event_ends_a_stream_as_told() {
    both(|world| async move {
        for (spec, close) in [
            ("truncated_frame=2 events:clean-end", Close::Clean),
            ("truncated_frame=2 events:fin", Close::Short),
            ("truncated_frame=2 events:reset", Close::Reset),
        ] {
            for play in Play::STREAMS {
                let (seen, noted) = play.with(&world, spec).await;
                agree(&seen, &noted);
                let whole: usize = seen.events.iter().map(|(_, event)| event.len()).sum();
                assert_eq!((seen.close, seen.events.len()), (close, 2), "{spec} {play:?}");
                assert!(seen.bytes.len() > whole, "half an event follows");
                check(&noted, AttemptOutcome::Cut, ClosedBy::Fault, false);
            }
        }
    });
}

#[test]
fn one_event_is_damaged_and_the_rest_is_whole() {
    in_virtual_time(|world| async move {
        for play in Play::STREAMS {
            let (plain, _) = play.with(&world, "").await;
            let (seen, noted) = play.with(&world, "duplicate=2 events").await;
            agree(&seen, &noted);
            assert_eq!((seen.events.len(), noted.tokens), (WHOLE + 1, TOKENS + 1), "{play:?}");
            let (seen, noted) = play.with(&world, "reorder=2 events").await;
            agree(&seen, &noted);
            assert_eq!((seen.events.len(), seen.bytes.len()), (WHOLE, plain.bytes.len()), "{play:?}");
            let at = |index: usize, token: u32| {
                let text = crate::support::NONCE.token_text(token);
                memchr::memmem::find(&seen.events[index].1, text.as_bytes()).is_some()
            };
            assert!(at(2, 2) && at(3, 1) && at(4, 3), "{play:?}");
        }
        let (seen, noted) = Play::OPENAI.with(&world, "malformed=1 event").await;
        agree(&seen, &noted);
        assert_eq!((seen.events.len(), seen.close), (WHOLE, Close::Clean));
        assert!(seen.events[1].1.len() < seen.events[2].1.len());
    });
}

#[test]
fn a_wrong_checksum_is_one_frames_and_no_other_formats() {
    in_virtual_time(|world| async move {
        let (seen, noted) = Play::BEDROCK.with(&world, "bad_crc=1 event").await;
        agree(&seen, &noted);
        let sound = |index: usize| {
            wire::event_stream::Frame::parse(seen.events[index].1.clone()).expect("a frame").verify().is_ok()
        };
        assert_eq!((0..WHOLE).map(sound).filter(|sound| !sound).count(), 1);
        assert!(!sound(1));
        let (_, noted) = Play::OPENAI.with(&world, "bad_crc=1 event").await;
        assert_eq!(noted.not_applied.as_deref(), Some("only event-stream frames carry a checksum"));
    });
}

#[test]
fn slow_streams_are_slow_where_they_say() {
    in_virtual_time(|world| async move {
        let (seen, noted) = Play::OPENAI.with(&world, "slow_first_token=1s").await;
        agree(&seen, &noted);
        // The opening carries no token and is not held back.
        assert_eq!(seen.events[0].0, Duration::from_millis(10));
        assert!(seen.events[1].0 >= Duration::from_secs(1), "{:?}", seen.events[1]);
        check(&noted, AttemptOutcome::Ok, ClosedBy::Upstream, true);
        let (seen, noted) = Play::BEDROCK.with(&world, "slow_tokens=100ms").await;
        agree(&seen, &noted);
        assert!(seen.ended_after >= Duration::from_millis(100 * u64::from(TOKENS)));
        let (seen, noted) = Play::OPENAI.with(&world, "bandwidth=500B/s").await;
        agree(&seen, &noted);
        let least = Duration::from_micros(seen.bytes.len() as u64 * 2_000);
        assert!(seen.ended_after + Duration::from_millis(100) >= least, "{:?}", seen.ended_after);
        assert_eq!(seen.events.len(), WHOLE);
    });
}

#[test]
fn comments_keep_a_stream_alive_that_says_nothing() {
    in_virtual_time(|world| async move {
        let play = Play::OPENAI.patient(Duration::from_millis(3_500));
        let (seen, noted) = play.with(&world, "keep_alive_comments=1s").await;
        agree(&seen, &noted);
        assert_eq!(
            (seen.text().as_str(), seen.close),
            (": keep-alive\n\n".repeat(3).as_str(), Close::GaveUp)
        );
        check(&noted, AttemptOutcome::Stall, ClosedBy::Client, false);
        let (_, noted) = Play::BEDROCK.with(&world, "keep_alive_comments=1s").await;
        assert_eq!(noted.not_applied.as_deref(), Some("only server-sent events have comments"));
    });
}

#[test]
fn a_stream_that_cannot_be_split_passes_and_says_so() {
    in_virtual_time(|world| async move {
        let (plain, _) = Play::UNSPLIT.with(&world, "").await;
        let (seen, noted) = Play::UNSPLIT.with(&world, "cut=3 events:reset").await;
        assert_eq!((seen.close, &seen.bytes), (Close::Clean, &plain.bytes));
        assert_eq!(noted.not_applied.as_deref(), Some("the stream is not of its format"));
    });
}
