//! InvokeModelWithBidirectionalStream: a session with Nova Sonic, both ways open at once, over TLS and HTTP/2 by ALPN.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::invoke_model_with_bidirectional_stream::{
    InvokeModelWithBidirectionalStreamError, InvokeModelWithBidirectionalStreamOutput as Opened,
};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::error::{
    InvokeModelWithBidirectionalStreamInputError as InputError,
    InvokeModelWithBidirectionalStreamOutputError as OutputError,
};
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput as Input,
    InvokeModelWithBidirectionalStreamOutput as Output,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::cases::{Cases, call, error};
use crate::client::{Counted, KEYS, Keys, MAX_TOKENS, check_arguments, secure_client};
use crate::nonce::{nonce_of, whole_tokens};

const CALL: &str = "InvokeModelWithBidirectionalStream";
const NOVA_2: &str = "amazon.nova-2-sonic-v1:0";

/// fault, exception, status
const BEFORE: &[(&str, &str, u16)] = &[
    ("throttling-tokens", "ThrottlingException", 429),
    ("model-timeout", "ModelTimeoutException", 408),
    ("internal-server", "InternalServerException", 500),
    ("service-unavailable", "ServiceUnavailableException", 503),
    ("access-denied", "AccessDeniedException", 403),
    ("validation", "ValidationException", 400),
];

/// fault, exception
const WITHIN: &[(&str, &str)] = &[
    ("throttling-tokens", "ThrottlingException"),
    ("internal-server", "InternalServerException"),
    ("service-unavailable", "ServiceUnavailableException"),
    ("model-stream-error", "ModelStreamErrorException"),
    ("model-timeout", "ModelTimeoutException"),
    ("validation", "ValidationException"),
];

pub fn cases(cases: &mut Cases) {
    let cells = vec![call(CALL, "stream"), call(CALL, "usage")];
    cases.add("a typed turn, while the request goes on", cells, typed());
    cases.add("a tool within a session", vec![call(CALL, "stream tool")], tool());
    for &(fault, name, status) in BEFORE {
        cases.add(format!("{fault} before a session"), vec![error(name, name)], before(fault, name, status));
    }
    for &(fault, name) in WITHIN {
        let cell = vec![error(&format!("{name} in a stream"), name)];
        cases.add(format!("{fault} within a session"), cell, within(fault, name));
    }
    let cell = vec![error("ValidationException in a stream", "ValidationException")];
    cases.add("what is wrong is told in the stream", cell, refused());
    let cell = vec![error("InvalidSignatureException", "Unhandled")];
    cases.add("a session with a wrong key", cell, wrong_key());
}

// === The client's side ===

/// What a session sends.
struct Microphone(UnboundedSender<Result<Input, InputError>>);

impl Microphone {
    fn say(&self, event: &str, members: Value) {
        let json = json!({ "event": { event: members } }).to_string();
        let part = BidirectionalInputPayloadPart::builder().bytes(Blob::new(json)).build();
        // Whoever has been refused listens no more.
        let _ = self.0.send(Ok(Input::Chunk(part)));
    }

    fn begin(&self, max_tokens: i32, tools: Option<Value>) {
        self.say("sessionStart", json!({ "inferenceConfiguration": { "maxTokens": max_tokens } }));
        let mut start = json!({
            "promptName": "p",
            "textOutputConfiguration": { "mediaType": "text/plain" },
            "audioOutputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 8000, "sampleSizeBits": 16,
                "channelCount": 1, "voiceId": "amy", "encoding": "base64", "audioType": "SPEECH" },
        });
        if let Some(tools) = tools {
            start["toolUseOutputConfiguration"] = json!({ "mediaType": "application/json" });
            start["toolConfiguration"] = tools;
        }
        self.say("promptStart", start);
    }

    fn text(&self, name: &str, content: &str) {
        let names = json!({ "promptName": "p", "contentName": name });
        let start = json!({ "type": "TEXT", "role": "USER", "interactive": true,
            "textInputConfiguration": { "mediaType": "text/plain" } });
        self.say("contentStart", joined(&names, &start));
        self.say("textInput", joined(&names, &json!({ "content": content })));
        self.say("contentEnd", names);
    }

    /// Ends the request in due form.
    fn end(self) {
        self.say("promptEnd", json!({ "promptName": "p" }));
        self.say("sessionEnd", json!({}));
    }
}

