//! The stages of one gateway, put together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use evidence::{Journal, Name, Nonce};
use world::{Clock, Domain, World};

use crate::StartError;
use crate::admission::Admission;
use crate::attempt::Dispatcher;
use crate::auth::Store;
use crate::billing::Billing;
use crate::fleet::{Fleet, Provider};
use crate::metrics::Metrics;
use crate::plan::{GatewayPlan, Policy};
use crate::router::Router;
use crate::shared_buffer::SharedBuffer;
use crate::state::{GatewayState, ProviderState};
use crate::upstream::Upstream;

/// What all requests of one gateway share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) policy: Policy,
    pub(crate) admission: Admission,
    pub(crate) store: Box<dyn Store>,
    pub(crate) router: Router,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) upstream: Upstream,
    pub(crate) billing: Billing,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shared_buffer: SharedBuffer,
    names: Domain,
    /// Requests without a nonce so far.
    nameless: AtomicU64,
}

impl Core {
    pub(crate) fn new(
        world: &World,
        plan: &GatewayPlan,
        store: Box<dyn Store>,
        ledger: Option<Journal>,
    ) -> Result<Self, StartError> {
        let fleet = Fleet::new(plan, world.seed()).map_err(|error| StartError::Plan(error.to_string()))?;
        let fleet = Arc::new(fleet);
        let metrics = Metrics::new().map_err(|error| StartError::Plan(error.to_string()))?;
        Ok(Self {
            world: world.clone(),
            clock: *world.clock(),
            policy: plan.policy.clone(),
            admission: Admission::new(world, plan.policy.admission.clone()),
            store,
            router: Router::new(plan),
            dispatcher: Dispatcher::new(world, plan.policy.clone(), Arc::clone(&fleet)),
            fleet,
            upstream: Upstream::new(world),
            billing: Billing::new(*world.clock(), ledger),
            metrics: Arc::new(metrics),
            shared_buffer: SharedBuffer::default(),
            names: world.seed().domain("gateway request"),
            nameless: AtomicU64::new(0),
        })
    }

    /// The number that keys every draw about a request: from its nonce, else from its place in the order.
    pub(crate) fn identity(&self, nonce: Option<Nonce>) -> u64 {
        match nonce {
            Some(nonce) => self.names.hash(&[b"nonce", &nonce.identity().to_le_bytes()]),
            None => {
                let ordinal = self.nameless.fetch_add(1, Ordering::Relaxed);
                self.names.hash(&[b"ordinal", &ordinal.to_le_bytes()])
            }
        }
    }

    /// The request's name towards clients and in the ledger.
    pub(crate) fn request_id(&self, identity: u64) -> Name {
        Name::from(format!("req_{identity:016x}"))
    }

    pub(crate) fn state(&self) -> GatewayState {
        let providers: Vec<_> = self.fleet.providers.iter().map(|provider| self.provider(provider)).collect();
        GatewayState {
            in_flight: self.admission.in_flight(),
            queue_length: self.admission.waiting(),
            slots_busy: self.admission.in_service(),
            slots: self.policy.admission.slots,
            upstream_open: providers.iter().map(|provider| provider.in_flight).sum(),
            providers,
        }
    }

    fn provider(&self, provider: &Provider) -> ProviderState {
        let now = self.clock.now();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProviderState {
            name: provider.name.to_string(),
            breaker: provider.with_breaker(|breaker| breaker.state(now)),
            breaker_opened: provider.with_breaker(|breaker| breaker.opened()).unwrap_or(0),
            in_flight: provider.in_flight(),
            retries_left: provider.retries_left(now),
            attempts_ok: count(&provider.counts.ok),
            attempts_failed: count(&provider.counts.failed),
            retries: count(&provider.counts.retries),
        }
    }
}
