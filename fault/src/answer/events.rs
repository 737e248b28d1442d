//! What an event of a stream says, as far as faults and counts need it: text, the end marker, an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use memchr::memmem;
use wire::event_stream::Frame;
use wire::{json_array, sse};

use crate::asked::Shape;

/// What an event means to whoever reads the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Part of the answer.
    Part,
    /// The answer's own end marker.
    End,
    /// An error of the provider.
    Error,
}

/// What `event` means.
pub(crate) fn meaning(shape: Shape, event: &Bytes) -> Meaning {
    match shape {
        Shape::Converse | Shape::Invoke => frame_meaning(shape, event),
        Shape::OpenAi => match sse::data(event) {
            Some(b"[DONE]") => Meaning::End,
            Some(data) if data.starts_with(b"{\"error\"") => Meaning::Error,
            _ => Meaning::Part,
        },
        Shape::Responses => match sse::name(event) {
            Some(b"response.completed" | b"response.incomplete") => Meaning::End,
            Some(b"error" | b"response.failed") => Meaning::Error,
            _ => Meaning::Part,
        },
        Shape::Anthropic => match sse::name(event) {
            Some(b"message_stop") => Meaning::End,
            Some(b"error") => Meaning::Error,
            _ => Meaning::Part,
        },
        Shape::Gemini => gemini_meaning(sse::data(event).unwrap_or_default()),
        Shape::GeminiArray => gemini_meaning(json_array::element(event)),
    }
}

fn gemini_meaning(object: &[u8]) -> Meaning {
    let inner = object.strip_prefix(b"{").unwrap_or(object).trim_ascii_start();
    if inner.starts_with(b"\"error\"") {
        Meaning::Error
    } else if contains(object, b"\"finishReason\"") {
        Meaning::End
    } else {
        Meaning::Part
    }
}

fn frame_meaning(shape: Shape, event: &Bytes) -> Meaning {
    let Ok(frame) = Frame::parse(event.clone()) else { return Meaning::Part };
    if frame.text_header(":message-type").is_some_and(|kind| kind != "event") {
        return Meaning::Error;
    }
    let is_end = match shape {
        // Whatever a family's own last event looks like, the service adds its measurements to it.
        Shape::Invoke => {
            let inner = chunk(&frame);
            [&b"\"message_stop\""[..], b"\"amazon-bedrock-invocationMetrics\"", b"\"completionEnd\""]
                .into_iter()
                .any(|mark| contains(&inner, mark))
        }
        _ => frame.text_header(":event-type") == Some("messageStop"),
    };
    if is_end { Meaning::End } else { Meaning::Part }
}

/// The model's own event inside a `chunk` frame; empty when there is none.
fn chunk(frame: &Frame) -> Vec<u8> {
    const KEY: &[u8] = b"\"bytes\":\"";
    let payload = frame.payload();
    let encoded = memmem::find(payload, KEY).and_then(|at| {
        let rest = &payload[at + KEY.len()..];
        memchr::memchr(b'"', rest).map(|end| &rest[..end])
    });
    encoded.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default()
}

/// Shows the bytes in which generated text stands readable: the event itself, or what a `chunk` encloses.
pub(crate) fn with_text<T>(shape: Shape, event: &Bytes, read: impl FnOnce(&[u8]) -> T) -> T {
    if shape == Shape::Responses && !sse::name(event).is_some_and(|name| name.ends_with(b".delta")) {
        // Texts that are whole tell once more what came piece by piece.
        return read(&[]);
    }
    if shape != Shape::Invoke {
        return read(event);
    }
    let inner = Frame::parse(event.clone()).map(|frame| chunk(&frame)).unwrap_or_default();
    read(&inner)
}

/// Whether the event carries a part of the generated answer, text or a tool's arguments.
pub(crate) fn bears_content(shape: Shape, event: &Bytes) -> bool {
    with_text(shape, event, |text| match shape {
        Shape::OpenAi => {
            has_text(text, b"\"content\":")
                || has_text(text, b"\"arguments\":")
                || has_text(text, b"\"text\":")
                || has_text(text, b"\"predictions\":[")
        }
        Shape::Responses => has_text(text, b"\"delta\":"),
        // Nova Sonic's.
        Shape::Invoke if text.starts_with(b"{\"event\":") => {
            [&b"\"textOutput\""[..], b"\"audioOutput\"", b"\"toolUse\""]
                .into_iter()
                .any(|event| contains(text, event))
        }
        Shape::Anthropic | Shape::Invoke => {
            contains(text, b"content_block_delta")
                && (has_text(text, b"\"text\":")
                    || has_text(text, b"\"partial_json\":")
                    || has_text(text, b"\"thinking\":"))
        }
        Shape::Converse => {
            contains(text, b"contentBlockDelta")
                && (has_text(text, b"\"text\":") || has_text(text, b"\"input\":"))
        }
        Shape::Gemini | Shape::GeminiArray => {
            has_text(text, b"\"text\":")
                || has_text(text, b"\"stringVal\":[")
                || contains(text, b"\"functionCall\"")
        }
    })
}