fn joined(one: &Value, other: &Value) -> Value {
    let members = |value: &Value| value.as_object().expect("an object").clone();
    members(one).into_iter().chain(members(other)).collect()
}

type Refused = SdkError<InvokeModelWithBidirectionalStreamError>;

async fn open(client: &Counted, prepare: impl FnOnce(&Microphone)) -> Result<(Microphone, Opened), Refused> {
    let (sender, receiver) = unbounded_channel();
    let microphone = Microphone(sender);
    prepare(&microphone);
    let request = client.client.invoke_model_with_bidirectional_stream().model_id(NOVA_2);
    let opened = request.body(UnboundedReceiverStream::new(receiver).into()).send().await?;
    Ok((microphone, opened))
}

// === The model's side ===

/// The next event with its name; none at the end.
async fn next(opened: &mut Opened) -> Option<(String, Value)> {
    heard(opened.body.recv().await.expect("no exception"))
}

fn heard(output: Option<Output>) -> Option<(String, Value)> {
    let Output::Chunk(part) = output? else { panic!("an unknown event") };
    let json: Value = serde_json::from_slice(part.bytes().expect("bytes").as_ref()).expect("JSON");
    let (name, members) = json["event"].as_object().expect("an event").iter().next().expect("one");
    Some((name.clone(), members.clone()))
}

/// Everything up to the end of a content for this reason.
async fn until(opened: &mut Opened, r#type: &str, reason: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    loop {
        let (name, members) = next(opened).await.expect("more events");
        let is_last =
            name == "contentEnd" && members["type"] == r#type && members["stopReason"] == reason;
        all.push((name, members));
        if is_last {
            return all;
        }
    }
}

/// What was said in the end.
fn said(events: &[(String, Value)]) -> String {
    let is_final = |members: &Value| {
        members["role"] == "ASSISTANT"
            && members["additionalModelFields"].as_str().is_some_and(|fields| fields.contains("FINAL"))
    };
    let starts = events.iter().filter(|(name, members)| name == "contentStart" && is_final(members));
    let ids: Vec<&Value> = starts.map(|(_, members)| &members["contentId"]).collect();
    let texts = events.iter().filter(|(name, _)| name == "textOutput");
    let texts = texts.filter(|(_, members)| ids.contains(&&members["contentId"]));
    texts.map(|(_, members)| members["content"].as_str().expect("a text")).collect()
}

async fn typed() {
    let client = secure_client(&KEYS, None);
    let nonce = nonce_of("rust speech");
    let asked = nonce.clone();
    let opened = open(&client, |microphone| {
        microphone.begin(MAX_TOKENS, None);
        microphone.text("hello", &asked);
    });
    let (microphone, mut opened) = opened.await.expect("a session");
    let turn = until(&mut opened, "TEXT", "END_TURN").await;
    let tokens = whole_tokens(&nonce, &said(&turn));
    assert!(tokens > 0 && turn.iter().any(|(name, _)| name == "audioOutput"));
    // The request is still open: it asks once more.
    let again = nonce_of("rust speech again");
    microphone.text("again", &again);
    whole_tokens(&again, &said(&until(&mut opened, "TEXT", "END_TURN").await));
    microphone.end();
    let (name, usage) = next(&mut opened).await.expect("usage");
    assert_eq!(name, "usageEvent");
    let total = |member: &str| usage[member].as_u64().expect("a number");
    assert_eq!(total("totalTokens"), total("totalInputTokens") + total("totalOutputTokens"));
    assert_eq!(next(&mut opened).await.expect("an end").0, "completionEnd");
    assert_eq!(next(&mut opened).await, None);
    assert_eq!(client.attempts(), 1);
}

