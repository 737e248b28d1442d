//! The one handler: reads a request whole, names it, and hands it to the surface whose path it has.

use http::{Request, Response};
use world::http::{Abort, Body, CollectError, Handler, collect};
use world::{Clock, ConnectionHandle, Seed};

use crate::bedrock::Bedrock;
use crate::call::{Call, Engine};
use crate::counters::Counters;
use crate::plan::MockPlan;
use crate::surface::Surface;
use crate::vertex::Vertex;

/// What a mock does with a request.
#[derive(Debug)]
pub(crate) struct Service {
    engine: Engine,
    bedrock: Bedrock,
    vertex: Vertex,
}

impl Service {
    pub(crate) fn new(plan: MockPlan, seed: Seed, clock: Clock) -> Self {
        let bedrock = Bedrock::new(&plan, clock);
        let vertex = Vertex::new(&plan, seed, clock);
        Self { engine: Engine::new(plan, seed, clock), bedrock, vertex }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.engine.counters
    }
}

impl Handler for Service {
    async fn handle(
        &self,
        request: Request<Body>,
        _connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        self.engine.counters.request();
        let (parts, body) = request.into_parts();
        let surface = Surface::of_path(parts.uri.path(), self.engine.plan.home());
        let limit = match surface {
            Surface::Bedrock => crate::bedrock::BODY_LIMIT,
            Surface::Vertex => crate::vertex::BODY_LIMIT,
        };
        let (body, is_too_large) = match collect(body, limit).await {
            Ok(body) => (body, false),
            Err(CollectError::TooLarge { .. }) => (bytes::Bytes::new(), true),
            // A client that broke off within its request waits for nothing.
            Err(CollectError::Broken(_)) => return Err(Abort),
        };
        let path = parts.uri.path();
        let arrived = self.engine.clock.now();
        let identity = self.engine.registry.identify(&parts.method, path, &body, arrived);
        let call = Call { parts: &parts, path, body: &body, identity, arrived };
        Ok(match surface {
            Surface::Bedrock if is_too_large => self.bedrock.too_large(&self.engine, &call),
            Surface::Vertex if is_too_large => self.vertex.too_large(&self.engine, &call),
            Surface::Bedrock => self.bedrock.answer(&self.engine, &call).await,
            Surface::Vertex => self.vertex.answer(&self.engine, &call).await,
        })
    }
}
