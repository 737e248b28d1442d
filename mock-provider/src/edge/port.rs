//! The handler of a mock that stands alone: control, metrics and health on their paths, the providers on all
//! others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use fault::layer;
use http::{Request, Response};
use quota::Pools;
use world::http::{Abort, Body, Connections, Handler};
use world::{Clock, ConnectionHandle, Seed};

use super::books::Books;
use super::control;
use super::metrics::Now;
use super::plan::Access;
use crate::counters::Counters;
use crate::plan::MockPlan;
use crate::service::Service;

/// What all ports of a mock have in common.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) clock: Clock,
    pub(crate) plan: MockPlan,
    pub(crate) seed: Seed,
    pub(crate) books: Arc<Books>,
    pools: Pools,
    counters: Counters,
    /// Replaced by a fresh one when a test suite starts afresh.
    service: RwLock<Arc<Service>>,
    connections: OnceLock<Connections>,
    draining: AtomicBool,
}

impl Edge {
    pub(crate) fn new(plan: MockPlan, seed: Seed, (clock, pools): (Clock, Pools), books: Books) -> Self {
        let (books, counters) = (Arc::new(books), Counters::default());
        let service =
            Service::on_record(plan.clone(), seed, (clock, &pools), Arc::clone(&books), counters.clone());
        Self {
            clock,
            plan,
            seed,
            pools,
            books,
            counters,
            service: RwLock::new(Arc::new(service)),
            connections: OnceLock::new(),
            draining: AtomicBool::new(false),
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Tells whose connections are counted.
    pub(crate) fn watch(&self, connections: Connections) {
        // Told once, when the port is open.
        let _ = self.connections.set(connections);
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// What is so now.
    pub(crate) fn now(&self) -> Now {
        let connections = self.connections.get();
        Now {
            live_requests: self.books.live(),
            live_streams: self.counters.live_streams(),
            connections: connections.map_or(0, Connections::open),
            accepted: connections.map_or(0, Connections::accepted),
        }
    }

    /// Forgets all that was: counts of identities, quotas used but for those that other mocks draw on too,
    /// journal, counters, rules set by hand. Requests in flight end as they would have.
    pub(crate) fn reset(&self) {
        let books = Arc::clone(&self.books);
        let at = (self.clock, &self.pools);
        let fresh = Service::on_record(self.plan.clone(), self.seed, at, books, self.counters.clone());
        *self.service.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        self.counters.reset();
        self.books.faults.clear(None);
        self.books.metrics.reset();
        self.books.journal().clear();
    }

    fn service(&self) -> Arc<Service> {
        Arc::clone(&self.service.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One port of a mock: the providers' own, or one for control alone.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) edge: Arc<Edge>,
    pub(crate) access: Access,
    pub(crate) is_admin: bool,
}

impl Handler for Port {
    fn admit(&self, connection: &ConnectionHandle) -> bool {
        if self.is_admin {
            return true;
        }
        let books = &self.edge.books;
        let now = self.edge.clock.now();
        let Some(decision) = books.faults.decide_connection(now, connection.ordinal()) else { return true };
        layer::refuse_connection(&decision, connection, books.open_connection(&decision, connection));
        false
    }

    async fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> Result<Response<Body>, Abort> {
        match control::Place::of(request.uri().path(), &self.access) {
            Some(place) => Ok(control::answer(&self.edge, &self.access, place, request).await),
            None if self.is_admin => Ok(control::nowhere(request.uri().path())),
            None => self.edge.service().handle(request, connection).await,
        }
    }
}
