//! What servers here write is what clients read, however the bytes arrive: the writers of each stream against the
//! splitters and readers of the same format.

use brownout_wire::bedrock::converse::{Metrics, Role, StopReason, Usage};
use brownout_wire::bedrock::converse_stream::{
    self, BlockStart, Delta, Incoming, ReasoningDelta, StreamEvent, ToolUseDelta, ToolUseStart,
};
use brownout_wire::bedrock::error::{Error, ErrorKind};
use brownout_wire::bedrock::invoke_stream;
use brownout_wire::bedrock::stream_frame::{self, Padding};
use brownout_wire::event_stream::Frame;
use brownout_wire::json_array;
use brownout_wire::splitter::{Format, Piece, Splitter, State};
use brownout_wire::sse;
use brownout_wire::vertex::error::{Code, Status};
use brownout_wire::vertex::generate_content::{FinishReason, TrafficType, UsageMetadata};
use brownout_wire::vertex::stream::{self as vertex, ChunkHead, Framing, StreamWriter};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

/// The events that a client finds in a body that arrives in chunks of these sizes, the rest at once.
fn arrive(format: Format, body: Bytes, sizes: &[usize]) -> Vec<Bytes> {
    let mut splitter = Splitter::new(format);
    let mut events = Vec::new();
    let mut rest = body;
    let mut chunks: Vec<Bytes> = sizes.iter().map(|size| rest.split_to((*size).min(rest.len()))).collect();
    chunks.push(rest);
    for chunk in chunks {
        splitter.push(chunk);
        while let Some(piece) = splitter.next_event() {
            events.extend(event(piece));
        }
    }
    events.extend(splitter.finish().and_then(event));
    assert_eq!(splitter.state(), State::Splitting);
    events
}

fn event(piece: Piece) -> Option<Bytes> {
    match piece {
        Piece::Event(event) => Some(event),
        Piece::Partial(_) | Piece::Raw(_) => panic!("a whole body has whole events"),
        // Brackets and comments.
        _ => None,
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..50, 0..40)
}

fn delta() -> impl Strategy<Value = Delta<'static>> {
    prop_oneof![
        any::<String>().prop_map(|text| Delta::Text(text.into())),
        any::<String>().prop_map(|input| Delta::ToolUse(ToolUseDelta { input: input.into() })),
        any::<String>().prop_map(|text| Delta::ReasoningContent(ReasoningDelta::Text(text.into()))),
        "[A-Za-z0-9+/]{0,40}"
            .prop_map(|data| Delta::ReasoningContent(ReasoningDelta::Signature(data.into()))),
        "[A-Za-z0-9+/]{0,40}"
            .prop_map(|data| Delta::ReasoningContent(ReasoningDelta::RedactedContent(data.into()))),
    ]
}

fn converse_event() -> impl Strategy<Value = StreamEvent<'static>> {
    let start = (any::<u32>(), "[a-z_]{1,20}", "[a-zA-Z0-9_-]{22}").prop_map(|(index, name, id)| {
        let start = BlockStart::ToolUse(ToolUseStart { name: name.into(), tool_use_id: id.into() });
        StreamEvent::ContentBlockStart { index, start }
    });
    let stop = prop::sample::select(vec![StopReason::EndTurn, StopReason::ToolUse, StopReason::MaxTokens]);
    prop_oneof![
        Just(StreamEvent::MessageStart { role: Role::Assistant }),
        start,
        (any::<u32>(), delta()).prop_map(|(index, delta)| StreamEvent::ContentBlockDelta { index, delta }),
        any::<u32>().prop_map(|index| StreamEvent::ContentBlockStop { index }),
        stop.prop_map(|stop_reason| StreamEvent::MessageStop {
            additional_model_response_fields: None,
            stop_reason
        }),
        (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(input, output, latency_ms)| {
            let usage = Usage::new(input.into(), output.into());
            StreamEvent::metadata(Metrics { latency_ms: latency_ms.into() }, usage)
        }),
    ]
}

/// An error that a stream can carry, with any text.
fn exception() -> impl Strategy<Value = Error> {
    let members: Vec<ErrorKind> =
        ErrorKind::ALL.iter().copied().filter(|kind| kind.stream_name().is_some()).collect();
    (prop::sample::select(members), any::<String>(), prop::option::of(100_u16..600)).prop_map(
        |(kind, message, original_status_code)| Error { original_status_code, ..Error::new(kind, message) },
    )
}

fn frame(event: Bytes) -> Frame {
    Frame::parse(event).expect("a whole frame")
}

