//! Weaknesses of the stream relay, each beside the healthy gateway.

use std::sync::Arc;

use crate::support::{Ending, Event, Reply, StreamEnd, chat_body, nonce, tokens, with};

fn whole(count: u32, gap_ms: u64) -> Reply {
    Reply::Stream([tokens(count, gap_ms), vec![Event::Stop]].concat(), StreamEnd::Clean)
}

fn texts(n: u64, seqs: impl IntoIterator<Item = u32>) -> String {
    seqs.into_iter().map(|seq| nonce(n).token_text(seq)).collect()
}

/// How a stream ends whose provider is lost after three tokens, and its text.
fn cut_stream(weakness: &[&str]) -> (Ending, bool, bool, String) {
    with(weakness, |rig| async move {
        rig.bedrock.always(Reply::Stream(tokens(3, 10), StreamEnd::Cut));
        rig.vertex.always(whole(5, 10));
        let answer = rig.stream("chat", 1).await;
        (answer.ending, answer.has_error_event(), answer.is_done(), answer.text())
    })
}

#[test]
fn truncate_silent() {
    assert_eq!(cut_stream(&[]), (Ending::Broken, true, false, texts(1, 0..3)));
    assert_eq!(cut_stream(&["truncate-silent"]), (Ending::Clean, false, false, texts(1, 0..3)));
}

#[test]
fn dup_midstream() {
    let text = texts(1, (0..3).chain(0..5));
    assert_eq!(cut_stream(&["dup-midstream"]), (Ending::Clean, false, true, text));
}

#[test]
fn crosstalk() {
    // Streams that got a token of another's, of 20 with 20 tokens each.
    let mixed = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(whole(20, 10));
            let rig = Arc::new(rig);
            let tasks: Vec<_> = (0..20)
                .map(|n| {
                    let shared = Arc::clone(&rig);
                    rig.world.spawn(async move { shared.stream("chat", n).await.text() != texts(n, 0..20) })
                })
                .collect();
            let mut mixed = 0;
            for task in tasks {
                mixed += usize::from(task.await.expect("an answer"));
            }
            mixed
        })
    };
    assert_eq!(mixed(&[]), 0);
    assert!(mixed(&["crosstalk"]) > 5, "{}", mixed(&["crosstalk"]));
}

#[test]
fn buffer_streams() {
    let pieces = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(whole(5, 100));
            let answer = rig.stream("chat", 1).await;
            assert_eq!(answer.text(), texts(1, 0..5));
            let mut times = answer.pieces;
            times.dedup();
            times
        })
    };
    assert_eq!(pieces(&[]), [101, 201, 301, 401, 501]);
    assert_eq!(pieces(&["buffer-streams"]), [501]);
}

#[test]
fn no_cancel() {
    // When the provider's answers ended for want of a reader: in a stream, and before the first token.
    let left = |weakness: &[&str]| {
        with(weakness, |rig| async move {
            rig.bedrock.always(whole(10, 1_000));
            rig.leave(&chat_body("chat", 1, true), None).await;
            rig.leave(&chat_body("chat", 2, true), Some(500)).await;
            rig.sleep_ms(60_000).await;
            assert_eq!(rig.gateway.state().upstream_open, 0);
            rig.bedrock.seen().iter().map(|seen| seen.left_at_ms).collect::<Vec<_>>()
        })
    };
    assert_eq!(left(&[]), [Some(1_001), Some(1_501)]);
    let drained = left(&["no-cancel"]);
    assert_eq!(drained[0], None, "read to its end");
    assert!(drained[1].is_none_or(|at| at >= 2_500), "{drained:?}");
}
