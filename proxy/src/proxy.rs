//! Starting and stopping the proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use evidence::{Journal, Name};
use fault::{Rule, Rules};
use world::http::{Client, Server, serve};
use world::{Address, Clock, Task, World};

use crate::account::Books;
use crate::identity::Identities;
use crate::names::Names;
use crate::plan::{ProxyPlan, RoutePlan};
use crate::route::Route;
use crate::timeline;

/// A running proxy. Dropping it closes everything.
#[derive(Debug)]
pub struct Proxy {
    clock: Clock,
    routes: Vec<(Name, Server)>,
    timeline: Vec<Task<()>>,
}

/// Starts one listener a route.
///
/// # Errors
/// A route cannot listen; the error says which and where, and nothing is left running.
pub fn start(world: &World, plan: ProxyPlan, journal: &Journal) -> io::Result<Proxy> {
    let rules: Vec<Arc<Rule>> = plan.rules.into_iter().map(Arc::new).collect();
    let mut proxy = Proxy { clock: *world.clock(), routes: Vec::new(), timeline: Vec::new() };
    for route in plan.routes {
        let name = Name::from(route.provider.as_str());
        let server = serve_route(world, route, &rules, plan.allow_overrides, journal)?;
        proxy.timeline.extend(timeline::record(world, &rules, &name, journal));
        proxy.routes.push((name, server));
    }
    Ok(proxy)
}

fn serve_route(
    world: &World,
    plan: RoutePlan,
    rules: &[Arc<Rule>],
    allow_overrides: bool,
    journal: &Journal,
) -> io::Result<Server> {
    let listener = world.network().listen(&plan.listen).map_err(|error| {
        let text = format!("route {}: cannot listen on {}: {error}", plan.provider, plan.listen);
        io::Error::new(error.kind(), text)
    })?;
    let books = Books {
        provider: plan.provider.as_str().into(),
        clock: *world.clock(),
        journal: journal.clone(),
        names: Names::default(),
    };
    let route = Route {
        family: plan.family,
        rules: Rules::of_provider(rules, &plan.provider, world.seed()),
        upstream: plan.upstream,
        identities: Identities::new(world.seed()),
        client: Client::new(world),
        clock: *world.clock(),
        books: Arc::new(books),
        allow_overrides,
    };
    Ok(serve(world, listener, Arc::new(route)))
}

impl Proxy {
    /// Where the route of `provider` listens.
    #[must_use]
    pub fn address(&self, provider: &str) -> Option<&Address> {
        self.addresses().find(|(name, _)| *name == provider).map(|(_, address)| address)
    }

    /// Every provider and where its route listens, in the order of the plan.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &Address)> {
        self.routes.iter().map(|(name, server)| (&**name, server.address()))
    }

    /// Open connections of all routes.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.routes.iter().map(|(_, server)| server.connections()).sum()
    }

    /// Stops accepting, gives what is in flight up to `grace`, then closes the rest. Returns how many
    /// connections had to be closed.
    pub async fn shutdown(mut self, grace: Duration) -> usize {
        let deadline = self.clock.now() + grace;
        let mut closed = 0;
        for (_, server) in std::mem::take(&mut self.routes) {
            let left = deadline.saturating_since(self.clock.now());
            closed += server.shutdown(&self.clock, left).await;
        }
        closed
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for task in &self.timeline {
            task.abort();
        }
    }
}