async fn tool() {
    let client = secure_client(&KEYS, None);
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "unit": { "enum": ["celsius", "fahrenheit"] } },
        "required": ["city", "unit"],
    });
    let spec = json!({ "toolSpec": { "name": "weather", "inputSchema": { "json": schema.to_string() } } });
    let nonce = nonce_of("rust speech tool");
    let asked = nonce.clone();
    let opened = open(&client, |microphone| {
        microphone.begin(400, Some(json!({ "tools": [spec] })));
        microphone.text("hello", &asked);
    });
    let (microphone, mut opened) = opened.await.expect("a session");
    let called = until(&mut opened, "TOOL", "TOOL_USE").await;
    let (_, call) = called.iter().find(|(name, _)| name == "toolUse").expect("a call");
    check_arguments(&serde_json::from_str(call["content"].as_str().expect("a text")).expect("JSON"));
    let names = json!({ "promptName": "p", "contentName": "result" });
    let start = json!({ "type": "TOOL", "role": "TOOL", "interactive": false, "toolResultInputConfiguration": {
        "toolUseId": call["toolUseId"], "type": "TEXT", "textInputConfiguration": { "mediaType": "text/plain" } } });
    microphone.say("contentStart", joined(&names, &start));
    microphone.say("toolResult", joined(&names, &json!({ "content": "{\"sky\":\"clear\"}" })));
    microphone.say("contentEnd", names);
    whole_tokens(&nonce, &said(&until(&mut opened, "TEXT", "END_TURN").await));
    microphone.end();
}

// === Errors ===

async fn before(fault: &'static str, name: &'static str, status: u16) {
    let client = secure_client(&KEYS, Some(&format!("error={fault}")));
    let refused = open(&client, |microphone| microphone.begin(MAX_TOKENS, None)).await.err().expect("a refusal");
    let SdkError::ServiceError(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.raw().status().as_u16(), status);
    assert_eq!(refused.err().code(), Some(name));
    let variant = format!("{:?}", refused.err());
    assert!(variant.starts_with(name), "{variant}");
    // A request that is sent bit by bit is not sent again.
    assert_eq!(client.attempts(), 1);
}

async fn within(fault: &'static str, name: &'static str) {
    let client = secure_client(&KEYS, Some(&format!("in_band_error={fault}:3 events")));
    let nonce = nonce_of(&format!("rust speech {fault}"));
    let opened = open(&client, |microphone| {
        microphone.begin(MAX_TOKENS, None);
        microphone.text("hello", &nonce);
    });
    let (_microphone, mut opened) = opened.await.expect("a session");
    for _ in 0..3 {
        next(&mut opened).await.expect("an event");
    }
    assert_eq!(failure(&mut opened).await.0, name);
}

/// The variant of the exception that comes, and what it says.
async fn failure(opened: &mut Opened) -> (String, String) {
    let failed = match opened.body.recv().await {
        Ok(output) => panic!("no exception but {:?}", heard(output)),
        Err(failed) => failed,
    };
    let SdkError::ServiceError(failed) = failed else { panic!("{failed:?}") };
    let variant = match failed.err() {
        OutputError::ThrottlingException(_) => "ThrottlingException",
        OutputError::InternalServerException(_) => "InternalServerException",
        OutputError::ServiceUnavailableException(_) => "ServiceUnavailableException",
        OutputError::ModelStreamErrorException(_) => "ModelStreamErrorException",
        OutputError::ModelTimeoutException(_) => "ModelTimeoutException",
        OutputError::ValidationException(_) => "ValidationException",
        _ => "Unhandled",
    };
    (variant.to_owned(), failed.err().message().unwrap_or_default().to_owned())
}

async fn refused() {
    let client = secure_client(&KEYS, None);
    let opened = open(&client, |microphone| {
        microphone.begin(MAX_TOKENS, None);
        microphone.say("contentEnd", json!({ "promptName": "p", "contentName": "none" }));
    });
    let (_microphone, mut opened) = opened.await.expect("a session");
    let expected = ("ValidationException", "No open content found for content name: none");
    let (name, message) = failure(&mut opened).await;
    assert_eq!((name.as_str(), message.as_str()), expected);
}

async fn wrong_key() {
    let client = secure_client(&Keys { secret: "another-secret-key", ..KEYS }, None);
    let refused = open(&client, |microphone| microphone.begin(MAX_TOKENS, None)).await.err().expect("a refusal");
    let SdkError::ServiceError(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.err().code(), Some("InvalidSignatureException"));
    assert_eq!(refused.raw().status().as_u16(), 403);
}
