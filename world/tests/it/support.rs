//! Runs one test body in the virtual and in the real world, and the servers that several tests ask.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use brownout_world::http::{Abort, Body, BodyError, Server, serve};
use brownout_world::{
    Address, Clock, Connection, ConnectionHandle, Listener, Seed, World, run_real, run_virtual,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tokio::io::AsyncReadExt;

/// Runs `test` in both worlds, bounded in time.
pub(crate) fn in_both_worlds<F, R>(test: F)
where
    F: Fn(World) -> R,
    R: Future<Output = ()>,
{
    // Where all wait for each other, a virtual day is over at once.
    run_virtual(Seed(1), |world| within(Duration::from_secs(86_400), world, &test));
    in_real_world(test);
}

/// Runs `test` in the real world, bounded in time: what the virtual one does not have.
pub(crate) fn in_real_world<F, R>(test: F)
where
    F: Fn(World) -> R,
    R: Future<Output = ()>,
{
    run_real(Seed(1), 2, |world| within(Duration::from_secs(20), world, &test)).expect("a runtime");
}

async fn within<R: Future<Output = ()>>(limit: Duration, world: World, test: impl Fn(World) -> R) {
    let clock = *world.clock();
    clock.timeout(limit, test(world)).await.expect("the test hangs");
}

/// An address that is free in either world.
pub(crate) fn any_address(world: &World) -> Address {
    Address::new(if world.is_virtual() { "server" } else { "127.0.0.1:0" })
}

/// A connected pair: client side, server side, and the listener that keeps the name.
pub(crate) async fn connected(world: &World) -> (Connection, Connection, Listener) {
    let listener = world.network().listen(&any_address(world)).expect("listen");
    let client = world.network().connect(listener.address()).await.expect("connect");
    let server = listener.accept().await.expect("accept");
    (client, server, listener)
}

/// Waits until it is so, as long as a busy machine may need.
pub(crate) async fn eventually(world: &World, what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        world.clock().sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}

/// Counts how often something happened.
pub(crate) fn count_of(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

/// Everything until the end, and how it ended.
pub(crate) async fn read_all(connection: &mut Connection) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut got = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        match connection.read(&mut chunk).await {
            Ok(0) => return (got, None),
            Ok(count) => got.extend_from_slice(&chunk[..count]),
            Err(error) => return (got, Some(error.kind())),
        }
    }
}

/// A server on a free address.
pub(crate) fn start<F, R>(world: &World, handler: F) -> Server
where
    F: Fn(Request<Body>, ConnectionHandle) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response<Body>, Abort>> + Send + 'static,
{
    let listener = world.network().listen(&any_address(world)).expect("listen");
    serve(world, listener, Arc::new(handler))
}

/// How a connection is told to end.
pub(crate) type Ending = fn(&ConnectionHandle);

/// Yields pieces, waits until they are on the wire, ends its connection as told, then breaks off.
pub(crate) struct Cut {
    pieces: std::slice::Iter<'static, &'static str>,
    handle: ConnectionHandle,
    ending: Ending,
    flushed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    clock: Clock,
}

impl Cut {
    pub(crate) fn after(
        pieces: &'static [&'static str],
        handle: ConnectionHandle,
        ending: Ending,
        clock: Clock,
    ) -> Self {
        Self { pieces: pieces.iter(), handle, ending, flushed: None, clock }
    }
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = BodyError;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(piece) = self.pieces.next() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))));
        }
        let (handle, clock) = (self.handle.clone(), self.clock);
        let waiting = self.flushed.get_or_insert_with(|| {
            let count = handle.flushes();
            Box::pin(async move {
                handle.flushed_since(count).await;
                clock.sleep(Duration::from_millis(50)).await;
            })
        });
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        (self.ending)(&self.handle);
        Poll::Ready(Some(Err(BodyError::new("cut"))))
    }
}

/// Counts how often it is dropped.
pub(crate) struct Dropped(pub(crate) Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
