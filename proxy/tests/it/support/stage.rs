//! Everything that a test of the proxy needs, started and joined.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evidence::journal::Observe;
use evidence::{AttemptRecord, ClientRecord, FaultRecord, Journal, Nonce};
use world::http::{Client, Server, serve};
use world::{Address, Seed, World};

use super::client::{Seen, post};
use super::provider::Behaviour;
use crate::proxy::{Proxy, ProxyFile, ProxyPlan, start};

/// A provider, a proxy, a client.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) behaviour: Behaviour,
    pub(crate) address: Address,
    provider: Option<Server>,
    proxy: Proxy,
    client: Client,
    journal: Journal,
    records: Arc<Mutex<Records>>,
}

/// What the proxy wrote.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) faults: Vec<FaultRecord>,
}

impl Observe for Records {
    fn client(&mut self, _: &ClientRecord) {}

    fn attempt(&mut self, record: &AttemptRecord) {
        self.attempts.push(record.clone());
    }

    fn fault(&mut self, record: &FaultRecord) {
        self.faults.push(record.clone());
    }
}

impl Stage {
    /// One OpenAI route with these rules, as they stand in a file.
    pub(crate) fn set(world: &World, rules: &str) -> Self {
        Self::behind(world, rules, "")
    }

    /// The same to an upstream with a path prefix.
    pub(crate) fn behind(world: &World, rules: &str, prefix: &str) -> Self {
        let place = |name: &str| if world.is_virtual() { Address::new(name) } else { "127.0.0.1:0".into() };
        let behaviour = Behaviour { world: world.clone(), requests: Arc::default() };
        let listener = world.network().listen(&place("mock")).expect("a free address");
        let provider = serve(world, listener, Arc::new(behaviour.clone()));
        let upstream = format!("http://{}{prefix}", provider.address());
        let plan = plan(rules, &place("proxy"), &upstream);
        let records = Arc::new(Mutex::new(Records::default()));
        let builder = Journal::builder().observer(Box::new(Arc::clone(&records)));
        let journal = if world.is_virtual() { builder.virtual_time() } else { builder.real_time() };
        let proxy = start(world, plan, &journal).expect("a free address");
        let address = proxy.address("openai").expect("a route").clone();
        let client = Client::new(world);
        let world = world.clone();
        Self { world, behaviour, address, provider: Some(provider), proxy, client, journal, records }
    }

    /// Asks for a chat and reads to its end.
    pub(crate) async fn ask(&self, body: &str) -> Seen {
        self.ask_for(body, Duration::from_secs(10)).await
    }

    /// The same for at most `patience`.
    pub(crate) async fn ask_for(&self, body: &str, patience: Duration) -> Seen {
        let request = http::Request::post("/v1/chat/completions?x=1");
        self.send(request, body.to_owned(), patience).await
    }

    pub(crate) async fn send(
        &self,
        request: http::request::Builder,
        body: impl Into<bytes::Bytes>,
        patience: Duration,
    ) -> Seen {
        post(&self.world, &self.client, &self.address, request, body, patience).await
    }

    /// Waits until the provider has no connection any more: at once, but for what a busy machine takes.
    pub(crate) async fn provider_is_left(&self) {
        let provider = self.provider.as_ref().expect("a provider");
        let patience = if self.world.is_virtual() { 30 } else { 300 };
        for _ in 0..patience {
            if provider.connections() == 0 {
                return;
            }
            self.world.clock().sleep(Duration::from_millis(10)).await;
        }
        panic!("{} connections of the provider live on", provider.connections());
    }

    /// Stops the provider.
    pub(crate) async fn stop_provider(&mut self) {
        let provider = self.provider.take().expect("a provider");
        provider.shutdown(self.world.clock(), Duration::ZERO).await;
        self.world.clock().sleep(Duration::from_millis(20)).await;
    }

    /// Ends the run; what was recorded.
    pub(crate) async fn records(self) -> Records {
        let Self { world, proxy, journal, records, .. } = self;
        // Whatever a leaving client left behind ends meanwhile.
        world.clock().sleep(Duration::from_millis(200)).await;
        drop(self.client);
        proxy.shutdown(Duration::from_millis(500)).await;
        journal.finish().expect("no log to fail");
        std::mem::take(&mut records.lock().expect("no panic"))
    }

    /// Ends the run; its only attempt.
    pub(crate) async fn only_attempt(self) -> AttemptRecord {
        let mut records = self.records().await;
        assert_eq!(records.attempts.len(), 1, "{:?}", records.attempts);
        records.attempts.remove(0)
    }
}

fn plan(rules: &str, listen: &Address, upstream: &str) -> ProxyPlan {
    let text = format!(
        "allow_overrides = true\n\
         [[routes]]\nprovider = 'openai'\nlisten = '{listen}'\nupstream = '{upstream}'\n{rules}"
    );
    let file: ProxyFile = toml::from_str(&text).expect("TOML");
    file.plan().unwrap_or_else(|problems| panic!("{problems}"))
}

/// A chat request.
pub(crate) fn chat_body(nonce: Nonce, model: &str, stream: bool) -> String {
    format!(
        "{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{nonce}\\nhi\"}}],\"stream\":{stream}}}"
    )
}

/// Runs a test in both worlds.
pub(crate) fn both<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    world::run_virtual(Seed(7), &test);
    world::run_real(Seed(7), 2, &test).expect("a runtime");
}
