//! The server half: one task a connection, one handler for all.
//!
//! In the real world a port speaks HTTP/1.1 and HTTP/2, told apart by the first bytes of a connection, with
//! TLS or without; in the virtual one HTTP/1.1.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::Notify;

use super::{Body, serving};
use crate::net::{Address, ConnectionHandle, Listener};
use crate::runtime::{Task, World};
use crate::tls::Identity;

/// What a server does with a request.
///
/// The returned future is dropped when the client leaves before the response head; the response's body
/// is dropped when the client leaves later. Nothing else tells a handler, and nothing more is needed.
pub trait Handler: Send + Sync + 'static {
    /// Whether a connection may live, asked once before a byte of it is read. One that may not is dropped
    /// at once, in the way that its handle was told.
    fn admit(&self, _connection: &ConnectionHandle) -> bool {
        true
    }

    /// Answers `request`, which came over `connection`.
    fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> impl Future<Output = Result<Response<Body>, Abort>> + Send;
}

/// A handler of any type. Connections know no other, so that the code that serves them is there once, and a crate with
/// a handler compiles none of it.
pub(super) trait AnyHandler: Send + Sync + 'static {
    fn handle_any(self: Arc<Self>, request: Request<Body>, connection: ConnectionHandle) -> Answering;
}

/// An answer on its way, until its head.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Abort>> + Send>>;

impl<H: Handler> AnyHandler for H {
    fn handle_any(self: Arc<Self>, request: Request<Body>, connection: ConnectionHandle) -> Answering {
        Box::pin(async move { self.handle(request, connection).await })
    }
}

/// Closes the connection without an answer, in the way that its handle was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abort;

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Abort {}

/// A running server. Dropping it stops accepting and drops every connection.
#[derive(Debug)]
pub struct Server {
    address: Address,
    shared: Arc<Shared>,
    accepting: Task<()>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    live: AtomicUsize,
    accepted: AtomicUsize,
    /// Tells connections to finish what they do and close.
    pub(super) drain: Notify,
    pub(super) draining: AtomicBool,
    /// Tells connections to close at once.
    pub(super) kill: Notify,
    pub(super) killed: AtomicBool,
    /// Tells the one who waits that a connection has ended.
    ended: Notify,
}

/// How many connections a server has. Clones are of the same server.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Shared>);

impl Connections {
    /// Those that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.live.load(Ordering::Acquire)
    }

    /// Those accepted since the start.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.0.accepted.load(Ordering::Acquire)
    }
}

/// Counts a connection for as long as it lives.
pub(super) struct Live(pub(super) Arc<Shared>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::AcqRel);
        self.0.ended.notify_one();
    }
}

/// Serves `handler` on `listener` in the background.
pub fn serve<H: Handler>(world: &World, listener: Listener, handler: Arc<H>) -> Server {
    serve_as(world, listener, handler, None)
}

/// Serves `handler` behind TLS, as `identity`; a client may choose between HTTP/1.1 and HTTP/2 by ALPN.
/// Real world only.
pub fn serve_tls<H: Handler>(
    world: &World,
    listener: Listener,
    handler: Arc<H>,
    identity: Identity,
) -> Server {
    serve_as(world, listener, handler, Some(identity))
}

fn serve_as<H: Handler>(
    world: &World,
    listener: Listener,
    handler: Arc<H>,
    identity: Option<Identity>,
) -> Server {
    let shared = Arc::new(Shared::default());
    let address = listener.address().clone();
    let accepting = Accepting { world: world.clone(), listener, handler, identity };
    let accepting = world.spawn(accepting.run(Arc::clone(&shared)));
    Server { address, shared, accepting }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.live.load(Ordering::Acquire)
    }

    /// Connections accepted since the start.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Acquire)
    }

    /// Its counts of connections, to be asked while it serves.
    #[must_use]
    pub fn counts(&self) -> Connections {
        Connections(Arc::clone(&self.shared))
    }

    /// Stops accepting, lets requests in flight end within `grace`, then closes what is left. Returns
    /// how many connections had to be closed.
    pub async fn shutdown(self, clock: &crate::Clock, grace: Duration) -> usize {
        self.accepting.abort();
        self.shared.draining.store(true, Ordering::Release);
        self.shared.drain.notify_waiters();
        let all_ended = async {
            while self.connections() > 0 {
                self.shared.ended.notified().await;
            }
        };
        match clock.timeout(grace, all_ended).await {
            Ok(()) => 0,
            Err(_) => self.connections(),
        }
        // Dropping `self` kills the rest.
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.killed.store(true, Ordering::Release);
        self.shared.kill.notify_waiters();
    }
}

/// What accepts connections.
struct Accepting<H> {
    world: World,
    listener: Listener,
    handler: Arc<H>,
    identity: Option<Identity>,
}

impl<H: Handler> Accepting<H> {
    async fn run(self, shared: Arc<Shared>) {
        loop {
            match self.listener.accept().await {
                Ok(connection) if !self.handler.admit(&connection.handle()) => drop(connection),
                Ok(connection) => {
                    shared.live.fetch_add(1, Ordering::AcqRel);
                    shared.accepted.fetch_add(1, Ordering::AcqRel);
                    let live = Live(Arc::clone(&shared));
                    let world = self.world.clone();
                    let handler: Arc<dyn AnyHandler> = Arc::<H>::clone(&self.handler);
                    // A type of task each: the virtual one stays as small as it can be.
                    match &self.identity {
                        None if world.is_virtual() => {
                            drop(self.world.spawn(serving::serve_virtual(connection, handler, live)));
                        }
                        None => {
                            drop(self.world.spawn(serving::serve_plain(world, connection, handler, live)));
                        }
                        Some(identity) => {
                            let identity = identity.clone();
                            let task = serving::serve_tls(world, connection, identity, handler, live);
                            drop(self.world.spawn(task));
                        }
                    }
                }
                Err(error) => {
                    // Out of descriptors, usually: connections that end will free some.
                    tracing::warn!(address = %self.listener.address(), %error, "cannot accept");
                    self.world.clock().sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// A handler that never fails can be written as a plain function.
impl<F, R> Handler for F
where
    F: Fn(Request<Body>, ConnectionHandle) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response<Body>, Abort>> + Send,
{
    fn handle(
        &self,
        request: Request<Body>,
        connection: ConnectionHandle,
    ) -> impl Future<Output = Result<Response<Body>, Abort>> + Send {
        self(request, connection)
    }
}

impl From<Infallible> for Abort {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
