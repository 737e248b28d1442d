//! One request to a provider that has a fault: what the client saw beside what the account noted.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::fault::layer::{self, Exchange};
use crate::fault::{Account, Family, Identity, Rules, Tally, asked, spec};
use evidence::record::{AppliedFault, AttemptOutcome, ClosedBy};
use http::Request;
use tokio::sync::mpsc;
use world::http::{Body, Client, collect, serve};
use world::{Address, ConnectionHandle, Seed, World};

use super::answers::{NONCE, answer};
use super::client::{Seen, ask};

/// What the account said when it was dropped.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) status: Option<u16>,
    pub(crate) events: u32,
    pub(crate) tokens: u32,
    pub(crate) bytes: u64,
    pub(crate) complete: bool,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) closed_by: ClosedBy,
    pub(crate) fault: Option<Arc<AppliedFault>>,
    pub(crate) not_applied: Option<String>,
}

/// Sends its figures when it is dropped.
struct Noting {
    tally: Tally,
    notes: mpsc::UnboundedSender<Noted>,
}

impl Account for Noting {
    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        let ended = self.tally.ended();
        let (fault, not_applied) = self.tally.fault();
        let noted = Noted {
            status: self.tally.status,
            events: self.tally.events,
            tokens: self.tally.tokens,
            bytes: self.tally.bytes,
            complete: self.tally.complete,
            outcome: ended.outcome,
            closed_by: ended.closed_by,
            fault,
            not_applied: not_applied.map(|reason| reason.to_string()),
        };
        drop(self.notes.send(noted));
    }
}

/// One request and the fault that it meets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Play {
    pub(crate) family: Family,
    pub(crate) target: &'static str,
    pub(crate) body: &'static str,
    /// How long the client waits.
    pub(crate) patience: Duration,
}

impl Play {
    /// A stream of every dialect.
    pub(crate) const STREAMS: [Self; 5] = [
        Self::of(Family::OpenAi, "/v1/chat/completions", r#"{"model":"m","stream":true}"#),
        Self::of(Family::Anthropic, "/v1/messages", r#"{"model":"m","stream":true}"#),
        Self::of(Family::Bedrock, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream", "{}"),
        Self::of(
            Family::Vertex,
            "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent?alt=sse",
            "{}",
        ),
        Self::of(
            Family::Vertex,
            "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent",
            "{}",
        ),
    ];
    pub(crate) const OPENAI: Self = Self::STREAMS[0];
    pub(crate) const BEDROCK: Self = Self::STREAMS[2];
    /// A plain answer.
    pub(crate) const PLAIN: Self = Self::of(Family::Bedrock, "/model/m/converse", "{}");

    /// An answer without a body.
    pub(crate) const BODILESS: Self = Self::of(Family::Bedrock, "/guardrail-checks/invoke", "{}");

    /// A stream that is none of its format.
    pub(crate) const UNSPLIT: Self = Self::of(Family::Bedrock, "/model/unsplit/converse-stream", "{}");

    const fn of(family: Family, target: &'static str, body: &'static str) -> Self {
        Self { family, target, body, patience: Duration::from_secs(3) }
    }

    pub(crate) const fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Plays it once with the fault that `spec` asks for; none for an empty one.
    pub(crate) async fn with(self, world: &World, spec: &'static str) -> (Seen, Noted) {
        let (notes, mut noted) = mpsc::unbounded_channel();
        let inner = world.clone();
        let handler = move |request: Request<Body>, connection: ConnectionHandle| {
            let (world, notes) = (inner.clone(), notes.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = collect(body, 1 << 20).await.map_err(|_| world::http::Abort)?;
                let uri = parts.uri.clone();
                let asked = asked::read(self.family, &parts.method, &uri, &body);
                let account = Noting { tally: Tally::counting(Some(NONCE.tag())), notes };
                let rules = Rules::of_provider(&[], "p", world.seed());
                let now = world.clock().now();
                let decision = (!spec.is_empty()).then(|| {
                    let effect = spec::parse(spec, self.family).expect(spec);
                    rules.force(now, effect, Identity { number: 1, attempt: 0 })
                });
                let response = answer(&world, &asked);
                let exchange = Exchange { clock: *world.clock(), connection, asked, path: uri.path() };
                layer::answer(decision, exchange, account, || async { Ok(response) }).await
            }
        };
        let listener = world.network().listen(&free_address(world)).expect("a free address");
        let server = serve(world, listener, Arc::new(handler));
        let client = Client::new(world);
        let address = server.address().clone();
        let seen = ask(world, &client, &address, self.target, self.body.to_owned(), self.patience).await;
        let noted = world.clock().timeout(Duration::from_secs(5), noted.recv()).await;
        (seen, noted.expect("the account is closed soon").expect("one account"))
    }
}

/// An address that nobody listens on; the server of the play before may not have gone yet.
fn free_address(world: &World) -> Address {
    static PLAYS: AtomicU64 = AtomicU64::new(0);
    match world.is_virtual() {
        true => Address::new(format!("provider-{}", PLAYS.fetch_add(1, Ordering::Relaxed))),
        false => Address::new("127.0.0.1:0"),
    }
}

/// Runs a test in virtual time.
pub(crate) fn in_virtual_time<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    world::run_virtual(Seed(7), test);
}

/// Runs a test in both worlds.
pub(crate) fn both<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    world::run_virtual(Seed(7), &test);
    world::run_real(Seed(7), 2, &test).expect("a runtime");
}
