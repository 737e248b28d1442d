//! A gateway between a client and three scripted providers, over virtual pipes or sockets.

mod client;
mod script;

pub(crate) use client::{Ending, chat_body, request as request_with_key};
pub(crate) use script::{
    Event, Provider, Reply, Seen, StreamEnd, bedrock_answer, bedrock_error, tokens, vertex_answer,
};

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brownout_gateway::plan::{GatewayFile, GatewayPlan};
use brownout_gateway::{self as gateway, Gateway, weakness};
use evidence::journal::Observe;
use evidence::{AttemptRecord, ClientRecord, FaultRecord, Journal, LedgerRecord};
use world::http::Client;
use world::{Address, BaseUrl, Clock, Seed, World, run_real, run_virtual};

/// Everything a test has at hand.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    /// The primary of `chat` and of `vectors`.
    pub(crate) bedrock: Provider,
    /// The secondary of `chat`.
    pub(crate) vertex: Provider,
    /// Another region: the secondary of `vectors`.
    pub(crate) west: Provider,
    client: Client,
    ledger: Journal,
    entries: Arc<Mutex<Entries>>,
}

/// The ledger as it was written.
#[derive(Default)]
pub(crate) struct Entries(pub(crate) Vec<LedgerRecord>);

impl Observe for Entries {
    fn client(&mut self, _: &ClientRecord) {}
    fn attempt(&mut self, _: &AttemptRecord) {}
    fn fault(&mut self, _: &FaultRecord) {}
    fn ledger(&mut self, record: &LedgerRecord) {
        self.0.push(record.clone());
    }
}

const SECTION: &str = r#"
    listen = "gateway"
    keys = [{ key = "sk-1", tenant = "acme" }]
    providers.bedrock = { family = "bedrock", url = "http://bedrock" }
    providers.vertex = { family = "vertex", url = "http://vertex" }
    providers.west = { family = "bedrock", url = "http://west", region = "us-west-2" }
    models.chat.targets = ["bedrock/claude", "vertex/gemini"]
    models.haiku.targets = ["bedrock/haiku"]
    models.vectors = { kind = "embeddings", targets = ["bedrock/amazon.titan-embed-text-v2:0", "vertex/gecko", "west/amazon.titan-embed-text-v2:0"] }
    policy.service_time = "1ms"
    policy.capacity = "100000/s"
"#;

/// A checked plan with these weaknesses.
pub(crate) fn plan(weaknesses: &[&str]) -> GatewayPlan {
    let file: GatewayFile = toml::from_str(SECTION).expect("a section");
    let mut plan = file.plan().expect("a plan");
    for name in weaknesses {
        plan.weaken(weakness::find(name).expect("a weakness"));
    }
    plan
}

/// Runs a test against a gateway with these weaknesses.
pub(crate) fn with<T, F: Future<Output = T>>(weaknesses: &[&str], test: impl FnOnce(Rig) -> F) -> T {
    let plan = plan(weaknesses);
    with_plan(plan, test)
}

/// Runs a test against the gateway of a plan.
pub(crate) fn with_plan<T, F: Future<Output = T>>(plan: GatewayPlan, test: impl FnOnce(Rig) -> F) -> T {
    run_virtual(Seed(7), |world| async move { test(Rig::start(world, plan)).await })
}

/// Runs a test over sockets, in real time.
pub(crate) fn over_sockets<T, F: Future<Output = T>>(test: impl FnOnce(Rig) -> F) -> T {
    run_real(Seed(7), 1, |world| async move { test(Rig::start(world, plan(&[]))).await }).expect("a runtime")
}

impl Rig {
    fn start(world: World, mut plan: GatewayPlan) -> Self {
        let any_port = Address::new("127.0.0.1:0");
        let place = |name: &str| if world.is_virtual() { Address::new(name) } else { any_port.clone() };
        let [bedrock, vertex, west] =
            ["bedrock", "vertex", "west"].map(|name| Provider::start(&world, &place(name)));
        for (provider, running) in plan.providers.iter_mut().zip([&bedrock, &vertex, &west]) {
            provider.url = BaseUrl::of(running.address().clone());
        }
        plan.listen = place("gateway");
        let entries = Arc::new(Mutex::new(Entries::default()));
        let ledger = Journal::builder().observer(Box::new(Arc::clone(&entries))).virtual_time();
        let gateway = gateway::start(&world, &plan, Some(ledger.clone())).expect("a gateway");
        let client = Client::new(&world);
        Self { world, gateway, bedrock, vertex, west, client, ledger, entries }
    }

    pub(crate) fn clock(&self) -> Clock {
        *self.world.clock()
    }

    pub(crate) fn now_ms(&self) -> u128 {
        self.clock().now().as_duration().as_millis()
    }

    pub(crate) async fn sleep_ms(&self, ms: u64) {
        self.clock().sleep(Duration::from_millis(ms)).await;
    }

    /// What has been billed.
    pub(crate) fn billed(&self) -> Vec<LedgerRecord> {
        self.ledger.finish().expect("no file to fail");
        self.entries.lock().expect("no panic").0.clone()
    }
}

/// The nonce of test request `n`.
pub(crate) fn nonce(n: u64) -> evidence::Nonce {
    evidence::Nonce::new(0xab00_0000_0000_0000 + n)
}
