//! Every way in which an answer can end, provoked and recognised.

use std::time::Duration;

use bytes::Bytes;
use evidence::Nonce;
use evidence::record::{ClientOutcome, ClientRecord, Deliberate};
use http::{Response, header};
use wire::openai::chat_stream::write_error;
use wire::openai::error::ErrorDetail;
use world::http::{Abort, Body};

use crate::support::{
    Asked, Scripted, completion, drive, event, good, good_stream, json, paced, plan_of, sse, stream_of,
    streamed,
};

const PLAIN: &str = "mix = { chat = 1 }";
const STREAMED: &str = "mix = { chat = 1 }\nstreaming = \"100%\"";

/// One request of that mix to a server that follows `script`.
fn ask<F, R>(mix: &str, script: F) -> ClientRecord
where
    F: Fn(Asked) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Scripted> + Send + 'static,
{
    let load = format!("arrivals = {{ constant = \"1/s\" }}\ntimeout = \"5s\"\n{mix}");
    let (summary, mut records) = drive(&plan_of(&load, 1, "1s"), script);
    assert_eq!((summary.completed, records.len()), (1, 1));
    records.remove(0)
}

#[track_caller]
fn check(record: &ClientRecord, outcome: ClientOutcome, status: Option<u16>, tokens: u32) {
    assert_eq!((record.outcome, record.status, record.tokens), (outcome, status, tokens), "{record:?}");
}

fn pieces(nonce: Option<Nonce>, keep: usize) -> Vec<Bytes> {
    let mut pieces = good_stream(nonce, 5);
    pieces.truncate(keep);
    pieces
}

#[test]
fn a_plain_answer_is_ok() {
    let record = ask(PLAIN, |asked| async move {
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
        assert_eq!(asked.headers[header::AUTHORIZATION], "Bearer sk-default");
        asked.world.clock().sleep(Duration::from_millis(70)).await;
        good(&asked)
    });
    check(&record, ClientOutcome::Ok, Some(200), 5);
    assert_eq!((record.sched_us, record.sent_us, record.end_us, record.t_us), (0, Some(0), 70_000, 70_000));
    assert_eq!(
        (record.served_by.as_deref(), record.served_model.as_deref()),
        (Some("bedrock"), Some("claude"))
    );
    assert_eq!((record.events, record.first_us, record.class), (None, None, None));
}

#[test]
fn a_stream_is_timed_by_its_tokens() {
    let record = ask(STREAMED, |asked| async move {
        Ok(paced(&asked, good_stream(asked.nonce, 5), Duration::from_millis(20), false))
    });
    check(&record, ClientOutcome::Ok, Some(200), 5);
    // The first event has a role and no token; the second comes after 40 ms.
    assert_eq!((record.first_us, record.end_us, record.gap_max_us), (Some(40_000), 160_000, Some(20_000)));
    assert_eq!((record.events, record.served_model.as_deref()), (Some(8), Some("claude")));
}

#[test]
fn a_thought_is_a_token_too() {
    let record = ask(STREAMED, |asked| async move {
        let thought = asked.nonce.unwrap().token_text(0);
        let text = format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"reasoning_content\":\"{thought}\"}}}}]}}\n\n"
        );
        let mut all = good_stream(asked.nonce, 0);
        all.insert(1, Bytes::from(text));
        Ok(paced(&asked, all, Duration::from_millis(10), false))
    });
    check(&record, ClientOutcome::Ok, Some(200), 1);
    assert_eq!(record.first_us, Some(20_000));
}

#[test]
fn a_stream_that_stops_short_of_its_end_is_silently_truncated() {
    let cut =
        |keep: usize| ask(STREAMED, move |asked| async move { Ok(streamed(&pieces(asked.nonce, keep))) });
    check(&cut(0), ClientOutcome::TruncSilent, Some(200), 0);
    check(&cut(4), ClientOutcome::TruncSilent, Some(200), 3);
    // All tokens and a reason, but no `[DONE]`.
    check(&cut(7), ClientOutcome::TruncSilent, Some(200), 5);
    check(&cut(8), ClientOutcome::Ok, Some(200), 5);
}

