//! One connection of a server: which protocol it speaks, and how it ends.
//!
//! Over HTTP/1.1 a handler or body that fails ends the connection, in the way that its handle was told. Over
//! HTTP/2 it ends its stream by `RST_STREAM`: with `INTERNAL_ERROR`, or `CANCEL` where the handle was told to
//! finish. A request looks the same to a handler either way: its URI is a path, its `Host` a header.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use pin_project_lite::pin_project;
use tokio::sync::futures::Notified;

use super::server::{AnyHandler, Live, Shared};
use super::spurious::WakeFilter;
use super::{Abort, Body, BodyError};
use crate::net::{Connection, ConnectionHandle, Ending};
use crate::runtime::World;
use crate::time::{Clock, Instant};
use crate::tls::Identity;

/// How long a real client may take over a request head, a TLS handshake, or its first bytes.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Streams that an HTTP/2 client may have open at once. The providers' front ends allow 100 to 250.
const STREAMS_MAX: u32 = 250;
/// The longest request head over HTTP/2, in bytes, as it counts there.
const HEAD_MAX: u32 = 64 * 1024;
/// How often a silent HTTP/2 client is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves a connection of the virtual world: HTTP/1.1.
pub(super) async fn serve_virtual(connection: Connection, handler: Arc<dyn AnyHandler>, live: Live) {
    let handle = connection.handle();
    let filter = WakeFilter::new();
    let reader = filter.reader();
    let service = service_fn(move |request: Request<Incoming>| {
        let request = request.map(|body| Body::read(body, reader.clone()));
        answer(request, &handler, handle.clone())
    });
    let mut builder = http1::Builder::new();
    // The machine's clock must not show in a run. Nor does a head take time here: a client of the virtual world
    // writes it whole, and a timer for each request would be set only to be cleared.
    builder.auto_date_header(false).header_read_timeout(None).half_close(false);
    let serving = pin!(builder.serve_connection(connection, service));
    let poll = |serving: Pin<&mut _>, context: &mut Context<'_>| filter.poll(serving, context);
    until_ended(serving, poll, http1::Connection::graceful_shutdown, &live).await;
}

/// Serves a connection of the real world in the clear: whichever HTTP its first bytes speak.
pub(super) async fn serve_plain(
    world: World,
    connection: Connection,
    handler: Arc<dyn AnyHandler>,
    live: Live,
) {
    let handle = connection.handle();
    serve_either(&world, connection, handle, handler, &live).await;
}

/// Serves a connection of the real world behind TLS.
pub(super) async fn serve_tls(
    world: World,
    connection: Connection,
    identity: Identity,
    handler: Arc<dyn AnyHandler>,
    live: Live,
) {
    let handle = connection.handle();
    let mut kill = pin!(live.0.kill.notified());
    kill.as_mut().enable();
    let handshake = world.clock().timeout(HEAD_TIMEOUT, identity.accept(connection));
    let stream = tokio::select! {
        biased;
        stream = handshake => stream,
        () = kill => return,
    };
    match stream {
        Ok(Ok(stream)) => serve_either(&world, TokioIo::new(stream), handle, handler, &live).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS handshake"),
        Err(_) => tracing::debug!("no TLS handshake in time"),
    }
}

async fn serve_either<I>(
    world: &World,
    transport: I,
    handle: ConnectionHandle,
    handler: Arc<dyn AnyHandler>,
    live: &Live,
) where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let begun = Arc::new(AtomicBool::new(false));
    let (asked, of_request, clock) = (Arc::clone(&begun), handle.clone(), *world.clock());
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Release);
        let (handler, handle) = (Arc::clone(&handler), of_request.clone());
        async move {
            match request.version() {
                Version::HTTP_2 => answer_stream(request, handler, handle.of_stream(), clock).await,
                _ => answer(request.map(Body::incoming), &handler, handle).await,
            }
        }
    });
    let timer = world.clock().hyper_timer();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .auto_date_header(false)
        .timer(timer)
        .half_close(false)
        .header_read_timeout(HEAD_TIMEOUT)
        .http2()
        .auto_date_header(false)
        .timer(timer)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    let serving = pin!(builder.serve_connection(transport, service));
    let poll = |serving: Pin<&mut _>, context: &mut Context<'_>| Future::poll(serving, context);
    let serving = until_ended(serving, poll, auto::Connection::graceful_shutdown, live);
    // Until a connection has said which HTTP it speaks, neither protocol's own time-outs hold.
    let mute = async {
        world.clock().sleep(HEAD_TIMEOUT).await;
        if begun.load(Ordering::Acquire) || handle.bytes_written() > 0 {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = serving => {}
        () = mute => tracing::debug!("a connection that says nothing is closed"),
    }
}

