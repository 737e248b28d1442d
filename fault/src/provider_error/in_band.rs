//! An error as an event of a stream, in the spelling of each dialect.

use bytes::{BufMut, BytesMut};
use wire::event_stream::{FrameWriter, Header, Value};
use wire::vertex::error::{Code, Status};

use super::{Mention, ProviderError, anthropic, openai, vertex};
use crate::asked::Shape;

/// Appends the event; false when the dialect has no event for this error. `before` events came before it.
pub(crate) fn write_event(
    error: ProviderError,
    shape: Shape,
    before: u64,
    mention: &Mention<'_>,
    out: &mut BytesMut,
) -> bool {
    match (shape, error) {
        (Shape::Converse | Shape::Invoke, ProviderError::Bedrock(named)) => {
            exception(named, shape, mention, out)
        }
        (Shape::Anthropic, ProviderError::Anthropic(case)) => {
            anthropic::write_event(case, mention, out);
            true
        }
        (Shape::Anthropic, ProviderError::Vertex(case)) => {
            let Some(status) = case.error(&vertex::particulars(mention)) else { return false };
            anthropic::write_foreign_event(anthropic_type(status.code), &status.message, mention, out);
            true
        }
        (Shape::OpenAi, ProviderError::OpenAi(case)) => {
            let Some(detail) = case.detail(&openai::particulars(case, mention)) else { return false };
            wire::openai::chat_stream::write_error(&detail, out);
            true
        }
        (Shape::Responses, ProviderError::OpenAi(case)) => {
            let Some(detail) = case.detail(&openai::particulars(case, mention)) else { return false };
            wire::openai::responses::write_error(&detail, before, out);
            true
        }
        (Shape::Gemini | Shape::OpenAi, ProviderError::Vertex(case)) => {
            let Some(status) = case.error(&vertex::particulars(mention)) else { return false };
            out.put_slice(b"data: ");
            status.write_compact(out);
            out.put_slice(if shape == Shape::Gemini { b"\r\n\r\n" } else { b"\n\n" });
            true
        }
        (Shape::GeminiArray, ProviderError::Vertex(case)) => {
            let Some(status) = case.error(&vertex::particulars(mention)) else { return false };
            array_element(&status, before == 0, out);
            true
        }
        _ => false,
    }
}

fn exception(named: super::bedrock::Named, shape: Shape, mention: &Mention<'_>, out: &mut BytesMut) -> bool {
    let kind = named.kind();
    let Some(name) = kind.stream_name() else { return false };
    // A member of InvokeModelWithResponseStream alone.
    if name == "modelTimeoutException" && shape == Shape::Converse {
        return false;
    }
    let mut frame = FrameWriter::begin(out);
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    for (name, value) in headers {
        // Cannot fail: all of them are short constants.
        let _ = frame.header(Header { name, value: Value::Text(value) });
    }
    frame.finish(&named.error_of(mention).body());
    true
}

fn array_element(status: &Status<'_>, first: bool, out: &mut BytesMut) {
    out.put_slice(if first { b"[" } else { b"\n,\r\n" });
    status.write_compact(out);
    out.put_slice(b"\n]");
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        _ if status == Code::InvalidArgument.http_status() => "invalid_request_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Family;
    use crate::answer::events::{Meaning, meaning};

    fn written(family: Family, name: &str, shape: Shape) -> Option<bytes::Bytes> {
        let error = ProviderError::named(family, name).expect(name);
        let mut out = BytesMut::new();
        let mention = Mention { request_id: "req_1", ..Mention::default() };
        write_event(error, shape, 3, &mention, &mut out).then(|| out.freeze())
    }

    #[test]
    fn every_dialect_reads_its_own_error_event() {
        for (family, name, shape) in [
            (Family::Bedrock, "throttling", Shape::Converse),
            (Family::Bedrock, "model-timeout", Shape::Invoke),
            (Family::Vertex, "unavailable", Shape::Gemini),
            (Family::Vertex, "unavailable", Shape::GeminiArray),
            (Family::Vertex, "unavailable", Shape::Anthropic),
            (Family::OpenAi, "server-error", Shape::OpenAi),
            (Family::OpenAi, "server-error", Shape::Responses),
            (Family::Anthropic, "overloaded", Shape::Anthropic),
        ] {
            let event = written(family, name, shape).expect(name);
            assert_eq!(meaning(shape, &event), Meaning::Error, "{family} {name} {event:?}");
        }
    }

    #[test]
    fn an_error_event_names_its_request_or_its_place_where_the_dialect_does() {
        for (family, name, shape, words) in [
            (Family::Anthropic, "overloaded", Shape::Anthropic, r#""request_id":"req_1""#),
            (Family::Vertex, "unavailable", Shape::Anthropic, r#""request_id":"req_1""#),
            (Family::OpenAi, "server-error", Shape::Responses, r#""sequence_number":3,"#),
            (Family::Vertex, "unavailable", Shape::GeminiArray, "\n,\r\n{"),
        ] {
            let event = written(family, name, shape).expect(name);
            let text = std::str::from_utf8(&event).expect("text");
            assert!(text.contains(words), "{family} {name} {text}");
        }
    }

    #[test]
    fn the_exception_frame_is_the_recorded_one() {
        // A throttling exception of 176 bytes, with the checksums of a recorded example.
        let error = ProviderError::named(Family::Bedrock, "throttling-tokens").expect("a name");
        let mut out = BytesMut::new();
        assert!(write_event(error, Shape::Converse, 0, &Mention::default(), &mut out));
        assert_eq!(out.len(), 176);
        assert_eq!(out[8..12], 0x4f50_86b3_u32.to_be_bytes());
        assert_eq!(out[172..], 0xf70a_e57f_u32.to_be_bytes());
    }

    #[test]
    fn what_is_no_member_of_the_stream_is_refused() {
        assert_eq!(written(Family::Bedrock, "model-timeout", Shape::Converse), None);
        assert_eq!(written(Family::Bedrock, "access-denied", Shape::Converse), None);
        assert_eq!(written(Family::OpenAi, "bad-gateway", Shape::OpenAi), None);
    }
}
