//! The one handler: reads a request whole, names it, and hands it to the surface whose path it has, within
//! the fault that it asks for, if any. A mock that stands alone has rules of its own and keeps books.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fault::asked::{Asked, Kind};
use fault::layer::{self, Exchange};
use fault::{Account, Decision, Family, Identity, Rules, Tally};
use http::request::Parts;
use http::{Method, Request, Response, Uri};
use http_body::Body as _;
use quota::Pools;
use wire::bedrock::path::Operation;
use world::http::{Abort, Body, CollectError, Handler, collect};
use world::{Clock, ConnectionHandle, Seed};

use crate::answers::Scripted;
use crate::anthropic::Anthropic;
use crate::bedrock::Bedrock;
use crate::call::{Call, Engine, Upload};
use crate::counters::Counters;
use crate::edge::Books;
use crate::openai::OpenAi;
use crate::overrides;
use crate::plan::MockPlan;
use crate::surface::Surface;
use crate::vertex::Vertex;

/// What a mock does with a request.
#[derive(Debug)]
pub(crate) struct Service {
    engine: Arc<Engine>,
    bedrock: Bedrock,
    vertex: Vertex,
    openai: OpenAi,
    anthropic: Anthropic,
    /// No rule of its own: it acts what requests ask for.
    faults: Rules,
    /// Of a mock that stands alone; a drill's proxy keeps its own.
    books: Option<Arc<Books>>,
}

/// How long a client may take over a request whose length it announced, to a mock that stands alone.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes beyond a surface's limit that are read and thrown away, so that a client which sends first and
/// listens later hears the refusal.
const DISCARD_MAX: u64 = 128 << 20;

impl Service {
    pub(crate) fn new(plan: MockPlan, seed: Seed, clock: Clock, pools: &Pools) -> Self {
        Self::counting(plan, seed, (clock, pools), Counters::default())
    }

    fn counting(plan: MockPlan, seed: Seed, (clock, pools): (Clock, &Pools), counters: Counters) -> Self {
        let bedrock = Bedrock::new(&plan, pools.bedrock(&plan.limits, clock));
        let vertex = Vertex::new(&plan, seed, pools.vertex(&plan.limits, clock));
        let openai = OpenAi::new(&plan, pools, clock);
        let anthropic = Anthropic::new(&plan, pools, clock);
        let faults = Rules::of_provider(&[], &plan.name, seed);
        let mut engine = Engine::new(plan, seed, clock);
        engine.counters = counters;
        Self { engine: Arc::new(engine), bedrock, vertex, openai, anthropic, faults, books: None }
    }

    /// A service that notes in `books` what it is asked, and follows the rules there.
    pub(crate) fn on_record(
        plan: MockPlan,
        seed: Seed,
        (clock, pools): (Clock, &Pools),
        books: Arc<Books>,
        counters: Counters,
    ) -> Self {
        // The books take the figure out again.
        let mut service = Self::counting(plan.announcing_tokens(), seed, (clock, pools), counters);
        service.books = Some(books);
        service
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.engine.counters
    }

    /// Every request is moved with room for the largest way through here, and so what is large and seldom is boxed,
    /// here and in the surfaces.
    async fn answer(&self, surface: Surface, call: &Call<'_>) -> Response<Body> {
        match surface {
            Surface::Bedrock => self.bedrock.answer(&self.engine, call).await,
            Surface::Vertex => self.vertex.answer(&self.engine, call).await,
            Surface::OpenAi => Box::pin(self.openai.answer(&self.engine, call)).await,
            Surface::Anthropic => Box::pin(self.anthropic.answer(&self.engine, call)).await,
        }
    }

    fn too_large(&self, surface: Surface, call: &Call<'_>) -> Response<Body> {
        match surface {
            Surface::Bedrock => self.bedrock.too_large(&self.engine, call),
            Surface::Vertex => self.vertex.too_large(&self.engine, call),
            Surface::OpenAi => self.openai.too_large(&self.engine, call),
            Surface::Anthropic => self.anthropic.too_large(&self.engine, call),
        }
    }

