//! A streamed answer: the chunks a service writes, in either framing, and what a client reads from one.
//!
//! A stream has no end marker of its own: it ends with the chunk that has a finish reason. It never carries
//! comments either, for google-genai's reader takes them for a fault.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::error::Status;
use super::generate_content::{
    Candidate, FinishReason, FunctionCall, GenerateContentResponse, Part, PartData, TrafficType,
    UsageMetadata,
};
use crate::json::{self, Text};

/// How chunks are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `?alt=sse`: `data: {chunk}`, CRLF, CRLF.
    Sse,
    /// Otherwise: `[{chunk}`, LF, `,`, CRLF, `{chunk}`, LF, `]`.
    JsonArray,
}

impl Framing {
    /// The `content-type` of a stream.
    pub fn content_type(self) -> &'static str {
        match self {
            Framing::Sse => "text/event-stream",
            Framing::JsonArray => "application/json; charset=UTF-8",
        }
    }
}

/// What all chunks of one stream share.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkHead<'a> {
    /// The model that answers.
    pub model_version: Text<'a>,
    /// RFC 3339 with microseconds.
    pub create_time: Text<'a>,
    /// Names the answer.
    pub response_id: Text<'a>,
    /// Whose capacity serves it; `None` writes the empty usage of older models.
    pub traffic_type: Option<TrafficType>,
}

/// Sets the messages of one stream apart, whatever they are.
#[derive(Debug, Clone)]
pub struct Frames {
    framing: Framing,
    begun: bool,
}

/// Writes one stream, chunk by chunk.
#[derive(Debug, Clone)]
pub struct StreamWriter {
    frames: Frames,
    chunk_usage: Vec<u8>,
    identity: Vec<u8>,
}

const OPEN_PARTS: &[u8] = br#"{"candidates":[{"content":{"role":"model","parts":["#;
const OPEN_TEXT: &[u8] = br#"{"candidates":[{"content":{"role":"model","parts":[{"text":"#;

impl Frames {
    /// A stream with nothing written yet.
    pub fn new(framing: Framing) -> Self {
        Frames { framing, begun: false }
    }

    /// One message.
    pub fn message(&mut self, message: &impl Serialize, out: &mut BytesMut) {
        self.open(out);
        json::write(message, out);
        self.close(out);
    }

    /// What follows the last message: the closing bracket of an array, nothing after events.
    pub fn end(&mut self, out: &mut BytesMut) {
        match (self.framing, self.begun) {
            (Framing::Sse, _) => {}
            (Framing::JsonArray, true) => out.put_slice(b"\n]"),
            (Framing::JsonArray, false) => out.put_slice(b"[]"),
        }
    }

    fn open(&mut self, out: &mut BytesMut) {
        let opening: &[u8] = match (self.framing, self.begun) {
            (Framing::Sse, _) => b"data: ",
            (Framing::JsonArray, false) => b"[",
            (Framing::JsonArray, true) => b"\n,\r\n",
        };
        self.begun = true;
        out.put_slice(opening);
    }

    fn close(&self, out: &mut BytesMut) {
        if self.framing == Framing::Sse {
            out.put_slice(b"\r\n\r\n");
        }
    }
}

impl StreamWriter {
    /// A stream with nothing written yet.
    pub fn new(framing: Framing, head: &ChunkHead<'_>) -> Self {
        let usage = UsageMetadata { traffic_type: head.traffic_type, ..UsageMetadata::default() };
        StreamWriter {
            frames: Frames::new(framing),
            chunk_usage: render_usage(&usage),
            identity: render_identity(head),
        }
    }

    /// A chunk of text.
    pub fn text(&mut self, text: &str, out: &mut BytesMut) {
        self.open(out);
        out.put_slice(OPEN_TEXT);
        json::write_text(text, out);
        out.put_slice(b"}]}}]");
        out.put_slice(&self.chunk_usage);
        self.close(out);
    }

    /// A chunk of thought.
    pub fn thought(&mut self, text: &str, out: &mut BytesMut) {
        self.part(&Part::of_thought(text), out);
    }

    /// A call of a function, whole in one chunk.
    pub fn function_call(&mut self, call: FunctionCall<'_>, out: &mut BytesMut) {
        self.part(&PartData::FunctionCall(call).into(), out);
    }

    /// A chunk of any one part.
    pub fn part(&mut self, part: &Part<'_>, out: &mut BytesMut) {
        self.open(out);
        out.put_slice(OPEN_PARTS);
        json::write(part, out);
        out.put_slice(b"]}}]");
        out.put_slice(&self.chunk_usage);
        self.close(out);
    }

    /// The last chunk: the rest of the text, which may be empty, why the answer ended, and what it cost.
    pub fn finish(&mut self, text: &str, reason: FinishReason, usage: &UsageMetadata, out: &mut BytesMut) {
        let candidate = Candidate::of_parts(vec![Part::of_text(text)], Some(reason));
        self.finish_with(&candidate, usage, out);
    }

