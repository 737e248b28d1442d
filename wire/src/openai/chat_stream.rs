//! A streamed chat completion: the events a service writes and what a client reads from them.
//!
//! An event is `data: {json}`, LF, LF. All chunks of a stream share everything but the delta, so the writer
//! renders that part once.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::chat::{AssistantRole, ChoiceLogprobs, FinishReason, FunctionType, Usage};
use super::error::ErrorDetail;
use crate::json::{self, Text, null_as_default};

/// The event that ends a stream.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// The `content-type` of a stream.
pub const CONTENT_TYPE: &str = "text/event-stream; charset=utf-8";

/// What all chunks of one stream share.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ChunkHead<'a> {
    /// `chatcmpl-…`.
    pub id: Text<'a>,
    /// Seconds since 1970.
    pub created: u64,
    /// The model that answers.
    pub model: Text<'a>,
    /// The tier that serves it.
    pub service_tier: Option<Text<'a>>,
    /// `fp_…`.
    pub system_fingerprint: Option<Text<'a>>,
    /// Whether the caller asked for the usage: then every chunk before it says `"usage":null`.
    pub include_usage: bool,
}

/// What an event may carry beside its delta.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// How likely the tokens of the delta were.
    pub logprobs: Option<&'a ChoiceLogprobs<'a>>,
    /// Padding that hides the event's length.
    pub obfuscation: Option<&'a str>,
    /// What Azure's filters found in the delta, in JSON.
    pub content_filter_results: Option<&'a str>,
    /// What the answer cost, in JSON, where the event that ends it says so itself.
    pub usage: Option<&'a str>,
}

/// Writes the events of one stream.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
    head: Vec<u8>,
    null_usage: &'static str,
}

