//! Starting and stopping a gateway.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use evidence::Journal;
use world::http::{Server, serve};
use world::{Address, Clock, World};

use crate::auth::{KeyTable, Store};
use crate::core::Core;
use crate::front::Front;
use crate::plan::{DeclaredPolicy, GatewayPlan};
use crate::state::GatewayState;

/// A running gateway. Dropping it closes every connection.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    core: Arc<Core>,
    declared: DeclaredPolicy,
    clock: Clock,
}

/// Why a gateway cannot start.
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
    /// The plan holds something that cannot be sent.
    #[error("the plan cannot be followed: {0}")]
    Plan(String),
}

/// Starts a gateway with the keys of its plan. Entries of its billing go to `ledger`.
///
/// # Errors
/// The address is taken or not this machine's, or the plan holds what no request can carry.
pub fn start(world: &World, plan: &GatewayPlan, ledger: Option<Journal>) -> Result<Gateway, StartError> {
    start_with_store(world, plan, Box::new(KeyTable::new(&plan.keys)), ledger)
}

/// Starts a gateway that asks `store` for keys.
///
/// # Errors
/// As [`start`].
pub fn start_with_store(
    world: &World,
    plan: &GatewayPlan,
    store: Box<dyn Store>,
    ledger: Option<Journal>,
) -> Result<Gateway, StartError> {
    let core = Arc::new(Core::new(world, plan, store, ledger)?);
    let listen = |cause| StartError::Listen { address: plan.listen.clone(), cause };
    let listener = world.network().listen(&plan.listen).map_err(listen)?;
    let server = serve(world, listener, Arc::new(Front(Arc::clone(&core))));
    Ok(Gateway { server, core, declared: plan.declared.clone(), clock: *world.clock() })
}

impl Gateway {
    /// Where it listens, with the port that it was given.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.server.address()
    }

    /// What it holds at this moment.
    #[must_use]
    pub fn state(&self) -> GatewayState {
        self.core.state()
    }

    /// What it says that it does.
    #[must_use]
    pub fn declared(&self) -> &DeclaredPolicy {
        &self.declared
    }

    /// Connections of clients that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Stops accepting, lets requests in flight end within `grace`, then closes what is left. Returns how
    /// many connections had to be closed.
    pub async fn shutdown(self, grace: Duration) -> usize {
        self.server.shutdown(&self.clock, grace).await
    }
}