/// Drives a connection, by `poll`, until it ends or is told to; `finish_up` tells it to end when it has nothing more
/// to do.
async fn until_ended<C, E>(
    mut serving: Pin<&mut C>,
    mut poll: impl FnMut(Pin<&mut C>, &mut Context<'_>) -> Poll<Result<(), E>>,
    finish_up: fn(Pin<&mut C>),
    live: &Live,
) where
    E: fmt::Display,
{
    let shared = &*live.0;
    let mut told = pin!(Told::new(shared));
    let mut draining = false;
    let ended = poll_fn(|context| {
        // A flag is up before its waiters are woken, and they wait before they look.
        told.as_mut().wait(context);
        if shared.killed.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        if !draining && shared.draining.load(Ordering::Acquire) {
            draining = true;
            finish_up(serving.as_mut());
        }
        poll(serving.as_mut(), context)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, "connection ended");
    }
}

pin_project! {
    /// Hears what a server tells its connections.
    struct Told<'a> {
        #[pin]
        drain: Notified<'a>,
        #[pin]
        kill: Notified<'a>,
        // Who is woken: asked again only if that changes, which the waker of a task never does.
        waiting: Option<Waker>,
    }
}

impl<'a> Told<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self { drain: shared.drain.notified(), kill: shared.kill.notified(), waiting: None }
    }

    /// Wakes this task when it is told something.
    fn wait(self: Pin<&mut Self>, context: &mut Context<'_>) {
        let this = self.project();
        if this.waiting.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
            *this.waiting = Some(context.waker().clone());
            // What they say shows in the flags.
            let _ = this.drain.poll(context);
            let _ = this.kill.poll(context);
        }
    }
}

// === requests ===

/// A request that gets no answer: its connection ends, or its stream does, for this reason.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Connection(#[from] Abort),
    // Not transparent: hyper looks for the reason among the causes.
    #[error("the stream is reset on purpose")]
    Stream(#[from] h2::Error),
}

fn answer(
    request: Request<Body>,
    handler: &Arc<dyn AnyHandler>,
    handle: ConnectionHandle,
) -> impl Future<Output = Result<Response<Body>, Unanswered>> + use<> {
    let answering = Arc::clone(handler).handle_any(request, handle);
    async move { Ok(answering.await?) }
}

/// Answers a request that has a stream of its own.
async fn answer_stream(
    request: Request<Incoming>,
    handler: Arc<dyn AnyHandler>,
    handle: ConnectionHandle,
    clock: Clock,
) -> Result<Response<Body>, Unanswered> {
    let request = in_origin_form(request.map(Body::incoming));
    match handler.handle_any(request, handle.clone()).await {
        Ok(response) => {
            let deadline = response.extensions().get::<Deadline>();
            let _watch = deadline.map(|deadline| Watch::until(*deadline, clock, handle.clone()));
            Ok(response.map(|body| Body::stream(StreamBody { body, handle, _watch })))
        }
        Err(Abort) => Err(h2::Error::from(reason(&handle)).into()),
    }
}

/// The request as HTTP/1.1 would have it: a path, and a `Host`.
fn in_origin_form(mut request: Request<Body>) -> Request<Body> {
    let host = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let (Some(host), false) = (host, request.headers().contains_key(HOST)) {
        request.headers_mut().insert(HOST, host);
    }
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    request
}

/// The reason that a stream ends with.
fn reason(handle: &ConnectionHandle) -> h2::Reason {
    match handle.stream_ending() {
        Ending::Finish => h2::Reason::CANCEL,
        Ending::Reset | Ending::Normal => h2::Reason::INTERNAL_ERROR,
    }
}

/// The last moment at which the body of a stream may be on its way: an extension of a response over HTTP/2.
///
/// A body ends by itself when it is asked for more, and a peer that does not read sees to it that it never is. At its
/// deadline such a body's connection is reset, with all streams that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(pub Instant);

/// Watches over a [`Deadline`] until it is dropped.
struct Watch(tokio::task::AbortHandle);

impl Watch {
    fn until(deadline: Deadline, clock: Clock, handle: ConnectionHandle) -> Self {
        let watching = tokio::spawn(async move {
            clock.sleep_until(deadline.0).await;
            tracing::debug!("a stream is not read before its deadline: its connection is reset");
            handle.reset_connection();
        });
        Self(watching.abort_handle())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of a stream, whose failure names the reason that the stream ends with.
struct StreamBody {
    body: Body,
    handle: ConnectionHandle,
    _watch: Option<Watch>,
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        polled.map_err(|_| BodyError::new(h2::Error::from(reason(&self.handle))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