#[test]
fn done_without_a_reason_is_a_truncation() {
    let record = ask(STREAMED, |asked| async move {
        let mut all = pieces(asked.nonce, 4);
        all.push(good_stream(asked.nonce, 5).pop().unwrap());
        Ok(streamed(&all))
    });
    check(&record, ClientOutcome::TruncSilent, Some(200), 3);
}

#[test]
fn half_an_event_at_a_clean_end_is_a_truncation() {
    let record = ask(STREAMED, |asked| async move {
        let mut all = pieces(asked.nonce, 3);
        all.push(Bytes::from_static(b"data: {\"choices\":[{\"ind"));
        Ok(streamed(&all))
    });
    check(&record, ClientOutcome::TruncSilent, Some(200), 2);
}

#[test]
fn an_error_inside_a_stream_is_signalled() {
    let record = ask(STREAMED, |asked| async move {
        let mut all = pieces(asked.nonce, 3);
        let error = ErrorDetail::new("upstream lost", "server_error").with_code("upstream_failed");
        all.push(event(|out| write_error(&error, out)));
        Ok(streamed(&all))
    });
    check(&record, ClientOutcome::TruncSignalled, Some(200), 2);
    assert_eq!(record.error_type.as_deref(), Some("upstream_failed"));
}

#[test]
fn a_reset_inside_a_stream_is_signalled() {
    let record = ask(STREAMED, |asked| async move {
        Ok(paced(&asked, pieces(asked.nonce, 4), Duration::from_millis(10), true))
    });
    check(&record, ClientOutcome::TruncSignalled, Some(200), 3);
    assert_eq!((record.first_us, record.end_us), (Some(20_000), 50_000));
}

#[test]
fn a_token_of_another_request_is_crosstalk_whatever_the_end() {
    let foreign = |keep: usize| {
        ask(STREAMED, move |asked| async move {
            let own = asked.nonce.unwrap();
            let other = Nonce::new(own.id() ^ 0xffff);
            let mut all = stream_of(&[own.token_text(0), other.token_text(1), own.token_text(1)]);
            all.truncate(keep);
            Ok(streamed(&all))
        })
    };
    check(&foreign(9), ClientOutcome::Crosstalk, Some(200), 3);
    check(&foreign(4), ClientOutcome::Crosstalk, Some(200), 3);
}

#[test]
fn tokens_are_counted_in_plain_answers_too() {
    let record = ask(PLAIN, |asked| async move {
        let other = Asked { nonce: Some(Nonce::new(7)), ..asked };
        Ok(completion(&other, 4))
    });
    check(&record, ClientOutcome::Crosstalk, Some(200), 4);
}

#[test]
fn a_repeated_or_skipped_token_is_a_duplicate() {
    let said = |numbers: &'static [u32]| {
        ask(STREAMED, move |asked| async move {
            let own = asked.nonce.unwrap();
            let texts: Vec<String> = numbers.iter().map(|seq| own.token_text(*seq)).collect();
            Ok(streamed(&stream_of(&texts)))
        })
    };
    check(&said(&[0, 1, 0, 1, 2]), ClientOutcome::Duplicate, Some(200), 5);
    check(&said(&[0, 1, 3]), ClientOutcome::Duplicate, Some(200), 3);
    check(&said(&[0, 1, 2]), ClientOutcome::Ok, Some(200), 3);
}

#[test]
fn what_is_no_stream_is_malformed() {
    let page = |content_type: &'static str| {
        ask(STREAMED, move |_| async move {
            let body = Body::full("<html><body>Bad gateway</body></html>");
            Ok(Response::builder().header(header::CONTENT_TYPE, content_type).body(body).unwrap())
        })
    };
    check(&page("text/html"), ClientOutcome::Malformed, Some(200), 0);
    // The same text under the right name is an event that never ends.
    check(&page("text/event-stream"), ClientOutcome::TruncSilent, Some(200), 0);
    let record = ask(STREAMED, |_| async move { Ok(streamed(&[Bytes::from_static(b"data: {oops\n\n")])) });
    check(&record, ClientOutcome::Malformed, Some(200), 0);
}

