//! A running mock.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use notation::Problems;
use quota::Pools;
use world::http::{Server, serve, serve_tls};
use world::{Address, Clock, Seed, World};

use crate::counters::Counters;
use crate::edge::{Books, Edge, EdgePlan, Faults, Metrics, Port};
use crate::plan::MockPlan;
use crate::service::Service;

/// Longer than the grace by so much, the inner limit never counts.
const LINGER: Duration = Duration::from_secs(60);

/// A mock that serves. Dropping it closes every connection.
#[derive(Debug)]
pub struct Mock {
    server: Server,
    clock: Clock,
    counters: Counters,
    /// What surrounds a mock that stands alone.
    edge: Option<Arc<Edge>>,
    /// Answers until the very end.
    admin: Option<Server>,
}

/// Why a mock that stands alone does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot listen.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: Address,
        /// Why not.
        cause: io::Error,
    },
    /// Its rules make no sense; places begin with `[i]`.
    #[error("{0}")]
    Faults(Problems),
    /// Its metrics have a name that Prometheus does not take.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

/// Serves `plan` at `address`, every surface on the one port.
///
/// # Errors
/// The address cannot be listened at.
pub fn start(world: &World, address: &Address, plan: MockPlan) -> io::Result<Mock> {
    start_among(world, address, plan, &Pools::default())
}

/// Serves `plan` as [`start`] does; a quota of it that has a name is the one of that name in `pools`.
///
/// # Errors
/// The address cannot be listened at.
pub fn start_among(world: &World, address: &Address, plan: MockPlan, pools: &Pools) -> io::Result<Mock> {
    let listener = world.network().listen(address)?;
    let seed = plan.seed.unwrap_or(world.seed());
    let service = Arc::new(Service::new(plan, seed, *world.clock(), pools));
    let counters = service.counters().clone();
    let server = serve(world, listener, service);
    Ok(Mock { server, clock: *world.clock(), counters, edge: None, admin: None })
}

/// Serves `plan` at `address` for people and test suites, with what `edge` offers beside the providers' APIs.
///
/// # Errors
/// An address cannot be listened at, or a rule makes no sense.
pub fn start_alone(
    world: &World,
    address: &Address,
    plan: MockPlan,
    edge: EdgePlan,
) -> Result<Mock, StartError> {
    let clock = *world.clock();
    let seed = plan.seed.unwrap_or(world.seed());
    let books = books(&plan, seed, &edge, clock)?;
    let around = Arc::new(Edge::new(plan, seed, (clock, edge.pools.clone()), books));
    let listen = |address: &Address| {
        let listening = world.network().listen(address);
        listening.map_err(|cause| StartError::Listen { address: address.clone(), cause })
    };
    let listener = listen(address)?;
    let admin = match edge.admin {
        None => None,
        Some((address, access)) => {
            let port = Port { edge: Arc::clone(&around), access, is_admin: true };
            Some(serve(world, listen(&address)?, Arc::new(port)))
        }
    };
    let port = Arc::new(Port { edge: Arc::clone(&around), access: edge.access, is_admin: false });
    let server = match edge.identity {
        None => serve(world, listener, port),
        Some(identity) => serve_tls(world, listener, port, identity),
    };
    around.watch(server.counts());
    let counters = around.counters().clone();
    Ok(Mock { server, clock, counters, edge: Some(around), admin })
}

fn books(plan: &MockPlan, seed: Seed, edge: &EdgePlan, clock: Clock) -> Result<Books, StartError> {
    let faults = Faults::new(&edge.faults, &plan.name, seed).map_err(StartError::Faults)?;
    Ok(Books::new(clock, edge.journal, Metrics::new(&plan.name)?, faults))
}

impl Mock {
    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.server.address()
    }

    /// What it counts of itself. The counters outlive the mock.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Where control, metrics and health have a port of their own.
    #[must_use]
    pub fn admin_address(&self) -> Option<&Address> {
        self.admin.as_ref().map(Server::address)
    }

    /// Requests whose answer has not ended, where they are counted: of a mock that stands alone.
    #[must_use]
    pub fn live_requests(&self) -> u64 {
        self.edge.as_ref().map_or(0, |edge| edge.now().live_requests)
    }

    /// Says from now on that no more requests are wanted.
    pub fn drain(&self) {
        if let Some(edge) = &self.edge {
            edge.drain();
        }
    }

    /// Accepts no more, lets answers in flight end within `grace`, then closes what is left. Returns how
    /// many requests were cut off; connections, where requests are not counted.
    pub async fn shutdown(self, grace: Duration) -> usize {
        self.drain();
        let Self { server, clock, edge, admin, .. } = self;
        let counts = server.counts();
        // Ends with its last connection: what is left at the end of the grace is counted before it is closed.
        let mut ending = pin!(server.shutdown(&clock, grace + LINGER));
        if clock.timeout(grace, ending.as_mut()).await.is_ok() {
            return 0;
        }
        drop(admin);
        let live = |edge: Arc<Edge>| usize::try_from(edge.now().live_requests).unwrap_or(usize::MAX);
        edge.map_or_else(|| counts.open(), live)
    }
}
