//! Splitters of every format under arbitrary chunking: same events, no byte lost, no panic.

use brownout_wire::event_stream::FrameWriter;
use brownout_wire::json_array;
use brownout_wire::splitter::{EVENT_LIMIT, Format, Piece, Splitter, State};
use brownout_wire::sse::{self, LineEnd};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

const FORMATS: [Format; 3] = [Format::Sse, Format::EventStream, Format::JsonArray];

/// Everything a splitter yields for a body pushed in chunks of these sizes; the last chunk is the rest.
fn split(format: Format, body: &Bytes, sizes: &[usize]) -> (Vec<Piece>, State) {
    let mut splitter = Splitter::new(format);
    let mut pieces = Vec::new();
    let mut rest = body.clone();
    for size in sizes {
        push(&mut splitter, rest.split_to((*size).min(rest.len())), &mut pieces);
    }
    push(&mut splitter, rest, &mut pieces);
    pieces.extend(splitter.finish());
    assert_eq!(splitter.finish(), None);
    (pieces, splitter.state())
}

fn push(splitter: &mut Splitter, chunk: Bytes, pieces: &mut Vec<Piece>) {
    splitter.push(chunk);
    pieces.extend(std::iter::from_fn(|| splitter.next_event()));
}

fn joined(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| piece.as_bytes().to_vec()).collect()
}

fn events(pieces: &[Piece]) -> Vec<&[u8]> {
    pieces
        .iter()
        .filter_map(|piece| if let Piece::Event(raw) = piece { Some(&raw[..]) } else { None })
        .collect()
}

fn texts(pieces: &[Piece]) -> Vec<String> {
    pieces.iter().map(|piece| String::from_utf8_lossy(piece.as_bytes()).into_owned()).collect()
}

fn sse_body() -> impl Strategy<Value = (Vec<Vec<u8>>, Bytes)> {
    let event = (
        prop::option::of("[a-z_.]{1,12}"),
        "[^\r\n]{0,40}(\n[^\r\n]{0,10}){0,2}",
        any::<bool>(),
        any::<bool>(),
    );
    prop::collection::vec(event, 0..8).prop_map(|events| {
        let mut all = BytesMut::new();
        let mut raw = Vec::new();
        for (name, data, crlf, comment) in events {
            let line_end = if crlf { LineEnd::CrLf } else { LineEnd::Lf };
            if comment {
                sse::encode_comment("ping", line_end, &mut all);
            }
            let start = all.len();
            sse::encode(name.as_deref(), data.as_bytes(), line_end, &mut all);
            raw.push(all[start..].to_vec());
        }
        (raw, all.freeze())
    })
}

fn event_stream_body() -> impl Strategy<Value = (Vec<Vec<u8>>, Bytes)> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8).prop_map(|payloads| {
        let mut all = BytesMut::new();
        let mut raw = Vec::new();
        for payload in payloads {
            let start = all.len();
            FrameWriter::begin(&mut all).finish(&payload);
            raw.push(all[start..].to_vec());
        }
        (raw, all.freeze())
    })
}

fn json_array_body() -> impl Strategy<Value = (Vec<Vec<u8>>, Bytes)> {
    let element = ("[^\u{0}-\u{1f}]{0,12}", prop::option::of(-9i64..9)).prop_map(|(text, nested)| {
        serde_json::json!({ "text": text, "braces\"}{": nested.map(|number| vec![number]), "deep": {"er": {}} }).to_string()
    });
    let spaces = prop::sample::select(vec!["", "\n", "\r\n", " "]);
    prop::collection::vec((element, spaces), 0..6).prop_map(|elements| {
        let mut all = Vec::new();
        let mut raw = Vec::new();
        for (index, (element, space)) in elements.iter().enumerate() {
            let event = format!("{space}{}{space}{element}", if index == 0 { "[" } else { "," });
            all.extend_from_slice(event.as_bytes());
            raw.push(event.into_bytes());
        }
        all.extend_from_slice(if raw.is_empty() { b"[]" } else { b"\n]" });
        (raw, all.into())
    })
}

fn bodies() -> impl Strategy<Value = (Format, Vec<Vec<u8>>, Bytes)> {
    let tag = |format| move |(raw, all)| (format, raw, all);
    prop_oneof![
        sse_body().prop_map(tag(Format::Sse)),
        event_stream_body().prop_map(tag(Format::EventStream)),
        json_array_body().prop_map(tag(Format::JsonArray)),
    ]
}

proptest! {
    #[test]
    fn the_events_written_are_the_events_found_however_the_body_arrives(
        (format, written, body) in bodies(),
        sizes in prop::collection::vec(0usize..40, 0..40),
    ) {
        let (pieces, state) = split(format, &body, &sizes);
        prop_assert_eq!(state, State::Splitting);
        prop_assert_eq!(events(&pieces), written.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(joined(&pieces), &body[..]);
        prop_assert!(!pieces.iter().any(|piece| matches!(piece, Piece::Partial(_) | Piece::Raw(_))));
    }

    #[test]
    fn a_body_cut_anywhere_yields_its_whole_events_and_a_partial_one(
        (format, written, body) in bodies(),
        cut in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(0usize..40, 0..40),
    ) {
        let body = body.slice(..cut.index(body.len() + 1));
        let (pieces, _) = split(format, &body, &sizes);
        prop_assert_eq!(joined(&pieces), &body[..]);
        let found = events(&pieces);
        prop_assert!(found.len() <= written.len());
        // Only SSE may end early by design: CR LF cut between the two already is a blank line.
        let exact = if format == Format::Sse { found.len().saturating_sub(1) } else { found.len() };
        prop_assert!(found.iter().zip(&written).take(exact).all(|(found, written)| found == written));
    }

    #[test]
    fn arbitrary_bytes_pass_through_unchanged(
        body in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\r\n:data[]{},\"\\ ".to_vec())], 0..300),
        sizes in prop::collection::vec(0usize..20, 0..30),
    ) {
        let body = Bytes::from(body);
        for format in FORMATS {
            let (pieces, state) = split(format, &body, &sizes);
            prop_assert_eq!(joined(&pieces), &body[..]);
            let (at_once, same) = split(format, &body, &[]);
            prop_assert_eq!((events(&pieces), state), (events(&at_once), same));
        }
    }
}