#[test]
fn what_is_no_answer_is_malformed() {
    let answered = |mix: &'static str, body: &'static str| {
        ask(mix, move |_| async move { Ok(json(body.as_bytes().to_vec())) })
    };
    check(&answered(PLAIN, "<html></html>"), ClientOutcome::Malformed, Some(200), 0);
    check(&answered(PLAIN, ""), ClientOutcome::Malformed, Some(200), 0);
    check(&answered(PLAIN, "{\"choices\":[]}"), ClientOutcome::Malformed, Some(200), 0);
    check(&answered("mix = { models = 1 }", "{}"), ClientOutcome::Malformed, Some(200), 0);
    let ragged = r#"{"model":"m","data":[{"embedding":[1,2]},{"embedding":[1]}]}"#;
    let pair = "mix = { embeddings = 1 }\nclasses = { embeddings = { batch = 2 } }";
    check(&answered(pair, ragged), ClientOutcome::Malformed, Some(200), 0);
    let one_of_two = r#"{"model":"m","data":[{"embedding":[1,2]}]}"#;
    check(&answered(pair, one_of_two), ClientOutcome::Malformed, Some(200), 0);
}

#[test]
fn an_error_under_status_200_is_an_error() {
    for mix in [PLAIN, STREAMED] {
        let record = ask(mix, |_| async move {
            Ok(json(br#"{"error":{"message":"no","type":"server_error","code":null}}"#.to_vec()))
        });
        check(&record, ClientOutcome::Http, Some(200), 0);
        assert_eq!(record.error_type.as_deref(), Some("server_error"));
    }
}

#[test]
fn a_refusal_says_why_and_until_when() {
    let record = ask(PLAIN, |_| async move {
        let mut response = json(
            ErrorDetail::new("slow down", "requests").with_code("rate_limit_exceeded").to_bytes().to_vec(),
        );
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert("retry-after", "1.5".parse().unwrap());
        Ok(response)
    });
    check(&record, ClientOutcome::Http, Some(429), 0);
    assert_eq!((record.error_type.as_deref(), record.retry_after_s), (Some("rate_limit_exceeded"), Some(2)));
    let page =
        ask(
            STREAMED,
            |_| async move { Ok(Response::builder().status(502).body(Body::full("<html>")).unwrap()) },
        );
    check(&page, ClientOutcome::Http, Some(502), 0);
    assert_eq!(page.error_type, None);
}

#[test]
fn silence_is_a_timeout_at_the_declared_time() {
    let silent = ask(PLAIN, |asked| async move {
        asked.world.clock().sleep(Duration::from_secs(60)).await;
        good(&asked)
    });
    check(&silent, ClientOutcome::Timeout, None, 0);
    assert_eq!(silent.end_us, 5_000_000);
    let stalled = ask(STREAMED, |asked| async move {
        Ok(paced(&asked, good_stream(asked.nonce, 5), Duration::from_secs(2), false))
    });
    check(&stalled, ClientOutcome::Timeout, Some(200), 1);
    assert_eq!(
        (stalled.first_us, stalled.end_us, stalled.gap_max_us),
        (Some(4_000_000), 5_000_000, Some(2_000_000))
    );
}

#[test]
fn keep_alives_do_not_make_an_answer() {
    let record = ask(STREAMED, |asked| async move {
        Ok(paced(&asked, vec![Bytes::from_static(b": ping\n\n"); 20], Duration::from_secs(1), false))
    });
    check(&record, ClientOutcome::Timeout, Some(200), 0);
    assert_eq!((record.events, record.first_us), (Some(0), None));
}

#[test]
fn a_whole_stream_that_is_held_open_is_whole() {
    let record = ask(STREAMED, |asked| async move {
        let (sender, body) = Body::channel(1);
        let clock = *asked.world.clock();
        sender.send(good_stream(asked.nonce, 2).concat().into()).await;
        drop(asked.world.spawn(async move {
            clock.sleep(Duration::from_secs(100)).await;
            drop(sender);
        }));
        Ok(sse(body))
    });
    check(&record, ClientOutcome::Ok, Some(200), 2);
    assert_eq!(record.end_us, 0);
}

#[test]
fn a_stream_that_ended_before_the_deadline_keeps_its_end() {
    let record = ask(STREAMED, |asked| async move {
        let (sender, body) = Body::channel(1);
        let clock = *asked.world.clock();
        drop(asked.world.spawn(async move {
            clock.sleep(Duration::from_millis(4500)).await;
            let error = ErrorDetail::new("upstream lost", "server_error").with_code("upstream_failed");
            sender.send(event(|out| write_error(&error, out))).await;
            clock.sleep(Duration::from_secs(100)).await;
            drop(sender);
        }));
        Ok(sse(body))
    });
    check(&record, ClientOutcome::TruncSignalled, Some(200), 0);
    assert_eq!(record.end_us, 4_500_000, "closing the transfer is not part of the answer");
}

#[test]
fn no_answer_at_all_is_a_connection_failure() {
    for mix in [PLAIN, STREAMED] {
        let reset = ask(mix, |asked| async move {
            asked.connection.reset();
            Err(Abort)
        });
        check(&reset, ClientOutcome::Conn, None, 0);
    }
}

#[test]
fn nobody_there_is_a_connection_failure() {
    let plan = plan_of("arrivals = { constant = \"2/s\" }", 1, "1s");
    let (summary, records) = world::run_virtual(world::Seed(1), |world| async move {
        let target = loadgen::Target::new("http://nobody".parse().unwrap());
        crate::support::send(&world, &plan, &target).await
    });
    assert_eq!((summary.sent, summary.completed, records.len()), (2, 2, 2));
    check(&records[1], ClientOutcome::Conn, None, 0);
}

#[test]
fn a_plain_answer_that_breaks_off_is_signalled() {
    let record = ask(PLAIN, |asked| async move {
        Ok(paced(&asked, vec![Bytes::from_static(b"{\"choices\":")], Duration::from_millis(10), true))
    });
    check(&record, ClientOutcome::TruncSignalled, Some(200), 0);
}

#[test]
fn embeddings_are_measured() {
    let record =
        ask("mix = { embeddings = 1 }\nclasses = { embeddings = { batch = 4 } }", |asked| async move {
            assert_eq!(asked.path, "/v1/embeddings");
            let body = String::from_utf8_lossy(&asked.body).into_owned();
            let nonce = asked.nonce.expect("named").to_string();
            assert_eq!(
                (body.matches(&nonce).count(), body.matches("\"Please summarise").count()),
                (1, 3),
                "{body}"
            );
            good(&asked)
        });
    check(&record, ClientOutcome::Ok, Some(200), 0);
    assert_eq!(
        (record.dimension, record.served_model.as_deref(), &*record.kind),
        (Some(8), Some("titan"), "embeddings")
    );
}

#[test]
fn other_endpoints_are_classes_of_their_own() {
    let record = ask(
        "mix = { health = 1 }\nclasses = { health = { kind = \"get\", path = \"/health\" } }",
        |asked| async move {
            assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/health"));
            good(&asked)
        },
    );
    check(&record, ClientOutcome::Ok, Some(200), 0);
    assert_eq!((&*record.kind, record.class.as_deref(), record.nonce), ("get", Some("health"), None));
}

#[test]
fn bad_requests_are_bad_and_say_so() {
    let invalid = ask("mix = { chat = 1 }\ninvalid = \"100%\"", |asked| async move {
        let body: String = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(body.contains("\"temperature\":9"), "{body}");
        assert!(asked.nonce.is_some());
        good(&asked)
    });
    assert_eq!(invalid.deliberate, Some(Deliberate::InvalidRequest));
    let unknown = ask("mix = { chat = 1 }\nunknown_keys = \"100%\"", |asked| async move {
        assert!(asked.headers[header::AUTHORIZATION].to_str().unwrap().starts_with("Bearer sk-unknown-"));
        Ok(Response::builder().status(401).body(Body::empty()).unwrap())
    });
    assert_eq!((unknown.deliberate, unknown.status), (Some(Deliberate::UnknownKey), Some(401)));
    let aborts = "mix = { chat = 1 }\nstreaming = \"100%\"\naborts = { share = \"100%\", within = \"50ms\" }";
    let left = ask(aborts, |asked| async move {
        Ok(paced(&asked, good_stream(asked.nonce, 50), Duration::from_millis(20), false))
    });
    assert_eq!((left.deliberate, left.outcome), (Some(Deliberate::Abort), ClientOutcome::Aborted));
    assert!(left.end_us < 50_000);
}
