//! A gateway that does what a test tells it to, and a client log kept in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use evidence::record::{AttemptRecord, ClientRecord, FaultRecord};
use evidence::{Journal, Nonce, Observe};
use http::{Request, Response, header};
use loadgen::plan::{Binding, LoadFile, LoadPlan};
use loadgen::{LoadSummary, Progress, Target};
use wire::openai::chat::{ChatCompletion, Choice, FinishReason};
use wire::openai::chat_stream::{self, ChunkHead, ChunkWriter};
use wire::openai::embeddings::{EmbeddingResponse, Vector};
use wire::openai::models::{Model, ModelList};
use world::http::{Abort, Body, collect, serve};
use world::{Address, ConnectionHandle, Seed, World, run_virtual};

/// Keeps the client log in memory.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Vec<ClientRecord>);

impl Observe for Log {
    fn client(&mut self, record: &ClientRecord) {
        self.0.push(record.clone());
    }
    fn attempt(&mut self, _: &AttemptRecord) {}
    fn fault(&mut self, _: &FaultRecord) {}
}

/// A request as a script sees it.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) nonce: Option<Nonce>,
    pub(crate) streamed: bool,
    pub(crate) connection: ConnectionHandle,
    pub(crate) world: World,
}

/// What a script answers.
pub(crate) type Scripted = Result<Response<Body>, Abort>;

/// A plan from the text of a `[load]` section.
pub(crate) fn plan_of(text: &str, seed: u64, duration: &str) -> LoadPlan {
    let file: LoadFile = toml::from_str(text).expect("a load section");
    file.plan(&binding(seed, duration)).expect("a plan without problems")
}

pub(crate) fn binding(seed: u64, duration: &str) -> Binding {
    Binding {
        seed: Seed(seed),
        duration: Some(notation::parse_duration(duration).expect("a duration")),
        models: Default::default(),
        pinned: [("bedrock".to_owned(), "bedrock/claude".to_owned())].into_iter().collect(),
    }
}

/// Runs `plan` in virtual time against a server that follows `script`.
pub(crate) fn drive<F, R>(plan: &LoadPlan, script: F) -> (LoadSummary, Vec<ClientRecord>)
where
    F: Fn(Asked) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Scripted> + Send + 'static,
{
    run_virtual(Seed(1), |world| async move {
        let server = server(&world, &Address::new("gateway"), script);
        let outcome =
            send(&world, plan, &Target::new(format!("http://{}", server.address()).parse().unwrap())).await;
        drop(server);
        outcome
    })
}

/// Starts a server that follows `script`.
pub(crate) fn server<F, R>(world: &World, address: &Address, script: F) -> world::http::Server
where
    F: Fn(Asked) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Scripted> + Send + 'static,
{
    let listener = world.network().listen(address).expect("a free address");
    let own_world = world.clone();
    let handler = move |request: Request<Body>, connection: ConnectionHandle| {
        let (script, world) = (script.clone(), own_world.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = collect(body, 1 << 24).await.map_err(|_| Abort)?;
            script(Asked {
                method: head.method.to_string(),
                path: head.uri.path().to_owned(),
                headers: head.headers,
                nonce: evidence::nonce::find_last(&body),
                streamed: body.windows(13).any(|window| window == b"\"stream\":true"),
                body,
                connection,
                world,
            })
            .await
        }
    };
    serve(world, listener, Arc::new(handler))
}

/// Sends a plan and returns its summary and its client log.
pub(crate) async fn send(
    world: &World,
    plan: &LoadPlan,
    target: &Target,
) -> (LoadSummary, Vec<ClientRecord>) {
    let log = Arc::new(Mutex::new(Log::default()));
    let builder = Journal::builder().observer(Box::new(Arc::clone(&log)));
    let journal = if world.is_virtual() { builder.virtual_time() } else { builder.real_time() };
    let summary = loadgen::run(world, target.clone(), plan, journal.clone(), Progress::default()).await;
    journal.finish().expect("a log in memory");
    let records = std::mem::take(&mut log.lock().unwrap().0);
    (summary, records)
}

