//! The events of a streamed response: named, numbered from 0, without an end marker of their own.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::item::{OutputItem, OutputPart, Status, SummaryText};
use super::response::Response;
use crate::json;
use crate::openai::chat::TokenLogprob;
use crate::openai::error::ErrorDetail;

/// Writes the events of one stream.
#[derive(Debug, Clone, Default)]
pub struct EventWriter {
    next: u64,
}

/// Which item an event is about.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The item's name.
    pub item_id: &'a str,
    /// The item's place in the response.
    pub output_index: usize,
}

/// What an event says about an item, in the service's order.
#[derive(Clone, Copy, Default, Serialize)]
struct About<'a> {
    item_id: &'a str,
    output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<&'a [TokenLogprob<'a>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    obfuscation: Option<&'a str>,
}

/// A part of an item.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Said(&'a OutputPart<'a>),
    Thought(&'a SummaryText<'a>),
}

impl<'a> About<'a> {
    fn item(Place { item_id, output_index }: Place<'a>) -> Self {
        Self { item_id, output_index, ..Self::default() }
    }

    /// Of what a message says, which is its only content.
    fn content(place: Place<'a>) -> Self {
        Self { content_index: Some(0), ..Self::item(place) }
    }

    /// Of what is told of thoughts, which is their only summary.
    fn summary(place: Place<'a>) -> Self {
        Self { summary_index: Some(0), ..Self::item(place) }
    }
}

impl EventWriter {
    /// A writer whose first event has the number 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// `response.created`, `response.in_progress`, or the last event, as the response's status has it.
    pub fn response(&mut self, name: &str, response: &Response<'_>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct Fields<'a> {
            response: &'a Response<'a>,
        }
        self.event(name, &Fields { response }, out);
    }

    /// The event that ends a stream, by how the response ended.
    pub fn end(&mut self, response: &Response<'_>, out: &mut BytesMut) {
        let name = match response.status {
            Status::Incomplete => "response.incomplete",
            Status::Failed => "response.failed",
            _ => "response.completed",
        };
        self.response(name, response, out);
    }

    /// An item begins.
    pub fn item_added(&mut self, output_index: usize, item: &OutputItem<'_>, out: &mut BytesMut) {
        self.item("response.output_item.added", output_index, item, out);
    }

    /// An item is whole.
    pub fn item_done(&mut self, output_index: usize, item: &OutputItem<'_>, out: &mut BytesMut) {
        self.item("response.output_item.done", output_index, item, out);
    }

    /// A part of a message begins: this, still empty.
    pub fn part_added(&mut self, place: Place<'_>, part: &OutputPart<'_>, out: &mut BytesMut) {
        self.part("response.content_part.added", place, part, out);
    }

    /// A part of a message is whole.
    pub fn part_done(&mut self, place: Place<'_>, part: &OutputPart<'_>, out: &mut BytesMut) {
        self.part("response.content_part.done", place, part, out);
    }

