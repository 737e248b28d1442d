//! Control of one connection below HTTP, for the faults that act there.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How a connection ends when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Ending {
    /// The protocol decides: a normal close.
    Normal = 0,
    /// FIN at once, without any further byte (no chunked terminator).
    Finish = 1,
    /// RST.
    Reset = 2,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    ordinal: u64,
    ending: AtomicU8,
    held: AtomicBool,
    was_reset: AtomicBool,
    bytes_per_second: AtomicU64,
    flushes: AtomicU64,
    written: AtomicU64,
    wakers: Mutex<Wakers>,
}

/// Who waits for a change of this connection. A task parks at most once in each place.
#[derive(Debug, Default)]
struct Wakers {
    flush: Option<Waker>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Remembers who waits, without replacing a waker that wakes the same task.
pub(super) fn park(slot: &mut Option<Waker>, context: &Context<'_>) {
    match slot {
        Some(waker) if waker.will_wake(context.waker()) => {}
        _ => *slot = Some(context.waker().clone()),
    }
}

/// A hold on one connection: pace it, silence it, end it. Clones hold the same connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionHandle {
    shared: Arc<Shared>,
}

impl ConnectionHandle {
    pub(super) fn new(ordinal: u64) -> Self {
        Self { shared: Arc::new(Shared { ordinal, ..Shared::default() }) }
    }

    /// The ordinal of this connection among those that its listener accepted, from 0. For a client's
    /// side: the ordinal of the connection attempt.
    #[must_use]
    pub fn ordinal(&self) -> u64 {
        self.shared.ordinal
    }

    /// The connection will end by a reset: what is not yet delivered is lost, the peer's next read fails.
    pub fn reset(&self) {
        self.end(Ending::Reset);
    }

    /// The connection will end by a FIN with nothing more written, not even what HTTP still owes.
    pub fn finish(&self) {
        self.end(Ending::Finish);
    }

    /// No byte moves in either direction until [`release`](Self::release): the peer sees silence.
    pub fn hold(&self) {
        self.shared.held.store(true, Ordering::Release);
    }

    /// Ends a [`hold`](Self::hold).
    pub fn release(&self) {
        self.shared.held.store(false, Ordering::Release);
        self.wake();
    }

    /// Limits what is written to `bytes_per_second`; `None` lifts the limit.
    pub fn pace(&self, bytes_per_second: Option<u64>) {
        self.shared.bytes_per_second.store(bytes_per_second.unwrap_or(0), Ordering::Release);
        self.wake();
    }

    /// How often everything written so far has been handed to the network.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.shared.flushes.load(Ordering::Acquire)
    }

    /// Bytes written to the network so far.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.shared.written.load(Ordering::Acquire)
    }

    /// Waits until there was a flush after the `count`-th.
    ///
    /// hyper encodes a frame, polls the body again and flushes once the body has nothing more. A body
    /// that notes [`flushes`](Self::flushes) when it yields its last frame and then waits here knows
    /// that the frame has reached the network. One waiter a connection.
    pub async fn flushed_since(&self, count: u64) {
        poll_fn(|context| {
            if self.flushes() > count {
                return Poll::Ready(());
            }
            park(&mut self.wakers().flush, context);
            if self.flushes() > count { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether the peer has reset the connection, as far as this side has noticed.
    #[must_use]
    pub fn was_reset(&self) -> bool {
        self.shared.was_reset.load(Ordering::Acquire)
    }

    /// Remembers how reading or writing failed.
    pub(super) fn note_failure(&self, error: &io::Error) {
        if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) {
            self.shared.was_reset.store(true, Ordering::Release);
        }
    }

    fn end(&self, ending: Ending) {
        self.shared.ending.store(ending as u8, Ordering::Release);
        self.wake();
    }

    pub(super) fn ending(&self) -> Ending {
        match self.shared.ending.load(Ordering::Acquire) {
            1 => Ending::Finish,
            2 => Ending::Reset,
            _ => Ending::Normal,
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.shared.held.load(Ordering::Acquire)
    }

    /// The limit of [`pace`](Self::pace), if any.
    pub(super) fn limit(&self) -> Option<u64> {
        match self.shared.bytes_per_second.load(Ordering::Acquire) {
            0 => None,
            limit => Some(limit),
        }
    }

    pub(super) fn park_reader(&self, context: &Context<'_>) {
        park(&mut self.wakers().reader, context);
    }

    pub(super) fn park_writer(&self, context: &Context<'_>) {
        park(&mut self.wakers().writer, context);
    }

    pub(super) fn note_written(&self, bytes: usize) {
        self.shared.written.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    pub(super) fn note_flush(&self) {
        self.shared.flushes.fetch_add(1, Ordering::AcqRel);
        let waiting = self.wakers().flush.take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    fn wake(&self) {
        let (reader, writer) = {
            let mut wakers = self.wakers();
            (wakers.reader.take(), wakers.writer.take())
        };
        for waker in [reader, writer].into_iter().flatten() {
            waker.wake();
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        self.shared.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