#[test]
fn an_event_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
    let mut splitter = Splitter::new(Format::Sse);
    splitter.push(chunk.clone());
    let second = std::iter::from_fn(|| splitter.next_event()).nth(1).unwrap();
    assert_eq!(second.as_bytes().as_ptr(), chunk[9..].as_ptr());
}

#[test]
fn comments_and_blank_lines_are_no_events() {
    let body = Bytes::from_static(b": ping\n\n\ndata: 1\n\nretry: 5\n\n");
    let (pieces, _) = split(Format::Sse, &body, &[]);
    assert_eq!(events(&pieces), [b"data: 1\n\n"]);
    assert_eq!(texts(&pieces), [": ping\n\n", "\n", "data: 1\n\n", "retry: 5\n\n"]);
}

#[test]
fn lines_may_end_with_a_carriage_return_alone() {
    let body = Bytes::from_static(b"data: 1\r\rdata: 2\r\r");
    for sizes in [&[][..], &[8, 1], &[9, 9], &[1; 17]] {
        let (pieces, _) = split(Format::Sse, &body, sizes);
        assert_eq!(events(&pieces), [b"data: 1\r\r", b"data: 2\r\r"]);
    }
}

#[test]
fn an_array_as_google_sends_it_comes_apart_into_elements_and_its_end() {
    let body = Bytes::from_static(b"[{\"a\":\"]}\\\"\"}\n,\r\n{\"b\":{}}\n]");
    let (pieces, _) = split(Format::JsonArray, &body, &[3, 4, 5]);
    assert_eq!(texts(&pieces), ["[{\"a\":\"]}\\\"\"}", "\n,\r\n{\"b\":{}}", "\n]"]);
    assert!(matches!(pieces[2], Piece::Close(_)));
    assert_eq!(json_array::element(pieces[1].as_bytes()), b"{\"b\":{}}");
}

#[test]
fn what_is_no_array_of_objects_is_passed_on() {
    for body in ["{\"a\":1}", "[1]", "[{},]", "[,{}]", "[{}{}]", "null", "[{} \u{1}"] {
        let (pieces, state) = split(Format::JsonArray, &Bytes::from(body), &[1, 2]);
        assert_eq!(state, State::Malformed, "{body}");
        assert_eq!(joined(&pieces), body.as_bytes());
    }
    let (pieces, state) = split(Format::JsonArray, &Bytes::from_static(b"[{}] trailer"), &[]);
    assert_eq!(
        (texts(&pieces), state),
        (vec!["[{}".into(), "]".into(), " trailer".into()], State::Splitting)
    );
}

#[test]
fn a_damaged_prelude_ends_the_splitting() {
    let mut frames = BytesMut::new();
    FrameWriter::begin(&mut frames).finish(b"one");
    let good = frames.len();
    FrameWriter::begin(&mut frames).finish(b"two");
    frames[good + 2] ^= 1;
    let (pieces, state) = split(Format::EventStream, &frames.freeze(), &[5, 30]);
    assert_eq!((events(&pieces).len(), state), (1, State::Malformed));
}

#[test]
fn an_event_beyond_the_limit_is_passed_on_however_it_arrives() {
    let prefix = "data: first\n\n";
    let longest = format!("{prefix}data: {}\n\n", "x".repeat(EVENT_LIMIT - 8));
    let (pieces, state) = split(Format::Sse, &Bytes::from(longest), &[700_000]);
    assert_eq!((events(&pieces).len(), state), (2, State::Splitting));
    let too_long = Bytes::from(format!("{prefix}data: {}\n\ndata: 2\n\n", "x".repeat(EVENT_LIMIT - 7)));
    for sizes in [&[][..], &[100, 700_000]] {
        let (pieces, state) = split(Format::Sse, &too_long, sizes);
        assert_eq!((events(&pieces), state), (vec![prefix.as_bytes()], State::Oversized));
        assert_eq!(joined(&pieces), &too_long[..]);
    }
}

#[test]
fn a_frame_that_announces_too_much_is_given_up_at_once() {
    let mut frame = BytesMut::new();
    FrameWriter::begin(&mut frame).finish(&vec![0; EVENT_LIMIT]);
    let mut splitter = Splitter::new(Format::EventStream);
    splitter.push(frame.split_to(12).freeze());
    assert!(matches!(splitter.next_event(), Some(Piece::Raw(_))));
    assert_eq!(splitter.state(), State::Oversized);
}

#[test]
fn the_format_is_told_by_content_type() {
    for (content_type, format) in [
        ("text/event-stream; charset=utf-8", Some(Format::Sse)),
        ("application/vnd.amazon.eventstream", Some(Format::EventStream)),
        ("Application/JSON ;charset=UTF-8", Some(Format::JsonArray)),
        ("text/html", None),
        ("", None),
    ] {
        assert_eq!(Splitter::for_content_type(content_type).map(|splitter| splitter.format()), format);
    }
}