    /// A piece of a message's text.
    pub fn text_delta(
        &mut self,
        place: Place<'_>,
        delta: &str,
        logprobs: &[TokenLogprob<'_>],
        obfuscation: Option<&str>,
        out: &mut BytesMut,
    ) {
        let (delta, logprobs) = (Some(delta), Some(logprobs));
        let about = About { delta, logprobs, obfuscation, ..About::content(place) };
        self.event("response.output_text.delta", &about, out);
    }

    /// The whole text of a message.
    pub fn text_done(
        &mut self,
        place: Place<'_>,
        text: &str,
        logprobs: &[TokenLogprob<'_>],
        out: &mut BytesMut,
    ) {
        let about = About { text: Some(text), logprobs: Some(logprobs), ..About::content(place) };
        self.event("response.output_text.done", &about, out);
    }

    /// A piece of a refusal.
    pub fn refusal_delta(&mut self, place: Place<'_>, delta: &str, out: &mut BytesMut) {
        let about = About { delta: Some(delta), ..About::content(place) };
        self.event("response.refusal.delta", &about, out);
    }

    /// The whole refusal.
    pub fn refusal_done(&mut self, place: Place<'_>, refusal: &str, out: &mut BytesMut) {
        let about = About { refusal: Some(refusal), ..About::content(place) };
        self.event("response.refusal.done", &about, out);
    }

    /// A piece of a call's arguments.
    pub fn arguments_delta(
        &mut self,
        place: Place<'_>,
        delta: &str,
        obfuscation: Option<&str>,
        out: &mut BytesMut,
    ) {
        let about = About { delta: Some(delta), obfuscation, ..About::item(place) };
        self.event("response.function_call_arguments.delta", &about, out);
    }

    /// The whole arguments of a call.
    pub fn arguments_done(&mut self, place: Place<'_>, name: &str, arguments: &str, out: &mut BytesMut) {
        let about = About { name: Some(name), arguments: Some(arguments), ..About::item(place) };
        self.event("response.function_call_arguments.done", &about, out);
    }

    /// A summary of the model's thoughts begins.
    pub fn summary_added(&mut self, place: Place<'_>, out: &mut BytesMut) {
        self.summary("response.reasoning_summary_part.added", place, &SummaryText::default(), out);
    }

    /// A piece of the summary.
    pub fn summary_delta(&mut self, place: Place<'_>, delta: &str, out: &mut BytesMut) {
        let about = About { delta: Some(delta), ..About::summary(place) };
        self.event("response.reasoning_summary_text.delta", &about, out);
    }

    /// The summary is whole.
    pub fn summary_done(&mut self, place: Place<'_>, text: &str, out: &mut BytesMut) {
        let about = About { text: Some(text), ..About::summary(place) };
        self.event("response.reasoning_summary_text.done", &about, out);
        let part = SummaryText { text: text.into() };
        self.summary("response.reasoning_summary_part.done", place, &part, out);
    }

    /// An error inside the stream, after which nothing follows.
    pub fn error(&mut self, error: &ErrorDetail<'_>, out: &mut BytesMut) {
        write_error(error, self.next, out);
        self.next += 1;
    }

    fn item(&mut self, name: &str, output_index: usize, item: &OutputItem<'_>, out: &mut BytesMut) {
        #[derive(Serialize)]
        struct Fields<'a> {
            output_index: usize,
            item: &'a OutputItem<'a>,
        }
        self.event(name, &Fields { output_index, item }, out);
    }

    fn part(&mut self, name: &str, place: Place<'_>, part: &OutputPart<'_>, out: &mut BytesMut) {
        self.event(name, &About { part: Some(Part::Said(part)), ..About::content(place) }, out);
    }

    fn summary(&mut self, name: &str, place: Place<'_>, part: &SummaryText<'_>, out: &mut BytesMut) {
        self.event(name, &About { part: Some(Part::Thought(part)), ..About::summary(place) }, out);
    }

    fn event(&mut self, name: &str, fields: &impl Serialize, out: &mut BytesMut) {
        write_event(name, self.next, fields, out);
        self.next += 1;
    }
}

/// Appends the event of an error inside a stream, with the number that it has there.
pub fn write_error(error: &ErrorDetail<'_>, sequence_number: u64, out: &mut BytesMut) {
    #[derive(Serialize)]
    struct Fields<'a> {
        code: Option<&'a str>,
        message: &'a str,
        param: Option<&'a str>,
    }
    let code = error.code.as_deref().or(error.r#type.as_deref());
    let fields = Fields { code, message: &error.message, param: error.param.as_deref() };
    write_event("error", sequence_number, &fields, out);
}

/// `fields` follow type and number in one object.
fn write_event(name: &str, sequence_number: u64, fields: &impl Serialize, out: &mut BytesMut) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: {\"type\":\"");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\",\"sequence_number\":");
    json::write(&sequence_number, out);
    let brace = out.len();
    json::write(fields, out);
    out[brace] = b',';
    out.put_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::super::item::OutputText;
    use super::*;

    fn written(write: impl FnOnce(&mut EventWriter, &mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut EventWriter { next: 3 }, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    const PLACE: Place<'_> = Place { item_id: "msg_1", output_index: 0 };

    #[test]
    fn events_are_named_numbered_and_whole() {
        assert_eq!(
            written(|writer, out| writer.text_delta(PLACE, "a \"b\"", &[], None, out)),
            concat!(
                "event: response.output_text.delta\n",
                r#"data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_1","output_index":0,"#,
                r#""content_index":0,"delta":"a \"b\"","logprobs":[]}"#,
                "\n\n"
            )
        );
        assert_eq!(
            written(|writer, out| writer.arguments_done(PLACE, "look", "{}", out)),
            concat!(
                "event: response.function_call_arguments.done\n",
                r#"data: {"type":"response.function_call_arguments.done","sequence_number":3,"item_id":"msg_1","#,
                r#""output_index":0,"name":"look","arguments":"{}"}"#,
                "\n\n"
            )
        );
        let item = OutputItem::FunctionCall {
            id: "fc_1".into(),
            status: Status::InProgress,
            arguments: "".into(),
            call_id: "call_1".into(),
            name: "look".into(),
        };
        assert_eq!(
            written(|writer, out| writer.item_added(1, &item, out)),
            concat!(
                "event: response.output_item.added\n",
                r#"data: {"type":"response.output_item.added","sequence_number":3,"output_index":1,"#,
                r#""item":{"type":"function_call","id":"fc_1","status":"in_progress","arguments":"","call_id":"call_1","name":"look"}}"#,
                "\n\n"
            )
        );
    }

    #[test]
    fn an_error_is_flat() {
        let error = ErrorDetail::new("sorry", "server_error");
        assert_eq!(
            written(|writer, out| writer.error(&error, out)),
            concat!(
                "event: error\n",
                r#"data: {"type":"error","sequence_number":3,"code":"server_error","message":"sorry","param":null}"#,
                "\n\n"
            )
        );
    }

    #[test]
    fn numbers_go_on() {
        let mut out = BytesMut::new();
        let mut writer = EventWriter::new();
        writer.part_added(PLACE, &OutputPart::Text(OutputText::default()), &mut out);
        let part = OutputPart::Text(OutputText { text: "x".into(), ..OutputText::default() });
        writer.part_done(PLACE, &part, &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        assert!(text.contains(r#""sequence_number":0,"#) && text.contains(r#""sequence_number":1,"#));
        assert!(text.contains(r#""part":{"type":"output_text","annotations":[],"logprobs":[],"text":"x"}"#));
    }
}
