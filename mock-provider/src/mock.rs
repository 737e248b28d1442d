//! A running mock.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use quota::Pools;
use world::http::{Server, serve};
use world::{Address, Clock, World};

use crate::counters::Counters;
use crate::plan::MockPlan;
use crate::service::Service;

/// A mock that serves. Dropping it closes every connection.
#[derive(Debug)]
pub struct Mock {
    server: Server,
    clock: Clock,
    counters: Counters,
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
    Ok(Mock { server: serve(world, listener, service), clock: *world.clock(), counters })
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

    /// Accepts no more, lets answers in flight end within `grace`, then closes what is left. Returns how
    /// many connections had to be closed.
    pub async fn shutdown(self, grace: Duration) -> usize {
        self.server.shutdown(&self.clock, grace).await
    }
}
