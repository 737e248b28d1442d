//! A provider that answers as a test says, and remembers what it saw.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use evidence::Nonce;
use evidence::nonce::find_last;
use http::{Request, Response};
use wire::bedrock::converse::{Metrics, Role, StopReason, Usage};
use wire::bedrock::converse_stream::StreamEvent;
use wire::bedrock::stream_frame::{Padding, encode_exception_named};
use wire::vertex::generate_content::{FinishReason, TrafficType, UsageMetadata};
use wire::vertex::stream::{ChunkHead, Framing, StreamWriter};
use world::http::{Abort, Body, BodyError, BodySender, Server, collect, serve};
use world::{Address, Clock, ConnectionHandle, World};

/// What a provider does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// An answer with status, headers and body, after a time in ms.
    Whole(u64, u16, Vec<(&'static str, String)>, String),
    /// A stream.
    Stream(Vec<Event>, StreamEnd),
    /// The connection is reset.
    Reset,
    /// Nothing, for ever.
    Silence,
}

/// One event of a stream.
#[derive(Clone)]
pub(crate) enum Event {
    /// A pause in ms.
    Wait(u64),
    /// Token `seq` of the request's nonce.
    Token(u32),
    /// An in-band error.
    Error,
    /// Why it ended, and the usage.
    Stop,
    /// A comment, which is no event.
    Comment,
}

/// How a stream ends after its events.
#[derive(Clone, Copy)]
pub(crate) enum StreamEnd {
    Clean,
    Cut,
    Hang,
}

/// A request that a provider saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at_ms: u128,
    pub(crate) path: String,
    pub(crate) nonce: Option<Nonce>,
    /// When the gateway closed the request before its end.
    pub(crate) left_at_ms: Option<u128>,
    pub(crate) authorization: String,
}

type Script = Box<dyn Fn(&Seen, usize) -> Reply + Send + Sync>;

/// A running provider.
pub(crate) struct Provider {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    world: World,
    clock: Clock,
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

impl Provider {
    pub(crate) fn start(world: &World, address: &Address) -> Self {
        let shared = Arc::new(Shared {
            world: world.clone(),
            clock: *world.clock(),
            script: Mutex::new(Box::new(|_, _| Reply::Silence)),
            seen: Mutex::default(),
        });
        let listener = world.network().listen(address).expect("a free address");
        let handler = {
            let shared = Arc::clone(&shared);
            move |request: Request<Body>, connection: ConnectionHandle| {
                let shared = Arc::clone(&shared);
                async move { answer(shared, request, connection).await }
            }
        };
        Self { shared, server: serve(world, listener, Arc::new(handler)) }
    }

    pub(crate) fn address(&self) -> &Address {
        self.server.address()
    }

    /// Answers each request as `script` says from the request and its ordinal, from 0.
    pub(crate) fn script(&self, script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    /// Answers every request alike.
    pub(crate) fn always(&self, reply: Reply) {
        self.script(move |_, _| reply.clone());
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.shared.seen).len()
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Body>,
    connection: ConnectionHandle,
) -> Result<Response<Body>, Abort> {
    let (head, body) = request.into_parts();
    let body = collect(body, 1 << 20).await.map_err(|_| Abort)?;
    let authorization = head.headers.get("authorization").map_or("", |value| value.to_str().expect("text"));
    let seen = Seen {
        at_ms: shared.clock.now().as_duration().as_millis(),
        path: head.uri.to_string(),
        nonce: find_last(&body),
        left_at_ms: None,
        authorization: authorization.to_owned(),
    };
    let ordinal = lock(&shared.seen).len();
    let reply = (lock(&shared.script))(&seen, ordinal);
    lock(&shared.seen).push(seen.clone());
    let mut leaving = Leaving { shared: Arc::clone(&shared), ordinal, ended: false };
    match reply {
        Reply::Whole(after_ms, status, headers, body) => {
            shared.clock.sleep(Duration::from_millis(after_ms)).await;
            leaving.ended = true;
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Body::full(body)).expect("a response"))
        }
        Reply::Stream(events, end) => Ok(stream(&shared, &seen, (events, end), connection, leaving)),
        Reply::Reset => {
            leaving.ended = true;
            connection.reset();
            Err(Abort)
        }
        Reply::Silence => {
            shared.clock.sleep(Duration::from_secs(36_000)).await;
            Err(Abort)
        }
    }
}

/// Notes when the gateway leaves.
struct Leaving {
    shared: Arc<Shared>,
    ordinal: usize,
    ended: bool,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if !self.ended {
            let now = self.shared.clock.now().as_duration().as_millis();
            lock(&self.shared.seen)[self.ordinal].left_at_ms = Some(now);
        }
    }
}

