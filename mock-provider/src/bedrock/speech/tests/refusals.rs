//! What is refused: before the stream by a status, within it by an exception.

use bytes::BytesMut;
use http::{Request, Version};
use serde_json::{Value, json};
use wire::event_stream::FrameWriter;
use world::http::{Body, collect};

use super::client::{EXACT, Live, NONCE, NOVA, NOVA_2, ask, briefs, chunk, prompt_start, run, service};

const INVALID: &str = "Invalid input request, please fix your input and try again.";
const UNPARSABLE: &str = "Unable to parse input chunk. Please check input format contains correct format.";

/// The only thing that comes is this exception, and the session is over.
async fn refused(mut live: Live, name: &str, message: &str) {
    let all = live.rest().await;
    assert_eq!(briefs(&all), [name], "{message}");
    assert_eq!(all[0].text("message"), message);
}

fn said(event: &str, members: Value) -> String {
    let event = Value::from_iter([(event, members)]);
    json!({ "event": event }).to_string()
}

fn content(name: &str, more: Value) -> String {
    let mut start = json!({ "promptName": "p", "contentName": name });
    let Value::Object(more) = more else { panic!("no members in {more}") };
    start.as_object_mut().expect("an object").extend(more);
    said("contentStart", start)
}

fn audio() -> Value {
    json!({ "type": "AUDIO", "role": "USER", "audioInputConfiguration": { "mediaType": "audio/lpcm",
        "sampleRateHertz": 16000, "sampleSizeBits": 16, "channelCount": 1 } })
}

#[test]
fn events_out_of_order_and_of_a_wrong_form_are_refused_in_the_stream() {
    let start = || said("sessionStart", json!({}));
    let prompt = || said("promptStart", prompt_start("p", Value::Null));
    let text = |role: &str| json!({ "type": "TEXT", "role": role });
    let rate = |hertz: u32| {
        let mut start = prompt_start("p", Value::Null);
        start["audioOutputConfiguration"]["sampleRateHertz"] = json!(hertz);
        said("promptStart", start)
    };
    let input = |kind: &str, content: &str| {
        said(kind, json!({ "promptName": "p", "contentName": "c", "content": content }))
    };
    let no_prompt = "No open prompt found for prompt name: p";
    let no_content = "No open content found for content name: c";
    let many = (0..33).map(|n| content(&format!("c{n}"), text("USER")));
    let cases: Vec<(Vec<String>, &str, &str)> = vec![
        (vec!["{".to_owned()], "validationException", UNPARSABLE),
        (vec!["null".to_owned()], "validationException", UNPARSABLE),
        (vec![said("sessionBegin", json!({}))], "validationException", UNPARSABLE),
        (vec![prompt()], "validationException", INVALID),
        (vec![start(), start()], "validationException", INVALID),
        (
            vec![said("sessionStart", json!({ "inferenceConfiguration": { "topP": 1.5 } }))],
            "validationException",
            INVALID,
        ),
        (vec![start(), prompt(), prompt()], "validationException", INVALID),
        (vec![start(), rate(44_100)], "validationException", INVALID),
        (vec![start(), content("c", text("USER"))], "validationException", no_prompt),
        (vec![start(), said("promptEnd", json!({ "promptName": "p" }))], "validationException", no_prompt),
        (vec![start(), prompt(), input("textInput", "x")], "validationException", no_content),
        (
            vec![start(), prompt(), said("contentEnd", json!({ "promptName": "p", "contentName": "c" }))],
            "validationException",
            no_content,
        ),
        (vec![start(), prompt(), content("c", text("TOOL"))], "validationException", INVALID),
        (
            vec![start(), prompt(), content("c", text("USER")), content("c", text("USER"))],
            "validationException",
            INVALID,
        ),
        (
            vec![start(), prompt(), content("c", text("USER")), input("audioInput", "AAAA")],
            "validationException",
            INVALID,
        ),
        (
            vec![start(), prompt(), content("c", audio()), input("audioInput", "?")],
            "validationException",
            INVALID,
        ),
        (vec![start(), prompt(), content("c", json!({ "type": "AUDIO" }))], "validationException", INVALID),
        (
            vec![start(), prompt(), content("c", audio()), content("d", audio())],
            "internalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
        ([start(), prompt()].into_iter().chain(many).collect(), "validationException", INVALID),
        (
            vec![
                start(),
                prompt(),
                content(
                    "c",
                    json!({ "type": "TOOL", "role": "TOOL", "toolResultInputConfiguration": {
                    "toolUseId": "u", "type": "TEXT", "textInputConfiguration": { "mediaType": "application/json" } } }),
                ),
            ],
            "validationException",
            "Tool result media type must be one of: [text/plain]",
        ),
        // A prompt in which nothing was to be heard.
        (
            vec![start(), prompt(), said("promptEnd", json!({ "promptName": "p" }))],
            "validationException",
            INVALID,
        ),
    ];
    for (events, name, message) in cases {
        run(|world| async move {
            let mut live = Live::open(&world, EXACT, NOVA).await;
            for event in &events {
                live.json(event).await;
            }
            refused(live, name, message).await;
        });
    }
}

#[test]
fn a_tool_returns_a_json_object() {
    run(|world| async move {
        let mut live = Live::open(&world, EXACT, NOVA_2).await;
        let tool = json!({ "toolSpec": { "name": "t", "inputSchema": { "json": "{\"type\":\"object\"}" } } });
        live.begin(400, json!({ "tools": [tool] })).await;
        live.text("hello", NONCE, "USER", true).await;
        let called = live.until("contentEnd TOOL TOOL_USE").await;
        let id = called[called.len() - 2].text("toolUseId");
        live.json(&content(
            "r",
            json!({ "type": "TOOL", "toolResultInputConfiguration": { "toolUseId": id } }),
        ))
        .await;
        let result = json!({ "promptName": "p", "contentName": "r", "content": "clear" });
        live.say("toolResult", result).await;
        let all = live.rest().await;
        let last = all.last().expect("an exception");
        assert_eq!(
            (last.name.as_str(), last.text("message")),
            ("validationException", "Tool Response parsing error")
        );
    });
}

#[test]
fn a_stream_whose_frames_are_damaged_is_refused() {
    let huge = {
        let mut prelude = Vec::from(20_000_000u32.to_be_bytes());
        prelude.extend(0u32.to_be_bytes());
        let checksum = prelude.iter().fold(crc(), |crc, byte| crc.next(*byte)).end();
        prelude.extend(checksum.to_be_bytes());
        prelude
    };
    let mut no_chunk = BytesMut::new();
    FrameWriter::begin(&mut no_chunk).finish(b"{}");
    run(|world| async move {
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &huge] {
            let live = Live::open(&world, EXACT, NOVA).await;
            live.raw(bytes).await;
            refused(live, "validationException", UNPARSABLE).await;
        }
        let mut live = Live::open(&world, EXACT, NOVA).await;
        let message = live.signed(&no_chunk);
        live.raw(&message).await;
        refused(live, "validationException", UNPARSABLE).await;
        // Half a frame, and no more.
        let mut live = Live::open(&world, EXACT, NOVA).await;
        let message = live.signed(&chunk(&said("sessionStart", json!({}))));
        live.raw(&message[..message.len() / 2]).await;
        live.hang_up();
        refused(live, "validationException", UNPARSABLE).await;
        // Just a little too long: the frame is taken, its chunk is not.
        let mut live = Live::open(&world, EXACT, NOVA).await;
        let long = said("sessionStart", json!({ "inferenceConfiguration": {}, "x": "y".repeat(1_000_000) }));
        live.json(&long).await;
        let message = "1 validation error detected: Value at 'body.chunk.bytes' failed to satisfy constraint: Member must \
                       have length less than or equal to 1000000";
        refused(live, "validationException", message).await;
    });
}