/// Whether `key` stands before a string that is not empty.
fn has_text(haystack: &[u8], key: &[u8]) -> bool {
    memmem::find_iter(haystack, key).any(|at| {
        let value = haystack[at + key.len()..].trim_ascii_start();
        value.first() == Some(&b'"') && value.get(1) != Some(&b'"')
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memmem::find(haystack, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use wire::event_stream::{FrameWriter, Header, Value};

    fn frame(event_type: &str, payload: &str) -> Bytes {
        let mut out = BytesMut::new();
        let mut writer = FrameWriter::begin(&mut out);
        for (name, value) in [(":event-type", event_type), (":message-type", "event")] {
            writer.header(Header { name, value: Value::Text(value) }).expect("a short header");
        }
        writer.finish(payload.as_bytes());
        out.freeze()
    }

    fn check(shape: Shape, event: impl Into<Bytes>, expected: Meaning, content: bool) {
        let event = event.into();
        assert_eq!(meaning(shape, &event), expected, "{shape:?} {event:?}");
        assert_eq!(bears_content(shape, &event), content, "{shape:?} {event:?}");
    }

    #[test]
    fn every_dialect_marks_its_end() {
        let part = Meaning::Part;
        check(Shape::OpenAi, "data: [DONE]\n\n", Meaning::End, false);
        check(
            Shape::OpenAi,
            r#"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            part,
            false,
        );
        check(Shape::OpenAi, r#"data: {"choices":[{"delta":{"content":"a"}}]}"#, part, true);
        check(Shape::OpenAi, "data: {\"error\":{}}\n\n", Meaning::Error, false);
        check(Shape::OpenAi, r#"data: {"object":"text_completion","choices":[{"text":"a"}]}"#, part, true);
        let delta = "event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n";
        check(Shape::Responses, delta, part, true);
        let whole = "event: response.completed\ndata: {\"text\":\"a\",\"delta\":\"a\"}\n\n";
        check(Shape::Responses, whole, Meaning::End, false);
        check(Shape::Responses, "event: error\ndata: {}\n\n", Meaning::Error, false);
        check(Shape::Anthropic, "event: message_stop\ndata: {}\n\n", Meaning::End, false);
        let delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\n";
        check(Shape::Anthropic, delta, part, true);
        check(Shape::Anthropic, "event: error\ndata: {}\n\n", Meaning::Error, false);
        check(
            Shape::Gemini,
            "data: {\"a\":{\"text\": \"x\"},\"finishReason\":\"STOP\"}\r\n\r\n",
            Meaning::End,
            true,
        );
        check(Shape::Gemini, "data: {\"error\":{}}\r\n\r\n", Meaning::Error, false);
        for (text, is_content) in [("a", true), ("", false)] {
            let tensor = format!(
                "[{{\"outputs\":[{{\"structVal\":{{\"content\":{{\"stringVal\":[\"{text}\"]}}}}}}]}}"
            );
            check(Shape::GeminiArray, tensor, part, is_content);
            let raw = format!("data: {{\"predictions\":[\"{text}\"]}}\n\n");
            check(Shape::OpenAi, raw, part, is_content);
        }
        check(Shape::GeminiArray, ",\r\n{\n  \"error\": {}}", Meaning::Error, false);
        check(Shape::Converse, frame("messageStop", "{}"), Meaning::End, false);
        check(Shape::Converse, frame("contentBlockDelta", r#"{"delta":{"text":"a"}}"#), part, true);
        check(Shape::Converse, frame("messageStart", r#"{"role":"assistant"}"#), part, false);
    }

    #[test]
    fn a_chunk_is_opened() {
        let chunk = |inner: &str| {
            frame("chunk", &format!("{{\"bytes\":\"{}\",\"p\":\"ab\"}}", STANDARD.encode(inner)))
        };
        let delta = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":" 3fa9.0"}}"#;
        check(Shape::Invoke, chunk(delta), Meaning::Part, true);
        check(Shape::Invoke, chunk(r#"{"type":"message_stop"}"#), Meaning::End, false);
        let last = r#"{"outputText":"","amazon-bedrock-invocationMetrics":{"inputTokenCount":1}}"#;
        check(Shape::Invoke, chunk(last), Meaning::End, false);
        let spoken = r#"{"event":{"audioOutput":{"content":"AAA=","contentId":"i"}}}"#;
        check(Shape::Invoke, chunk(spoken), Meaning::Part, true);
        let begun = r#"{"event":{"contentStart":{"contentId":"i","type":"TEXT"}}}"#;
        check(Shape::Invoke, chunk(begun), Meaning::Part, false);
        check(Shape::Invoke, chunk(r#"{"event":{"completionEnd":{}}}"#), Meaning::End, false);
        assert!(with_text(Shape::Invoke, &chunk(delta), |text| contains(text, b" 3fa9.0")));
    }
}
