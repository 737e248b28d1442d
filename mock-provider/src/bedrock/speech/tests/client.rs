//! A client of a session: signs and sends events, and reads what comes back and when.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use http::{Request, Response, Version};
use quota::Pools;
use serde_json::{Value, json};
use wire::bedrock::invoke_stream::{self, Incoming};
use wire::bedrock::signed_event::{FrameReader, encode_signed};
use wire::bedrock::sigv4::{EventChain, MOCK_ACCESS_KEY, MOCK_SECRET_KEY, Signer};
use wire::bedrock::stream_frame;
use world::http::{Body, BodySender, Handler};
use world::{Address, Instant, Seed, World, run_virtual};

use crate::file::MockFile;
use crate::service::Service;

pub(super) const NOVA: &str = "amazon.nova-sonic-v1:0";
pub(super) const NOVA_2: &str = "amazon.nova-2-sonic-v1:0";
pub(super) const NONCE: &str = "bo-0123456789abcdef";
/// The first token 100 ms after a turn, the others 10 ms apart.
pub(super) const EXACT: &str = "profile = \"bedrock/nova-sonic\"\n\
                                latency = { overhead = \"100ms\", per_prompt_token = \"0ms\", inter_token = \"10ms\", \
                                ttft_cv = 0.0, inter_token_cv = 0.0 }\n\
                                answer = { tokens_p50 = 300, tokens_p90 = 300 }\n";
const REGION: &str = "us-east-1";

/// What came: an event of the model with its name, or an exception.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Got {
    pub(super) name: String,
    pub(super) body: Value,
    pub(super) at: Instant,
}

