//! Clients that try again: each try is a record, under the same request.

use std::time::Duration;

use evidence::record::ClientOutcome;
use http::Response;
use world::http::Body;

use crate::support::{drive, good, good_stream, paced, plan_of};

const TWICE: &str = "arrivals = { constant = \"1/s\" }\nmix = { chat = 1 }\nretries = { times = 2 }";

fn refusal(status: u16, header: Option<(&str, &str)>) -> Response<Body> {
    let mut builder = Response::builder().status(status);
    if let Some((name, value)) = header {
        builder = builder.header(name, value);
    }
    builder.body(Body::empty()).expect("a response")
}

#[test]
fn a_second_try_is_named_as_one() {
    let (summary, records) = drive(&plan_of(TWICE, 1, "1s"), |asked| async move {
        let retry = asked.nonce.unwrap().retry();
        let counted =
            asked.headers.get("x-stainless-retry-count").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(counted, (retry > 0).then(|| retry.to_string()));
        if retry < 2 { Ok(refusal(503, None)) } else { good(&asked) }
    });
    assert_eq!((summary.sent, summary.tries, summary.completed), (1, 3, 1));
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.attempt, record.nonce.unwrap().retry(), record.outcome))
        .collect();
    assert_eq!(seen, [(0, 0, ClientOutcome::Http), (1, 1, ClientOutcome::Http), (2, 2, ClientOutcome::Ok)]);
    assert!(records.iter().all(|record| record.sched_us == 0 && record.request == 0));
    let sent_us = |index: usize| records[index].sent_us.expect("sent");
    let pauses = [sent_us(1), sent_us(2) - records[1].end_us];
    assert!(
        (375_000..=500_000).contains(&pauses[0]) && (750_000..=1_000_000).contains(&pauses[1]),
        "{pauses:?}"
    );
}

#[test]
fn the_servers_word_counts() {
    let tries = |status: u16, header: Option<(&'static str, &'static str)>| {
        let (summary, records) =
            drive(&plan_of(TWICE, 1, "1s"), move |_| async move { Ok(refusal(status, header)) });
        (summary.tries, records.last().unwrap().sent_us.expect("sent"))
    };
    assert_eq!(tries(429, Some(("retry-after", "7"))), (3, 14_000_000));
    assert_eq!(tries(429, Some(("retry-after", "121"))), (1, 0));
    assert_eq!(tries(503, Some(("x-should-retry", "false"))), (1, 0));
    assert_eq!(tries(400, None), (1, 0));
    assert_eq!(tries(400, Some(("x-should-retry", "true"))).0, 3);
}

#[test]
fn a_stream_that_has_begun_is_never_tried_again() {
    let streamed = format!("{TWICE}\nstreaming = \"100%\"");
    let (summary, records) = drive(&plan_of(&streamed, 1, "1s"), |asked| async move {
        let mut pieces = good_stream(asked.nonce, 5);
        pieces.truncate(3);
        Ok(paced(&asked, pieces, Duration::from_millis(5), true))
    });
    assert_eq!((summary.tries, records[0].outcome), (1, ClientOutcome::TruncSignalled));
}

#[test]
fn a_request_bad_on_purpose_is_never_tried_again() {
    let bad = format!("{TWICE}\nunknown_keys = \"100%\"");
    let (summary, _) = drive(&plan_of(&bad, 1, "1s"), |_| async move { Ok(refusal(503, None)) });
    assert_eq!(summary.tries, 1);
}
