//! Vertex AI byte by byte: `tests/golden/vertex`, whose README says what each file is for.

use brownout_wire::vertex::cached_contents::CachedContent;
use brownout_wire::vertex::embeddings::PredictResponse;
use brownout_wire::vertex::error::{Case, Particulars, Wrapping};
use brownout_wire::vertex::generate_content::{
    BlockReason, Candidate, FinishReason, FunctionCall, GenerateContentResponse, Part, PartData, PartialArg,
    TrafficType, UsageMetadata,
};
use brownout_wire::vertex::images::ImagenResponse;
use brownout_wire::vertex::stream::{ChunkHead, Framing, StreamEvent, StreamWriter};
use bytes::BytesMut;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/vertex/", $name))
    };
}

#[track_caller]
fn answer(golden: &str) -> GenerateContentResponse<'_> {
    let read = GenerateContentResponse::parse(golden.as_bytes()).expect(golden);
    assert_eq!(read.to_bytes(), golden, "written as it was read");
    read
}

#[test]
fn answers_are_read_and_written_alike() {
    let called = answer(golden!("function-call.json"));
    let [thought, call] = called.parts() else { panic!("{called:?}") };
    assert!(thought.thought && thought.thought_signature.is_none());
    assert!(matches!(&call.data, PartData::FunctionCall(call) if call.name == "get_weather"));
    assert_eq!(call.thought_signature.as_deref(), Some("c2ln"));
    let usage = called.usage_metadata.as_ref().expect("usage");
    assert_eq!(usage, &UsageMetadata::of_text(5, 12, TrafficType::OnDemand).with_thoughts(4));

    let blocked = answer(golden!("blocked-prompt.json"));
    assert_eq!((blocked.block_reason(), blocked.candidates.len()), (Some(BlockReason::ProhibitedContent), 0));
    let withheld = answer(golden!("withheld-answer.json"));
    assert_eq!((withheld.finish_reason(), withheld.parts().len()), (Some(FinishReason::Safety), 0));
    let sure = answer(golden!("logprobs.json"));
    let result = sure.candidates[0].logprobs_result.as_ref().expect("log probabilities");
    assert_eq!(result.top_candidates[0].candidates[0], result.chosen_candidates[0]);
}

fn piecewise(framing: Framing) -> String {
    let head = ChunkHead {
        model_version: "gemini-2.5-flash".into(),
        create_time: "2026-01-01T00:00:00.123456Z".into(),
        response_id: "VcNVaZ-7HY2Cnc8P".into(),
        traffic_type: Some(TrafficType::OnDemand),
    };
    let city = PartialArg {
        json_path: "$.city".into(),
        string_value: Some("Paris".into()),
        ..PartialArg::default()
    };
    let days =
        PartialArg { json_path: "$.days".into(), number_value: Some(3.into()), ..PartialArg::default() };
    let begun = FunctionCall { name: "get_weather".into(), will_continue: true, ..FunctionCall::default() };
    let goes_on =
        FunctionCall { partial_args: vec![city, days], will_continue: true, ..FunctionCall::default() };
    let part = |call: FunctionCall<'static>| Part::from(PartData::FunctionCall(call));
    let candidate = |call, reason| Candidate::of_parts(vec![part(call)], reason);
    let mut writer = StreamWriter::new(framing, &head);
    let mut out = BytesMut::new();
    writer.candidate(&candidate(begun, None), &mut out);
    writer.candidate(&candidate(goes_on, None), &mut out);
    let usage = UsageMetadata::of_text(5, 12, TrafficType::OnDemand);
    let last = candidate(FunctionCall::default(), Some(FinishReason::Stop));
    writer.finish_with(&last, &usage, &mut out);
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).expect("text")
}

#[test]
fn a_call_in_pieces_is_written_in_both_framings() {
    let events = golden!("function-call-in-pieces.sse");
    assert_eq!(piecewise(Framing::Sse), events);
    assert_eq!(piecewise(Framing::JsonArray), golden!("function-call-in-pieces.array.json"));
    for event in events.split_terminator("\r\n\r\n") {
        let chunk = event.strip_prefix("data: ").expect(event);
        let StreamEvent::Chunk(chunk) = StreamEvent::parse(chunk.as_bytes()).expect(chunk) else {
            panic!("{event}")
        };
        assert!(matches!(chunk.parts()[0].data, PartData::FunctionCall(_)));
    }
}

#[test]
fn other_answers_are_read_and_written_alike() {
    let cache = golden!("cached-content.json");
    assert_eq!(CachedContent::parse(cache.as_bytes()).expect(cache).to_bytes(), cache);
    let pictures = golden!("imagen.json");
    assert_eq!(ImagenResponse::parse(pictures.as_bytes()).expect(pictures).to_bytes(), pictures);
    let vectors = golden!("embeddings.json");
    assert_eq!(PredictResponse::parse(vectors.as_bytes()).expect(vectors).to_bytes(), vectors);
    let refused = Case::ResourceExhausted.respond(&Particulars::default(), Wrapping::List);
    assert_eq!(refused.body, golden!("error-in-a-list.json"));
}
