//! The one handler: reads a request whole, names it, and hands it to the surface whose path it has, within
//! the fault that it asks for, if any.

use bytes::Bytes;
use fault::asked::Asked;
use fault::layer::{self, Exchange};
use fault::{Rules, Tally};
use http::request::Parts;
use http::{Request, Response, Uri};
use quota::Pools;
use world::http::{Abort, Body, CollectError, Handler, collect};
use world::{Clock, ConnectionHandle, Seed};

use crate::anthropic::Anthropic;
use crate::bedrock::Bedrock;
use crate::call::{Call, Engine};
use crate::counters::Counters;
use crate::openai::OpenAi;
use crate::overrides;
use crate::plan::MockPlan;
use crate::surface::Surface;
use crate::vertex::Vertex;

/// What a mock does with a request.
#[derive(Debug)]
pub(crate) struct Service {
    engine: Engine,
    bedrock: Bedrock,
    vertex: Vertex,
    openai: OpenAi,
    anthropic: Anthropic,
    /// No rule of its own: it acts what requests ask for.
    faults: Rules,
}

impl Service {
    pub(crate) fn new(plan: MockPlan, seed: Seed, clock: Clock, pools: &Pools) -> Self {
        let bedrock = Bedrock::new(&plan, pools.bedrock(&plan.limits, clock));
        let vertex = Vertex::new(&plan, seed, pools.vertex(&plan.limits, clock));
        let openai = OpenAi::new(pools.openai(&plan.limits, clock), pools.azure(&plan.limits, clock));
        let faults = Rules::of_provider(&[], &plan.name, seed);
        Self { engine: Engine::new(plan, seed, clock), bedrock, vertex, openai, anthropic: Anthropic, faults }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.engine.counters
    }

    async fn answer(&self, surface: Surface, call: &Call<'_>) -> Response<Body> {
        match surface {
            Surface::Bedrock => self.bedrock.answer(&self.engine, call).await,
            Surface::Vertex => self.vertex.answer(&self.engine, call).await,
            Surface::OpenAi => self.openai.answer(&self.engine, call).await,
            Surface::Anthropic => self.anthropic.answer(&self.engine, call).await,
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

    /// Answers within the fault that `spec` asks for.
    async fn answer_faulted(
        &self,
        surface: Surface,
        call: &Call<'_>,
        spec: &str,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        let effect = match fault::spec::parse(spec, surface.family()) {
            Ok(effect) => effect,
            Err(error) => return Ok(self.refuse(surface, call, &error.to_string())),
        };
        let who = fault::Identity { number: call.identity.request, attempt: call.identity.attempt };
        let decision = self.faults.force(call.arrived, effect, who);
        let uri = effective_uri(call);
        let asked = asked(surface, call, &uri);
        let exchange = Exchange { clock: self.engine.clock, connection, asked, path: call.path };
        let account = Tally::counting(call.identity.nonce.map(evidence::Nonce::tag));
        layer::answer(Some(decision), exchange, account, || async { Ok(self.answer(surface, call).await) })
            .await
    }
}

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
    match collect(body, limit).await {
        Ok(body) => Ok(Some(body)),
        Err(CollectError::TooLarge { .. }) => Ok(None),
        // A client that broke off within its request waits for nothing.
        Err(CollectError::Broken(_)) => Err(Abort),
    }
}

/// Whose path this is, a fault before it or not.
fn surface_of(parts: &Parts, home: Surface) -> Surface {
    Surface::of_request(&parts.headers, &overrides::take(parts, b"").path, home)
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
        let body = read(body, surface).await?;
        let is_too_large = body.is_none();
        let body = body.unwrap_or_default();
        let taken = overrides::take(&parts, &body);
        let body = taken.body.unwrap_or(body);
        let arrived = self.engine.clock.now();
        let identity = self.engine.registry.identify(&parts.method, &taken.path, &body, arrived);
        let call = Call { parts: &parts, path: &taken.path, body: &body, identity, arrived };
        match &taken.spec {
            _ if is_too_large => Ok(self.too_large(surface, &call)),
            Some(spec) => self.answer_faulted(surface, &call, spec, connection).await,
            None => Ok(self.answer(surface, &call).await),
        }
    }
}