/// CRC-32/ISO-HDLC, for a prelude of our own making.
struct Crc(u32);

fn crc() -> Crc {
    Crc(u32::MAX)
}

impl Crc {
    fn next(self, byte: u8) -> Self {
        let mixed = (0..8)
            .fold(self.0 ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()));
        Self(mixed)
    }

    fn end(&self) -> u32 {
        !self.0
    }
}

#[test]
fn every_event_must_be_signed_after_the_one_before() {
    const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                            Secret Access Key and signing method. Consult the service documentation for details.";
    let start = said("sessionStart", json!({}));
    run(|world| async move {
        // Unsigned.
        let live = Live::open(&world, EXACT, NOVA).await;
        live.raw(&chunk(&start)).await;
        refused(live, "validationException", MISMATCH).await;
        // One is missing in between.
        let mut live = Live::open(&world, EXACT, NOVA).await;
        live.json(&start).await;
        drop(live.signed(&chunk(&start)));
        live.say("promptStart", prompt_start("p", Value::Null)).await;
        refused(live, "validationException", MISMATCH).await;
        // The end, too, is signed.
        let mut live = Live::open(&world, EXACT, NOVA).await;
        drop(live.signed(&chunk(&start)));
        let end = live.signed(b"");
        live.raw(&end).await;
        refused(live, "validationException", MISMATCH).await;
        // Without checks nobody minds, signed or not.
        let file = format!("auth = \"off\"\n{EXACT}");
        let mut live = Live::open(&world, &file, NOVA_2).await;
        live.raw(&chunk(&start)).await;
        drop(live.signed(b"another chain"));
        live.say("sessionEnd", json!({})).await;
        assert_eq!(live.rest().await, []);
    });
}

async fn status(response: http::Response<Body>) -> (u16, String, String) {
    let (parts, body) = response.into_parts();
    let error = parts.headers.get("x-amzn-errortype").map_or("", |value| value.to_str().expect("ASCII"));
    let error = error.split(':').next().unwrap_or_default().to_owned();
    let body = collect(body, 1 << 20).await.expect("a body");
    (parts.status.as_u16(), error, String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn what_is_wrong_from_the_start_is_refused_by_a_status() {
    fn http1(request: &mut Request<Body>) {
        *request.version_mut() = Version::HTTP_11;
    }
    fn tampered(request: &mut Request<Body>) {
        request.headers_mut().insert("host", "another".parse().expect("a name"));
    }
    fn anonymous(request: &mut Request<Body>) {
        request.headers_mut().remove("authorization");
    }
    fn as_it_is(_: &mut Request<Body>) {}
    type Alter = fn(&mut Request<Body>);
    let cases: [(&str, Alter, u16, &str); 6] = [
        (NOVA, http1, 400, "ValidationException"),
        (NOVA, tampered, 403, "InvalidSignatureException"),
        (NOVA, anonymous, 403, "MissingAuthenticationTokenException"),
        ("amazon.nova-lite-v1:0", as_it_is, 400, "ValidationException"),
        ("amazon.nova-sonic-v9:0", as_it_is, 400, "ValidationException"),
        ("fault.throttle", as_it_is, 429, "ThrottlingException"),
    ];
    run(|world| async move {
        let service = service(&world, EXACT);
        for (model, alter, code, name) in cases {
            let (response, _up, _) = ask(&world, &service, model, alter).await;
            let (status, error, body) = status(response).await;
            assert_eq!((status, error.as_str()), (code, name), "{model}: {body}");
        }
    });
}