impl Got {
    pub(super) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// `contentStart TEXT ASSISTANT SPECULATIVE`, `contentEnd AUDIO END_TURN`, `textOutput USER`.
    pub(super) fn brief(&self) -> String {
        let fields = serde_json::from_str::<Value>(self.text("additionalModelFields")).unwrap_or_default();
        let parts = [self.text("type"), self.text("role"), self.text("stopReason")];
        let stage = fields["generationStage"].as_str().unwrap_or_default();
        let parts = [&[self.name.as_str()][..], &parts, &[stage]].concat();
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// An open session.
pub(super) struct Live {
    pub(super) world: World,
    up: Option<BodySender>,
    down: Body,
    reader: FrameReader,
    pub(super) chain: EventChain,
    waiting: VecDeque<Got>,
}

/// Runs a test in virtual time.
pub(super) fn run<T, F: Future<Output = T>>(test: impl FnOnce(World) -> F) -> T {
    run_virtual(Seed(7), test)
}

pub(super) fn service(world: &World, file: &str) -> Arc<Service> {
    let file: MockFile = toml::from_str(file).expect("a mock file");
    let plan = file.plan("mock").expect("a sound file");
    Arc::new(Service::new(plan, world.seed(), *world.clock(), &Pools::default()))
}

/// Asks for a session; `alter` changes the request after it is signed.
pub(super) async fn ask(
    world: &World,
    service: &Service,
    model: &str,
    alter: impl FnOnce(&mut Request<Body>),
) -> (Response<Body>, BodySender, EventChain) {
    let path = format!("/model/{}/invoke-with-bidirectional-stream", model.replace(':', "%3A"));
    let (up, body) = Body::channel(4_096);
    let request = Request::post(path).version(Version::HTTP_2).header("host", "mock").body(body);
    let (mut parts, body) = request.expect("a request").into_parts();
    let now = world.clock().unix_micros() / 1_000_000;
    let signer = Signer::new(MOCK_ACCESS_KEY, MOCK_SECRET_KEY, REGION);
    signer.sign(&mut parts, b"", now).expect("signed");
    let signature = parts.headers["authorization"].to_str().expect("ASCII");
    let (_, signature) = signature.split_once("Signature=").expect("a signature");
    let chain = EventChain::begin(MOCK_SECRET_KEY, REGION, now, signature);
    let mut request = Request::from_parts(parts, body);
    alter(&mut request);
    let here = Address::new("here");
    let listener = world.network().listen(&here).expect("a free name");
    let connection = world.network().connect(&here).await.expect("a connection");
    let response = service.handle(request, connection.handle()).await.expect("an answer");
    drop(listener);
    (response, up, chain)
}

impl Live {
    pub(super) async fn open(world: &World, file: &str, model: &str) -> Self {
        Self::of(world, &service(world, file), model).await
    }

    pub(super) async fn of(world: &World, service: &Service, model: &str) -> Self {
        let (response, up, chain) = ask(world, service, model, |_| {}).await;
        assert_eq!(response.status(), 200);
        Self::resume(world, response, up, chain)
    }

    /// The session that an answer opens.
    pub(super) fn resume(world: &World, response: Response<Body>, up: BodySender, chain: EventChain) -> Self {
        Self {
            world: world.clone(),
            up: Some(up),
            down: response.into_body(),
            reader: FrameReader::default(),
            chain,
            waiting: VecDeque::new(),
        }
    }

    fn now(&self) -> u64 {
        self.world.clock().unix_micros() / 1_000_000
    }

    pub(super) async fn raw(&self, bytes: &[u8]) {
        assert!(self.up.as_ref().expect("open").send(bytes.to_vec().into()).await, "nobody listens");
    }

    /// The signed message of a payload.
    pub(super) fn signed(&mut self, payload: &[u8]) -> BytesMut {
        let (mut out, now) = (BytesMut::new(), self.now());
        encode_signed(&mut self.chain, now, payload, &mut out);
        out
    }

    pub(super) async fn json(&mut self, json: &str) {
        let message = self.signed(&chunk(json));
        self.raw(&message).await;
    }

    pub(super) async fn say(&mut self, event: &str, members: Value) {
        self.json(&json!({ "event": { event: members } }).to_string()).await;
    }

    /// Opens session and prompt, with these tools.
    pub(super) async fn begin(&mut self, max_tokens: u32, tools: Value) {
        self.say("sessionStart", json!({ "inferenceConfiguration": { "maxTokens": max_tokens } })).await;
        self.say("promptStart", prompt_start("p", tools)).await;
    }

    /// A whole text.
    pub(super) async fn text(&mut self, name: &str, text: &str, role: &str, interactive: bool) {
        self.say(
            "contentStart",
            json!({ "promptName": "p", "contentName": name, "type": "TEXT", "role": role, "interactive": interactive,
                    "textInputConfiguration": { "mediaType": "text/plain" } }),
        )
        .await;
        self.say("textInput", json!({ "promptName": "p", "contentName": name, "content": text })).await;
        self.say("contentEnd", json!({ "promptName": "p", "contentName": name })).await;
    }

    pub(super) async fn audio_start(&mut self, name: &str) {
        self.say(
            "contentStart",
            json!({ "promptName": "p", "contentName": name, "type": "AUDIO", "role": "USER", "interactive": true,
                    "audioInputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 16000,
                        "sampleSizeBits": 16, "channelCount": 1, "audioType": "SPEECH", "encoding": "base64" } }),
        )
        .await;
    }

    /// Audio of that height, in frames of 32 ms.
    pub(super) async fn audio(&mut self, name: &str, milliseconds: u32, height: i16) {
        let samples: Vec<u8> = (0..milliseconds * 16).flat_map(|_| height.to_le_bytes()).collect();
        for frame in samples.chunks(1_024) {
            let content = STANDARD.encode(frame);
            self.say("audioInput", json!({ "promptName": "p", "contentName": name, "content": content }))
                .await;
        }
    }

    pub(super) async fn end(&mut self) {
        self.say("promptEnd", json!({ "promptName": "p" })).await;
        self.say("sessionEnd", json!({})).await;
        let last = self.signed(b"");
        self.raw(&last).await;
        self.up = None;
    }

    /// Ends the request without another word.
    pub(super) fn hang_up(&mut self) {
        self.up = None;
    }

    /// What comes next; `None` when the answer has ended.
    pub(super) async fn next(&mut self) -> Option<Got> {
        while self.waiting.is_empty() {
            let piece = self.down.next_data().await?.expect("it does not break off");
            self.reader.push(&piece);
            while let Some(frame) = self.reader.next_frame().expect("sound messages") {
                self.waiting.push_back(got(&frame, self.world.clock().now()));
            }
        }
        self.waiting.pop_front()
    }

    /// Everything up to the first that is `last`, in brief.
    pub(super) async fn until(&mut self, last: &str) -> Vec<Got> {
        let mut all = Vec::new();
        loop {
            let Some(got) = self.next().await else { panic!("no {last} in {all:#?}") };
            all.push(got);
            if all.last().is_some_and(|got| got.brief() == last) {
                return all;
            }
        }
    }

    /// Everything to the end.
    pub(super) async fn rest(&mut self) -> Vec<Got> {
        let mut all = Vec::new();
        while let Some(got) = self.next().await {
            all.push(got);
        }
        assert!(self.reader.is_empty(), "it ends within a message");
        all
    }
}

pub(super) fn prompt_start(name: &str, tools: Value) -> Value {
    let mut start = json!({
        "promptName": name,
        "textOutputConfiguration": { "mediaType": "text/plain" },
        "audioOutputConfiguration": { "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
            "channelCount": 1, "voiceId": "matthew", "encoding": "base64", "audioType": "SPEECH" },
    });
    if !tools.is_null() {
        start["toolUseOutputConfiguration"] = json!({ "mediaType": "application/json" });
        start["toolConfiguration"] = tools;
    }
    start
}

/// The message that a client signs.
pub(super) fn chunk(json: &str) -> BytesMut {
    let mut out = BytesMut::new();
    let payload = json!({ "bytes": STANDARD.encode(json) }).to_string();
    stream_frame::encode_event_json("chunk", payload.as_bytes(), &mut out);
    out
}

fn got(frame: &wire::event_stream::Frame, at: Instant) -> Got {
    match invoke_stream::decode(frame).expect("a message of the stream") {
        Incoming::Chunk(json) => {
            let event: Value = serde_json::from_slice(&json).expect("JSON");
            let (name, body) = event["event"].as_object().expect("an event").iter().next().expect("one");
            Got { name: name.clone(), body: body.clone(), at }
        }
        Incoming::Exception(error) => {
            let name = frame.text_header(":exception-type").expect("a name").to_owned();
            Got { name, body: json!({ "message": error.message }), at }
        }
        Incoming::Unknown(name) => panic!("an event {name}"),
    }
}

pub(super) fn briefs(all: &[Got]) -> Vec<String> {
    all.iter().map(Got::brief).collect()
}

/// The texts of a stage, put together.
pub(super) fn words(all: &[Got], stage: &str) -> String {
    let of_stage = |got: &&Got| got.brief() == format!("contentStart TEXT {stage}");
    let ids: Vec<&str> = all.iter().filter(of_stage).map(|got| got.text("contentId")).collect();
    let texts = all.iter().filter(|got| got.name == "textOutput" && ids.contains(&got.text("contentId")));
    texts.map(|got| got.text("content")).collect()
}

/// The bytes of the speech.
pub(super) fn speech(all: &[Got]) -> Vec<u8> {
    let parts = all.iter().filter(|got| got.name == "audioOutput");
    parts.flat_map(|got| STANDARD.decode(got.text("content")).expect("base64")).collect()
}