    fn refuse(&self, surface: Surface, call: &Call<'_>, message: &str) -> Response<Body> {
        match surface {
            Surface::Bedrock => self.bedrock.refuse(&self.engine, call, message),
            Surface::Vertex => self.vertex.refuse(&self.engine, message),
            Surface::OpenAi => self.openai.refuse(&self.engine, call, message),
            Surface::Anthropic => self.anthropic.refuse(&self.engine, call, message),
        }
    }

    /// The fault that a request asks for itself.
    fn wished(&self, call: &Call<'_>, family: Family, spec: &str) -> Result<Decision, String> {
        let effect = fault::spec::parse(spec, family).map_err(|error| error.to_string())?;
        Ok(self.faults.force(call.arrived, effect, who(call)))
    }

    /// Notes the answer that a user has scripted for a request, and returns the fault if it is one.
    fn script(&self, surface: Surface, call: &mut Call<'_>) -> Option<String> {
        let turns = &self.engine.turns;
        if turns.is_empty() {
            return None;
        }
        let uri = effective_uri(call);
        let asked = asked(surface, call, &uri);
        let place =
            if asked.kind == Kind::Chat { turns.take(surface, &asked.model, call.body) } else { None };
        match turns.at(place?)? {
            Scripted::Fail(spec) => return Some(spec.clone()),
            Scripted::Say(_) => call.identity.scripted = place,
        }
        None
    }

    /// Answers within the fault that `spec` asks for.
    async fn answer_faulted(
        &self,
        surface: Surface,
        call: &Call<'_>,
        spec: &str,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        let decision = match self.wished(call, surface.family(), spec) {
            Ok(decision) => decision,
            Err(error) => return Ok(self.refuse(surface, call, &error)),
        };
        let uri = effective_uri(call);
        let asked = asked(surface, call, &uri);
        let account = Tally::counting(call.identity.nonce.map(evidence::Nonce::tag));
        self.answer_within(decision, surface, call, (asked, connection), account).await
    }

