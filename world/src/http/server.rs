//! The server half: one task a connection, one handler for all.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::Notify;

use super::Body;
use crate::net::{Address, Connection, ConnectionHandle, Listener};
use crate::runtime::{Task, World};

/// How long a real client may take over a request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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
struct Shared {
    live: AtomicUsize,
    accepted: AtomicUsize,
    /// Tells connections to finish what they do and close.
    drain: Notify,
    draining: std::sync::atomic::AtomicBool,
    /// Tells connections to close at once.
    kill: Notify,
    killed: std::sync::atomic::AtomicBool,
    /// Tells the one who waits that a connection has ended.
    ended: Notify,
}

/// Counts a connection for as long as it lives.
struct Live(Arc<Shared>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::AcqRel);
        self.0.ended.notify_one();
    }
}

/// Serves `handler` on `listener` in the background.
pub fn serve<H: Handler>(world: &World, listener: Listener, handler: Arc<H>) -> Server {
    let shared = Arc::new(Shared::default());
    let address = listener.address().clone();
    let accepting = world.spawn(accept_all(world.clone(), listener, handler, Arc::clone(&shared)));
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

async fn accept_all<H: Handler>(world: World, listener: Listener, handler: Arc<H>, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok(connection) if !handler.admit(&connection.handle()) => drop(connection),
            Ok(connection) => {
                shared.live.fetch_add(1, Ordering::AcqRel);
                shared.accepted.fetch_add(1, Ordering::AcqRel);
                let live = Live(Arc::clone(&shared));
                let task = serve_connection(world.clone(), connection, Arc::clone(&handler), live);
                drop(world.spawn(task));
            }
            Err(error) => {
                // Out of descriptors, usually: connections that end will free some.
                tracing::warn!(address = %listener.address(), %error, "cannot accept");
                world.clock().sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve_connection<H: Handler>(world: World, connection: Connection, handler: Arc<H>, live: Live) {
    let handle = connection.handle();
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        let handle = handle.clone();
        async move { handler.handle(request.map(Body::incoming), handle).await }
    });
    let mut builder = http1::Builder::new();
    // The machine's clock must not show in a run.
    builder.auto_date_header(false).timer(world.clock().hyper_timer()).half_close(false);
    builder.header_read_timeout((!world.is_virtual()).then_some(HEAD_TIMEOUT));
    let mut serving = pin!(builder.serve_connection(connection, service));
    let mut drain = pin!(live.0.drain.notified());
    let mut kill = pin!(live.0.kill.notified());
    drain.as_mut().enable();
    kill.as_mut().enable();
    let mut draining = live.0.draining.load(Ordering::Acquire);
    if live.0.killed.load(Ordering::Acquire) {
        return;
    }
    if draining {
        serving.as_mut().graceful_shutdown();
    }
    let result: Result<(), hyper::Error> = loop {
        tokio::select! {
            biased;
            result = serving.as_mut() => break result,
            () = kill.as_mut() => return,
            () = drain.as_mut(), if !draining => {
                draining = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
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