    /// The last chunk with any candidate, such as one withheld and without content.
    pub fn finish_with(&mut self, candidate: &Candidate<'_>, usage: &UsageMetadata, out: &mut BytesMut) {
        self.open_candidate(candidate, out);
        out.put_slice(&render_usage(usage));
        self.close(out);
    }

    /// A chunk of any candidate that is not the last chunk of the stream.
    pub fn candidate(&mut self, candidate: &Candidate<'_>, out: &mut BytesMut) {
        self.open_candidate(candidate, out);
        out.put_slice(&self.chunk_usage);
        self.close(out);
    }

    /// A chunk given whole, such as the only one of a blocked prompt.
    pub fn chunk(&mut self, chunk: &GenerateContentResponse<'_>, out: &mut BytesMut) {
        self.frames.open(out);
        chunk.write(out);
        self.frames.close(out);
    }

    /// An error inside the stream; nothing but [`end`](Self::end) follows.
    pub fn error(&mut self, error: &Status<'_>, out: &mut BytesMut) {
        self.frames.open(out);
        error.write_compact(out);
        self.frames.close(out);
    }

    /// What follows the last chunk: the closing bracket of an array, nothing after events.
    pub fn end(&mut self, out: &mut BytesMut) {
        self.frames.end(out);
    }

