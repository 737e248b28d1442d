//! The writers of streams: whatever a model says comes out again, however the network splits the bytes.

use brownout_wire::anthropic::stream::{self as messages, BlockDelta};
use brownout_wire::openai::chat::FinishReason;
use brownout_wire::openai::chat_stream::{self as chat, ChunkHead, ChunkWriter, Delta, Extras};
use brownout_wire::openai::completions::{Completion, CompletionChoice};
use brownout_wire::openai::images::ImageEvent;
use brownout_wire::openai::responses::{EventWriter, Place};
use brownout_wire::splitter::{Format, Piece, Splitter, State};
use brownout_wire::sse;
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::Value;

/// What a model says in one event, and on which of three channels.
type Said = (u8, String);

fn sayings() -> impl Strategy<Value = Vec<Said>> {
    let text = prop_oneof![any::<String>(), "[\r\n\u{2028}\u{85}: {}\"\\\\]{0,12}", "data: [a-z]{1,5}\n\n"];
    prop::collection::vec((0..3_u8, text), 0..12)
}

/// The data of the events of `body` when it comes in chunks of these sizes, and their names.
fn received(body: &Bytes, sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
    let mut splitter = Splitter::new(Format::Sse);
    let mut events = Vec::new();
    let mut rest = body.clone();
    for size in sizes.iter().copied().chain([usize::MAX]) {
        splitter.push(rest.split_to(size.min(rest.len())));
        while let Some(piece) = splitter.next_event() {
            let Piece::Event(raw) = piece else { panic!("no event: {piece:?}") };
            let name = sse::name(&raw).map(|name| String::from_utf8(name.to_vec()).expect("text"));
            events.push((name.unwrap_or_default(), sse::data(&raw).expect("data").to_vec()));
        }
    }
    assert_eq!((splitter.finish(), splitter.state()), (None, State::Splitting), "nothing is left over");
    events
}

