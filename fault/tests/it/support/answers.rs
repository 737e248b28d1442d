//! What the provider would say: a stream of each dialect with the same six token texts, and a plain answer.

use crate::fault::Asked;
use crate::fault::asked::Shape;
use bytes::{Bytes, BytesMut};
use evidence::Nonce;
use http::Response;
use http::header::CONTENT_TYPE;
use std::time::Duration;
use wire::event_stream::{FrameWriter, Header, Value};
use world::World;
use world::http::Body;

pub(crate) const NONCE: Nonce = Nonce::new(0x1234_5678_9abc_def0);
pub(crate) const TOKENS: u32 = 6;
/// From one event to the next.
pub(crate) const GAP: Duration = Duration::from_millis(10);

/// The answer to what is asked; a stream comes event by event, [`GAP`] apart.
pub(crate) fn answer(world: &World, asked: &Asked<'_>) -> Response<Body> {
    if asked.operation == "other" {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        return response;
    }
    if !asked.streamed {
        let mut response = Response::new(Body::full(plain()));
        response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
        let length = plain().len().into();
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length);
        return response;
    }
    let (sender, body) = Body::channel(1);
    let is_unsplit = asked.model == "unsplit";
    let pieces = stream(if is_unsplit { Shape::OpenAi } else { asked.dialect.shape });
    let clock = *world.clock();
    drop(world.spawn(async move {
        for piece in pieces {
            clock.sleep(GAP).await;
            if !sender.send(piece).await {
                return;
            }
        }
    }));
    let mut response = Response::new(body);
    let content_type = match asked.dialect.shape {
        Shape::Converse | Shape::Invoke => "application/vnd.amazon.eventstream",
        Shape::GeminiArray => "application/json; charset=UTF-8",
        _ => "text/event-stream",
    };
    response.headers_mut().insert(CONTENT_TYPE, content_type.parse().expect("a value"));
    response
}

/// A plain answer with all token texts.
pub(crate) fn plain() -> String {
    let text: String = (0..TOKENS).map(|seq| NONCE.token_text(seq)).collect();
    format!("{{\"text\":\"{text}\",\"stop\":true}}")
}

/// The events of a stream: one without content, six with a token each, the end.
pub(crate) fn stream(shape: Shape) -> Vec<Bytes> {
    let tokens = (0..TOKENS).map(|seq| NONCE.token_text(seq));
    let mut events = Vec::new();
    match shape {
        Shape::OpenAi => {
            let chunk = |delta: &str| format!("data: {{\"choices\":[{{\"delta\":{{{delta}}}}}]}}\n\n");
            events.push(chunk("\"role\":\"assistant\",\"content\":\"\"").into());
            events.extend(tokens.map(|text| chunk(&format!("\"content\":\"{text}\"")).into()));
            events.push("data: [DONE]\n\n".into());
        }
        Shape::Responses => {
            let event = |name: &str, rest: &str| {
                Bytes::from(format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n"))
            };
            events.push(event("response.created", ",\"response\":{\"output\":[]}"));
            let delta = |text: String| event("response.output_text.delta", &format!(",\"delta\":\"{text}\""));
            events.extend(tokens.map(delta));
            events.push(event("response.completed", ""));
        }
        Shape::Anthropic => {
            let event = |name: &str, rest: &str| {
                Bytes::from(format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n"))
            };
            events.push(event("message_start", ",\"message\":{\"content\":[]}"));
            let delta = |text: String| {
                event(
                    "content_block_delta",
                    &format!(",\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}"),
                )
            };
            events.extend(tokens.map(delta));
            events.push(event("message_stop", ""));
        }
        Shape::Gemini | Shape::GeminiArray => {
            let object = |text: &str, end: &str| {
                format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}{end}}}]}}")
            };
            let mut objects = vec![object("", "")];
            objects.extend(tokens.map(|text| object(&text, "")));
            objects.push(object("", ",\"finishReason\":\"STOP\""));
            events.extend(objects.iter().enumerate().map(|(index, object)| framed(shape, index, object)));
            if shape == Shape::GeminiArray {
                events.push("\n]".into());
            }
        }
        Shape::Converse | Shape::Invoke => {
            events.push(frame("messageStart", "{\"role\":\"assistant\"}"));
            let delta =
                |text: String| frame("contentBlockDelta", &format!("{{\"delta\":{{\"text\":\"{text}\"}}}}"));
            events.extend(tokens.map(delta));
            events.push(frame("messageStop", "{\"stopReason\":\"end_turn\"}"));
        }
    }
    events
}

fn framed(shape: Shape, index: usize, object: &str) -> Bytes {
    match (shape, index) {
        (Shape::Gemini, _) => format!("data: {object}\r\n\r\n").into(),
        (_, 0) => format!("[{object}").into(),
        _ => format!("\n,\r\n{object}").into(),
    }
}

fn frame(event_type: &str, payload: &str) -> Bytes {
    let mut out = BytesMut::new();
    let mut writer = FrameWriter::begin(&mut out);
    let headers =
        [(":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")];
    for (name, value) in headers {
        writer.header(Header { name, value: Value::Text(value) }).expect("short headers");
    }
    writer.finish(payload.as_bytes());
    out.freeze()
}
