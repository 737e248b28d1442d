//! The parts of a drill inside one process: mocks, proxy, and in virtual time the gateway.

use std::time::Duration;

use evidence::Journal;
use fault::Rule;
use gateway::{Gateway, GatewayPlan};
use loadgen::Target;
use mock_provider::{AuthMode, Mock, Pools};
use proxy::{Proxy, ProxyPlan, RoutePlan};
use world::{Address, BaseUrl, World};

use super::options::{Options, RunError};
use crate::file::DrillPlan;

/// How long parts may take to end what they hold.
const GRACE: Duration = Duration::from_secs(5);

/// How the mocks check who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doors {
    /// As the providers do, signatures included.
    AsPlanned,
    /// That there are credentials. Whether a gateway signs rightly does not change in the middle of a run, and
    /// verifying every signature is a sixth of a drill's work.
    Presence,
}

/// Everything that runs for one drill in virtual time.
pub(super) struct Parts {
    pub(super) mocks: Vec<Mock>,
    pub(super) proxy: Proxy,
    pub(super) gateway: Gateway,
}

impl Parts {
    /// Starts every part, from the providers forward.
    pub(super) fn start(
        world: &World,
        plan: &DrillPlan,
        options: &Options,
        journal: &Journal,
        doors: Doors,
    ) -> Result<Self, RunError> {
        let mocks = start_mocks(world, plan, doors)?;
        let upstreams: Vec<BaseUrl> = mocks.iter().map(|mock| BaseUrl::of(mock.address().clone())).collect();
        let proxy = start_proxy(world, plan, &upstreams, journal)?;
        let gateway = gateway_plan(plan, options, "gateway", |name| format!("http://{}", proxy_name(name)))?;
        let gateway =
            gateway::start(world, &gateway, Some(journal.clone())).map_err(|error| gateway_error(&error))?;
        Ok(Self { mocks, proxy, gateway })
    }

    /// Where the load goes.
    pub(super) fn target(&self) -> Target {
        Target::new(BaseUrl::of(self.gateway.address().clone()))
    }

    /// Ends the parts, the gateway first, so that no part loses one that it needs. Returns how many
    /// connections had to be closed by force.
    pub(super) async fn stop(self) -> usize {
        let mut forced = self.gateway.shutdown(GRACE).await;
        forced += self.proxy.shutdown(GRACE).await;
        for mock in self.mocks {
            forced += mock.shutdown(GRACE).await;
        }
        forced
    }
}

fn start_mocks(world: &World, plan: &DrillPlan, doors: Doors) -> Result<Vec<Mock>, RunError> {
    let pools = Pools::default();
    plan.providers
        .iter()
        .map(|provider| {
            let address = Address::new(format!("mock-{}", provider.name));
            // What an answer was to be stands in its head, for the attempt log; the proxy takes it out.
            let mut plan = provider.mock.clone().announcing_tokens();
            if doors == Doors::Presence && plan.auth == AuthMode::Strict {
                plan.auth = AuthMode::Presence;
            }
            mock_provider::start_among(world, &address, plan, &pools)
                .map_err(|cause| listen_error("the mock provider", &address, cause))
        })
        .collect()
}

/// Starts the proxy with one route a provider, in the order of the drill.
pub(super) fn start_proxy(
    world: &World,
    plan: &DrillPlan,
    upstreams: &[BaseUrl],
    journal: &Journal,
) -> Result<Proxy, RunError> {
    let routes = plan.providers.iter().zip(upstreams).map(|(provider, upstream)| RoutePlan {
        provider: provider.name.clone(),
        family: provider.mock.home().family(),
        listen: route_address(world, plan, &provider.name),
        upstream: upstream.clone(),
    });
    let routes: Vec<RoutePlan> = routes.collect();
    let names = routes.iter().map(|route| route.listen.to_string()).collect::<Vec<_>>().join(", ");
    let plan = ProxyPlan {
        routes,
        rules: plan.rules.iter().map(|rule| Rule::clone(rule)).collect(),
        allow_overrides: false,
    };
    proxy::start(world, plan, journal).map_err(|cause| listen_error("the proxy", &Address::new(names), cause))
}

/// Where the proxy listens for a provider: a name, any free port, or where a target was told to look.
fn route_address(world: &World, plan: &DrillPlan, provider: &str) -> Address {
    if world.is_virtual() {
        return Address::new(proxy_name(provider));
    }
    let told = plan.target.as_ref().and_then(|target| target.proxy.get(provider));
    told.map_or_else(|| Address::new("127.0.0.1:0"), Address::new)
}

fn proxy_name(provider: &str) -> String {
    format!("proxy-{provider}")
}

/// The embedded gateway's plan: keys of every tenant of the load, providers at `url_of`, weaknesses on.
pub(super) fn gateway_plan(
    plan: &DrillPlan,
    options: &Options,
    listen: &str,
    url_of: impl Fn(&str) -> String,
) -> Result<GatewayPlan, RunError> {
    let file = gateway_file(plan, listen, url_of);
    let mut gateway = file.plan().map_err(|problems| RunError::Configuration(problems.to_string()))?;
    for weakness in &options.weaknesses {
        gateway.weaken(weakness);
    }
    Ok(gateway)
}

/// The embedded gateway's section with everything in it that the run knows.
pub(super) fn gateway_file(
    plan: &DrillPlan,
    listen: &str,
    url_of: impl Fn(&str) -> String,
) -> gateway::GatewayFile {
    let mut file = plan.gateway.clone();
    file.listen = Some(listen.to_owned());
    for (name, provider) in &mut file.providers {
        provider.url = Some(url_of(name));
    }
    for tenant in plan.load.tenants() {
        let key = gateway::plan::KeyFile { key: tenant.key.clone(), tenant: tenant.name.to_string() };
        if !file.keys.iter().any(|known| known.key == key.key) {
            file.keys.push(key);
        }
    }
    file
}

pub(super) fn listen_error(part: &str, address: &Address, cause: std::io::Error) -> RunError {
    RunError::Listen { part: part.to_owned(), address: address.to_string(), cause }
}

fn gateway_error(error: &gateway::StartError) -> RunError {
    RunError::Configuration(format!("the reference gateway cannot start: {error}"))
}