    async fn answer_within(
        &self,
        decision: Decision,
        surface: Surface,
        call: &Call<'_>,
        (asked, connection): (Asked<'_>, ConnectionHandle),
        account: impl Account,
    ) -> Result<Response<Body>, Abort> {
        let exchange = Exchange { clock: self.engine.clock, connection, asked, path: call.path };
        layer::answer(Some(decision), exchange, account, || async { Ok(self.answer(surface, call).await) })
            .await
    }

    /// Answers as the rules of `books` have it, and notes there what became of it.
    async fn answer_on_record(
        &self,
        books: &Arc<Books>,
        surface: Surface,
        call: &Call<'_>,
        (spec, is_too_large): (Option<&str>, bool),
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        let uri = effective_uri(call);
        let asked = asked(surface, call, &uri);
        let family = surface.family();
        let record = books.open(family, &asked, call, &connection);
        if is_too_large {
            return Ok(record.watch(self.too_large(surface, call)));
        }
        let decided = match spec {
            Some(spec) => self.wished(call, family, spec).map(Some),
            None => {
                let headers = &call.parts.headers;
                Ok(books.faults.decide(call.arrived, (family, &asked), headers, who(call)))
            }
        };
        match decided {
            Ok(Some(decision)) => {
                self.answer_within(decision, surface, call, (asked, connection), record).await
            }
            Ok(None) => Ok(record.watch(self.answer(surface, call).await)),
            Err(error) => Ok(record.watch(self.refuse(surface, call, &error))),
        }
    }

    /// Reads the body of a request. A mock that stands alone does not wait for ever for one.
    async fn read(
        &self,
        body: Body,
        surface: Surface,
        connection: &ConnectionHandle,
    ) -> Result<Option<Bytes>, Abort> {
        let reading = read(body, surface);
        if self.books.is_none() {
            return reading.await;
        }
        match Box::pin(self.engine.clock.timeout(READ_TIMEOUT, reading)).await {
            Ok(read) => read,
            Err(_) => {
                connection.finish();
                Err(Abort)
            }
        }
    }
}

/// Who is decided about.
fn who(call: &Call<'_>) -> Identity {
    Identity { number: call.identity.request, attempt: call.identity.attempt }
}

/// What a request asks for, as the fault layer sees it.
fn asked<'u>(surface: Surface, call: &Call<'u>, uri: &'u Uri) -> Asked<'u> {
    fault::asked::read(surface.family(), &call.parts.method, uri, call.body)
}

/// The request's path and query without the fault. Cleaning takes whole segments away, so it stays a URI.
fn effective_uri(call: &Call<'_>) -> Uri {
    let query = call.parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
    Uri::try_from(format!("{}{query}", call.path)).unwrap_or_default()
}

/// Reads the body; `None` when it is larger than the surface takes.
async fn read(body: Body, surface: Surface) -> Result<Option<Bytes>, Abort> {
    let limit = match surface {
        Surface::Bedrock => crate::bedrock::BODY_LIMIT,
        Surface::Vertex => crate::vertex::BODY_LIMIT,
        Surface::OpenAi => crate::openai::BODY_LIMIT,
        Surface::Anthropic => crate::anthropic::BODY_LIMIT,
    };
    if body.size_hint().lower() > limit as u64 {
        return discard(body).await.map(|()| None);
    }
    match collect(body, limit).await {
        Ok(body) => Ok(Some(body)),
        Err(CollectError::TooLarge { .. }) => Ok(None),
        // A client that broke off within its request waits for nothing.
        Err(CollectError::Broken(_)) => Err(Abort),
    }
}

/// Reads a body that is too large and keeps nothing of it.
async fn discard(mut body: Body) -> Result<(), Abort> {
    let mut discarded = 0;
    while let Some(piece) = body.next_data().await {
        discarded += piece.map_err(|_| Abort)?.len() as u64;
        if discarded > DISCARD_MAX {
            break;
        }
    }
    Ok(())
}

/// Whose path this is, a fault before it or not.
fn surface_of(parts: &Parts, home: Surface) -> Surface {
    Surface::of_request(&parts.headers, &overrides::take(parts, b"").path, home)
}

/// Whether a request is answered while it is still being sent: a session of speech.
fn stays_open(parts: &Parts, surface: Surface) -> bool {
    let operation = Operation::InvokeModelWithBidirectionalStream.segment();
    surface == Surface::Bedrock
        && parts.method == Method::POST
        && parts.uri.path().rsplit('/').next() == Some(operation)
}

impl Handler for Service {
    async fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        self.engine.counters.request();
        let (parts, body) = request.into_parts();
        let surface = surface_of(&parts, self.engine.plan.home());
        let (body, upload) = if stays_open(&parts, surface) {
            (Some(Bytes::new()), Upload::open(body))
        } else {
            (self.read(body, surface, &connection).await?, Upload::default())
        };
        let is_too_large = body.is_none();
        let body = body.unwrap_or_default();
        let taken = overrides::take(&parts, &body);
        let body = taken.body.unwrap_or(body);
        let arrived = self.engine.clock.now();
        let identity = self.engine.registry.identify(&parts.method, &taken.path, &body, arrived);
        let mut call =
            Call { parts: &parts, path: &taken.path, body: &body, upload: &upload, identity, arrived };
        let scripted = if is_too_large { None } else { self.script(surface, &mut call) };
        let spec = taken.spec.as_deref().or(scripted.as_deref());
        if let Some(books) = &self.books {
            let asked = (spec, is_too_large);
            return Box::pin(self.answer_on_record(books, surface, &call, asked, connection)).await;
        }
        match spec {
            _ if is_too_large => Ok(self.too_large(surface, &call)),
            Some(spec) => Box::pin(self.answer_faulted(surface, &call, spec, connection)).await,
            None => Ok(self.answer(surface, &call).await),
        }
    }
}