fn stream(
    shared: &Arc<Shared>,
    seen: &Seen,
    script: (Vec<Event>, StreamEnd),
    connection: ConnectionHandle,
    leaving: Leaving,
) -> Response<Body> {
    let bedrock = seen.path.contains("converse-stream");
    let (sender, body) = Body::channel(1);
    let writer = Writer::new(bedrock, seen.nonce.expect("a nonce"));
    drop(shared.world.spawn(send(shared.clock, writer, script, sender, connection, leaving)));
    let content_type = if bedrock { "application/vnd.amazon.eventstream" } else { "text/event-stream" };
    Response::builder().header("content-type", content_type).body(body).expect("a response")
}

async fn send(
    clock: Clock,
    mut writer: Writer,
    (events, end): (Vec<Event>, StreamEnd),
    sender: BodySender,
    connection: ConnectionHandle,
    mut leaving: Leaving,
) {
    let mut flushes = connection.flushes();
    for event in events {
        if let Event::Wait(ms) = event {
            let left = clock.timeout(Duration::from_millis(ms), sender.closed()).await.is_ok();
            if left {
                return;
            }
            continue;
        }
        flushes = connection.flushes();
        if !sender.send(writer.write(&event)).await {
            return;
        }
    }
    match end {
        StreamEnd::Clean => leaving.ended = true,
        StreamEnd::Cut => {
            leaving.ended = true;
            connection.flushed_since(flushes).await;
            connection.finish();
            sender.fail(BodyError::new("cut")).await;
        }
        StreamEnd::Hang => sender.closed().await,
    }
}

/// Writes events in either provider's form.
enum Writer {
    Bedrock(Nonce, bool),
    Vertex(Nonce, StreamWriter),
}

impl Writer {
    fn new(bedrock: bool, nonce: Nonce) -> Self {
        if bedrock {
            return Self::Bedrock(nonce, false);
        }
        let head = ChunkHead {
            model_version: "gemini".into(),
            create_time: "2026-01-01T00:00:00Z".into(),
            response_id: "r".into(),
            traffic_type: Some(TrafficType::OnDemand),
        };
        Self::Vertex(nonce, StreamWriter::new(Framing::Sse, &head))
    }

    fn write(&mut self, event: &Event) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Bedrock(nonce, begun) => {
                if !std::mem::replace(begun, true) {
                    StreamEvent::MessageStart { role: Role::Assistant }.encode(Padding::of_len(3), &mut out);
                }
                bedrock_event(event, *nonce, &mut out);
            }
            Self::Vertex(nonce, writer) => vertex_event(event, *nonce, writer, &mut out),
        }
        out.freeze()
    }
}

fn bedrock_event(event: &Event, nonce: Nonce, out: &mut BytesMut) {
    let p = Padding::of_len(5);
    match event {
        Event::Token(seq) => StreamEvent::text(0, nonce.token_text(*seq)).encode(p, out),
        Event::Error => encode_exception_named("serviceUnavailableException", br#"{"message":"down"}"#, out),
        Event::Stop => {
            let stop = StreamEvent::MessageStop {
                additional_model_response_fields: None,
                stop_reason: StopReason::EndTurn,
            };
            stop.encode(p, out);
            let metrics = Metrics { latency_ms: 1 };
            StreamEvent::metadata(metrics, Usage::new(7, 3)).encode(p, out);
        }
        Event::Comment => StreamEvent::ContentBlockStop { index: 0 }.encode(p, out),
        Event::Wait(_) => {}
    }
}

fn vertex_event(event: &Event, nonce: Nonce, writer: &mut StreamWriter, out: &mut BytesMut) {
    match event {
        Event::Token(seq) => writer.text(&nonce.token_text(*seq), out),
        Event::Error => out.extend_from_slice(
            b"data: {\"error\":{\"code\":503,\"message\":\"down\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
        ),
        Event::Stop => {
            let usage = UsageMetadata::of_text(7, 3, TrafficType::OnDemand);
            writer.finish("", FinishReason::Stop, &usage, out);
        }
        Event::Comment => out.extend_from_slice(b": still here\r\n\r\n"),
        Event::Wait(_) => {}
    }
}

/// Tokens `0..count`, `gap_ms` apart.
pub(crate) fn tokens(count: u32, gap_ms: u64) -> Vec<Event> {
    (0..count).flat_map(|seq| [Event::Wait(gap_ms), Event::Token(seq)]).collect()
}

/// A good whole answer of Bedrock.
pub(crate) fn bedrock_answer(after_ms: u64) -> Reply {
    let body = r#"{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"text":" a.0 a.1 a.2"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":7,"outputTokens":3,"totalTokens":10}}"#;
    Reply::Whole(after_ms, 200, Vec::new(), body.to_owned())
}

/// A good whole answer of Vertex AI.
pub(crate) fn vertex_answer(after_ms: u64) -> Reply {
    let body = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":" a.0 a.1 a.2"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3,"totalTokenCount":10}}"#;
    Reply::Whole(after_ms, 200, Vec::new(), body.to_owned())
}

/// An error of Bedrock, at once.
pub(crate) fn bedrock_error(status: u16) -> Reply {
    Reply::Whole(0, status, Vec::new(), r#"{"message":"words"}"#.to_owned())
}