/// The right answer to any request, at once.
pub(crate) fn good(asked: &Asked) -> Scripted {
    match (asked.path.as_str(), asked.streamed) {
        ("/v1/chat/completions", false) => Ok(completion(asked, 5)),
        ("/v1/chat/completions", true) => Ok(streamed(&good_stream(asked.nonce, 5))),
        ("/v1/embeddings", _) => Ok(json(embeddings(asked).to_vec())),
        ("/v1/models", _) => Ok(json(models().to_vec())),
        _ => Ok(json(b"{}".to_vec())),
    }
}

pub(crate) fn json(body: Vec<u8>) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::full(body)).unwrap()
}

pub(crate) fn completion(asked: &Asked, tokens: u32) -> Response<Body> {
    let text: String = (0..tokens).map(|seq| asked.nonce.expect("a nonce").token_text(seq)).collect();
    let choices = vec![Choice::of_text(text, FinishReason::Stop)];
    let body = ChatCompletion { model: "claude".into(), choices, ..ChatCompletion::default() }.to_bytes();
    let mut response = json(body.to_vec());
    response.headers_mut().insert("x-brownout-provider", "bedrock".parse().unwrap());
    response
}

fn embeddings(asked: &Asked) -> Bytes {
    let body: serde_json::Value = serde_json::from_slice(&asked.body).expect("JSON");
    let inputs = body["input"].as_array().map_or(1, Vec::len) as u32;
    let vectors = (0..inputs).map(|_| Vector::Floats(vec![0.5; 8].into()));
    EmbeddingResponse::new("titan".into(), vectors, 5).to_bytes()
}

fn models() -> Bytes {
    ModelList::new(vec![Model { id: "chat".into(), ..Model::default() }]).to_bytes()
}

/// Writes the chunks of one stream.
pub(crate) fn writer() -> ChunkWriter {
    ChunkWriter::new(&ChunkHead { id: "chatcmpl-1".into(), model: "claude".into(), ..ChunkHead::default() })
}

/// The pieces of a stream, one event each: the role, `tokens` tokens, the reason, the end.
pub(crate) fn good_stream(nonce: Option<Nonce>, tokens: u32) -> Vec<Bytes> {
    let nonce = nonce.expect("a nonce");
    let texts: Vec<String> = (0..tokens).map(|seq| nonce.token_text(seq)).collect();
    stream_of(&texts)
}

/// A whole stream that says `texts`.
pub(crate) fn stream_of(texts: &[String]) -> Vec<Bytes> {
    let writer = writer();
    let mut events = vec![event(|out| writer.role(out))];
    events.extend(texts.iter().map(|text| event(|out| writer.content(text, out))));
    events.push(event(|out| writer.finish(FinishReason::Stop, out)));
    events.push(Bytes::from_static(chat_stream::DONE));
    events
}

pub(crate) fn event(write: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    write(&mut out);
    out.freeze()
}

/// A stream of these pieces, all at once, with a clean end.
pub(crate) fn streamed(pieces: &[Bytes]) -> Response<Body> {
    sse(Body::full(pieces.concat()))
}

pub(crate) fn sse(body: Body) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, chat_stream::CONTENT_TYPE).body(body).unwrap()
}

/// A stream of these pieces, `gap` before each, that then ends cleanly or, given a broken end, by reset.
pub(crate) fn paced(asked: &Asked, pieces: Vec<Bytes>, gap: Duration, ends_by_reset: bool) -> Response<Body> {
    let (sender, body) = Body::channel(1);
    let (clock, connection) = (*asked.world.clock(), asked.connection.clone());
    drop(asked.world.spawn(async move {
        for piece in pieces {
            clock.sleep(gap).await;
            sender.send(piece).await;
        }
        if ends_by_reset {
            clock.sleep(gap).await;
            connection.reset();
            sender.fail(world::http::BodyError::new("cut")).await;
        }
    }));
    sse(body)
}
