//! Spurious wakes: those that a connection of the virtual world need not follow.
//!
//! hyper wakes a connection whenever its reader takes a piece of a body, the last one too, after which the connection has
//! nothing to do. On the server's side the reader is the handler, which the connection itself polls: it would wake
//! itself, and poll the whole handler once more, for every request. Such a wake can be told from all others only where
//! one thread does everything: it comes while the piece is being taken.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use hyper::body::Incoming;

/// The waker of one connection's task, which knows when not to wake.
#[derive(Debug)]
pub(super) struct WakeFilter {
    inner: Arc<Inner>,
    waker: Waker,
}

/// What the bodies of a connection know of its [`WakeFilter`].
#[derive(Debug, Clone)]
pub(super) struct Reader(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    task: OnceLock<Waker>,
    /// A piece of a body is being taken.
    taking: AtomicBool,
    /// The connection was woken for that.
    woken: AtomicBool,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.taking.load(Ordering::Relaxed) {
            self.woken.store(true, Ordering::Relaxed);
        } else if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

impl WakeFilter {
    /// Of a connection of the virtual world.
    pub(super) fn new() -> Self {
        let inner = Arc::new(Inner::default());
        Self { waker: Waker::from(Arc::clone(&inner)), inner }
    }

    /// For the bodies that are read from the connection.
    pub(super) fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.inner))
    }

    /// Polls the connection with this waker. The caller is a task of its own, whose waker stays the same.
    pub(super) fn poll<F: Future>(&self, connection: Pin<&mut F>, context: &Context<'_>) -> Poll<F::Output> {
        let task = self.inner.task.get_or_init(|| context.waker().clone());
        debug_assert!(task.will_wake(context.waker()), "a connection has moved to another task");
        connection.poll(&mut Context::from_waker(&self.waker))
    }
}

impl Reader {
    /// Takes the next piece of a body. After the last one its connection has nothing to do.
    pub(super) fn poll_frame(
        &self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        self.0.taking.store(true, Ordering::Relaxed);
        let polled = Pin::new(&mut *body).poll_frame(context);
        self.0.taking.store(false, Ordering::Relaxed);
        if self.0.woken.swap(false, Ordering::Relaxed) && !body.is_end_stream() {
            self.0.wake_by_ref();
        }
        polled
    }
}