fn pointed(data: &[u8], pointer: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(data).expect("JSON");
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn chat_written(said: &[Said]) -> Bytes {
    let head = ChunkHead { id: "chatcmpl-1".into(), model: "m\"".into(), ..ChunkHead::default() };
    let writer = ChunkWriter::new(&head);
    let mut out = BytesMut::new();
    for (channel, text) in said {
        match channel {
            0 => writer.content_obfuscated(text, "xx", &mut out),
            1 => writer.tool_arguments(0, text, &mut out),
            _ => {
                let delta = Delta { refusal: Some(text.as_str().into()), ..Delta::default() };
                writer.event(0, &delta, None, &Extras::default(), &mut out);
            }
        }
    }
    writer.finish(FinishReason::Stop, &mut out);
    out.extend_from_slice(chat::DONE);
    out.freeze()
}

fn chat_read(data: &[u8]) -> Option<Said> {
    let chat::StreamEvent::Chunk(chunk) = chat::StreamEvent::parse(data).expect("an event") else {
        return None;
    };
    let delta = &chunk.choices.first()?.delta;
    let arguments = || Some(delta.tool_calls.first()?.function.as_ref()?.arguments.as_ref()?.to_string());
    let content = delta.content.as_ref().map(|text| (0, text.to_string()));
    let refusal = || delta.refusal.as_ref().map(|text| (2, text.to_string()));
    content.or_else(|| arguments().map(|text| (1, text))).or_else(refusal)
}

fn messages_written(said: &[Said]) -> Bytes {
    let writer = messages::EventWriter::Sse;
    let mut out = BytesMut::new();
    for (channel, text) in said {
        match channel {
            0 => writer.text_delta(0, text, &mut out),
            1 => writer.input_json_delta(1, text, &mut out),
            _ => writer.thinking_delta(2, text, &mut out),
        }
    }
    writer.message_stop(&mut out);
    out.freeze()
}

fn messages_read(data: &[u8]) -> Option<Said> {
    let messages::StreamEvent::BlockDelta { delta, .. } =
        messages::StreamEvent::parse(data).expect("an event")
    else {
        return None;
    };
    match delta {
        BlockDelta::Text(text) => Some((0, text.to_string())),
        BlockDelta::InputJson(text) => Some((1, text.to_string())),
        BlockDelta::Thinking(text) => Some((2, text.to_string())),
        _ => None,
    }
}

fn responses_written(said: &[Said]) -> Bytes {
    let mut writer = EventWriter::new();
    let place = Place { item_id: "msg_1", output_index: 0 };
    let mut out = BytesMut::new();
    for (channel, text) in said {
        match channel {
            0 => writer.text_delta(place, text, &[], Some("x"), &mut out),
            1 => writer.arguments_delta(place, text, None, &mut out),
            _ => writer.refusal_delta(place, text, &mut out),
        }
    }
    out.freeze()
}

fn completions_written(said: &[Said]) -> Bytes {
    let mut out = BytesMut::new();
    for (channel, text) in said {
        let choice = CompletionChoice {
            text: text.as_str().into(),
            index: u32::from(*channel),
            logprobs: None,
            finish_reason: None,
        };
        let completion = Completion {
            id: "cmpl-1",
            object: "text_completion",
            created: 1,
            model: "m",
            choices: vec![choice],
            usage: Some(None),
        };
        completion.write_event(&mut out);
    }
    out.freeze()
}

fn images_written(said: &[Said]) -> Bytes {
    let mut out = BytesMut::new();
    for (channel, text) in said {
        let event = ImageEvent {
            r#type: "image_generation.partial_image",
            b64_json: text,
            created_at: 1,
            size: "1024x1024",
            quality: "low",
            background: "opaque",
            output_format: "png",
            partial_image_index: Some(u32::from(*channel)),
            usage: None,
        };
        event.write(&mut out);
    }
    out.freeze()
}

fn texts(said: &[Said]) -> Vec<String> {
    said.iter().map(|(_, text)| text.clone()).collect()
}

proptest! {
    #[test]
    fn chat_chunks_come_out_as_they_went_in(said in sayings(), sizes in prop::collection::vec(0..50_usize, 0..60)) {
        let events = received(&chat_written(&said), &sizes);
        let read: Vec<Said> = events.iter().filter_map(|(_, data)| chat_read(data)).collect();
        prop_assert_eq!(events.len(), said.len() + 2);
        prop_assert_eq!(read, said);
        prop_assert_eq!(&events.last().expect("an end").1, b"[DONE]");
    }

    #[test]
    fn messages_come_out_as_they_went_in(said in sayings(), sizes in prop::collection::vec(0..50_usize, 0..60)) {
        let events = received(&messages_written(&said), &sizes);
        let read: Vec<Said> = events.iter().filter_map(|(_, data)| messages_read(data)).collect();
        prop_assert_eq!(read, said);
        for (name, data) in &events {
            prop_assert_eq!(Some(name.clone()), pointed(data, "/type"), "clients go by the name");
        }
        prop_assert_eq!(&events.last().expect("an end").0, "message_stop");
    }

    #[test]
    fn responses_come_out_as_they_went_in(said in sayings(), sizes in prop::collection::vec(0..50_usize, 0..60)) {
        let events = received(&responses_written(&said), &sizes);
        prop_assert_eq!(events.len(), said.len());
        for (number, ((name, data), (channel, text))) in events.iter().zip(&said).enumerate() {
            let expected = ["output_text", "function_call_arguments", "refusal"][usize::from(*channel)];
            prop_assert_eq!(name, &format!("response.{expected}.delta"));
            prop_assert_eq!(Some(name.clone()), pointed(data, "/type"));
            prop_assert_eq!(Some(text.clone()), pointed(data, "/delta"));
            let value: Value = serde_json::from_slice(data).expect("JSON");
            prop_assert_eq!(value["sequence_number"].as_u64(), Some(number as u64));
        }
    }

    #[test]
    fn completions_and_pictures_come_out_as_they_went_in(said in sayings(), sizes in prop::collection::vec(0..50_usize, 0..60)) {
        for (body, pointer) in
            [(completions_written(&said), "/choices/0/text"), (images_written(&said), "/b64_json")]
        {
            let events = received(&body, &sizes);
            let read: Vec<_> = events.iter().filter_map(|(_, data)| pointed(data, pointer)).collect();
            prop_assert_eq!(read, texts(&said));
        }
    }
}