    fn open_candidate(&mut self, candidate: &Candidate<'_>, out: &mut BytesMut) {
        self.open(out);
        out.put_slice(br#"{"candidates":["#);
        json::write(candidate, out);
        out.put_u8(b']');
    }

    fn open(&mut self, out: &mut BytesMut) {
        out.reserve(self.identity.len() + 256);
        self.frames.open(out);
    }

    fn close(&self, out: &mut BytesMut) {
        out.put_slice(&self.identity);
        self.frames.close(out);
    }
}

fn render_usage(usage: &UsageMetadata) -> Vec<u8> {
    let mut out = BytesMut::from(&br#","usageMetadata":"#[..]);
    json::write(usage, &mut out);
    out.into()
}

fn render_identity(head: &ChunkHead<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Identity<'a> {
        model_version: &'a str,
        create_time: &'a str,
        response_id: &'a str,
    }
    let ChunkHead { model_version, create_time, response_id, .. } = head;
    let mut out = BytesMut::new();
    json::write(&Identity { model_version, create_time, response_id }, &mut out);
    out[0] = b','; // in place of the opening brace: it continues the chunk
    out.into()
}

/// One chunk of a stream, as a client takes it.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent<'a> {
    /// A piece of the answer.
    Chunk(GenerateContentResponse<'a>),
    /// An error; nothing good follows.
    Error(Status<'a>),
}

impl<'a> StreamEvent<'a> {
    /// Reads one chunk: what follows `data:`, or one element of the array.
    ///
    /// # Errors
    /// When it is not JSON of the proto's shape.
    pub fn parse(chunk: &'a [u8]) -> Result<Self, json::Error> {
        if begins_with_error(chunk) {
            Status::parse(chunk).map(StreamEvent::Error)
        } else {
            GenerateContentResponse::parse(chunk).map(StreamEvent::Chunk)
        }
    }
}

// The clients, too, look at the first key only.
fn begins_with_error(chunk: &[u8]) -> bool {
    let chunk = chunk.trim_ascii_start();
    let inside = chunk.strip_prefix(b"[").map_or(chunk, <[u8]>::trim_ascii_start);
    inside.strip_prefix(b"{").is_some_and(|members| members.trim_ascii_start().starts_with(b"\"error\""))
}

#[cfg(test)]
mod tests {
    use super::super::error::Case;
    use super::*;
    use proptest::prelude::*;

    const IDENTITY: &str =
        r#""modelVersion":"gemini-2.5-flash","createTime":"2026-01-01T00:00:00.123456Z","responseId":"id"}"#;

    fn writer(framing: Framing) -> StreamWriter {
        let head = ChunkHead {
            model_version: "gemini-2.5-flash".into(),
            create_time: "2026-01-01T00:00:00.123456Z".into(),
            response_id: "id".into(),
            traffic_type: Some(TrafficType::OnDemand),
        };
        StreamWriter::new(framing, &head)
    }

    fn text_chunk(text: &str) -> String {
        format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}]}}}}],"usageMetadata":{{"trafficType":"ON_DEMAND"}},{IDENTITY}"#
        )
    }

    fn last_chunk() -> String {
        format!(
            concat!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"!"}}]}},"finishReason":"MAX_TOKENS"}}],"#,
                r#""usageMetadata":{{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3,"trafficType":"ON_DEMAND","#,
                r#""promptTokensDetails":[{{"modality":"TEXT","tokenCount":1}}],"candidatesTokensDetails":[{{"modality":"TEXT","tokenCount":2}}]}},{}"#
            ),
            IDENTITY
        )
    }

    fn stream(framing: Framing) -> String {
        let mut out = BytesMut::new();
        let mut writer = writer(framing);
        writer.text("a", &mut out);
        writer.text("b", &mut out);
        let usage = UsageMetadata::of_text(1, 2, TrafficType::OnDemand);
        writer.finish("!", FinishReason::MaxTokens, &usage, &mut out);
        writer.end(&mut out);
        String::from_utf8(out.into()).unwrap()
    }

    #[test]
    fn events_are_the_services_byte_by_byte() {
        let chunks = [text_chunk("a"), text_chunk("b"), last_chunk()];
        let expected: String = chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect();
        assert_eq!(stream(Framing::Sse), expected);
    }

    #[test]
    fn an_array_is_the_services_byte_by_byte() {
        let (a, b, last) = (text_chunk("a"), text_chunk("b"), last_chunk());
        assert_eq!(stream(Framing::JsonArray), format!("[{a}\n,\r\n{b}\n,\r\n{last}\n]"));
        let elements: Vec<serde::de::IgnoredAny> = serde_json::from_str(&stream(Framing::JsonArray)).unwrap();
        assert_eq!(elements.len(), 3);
    }

    #[test]
    fn an_array_without_chunks_is_still_an_array() {
        let mut out = BytesMut::new();
        writer(Framing::JsonArray).end(&mut out);
        assert_eq!(&out[..], b"[]");
    }

    #[test]
    fn a_client_reads_back_each_kind_of_chunk() {
        let read = |write: &dyn Fn(&mut StreamWriter, &mut BytesMut)| {
            let mut out = BytesMut::new();
            write(&mut writer(Framing::Sse), &mut out);
            out.strip_prefix(b"data: ").unwrap().to_vec()
        };
        let chunk = read(&|writer, out| writer.thought("hm", out));
        let StreamEvent::Chunk(parsed) = StreamEvent::parse(&chunk).unwrap() else { panic!("not a chunk") };
        assert_eq!(parsed.parts(), [Part::of_thought("hm")]);

        let call = || FunctionCall { name: "f".into(), ..FunctionCall::default() };
        let chunk = read(&|writer, out| writer.function_call(call(), out));
        let StreamEvent::Chunk(parsed) = StreamEvent::parse(&chunk).unwrap() else { panic!("not a chunk") };
        assert_eq!(parsed.parts()[0].data, PartData::FunctionCall(call()));
        assert_eq!((parsed.finish_reason(), parsed.response_id.as_deref()), (None, Some("id")));

        let blocked = Candidate { finish_reason: Some(FinishReason::Safety), ..Candidate::default() };
        let chunk = read(&|writer, out| writer.finish_with(&blocked, &UsageMetadata::default(), out));
        let StreamEvent::Chunk(parsed) = StreamEvent::parse(&chunk).unwrap() else { panic!("not a chunk") };
        assert_eq!(parsed.candidates, [blocked]);

        let whole = GenerateContentResponse { response_id: Some("x".into()), ..Default::default() };
        let chunk = read(&|writer, out| writer.chunk(&whole, out));
        assert_eq!(StreamEvent::parse(&chunk).unwrap(), StreamEvent::Chunk(whole));
    }

    #[test]
    fn an_error_inside_a_stream_begins_with_error_and_is_one_line() {
        let mut out = BytesMut::new();
        writer(Framing::Sse).error(&Case::Unavailable.error(&Default::default()).unwrap(), &mut out);
        let expected = concat!(
            r#"data: {"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}"#,
            "\r\n\r\n"
        );
        assert_eq!(&out[..], expected.as_bytes());
        let event = StreamEvent::parse(&out[6..]).unwrap();
        assert!(matches!(event, StreamEvent::Error(status) if status.code == 503));
    }

    #[test]
    fn an_error_is_read_however_it_is_laid_out() {
        for chunk in [
            "{\n  \"error\": {\n    \"code\": 429\n  }\n}\n",
            "[{\"error\":{\"code\":429}}]",
            "[ { \"error\":{\"code\":429}}\n]",
        ] {
            let event = StreamEvent::parse(chunk.as_bytes()).unwrap();
            assert!(matches!(event, StreamEvent::Error(status) if status.code == 429), "{chunk}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let mut out = BytesMut::new();
            writer(Framing::Sse).text(&text, &mut out);
            prop_assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 2);
            let event = StreamEvent::parse(&out[6..]).unwrap();
            let StreamEvent::Chunk(chunk) = event else { panic!("not a chunk") };
            prop_assert_eq!(chunk.texts().collect::<String>(), text);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = StreamEvent::parse(&bytes);
        }

        #[test]
        fn no_cut_chunk_passes(cut in 0_usize..200) {
            let chunk = text_chunk("text");
            prop_assert!(StreamEvent::parse(&chunk.as_bytes()[..cut]).is_err());
        }
    }
}