impl ChunkWriter {
    /// Prepares the part that all events share.
    pub fn new(head: &ChunkHead<'_>) -> Self {
        let null_usage = if head.include_usage { r#","usage":null"# } else { "" };
        ChunkWriter { head: render_head(head), null_usage }
    }

    /// The first event: the role, and no text yet.
    pub fn role(&self, out: &mut BytesMut) {
        self.choice(0, r#"{"role":"assistant","content":"","refusal":null}"#, None, out);
    }

    /// An event with text of the first choice.
    pub fn content(&self, text: &str, out: &mut BytesMut) {
        self.content_delta(text, out);
        out.put_slice(b"}\n\n");
    }

    /// An event with text and padding that hides its length.
    pub fn content_obfuscated(&self, text: &str, obfuscation: &str, out: &mut BytesMut) {
        self.content_delta(text, out);
        out.put_slice(br#","obfuscation":"#);
        json::write_text(obfuscation, out);
        out.put_slice(b"}\n\n");
    }

    /// The first event of a choice; `null` for the text when there will be none.
    pub fn opening(&self, choice: u32, is_silent: bool, extras: &Extras<'_>, out: &mut BytesMut) {
        self.open_choice(choice, out);
        out.put_slice(if is_silent {
            br#"{"role":"assistant","content":null,"refusal":null}"#
        } else {
            br#"{"role":"assistant","content":"","refusal":null}"#
        });
        self.close_event(None, extras, out);
    }

    /// An event with any delta of any choice, and what else it may carry.
    pub fn event(
        &self,
        choice: u32,
        delta: &Delta<'_>,
        finish: Option<FinishReason>,
        extras: &Extras<'_>,
        out: &mut BytesMut,
    ) {
        self.open_choice(choice, out);
        json::write(delta, out);
        self.close_event(finish, extras, out);
    }

    /// An event with any delta, of any choice.
    pub fn delta(&self, choice: u32, delta: &Delta<'_>, finish: Option<FinishReason>, out: &mut BytesMut) {
        self.open_choice(choice, out);
        json::write(delta, out);
        self.close_choice(finish, out);
        out.put_slice(b"}\n\n");
    }

    /// The event that opens a call of a function; its arguments follow in pieces.
    pub fn tool_call(&self, index: u32, id: &str, name: &str, out: &mut BytesMut) {
        let function = FunctionDelta { name: Some(name.into()), arguments: Some("".into()) };
        let call = ToolCallDelta {
            index,
            id: Some(id.into()),
            r#type: Some(FunctionType),
            function: Some(function),
        };
        self.delta(0, &Delta { tool_calls: vec![call], ..Delta::default() }, None, out);
    }

    /// A piece of the arguments of call `index`.
    pub fn tool_arguments(&self, index: u32, piece: &str, out: &mut BytesMut) {
        let function = FunctionDelta { name: None, arguments: Some(piece.into()) };
        let call = ToolCallDelta { index, id: None, r#type: None, function: Some(function) };
        self.delta(0, &Delta { tool_calls: vec![call], ..Delta::default() }, None, out);
    }

    /// The event that says why the answer ended.
    pub fn finish(&self, reason: FinishReason, out: &mut BytesMut) {
        self.choice(0, "{}", Some(reason), out);
    }

    /// The event with the usage, which has no choices.
    pub fn usage(&self, usage: &Usage, out: &mut BytesMut) {
        out.put_slice(&self.head);
        out.put_slice(br#","choices":[],"usage":"#);
        json::write(usage, out);
        out.put_slice(b"}\n\n");
    }

    fn choice(&self, choice: u32, delta: &str, finish: Option<FinishReason>, out: &mut BytesMut) {
        self.open_choice(choice, out);
        out.put_slice(delta.as_bytes());
        self.close_choice(finish, out);
        out.put_slice(b"}\n\n");
    }

    fn content_delta(&self, text: &str, out: &mut BytesMut) {
        self.open_choice(0, out);
        out.put_slice(br#"{"content":"#);
        json::write_text(text, out);
        out.put_u8(b'}');
        self.close_choice(None, out);
    }

    fn close_event(&self, finish: Option<FinishReason>, extras: &Extras<'_>, out: &mut BytesMut) {
        out.put_slice(br#","logprobs":"#);
        match extras.logprobs {
            None => out.put_slice(b"null"),
            Some(logprobs) => json::write(logprobs, out),
        }
        out.put_slice(br#","finish_reason":"#);
        match finish {
            None => out.put_slice(b"null"),
            Some(reason) => json::write(&reason, out),
        }
        if let Some(results) = extras.content_filter_results {
            out.put_slice(br#","content_filter_results":"#);
            out.put_slice(results.as_bytes());
        }
        out.put_slice(b"}]");
        match extras.usage {
            None => out.put_slice(self.null_usage.as_bytes()),
            Some(usage) => {
                out.put_slice(br#","usage":"#);
                out.put_slice(usage.as_bytes());
            }
        }
        if let Some(obfuscation) = extras.obfuscation {
            out.put_slice(br#","obfuscation":"#);
            json::write_text(obfuscation, out);
        }
        out.put_slice(b"}\n\n");
    }

    fn open_choice(&self, choice: u32, out: &mut BytesMut) {
        out.reserve(self.head.len() + 192);
        out.put_slice(&self.head);
        out.put_slice(br#","choices":[{"index":"#);
        json::write(&choice, out);
        out.put_slice(br#","delta":"#);
    }

    fn close_choice(&self, finish: Option<FinishReason>, out: &mut BytesMut) {
        out.put_slice(br#","logprobs":null,"finish_reason":"#);
        match finish {
            None => out.put_slice(b"null"),
            Some(reason) => json::write(&reason, out),
        }
        out.put_slice(b"}]");
        out.put_slice(self.null_usage.as_bytes());
    }
}

/// Appends the event with which Azure begins a stream: what its filters found in the prompt, in JSON.
pub fn write_prompt_filter_results(results: &str, out: &mut BytesMut) {
    out.put_slice(
        br#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":"#,
    );
    out.put_slice(results.as_bytes());
    out.put_slice(b"}\n\n");
}

/// Appends the event of an error inside a stream; the stream ends after it.
pub fn write_error(error: &ErrorDetail<'_>, out: &mut BytesMut) {
    out.put_slice(b"data: {\"error\":");
    json::write(error, out);
    out.put_slice(b"}\n\n");
}

fn render_head(head: &ChunkHead<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Shared<'a> {
        id: &'a str,
        object: &'static str,
        created: u64,
        model: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        service_tier: &'a Option<Text<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        system_fingerprint: &'a Option<Text<'a>>,
    }
    let mut out = BytesMut::from(&b"data: "[..]);
    json::write(
        &Shared {
            id: &head.id,
            object: "chat.completion.chunk",
            created: head.created,
            model: &head.model,
            service_tier: &head.service_tier,
            system_fingerprint: &head.system_fingerprint,
        },
        &mut out,
    );
    out.truncate(out.len() - 1); // the closing brace: the choices follow
    out.to_vec()
}

/// What an event adds to one choice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta<'a> {
    /// In the first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<AssistantRole>,
    /// Text.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Text<'a>>,
    /// Thoughts, as several compatible services stream them.
    #[serde(default, alias = "reasoning", skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Text<'a>>,
    /// Words of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Text<'a>>,
    /// Pieces of calls.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCallDelta<'a>>,
}

/// A piece of a call of a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCallDelta<'a> {
    /// Which call of the answer.
    #[serde(default)]
    pub index: u32,
    /// In the first piece only.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// In the first piece only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<FunctionType>,
    /// Name, or more arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionDelta<'a>>,
}

/// Name and arguments of a call, in pieces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionDelta<'a> {
    /// In the first piece only.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// More of the JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Text<'a>>,
}

/// One chunk, as a client reads it; what is missing is empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Chunk<'a> {
    /// `chatcmpl-…`.
    #[serde(borrow, default)]
    pub id: Text<'a>,
    /// The model that answers.
    #[serde(default)]
    pub model: Text<'a>,
    /// What it adds; empty in the chunk with the usage.
    #[serde(default, deserialize_with = "null_as_default")]
    pub choices: Vec<ChunkChoice<'a>>,
    /// In the last chunk, when asked for.
    #[serde(default)]
    pub usage: Option<Usage>,
}

/// What a chunk adds to one choice.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ChunkChoice<'a> {
    /// Which choice.
    #[serde(default)]
    pub index: u32,
    /// What is added.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub delta: Delta<'a>,
    /// Why the choice ended, in its last chunk.
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
}

/// One event of a stream, as a client takes it.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent<'a> {
    /// A chunk.
    Chunk(Chunk<'a>),
    /// An error; nothing good follows.
    Error(ErrorDetail<'a>),
    /// `[DONE]`.
    Done,
}

impl<'a> StreamEvent<'a> {
    /// Reads the data of one event, that is what follows `data:`.
    ///
    /// # Errors
    /// When it is neither `[DONE]` nor a JSON object of the format's shape.
    pub fn parse(data: &'a [u8]) -> Result<Self, json::Error> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(borrow, default)]
            error: Option<ErrorDetail<'a>>,
            #[serde(default)]
            id: Option<Text<'a>>,
            #[serde(default)]
            model: Option<Text<'a>>,
            #[serde(default)]
            choices: Option<Vec<ChunkChoice<'a>>>,
            #[serde(default)]
            usage: Option<Usage>,
        }
        if data.trim_ascii() == b"[DONE]" {
            return Ok(StreamEvent::Done);
        }
        let event: Event<'a> = json::read_object(data)?;
        Ok(match event.error {
            Some(error) => StreamEvent::Error(error),
            None => StreamEvent::Chunk(Chunk {
                id: event.id.unwrap_or_default(),
                model: event.model.unwrap_or_default(),
                choices: event.choices.unwrap_or_default(),
                usage: event.usage,
            }),
        })
    }
}

impl Chunk<'_> {
    /// Text of the first choice, when the chunk has some.
    pub fn content(&self) -> Option<&str> {
        let text = self.choices.first()?.delta.content.as_ref()?;
        (!text.is_empty()).then_some(text)
    }

    /// Why the first choice ended, in its last chunk.
    pub fn finish_reason(&self) -> Option<FinishReason> {
        self.choices.first()?.finish_reason
    }

    /// Whether the model generated anything in this chunk, on whatever channel.
    pub fn is_generated(&self) -> bool {
        self.choices.iter().any(|choice| choice.delta.is_generated())
    }
}

impl Delta<'_> {
    /// Whether there is text, thought, refusal or a call in it.
    pub fn is_generated(&self) -> bool {
        let said = |text: &Option<Text<'_>>| text.as_ref().is_some_and(|text| !text.is_empty());
        said(&self.content)
            || said(&self.reasoning_content)
            || said(&self.refusal)
            || !self.tool_calls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::chat::{TokenLogprob, TopLogprob};
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = concat!(
        r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"#,
        r#""model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_1","#,
    );

    fn head(include_usage: bool) -> ChunkHead<'static> {
        ChunkHead {
            id: "chatcmpl-1".into(),
            created: 1_767_225_600,
            model: "gpt-4o-mini".into(),
            service_tier: Some("default".into()),
            system_fingerprint: Some("fp_1".into()),
            include_usage,
        }
    }

    #[track_caller]
    fn check(include_usage: bool, write: impl FnOnce(&ChunkWriter, &mut BytesMut), expected: &str) {
        let mut out = BytesMut::new();
        write(&ChunkWriter::new(&head(include_usage)), &mut out);
        assert_eq!(std::str::from_utf8(&out).unwrap(), format!("{HEAD}{expected}\n\n"));
    }

    fn data(event: &[u8]) -> &[u8] {
        event.strip_prefix(b"data: ").unwrap().strip_suffix(b"\n\n").unwrap()
    }

    #[test]
    fn a_stream_is_the_services_byte_by_byte() {
        check(
            false,
            ChunkWriter::role,
            r#""choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}"#,
        );
        check(
            false,
            |writer, out| writer.content("a \"b\"\n", out),
            r#""choices":[{"index":0,"delta":{"content":"a \"b\"\n"},"logprobs":null,"finish_reason":null}]}"#,
        );
        check(
            false,
            |writer, out| writer.finish(FinishReason::Length, out),
            r#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}"#,
        );
    }

    #[test]
    fn with_usage_every_earlier_chunk_says_null() {
        check(
            true,
            |writer, out| writer.content_obfuscated("a", "xY", out),
            r#""choices":[{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"xY"}"#,
        );
        let usage = Usage { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, ..Usage::default() };
        check(
            true,
            |writer, out| writer.usage(&usage, out),
            r#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        );
    }

    #[test]
    fn a_call_names_itself_once_and_then_brings_arguments() {
        check(
            false,
            |writer, out| writer.tool_call(1, "call_1", "look", out),
            r#""choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_1","type":"function","function":{"name":"look","arguments":""}}]},"logprobs":null,"finish_reason":null}]}"#,
        );
        check(
            false,
            |writer, out| writer.tool_arguments(1, "{\"ci", out),
            r#""choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{\"ci"}}]},"logprobs":null,"finish_reason":null}]}"#,
        );
    }

    #[test]
    fn an_event_may_carry_more_than_its_delta() {
        let token = TokenLogprob::new("a", -0.25, vec![TopLogprob::new("a", -0.25)]);
        let logprobs = ChoiceLogprobs { content: Some(vec![token]), refusal: None };
        let extras = Extras {
            logprobs: Some(&logprobs),
            obfuscation: Some("xY"),
            content_filter_results: Some("{}"),
            usage: None,
        };
        let delta = Delta { content: Some("a".into()), ..Delta::default() };
        check(
            true,
            |writer, out| writer.event(1, &delta, None, &extras, out),
            concat!(
                r#""choices":[{"index":1,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.25,"#,
                r#""bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.25,"bytes":[97]}]}],"refusal":null},"#,
                r#""finish_reason":null,"content_filter_results":{}}],"usage":null,"obfuscation":"xY"}"#
            ),
        );
        check(
            false,
            |writer, out| writer.opening(0, true, &Extras::default(), out),
            r#""choices":[{"index":0,"delta":{"role":"assistant","content":null,"refusal":null},"logprobs":null,"finish_reason":null}]}"#,
        );
    }

    #[test]
    fn an_error_inside_a_stream_is_an_event_with_all_four_keys() {
        let mut out = BytesMut::new();
        let error = ErrorDetail::new("overloaded", "server_error");
        write_error(&error, &mut out);
        let expected = concat!(
            r#"data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}"#,
            "\n\n"
        );
        assert_eq!(&out[..], expected.as_bytes());
        assert_eq!(StreamEvent::parse(data(&out)).unwrap(), StreamEvent::Error(error));
    }

    #[test]
    fn a_client_reads_back_each_kind_of_event() {
        let writer = ChunkWriter::new(&head(true));
        let read = |write: &dyn Fn(&mut BytesMut), check: &dyn Fn(&Chunk<'_>) -> bool| {
            let mut out = BytesMut::new();
            write(&mut out);
            let StreamEvent::Chunk(chunk) = StreamEvent::parse(data(&out)).unwrap() else {
                panic!("{out:?}")
            };
            assert!(check(&chunk), "{chunk:?}");
        };
        read(&|out| writer.role(out), &|chunk| !chunk.is_generated() && chunk.content().is_none());
        read(&|out| writer.content("é", out), &|chunk| chunk.is_generated() && chunk.content() == Some("é"));
        read(&|out| writer.tool_arguments(0, "{", out), &|chunk| chunk.is_generated());
        read(&|out| writer.finish(FinishReason::Stop, out), &|chunk| {
            chunk.finish_reason() == Some(FinishReason::Stop) && !chunk.is_generated()
        });
        read(&|out| writer.usage(&Usage::new(3, 4), out), &|chunk| chunk.usage == Some(Usage::new(3, 4)));
        assert_eq!(StreamEvent::parse(data(DONE)).unwrap(), StreamEvent::Done);
    }

    #[test]
    fn a_null_error_is_no_error() {
        assert_eq!(
            StreamEvent::parse(br#"{"error":null,"choices":null}"#).unwrap(),
            StreamEvent::Chunk(Chunk::default())
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let mut out = BytesMut::new();
            ChunkWriter::new(&head(false)).content(&text, &mut out);
            prop_assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 2);
            let event = StreamEvent::parse(data(&out)).unwrap();
            let StreamEvent::Chunk(chunk) = event else { panic!("not a chunk") };
            prop_assert_eq!(chunk.content().unwrap_or_default(), text);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = StreamEvent::parse(&bytes);
        }

        #[test]
        fn no_cut_chunk_panics_or_passes(cut in 0_usize..150) {
            let mut out = BytesMut::new();
            ChunkWriter::new(&head(false)).content("text", &mut out);
            prop_assert!(StreamEvent::parse(&data(&out)[..cut]).is_err());
        }
    }
}
