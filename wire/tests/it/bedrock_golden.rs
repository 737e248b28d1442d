//! Bodies of Bedrock as the service writes them: read and written again, they keep every byte.

use brownout_wire::bedrock::converse::Response;
use brownout_wire::bedrock::converse_stream::{Incoming, decode};
use brownout_wire::bedrock::invoke::{cohere_chat, cohere_command, llama, mistral, nova, titan_text};
use brownout_wire::bedrock::stream_frame::{Padding, encode_event_json};
use brownout_wire::event_stream::Frame;
use bytes::BytesMut;
use serde::{Deserialize, Serialize};

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/bedrock/", $name)).trim_end()
    };
}

fn check<'a, T: Deserialize<'a> + Serialize>(body: &'a str) {
    let value: T = serde_json::from_str(body).unwrap_or_else(|error| panic!("{body}: {error}"));
    assert_eq!(serde_json::to_string(&value).unwrap(), body);
}

#[test]
fn whole_answers_keep_their_bytes() {
    check::<Response<'_>>(golden!("converse.response.json"));
    check::<Response<'_>>(golden!("converse_tool.response.json"));
    check::<Response<'_>>(golden!("converse_thinking.response.json"));
    check::<Response<'_>>(golden!("converse_cache.response.json"));
    check::<nova::Response<'_>>(golden!("nova.response.json"));
    check::<titan_text::Response<'_>>(golden!("titan_text.response.json"));
    check::<titan_text::Chunk<'_>>(golden!("titan_text.chunk.json"));
    check::<llama::Response<'_>>(golden!("llama.response.json"));
    check::<mistral::Response<'_>>(golden!("mistral.response.json"));
    check::<cohere_command::Response<'_>>(golden!("cohere_command.response.json"));
    check::<cohere_chat::Response<'_>>(golden!("cohere_chat.response.json"));
}

#[test]
fn objects_of_a_nova_stream_keep_theirs() {
    golden!("nova.stream.ndjson").lines().for_each(check::<nova::StreamObject<'_>>);
}

/// Frames a payload under a name, reads the event, and frames it anew.
fn check_event(line: &str) {
    let (name, payload) = line.split_once(' ').expect("a name and a payload");
    let mut framed = BytesMut::new();
    encode_event_json(name, payload.as_bytes(), &mut framed);
    let frame = Frame::parse(framed.clone().freeze()).unwrap();
    let Incoming::Event(event) = decode(&frame).unwrap() else { panic!("{line} is no event") };
    let mut again = BytesMut::new();
    event.encode(Padding::of_len(3), &mut again);
    assert_eq!(again, framed, "{line}");
}

#[test]
fn events_of_converse_keep_theirs() {
    golden!("converse_tool.stream.txt").lines().for_each(check_event);
    golden!("converse_thinking.stream.txt").lines().for_each(check_event);
}
