//! Sessions with Nova Sonic on sockets: both directions of one HTTP/2 stream at once, and who does not read, or leaves.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use brownout_mock_provider::{EdgePlan, Mock, MockFile, start_alone};
use bytes::BytesMut;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wire::bedrock::invoke_stream::{self, Incoming as Message};
use wire::bedrock::signed_event::FrameReader;
use wire::bedrock::stream_frame::encode_event_json;
use world::http::{Body, BodySender};
use world::{Address, Seed, World, run_real};

use crate::harness::{NONCE, against, post};

const PATH: &str = "/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream";
/// Without credentials, and fast.
const QUICK: &str = "profile = \"bedrock/nova-sonic\"\nauth = \"off\"\n\
                     latency = { overhead = \"1ms\", per_prompt_token = \"0us\", inter_token = \"0us\", \
                     ttft_cv = 0.0, inter_token_cv = 0.0 }\nanswer = { tokens_p50 = 4000, tokens_p90 = 4000 }\n";

/// A session from the client's side.
struct Session {
    up: BodySender,
    down: Response<Incoming>,
    reader: FrameReader,
    sender: SendRequest<Body>,
}

fn on_sockets<F: Future<Output = ()>>(test: impl FnOnce(World, Mock) -> F) {
    let file: MockFile = toml::from_str(QUICK).expect("a mock file");
    let plan = file.plan("mock").expect("a sound file");
    run_real(Seed(7), 2, |world| async move {
        let clock = *world.clock();
        let mock = start_alone(&world, &Address::new("127.0.0.1:0"), plan, EdgePlan::default()).expect("up");
        clock.timeout(Duration::from_secs(60), test(world, mock)).await.expect("it hangs");
    })
    .expect("a runtime");
}

async fn open(world: &World, mock: &Mock) -> Session {
    let connection = world.network().connect(mock.address()).await.expect("connect");
    let (mut sender, driver) = handshake(TokioExecutor::new(), connection).await.expect("HTTP/2");
    drop(world.spawn(async move { drop(driver.await) }));
    let (up, body) = Body::channel(4);
    let request = Request::post(format!("http://{}{PATH}", mock.address())).body(body).expect("a request");
    let down = sender.send_request(request).await.expect("an answer before the request has ended");
    assert_eq!(down.status(), 200);
    Session { up, down, reader: FrameReader::default(), sender }
}

fn message(event: &str, members: &Value) -> BytesMut {
    let json = json!({ "event": { event: members } }).to_string();
    let mut out = BytesMut::new();
    let payload = json!({ "bytes": STANDARD.encode(json) }).to_string();
    encode_event_json("chunk", payload.as_bytes(), &mut out);
    out
}

impl Session {
    async fn say(&self, event: &str, members: Value) {
        assert!(self.up.send(message(event, &members).freeze()).await, "the session is over");
    }

    async fn begin(&self, max_tokens: u32) {
        self.say("sessionStart", json!({ "inferenceConfiguration": { "maxTokens": max_tokens } })).await;
        let audio = json!({ "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16, "channelCount": 1 });
        self.say("promptStart", json!({ "promptName": "p", "audioOutputConfiguration": audio })).await;
    }

    async fn ask(&self, name: &str) {
        let names = json!({ "promptName": "p", "contentName": name });
        let start = json!({ "promptName": "p", "contentName": name, "type": "TEXT", "role": "USER", "interactive": true });
        self.say("contentStart", start).await;
        self.say("textInput", json!({ "promptName": "p", "contentName": name, "content": NONCE })).await;
        self.say("contentEnd", names).await;
    }

    /// The names of the events up to a content's end for this reason, or all when it is none.
    async fn until(&mut self, reason: &str) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            while let Some(frame) = self.reader.next_frame().expect("sound messages") {
                let Ok(Message::Chunk(json)) = invoke_stream::decode(&frame) else { panic!("no event") };
                let event: Value = serde_json::from_slice(&json).expect("JSON");
                let (name, members) =
                    event["event"].as_object().expect("an event").iter().next().expect("one");
                names.push(name.clone());
                if name == "contentEnd" && members["type"] == "TEXT" && members["stopReason"] == *reason {
                    return names;
                }
            }
            let Some(frame) = self.down.body_mut().frame().await else { return names };
            self.reader.push(&frame.expect("no reset").into_data().unwrap_or_default());
        }
    }
}