proptest! {
    #[test]
    fn a_conversation_is_read_as_it_was_written(
        events in prop::collection::vec((converse_event(), any::<u64>()), 0..12),
        last in prop::option::of(exception()),
        sizes in sizes(),
    ) {
        let mut out = BytesMut::new();
        for (event, padding) in &events {
            event.encode(Padding::drawn(*padding), &mut out);
        }
        if let Some(error) = &last {
            stream_frame::encode_exception(error, &mut out);
        }
        let frames: Vec<Frame> = arrive(Format::EventStream, out.freeze(), &sizes).into_iter().map(frame).collect();
        let read: Vec<Incoming<'_>> =
            frames.iter().map(|frame| converse_stream::decode(frame).expect("an event")).collect();
        let written = events.into_iter().map(|(event, _)| Incoming::Event(event));
        let written: Vec<Incoming<'_>> = written.chain(last.map(Incoming::Exception)).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn an_invocation_is_read_as_it_was_written(
        objects in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), any::<u64>()), 0..12),
        last in prop::option::of(exception()),
        sizes in sizes(),
    ) {
        let mut out = BytesMut::new();
        for (object, padding) in &objects {
            invoke_stream::encode_chunk(object, Padding::drawn(*padding), &mut out);
        }
        if let Some(error) = &last {
            stream_frame::encode_exception(error, &mut out);
        }
        let frames: Vec<Frame> = arrive(Format::EventStream, out.freeze(), &sizes).into_iter().map(frame).collect();
        let read: Vec<invoke_stream::Incoming<'_>> =
            frames.iter().map(|frame| invoke_stream::decode(frame).expect("a chunk")).collect();
        let written = objects.into_iter().map(|(object, _)| invoke_stream::Incoming::Chunk(object));
        let written: Vec<_> = written.chain(last.map(invoke_stream::Incoming::Exception)).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn generated_content_is_read_as_it_was_written(
        texts in prop::collection::vec(any::<String>(), 0..12),
        failure in prop::option::of(any::<String>()),
        framing in prop::sample::select(vec![Framing::Sse, Framing::JsonArray]),
        sizes in sizes(),
    ) {
        let body = generated(&texts, failure.as_deref(), framing);
        let format = if framing == Framing::Sse { Format::Sse } else { Format::JsonArray };
        let events = arrive(format, body, &sizes);
        let chunks = events.iter().map(|event| match framing {
            Framing::Sse => sse::data(event).expect("data"),
            Framing::JsonArray => json_array::element(event),
        });
        let (mut read, mut failed) = (Vec::new(), None);
        for chunk in chunks {
            prop_assert!(failed.is_none(), "nothing comes after an error");
            match vertex::StreamEvent::parse(chunk).expect("a chunk") {
                vertex::StreamEvent::Chunk(chunk) => read.push(chunk.texts().collect::<String>()),
                vertex::StreamEvent::Error(status) => failed = Some(status.message.to_string()),
            }
        }
        let end = if failure.is_none() { vec![String::new()] } else { Vec::new() };
        prop_assert_eq!(read, [texts, end].concat());
        prop_assert_eq!(failed, failure);
    }

    #[test]
    fn an_array_is_json_whether_it_fails_or_not(
        texts in prop::collection::vec(any::<String>(), 0..6),
        failure in prop::option::of(any::<String>()),
    ) {
        let body = generated(&texts, failure.as_deref(), Framing::JsonArray);
        let elements: Vec<serde_json::Value> = serde_json::from_slice(&body).expect("an array");
        prop_assert_eq!(elements.len(), texts.len() + 1);
        prop_assert_eq!(elements[texts.len()].get("error").is_some(), failure.is_some());
    }
}

/// A stream of these texts that ends as it should, or with an error.
fn generated(texts: &[String], failure: Option<&str>, framing: Framing) -> Bytes {
    let head = ChunkHead {
        model_version: "gemini-2.5-flash".into(),
        create_time: "2026-01-01T00:00:00.123456Z".into(),
        response_id: "id".into(),
        traffic_type: Some(TrafficType::OnDemand),
    };
    let mut writer = StreamWriter::new(framing, &head);
    let mut out = BytesMut::new();
    for text in texts {
        writer.text(text, &mut out);
    }
    match failure {
        Some(message) => writer.error(&Status::new(Code::Unavailable, message.to_owned()), &mut out),
        None => writer.finish("", FinishReason::Stop, &UsageMetadata::default(), &mut out),
    }
    writer.end(&mut out);
    out.freeze()
}
