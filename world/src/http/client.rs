//! The client half: keep-alive connections in a small LIFO pool, no retries, no redirects.
//!
//! LIFO keeps the pool as small as the load allows. A connection goes back when its response has been
//! read to the end; a caller that drops a response early closes the connection, so that the peer notices.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};

use super::body::io_kind;
use super::spurious::{Reader, WakeFilter};
use super::{Body, BodyError};
use crate::net::{Address, ConnectionHandle};
use crate::runtime::World;

/// Idle connections kept per address; more are closed.
const IDLE_MAX: usize = 2_048;

/// Sends requests over pooled connections. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Client {
    world: World,
    idle: Arc<Mutex<Idle>>,
}

type Idle = BTreeMap<Address, Vec<Pooled>>;

#[derive(Debug)]
struct Pooled {
    sender: SendRequest<Body>,
    handle: ConnectionHandle,
    /// In the virtual world.
    reader: Option<Reader>,
}

impl Pooled {
    /// Why a request on this connection failed. hyper does not say of a request that it had not yet
    /// written when the connection was reset; the connection does.
    fn failure(&self, error: &hyper::Error) -> SendError {
        if self.handle.was_reset() { SendError::Reset } else { SendError::of(error) }
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why no response head came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection.
    #[error("cannot connect to {address}: {cause}")]
    Connect {
        /// Where to.
        address: Address,
        /// Why not.
        cause: io::Error,
    },
    /// The connection was reset.
    #[error("the connection was reset before the response")]
    Reset,
    /// The connection was closed without a response.
    #[error("the connection was closed before the response")]
    Closed,
    /// What came was not HTTP.
    #[error("the response is not HTTP: {0}")]
    Malformed(String),
}

impl SendError {
    fn of(error: &hyper::Error) -> Self {
        match io_kind(error) {
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Self::Reset,
            _ if error.is_parse() => Self::Malformed(error.to_string()),
            _ => Self::Closed,
        }
    }
}

/// A request on its way, until the head of its response. It is boxed because it is large and awaited deep inside
/// other futures, each of which would hold it and move it.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, SendError>> + Send + 'a>>;

impl Client {
    /// A client with an empty pool.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), idle: Arc::default() }
    }

    /// Idle connections to `address`.
    #[must_use]
    pub fn idle(&self, address: &Address) -> usize {
        lock(&self.idle).get(address).map_or(0, Vec::len)
    }

    /// Sends `request`, whose URI is a path and whose `Host` header is set, to `address`.
    ///
    /// A pooled connection that turns out to have been closed meanwhile is replaced; a request of which
    /// a byte may have been sent is never sent twice.
    ///
    /// # Errors
    /// No connection, or it ended before the response head.
    pub fn send<'a>(&'a self, address: &'a Address, mut request: Request<Body>) -> Sending<'a> {
        Box::pin(async move {
            while let Some(mut pooled) = self.take(address).await {
                let leaving = Leaving::new(&pooled.handle);
                let outcome = pooled.sender.try_send_request(request).await;
                leaving.stayed();
                match outcome {
                    Ok(response) => return Ok(self.with_return(address, pooled, response)),
                    Err(mut refused) => match refused.take_message() {
                        Some(unsent) => request = unsent,
                        None => return Err(pooled.failure(refused.error())),
                    },
                }
            }
            let mut fresh = Box::pin(self.connect(address)).await?;
            let leaving = Leaving::new(&fresh.handle);
            let outcome = fresh.sender.send_request(request).await;
            leaving.stayed();
            match outcome {
                Ok(response) => Ok(self.with_return(address, fresh, response)),
                Err(error) => Err(fresh.failure(&error)),
            }
        })
    }

    /// The most recently used idle connection that is still good.
    async fn take(&self, address: &Address) -> Option<Pooled> {
        loop {
            let mut pooled = lock(&self.idle).get_mut(address)?.pop()?;
            // Its last response has been read; hyper's task only needs a turn to see that.
            if !pooled.sender.is_closed() && pooled.sender.ready().await.is_ok() {
                return Some(pooled);
            }
        }
    }

    async fn connect(&self, address: &Address) -> Result<Pooled, SendError> {
        let fail = |cause: io::Error| match cause.kind() {
            // Accepted and torn down at once: to the sender the same as a reset a moment later.
            io::ErrorKind::ConnectionReset => SendError::Reset,
            _ => SendError::Connect { address: address.clone(), cause },
        };
        let connection = self.world.network().connect(address).await.map_err(fail)?;
        let handle = connection.handle();
        let (sender, driver) =
            http1::handshake(connection).await.map_err(|error| SendError::Malformed(error.to_string()))?;
        let filter = self.world.is_virtual().then(WakeFilter::new);
        let reader = filter.as_ref().map(WakeFilter::reader);
        drop(self.world.spawn(async move {
            let mut driver = pin!(driver);
            let ended = poll_fn(|context| match &filter {
                Some(filter) => filter.poll(driver.as_mut(), context),
                None => driver.as_mut().poll(context),
            });
            if let Err(error) = ended.await {
                tracing::trace!(%error, "client connection ended");
            }
        }));
        Ok(Pooled { sender, handle, reader })
    }

    fn with_return(&self, address: &Address, pooled: Pooled, response: Response<Incoming>) -> Response<Body> {
        response.map(|body| {
            if body.is_end_stream() {
                give_back(&self.idle, address, pooled);
                return Body::empty();
            }
            let back = Return { idle: Arc::clone(&self.idle), address: address.clone(), pooled };
            Body::stream(PooledBody { body, back: Some(back) })
        })
    }
}

/// Closes the connection when the caller drops its request before the response head.
struct Leaving(Option<ConnectionHandle>);

impl Leaving {
    fn new(handle: &ConnectionHandle) -> Self {
        Self(Some(handle.clone()))
    }

    fn stayed(mut self) {
        self.0 = None;
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.finish();
        }
    }
}

fn give_back(idle: &Mutex<Idle>, address: &Address, pooled: Pooled) {
    let mut idle = lock(idle);
    match idle.get_mut(address) {
        Some(list) if list.len() >= IDLE_MAX => {}
        Some(list) => list.push(pooled),
        None => {
            idle.insert(address.clone(), vec![pooled]);
        }
    }
}

/// What a response body needs to return its connection.
struct Return {
    idle: Arc<Mutex<Idle>>,
    address: Address,
    pooled: Pooled,
}

/// A response body that returns its connection at its clean end.
struct PooledBody {
    body: Incoming,
    back: Option<Return>,
}

impl PooledBody {
    fn give_back(&mut self) {
        if let Some(back) = self.back.take() {
            give_back(&back.idle, &back.address, back.pooled);
        }
    }
}

impl HttpBody for PooledBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let frame = match this.back.as_ref().and_then(|back| back.pooled.reader.as_ref()) {
            Some(reader) => reader.poll_frame(&mut this.body, context),
            None => Pin::new(&mut this.body).poll_frame(context),
        };
        let frame = ready!(frame);
        match frame {
            Some(Ok(frame)) => {
                if self.body.is_end_stream() {
                    self.give_back();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.back = None;
                Poll::Ready(Some(Err(BodyError::new(error))))
            }
            None => {
                self.give_back();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for PooledBody {
    fn drop(&mut self) {
        // An unread response: hyper might drain a short rest and keep the connection, so that the peer
        // would never learn that its reader has left.
        if let Some(back) = self.back.take() {
            back.pooled.handle.finish();
        }
    }
}