async fn settled(world: &World, mock: &Mock) {
    for _ in 0..1_000 {
        if mock.live_requests() == 0 && mock.counters().live_streams() == 0 {
            return;
        }
        world.clock().sleep(Duration::from_millis(10)).await;
    }
    panic!("something goes on for a client that has left");
}

#[test]
fn turn_follows_turn_within_one_request() {
    on_sockets(|world, mock| async move {
        let mut session = open(&world, &mock).await;
        session.begin(8).await;
        for turn in 0..3 {
            session.ask("hello").await;
            let names = session.until("END_TURN").await;
            assert_eq!(names.iter().filter(|name| *name == "audioOutput").count(), 8, "turn {turn}");
        }
        session.say("promptEnd", json!({ "promptName": "p" })).await;
        session.say("sessionEnd", json!({})).await;
        assert_eq!(session.until("").await, ["usageEvent", "completionEnd"]);
        settled(&world, &mock).await;
        drop(session.sender);
    });
}

#[test]
fn who_does_not_read_is_not_listened_to() {
    on_sockets(|world, mock| async move {
        let mut session = open(&world, &mock).await;
        session.begin(4_000).await;
        session.ask("hello").await;
        let audio = json!({ "mediaType": "audio/lpcm", "sampleRateHertz": 16000, "sampleSizeBits": 16, "channelCount": 1 });
        session
            .say(
                "contentStart",
                json!({ "promptName": "p", "contentName": "mic", "type": "AUDIO", "audioInputConfiguration": audio }),
            )
            .await;
        let silence = STANDARD.encode(vec![0; 96_000]);
        let part =
            message("audioInput", &json!({ "promptName": "p", "contentName": "mic", "content": silence }))
                .freeze();
        // The answer of some hundred megabytes fills the window; then the other window fills, too.
        let mut sent = 0;
        let clock = *world.clock();
        while clock.timeout(Duration::from_secs(2), session.up.send(part.clone())).await == Ok(true) {
            sent += part.len();
            assert!(sent < 64 << 20, "{sent} bytes are taken from a client that does not read");
        }
        // It reads on, and all goes on.
        let names = session.until("PARTIAL_TURN").await;
        assert!(names.len() > 3);
        assert!(
            clock
                .timeout(Duration::from_secs(20), async {
                    session.until("PARTIAL_TURN").await;
                    session.until("PARTIAL_TURN").await;
                })
                .await
                .is_ok()
        );
    });
}

#[test]
fn who_leaves_ends_the_session() {
    on_sockets(|world, mock| async move {
        let mut session = open(&world, &mock).await;
        session.begin(4_000).await;
        session.ask("hello").await;
        session.until("PARTIAL_TURN").await;
        assert_eq!(mock.counters().live_streams(), 1);
        drop(session.down);
        drop(session.up);
        settled(&world, &mock).await;
    });
}

#[test]
fn http_1_is_told_that_http_2_is_wanted() {
    against("auth = \"off\"\n", |bench| async move {
        let answered = bench.call(post(PATH, "")).await;
        assert_eq!(
            (answered.status(), answered.header("x-amzn-errortype").split(':').next()),
            (400, Some("ValidationException"))
        );
        assert!(answered.text().contains("HTTP/2"), "{}", answered.text());
    });
}

#[test]
fn nova_sonic_is_listed_and_speaks_nowhere_else() {
    against("auth = \"off\"\n", |bench| async move {
        let path = "/foundation-models/amazon.nova-sonic-v1%3A0";
        let listed = bench.call(crate::harness::request(http::Method::GET, path, &[], "")).await;
        let details: Value = serde_json::from_slice(&listed.body).expect("JSON");
        assert_eq!(details["modelDetails"]["inputModalities"], json!(["SPEECH"]));
        assert_eq!(details["modelDetails"]["outputModalities"], json!(["SPEECH", "TEXT"]));
        for operation in ["converse", "converse-stream", "invoke", "invoke-with-response-stream"] {
            let path = format!("/model/amazon.nova-sonic-v1%3A0/{operation}");
            let body = json!({ "messages": [{ "role": "user", "content": [{ "text": "hello" }] }] });
            let answered = bench.post(&path, &body.to_string()).await;
            assert_eq!(answered.status(), 400, "{operation}");
            assert!(answered.header("x-amzn-errortype").starts_with("ValidationException"), "{operation}");
        }
    });
}
