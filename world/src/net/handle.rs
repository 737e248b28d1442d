//! Control of one connection below HTTP, for the faults that act there.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How a connection ends when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ending {
    /// The protocol decides: a normal close.
    Normal = 0,
    /// FIN at once, without any further byte (no chunked terminator).
    Finish = 1,
    /// RST.
    Reset = 2,
}

impl Ending {
    fn of(stored: &AtomicU8) -> Self {
        match stored.load(Ordering::Acquire) {
            1 => Self::Finish,
            2 => Self::Reset,
            _ => Self::Normal,
        }
    }
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
    /// Further waiters for a flush: only a connection with several streams has any.
    flush_others: Vec<Waker>,
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

impl Wakers {
    fn park_for_flush(&mut self, context: &Context<'_>) {
        match &self.flush {
            Some(waker) if !waker.will_wake(context.waker()) => {
                if !self.flush_others.iter().any(|other| other.will_wake(context.waker())) {
                    self.flush_others.push(context.waker().clone());
                }
            }
            _ => park(&mut self.flush, context),
        }
    }
}

/// A hold on one connection: pace it, silence it, end it. Clones hold the same connection.
///
/// A request that came over HTTP/2 holds its stream of the connection: [`reset`](Self::reset) and
/// [`finish`](Self::finish) end that stream and leave its neighbours alone, once the handler or the body
/// fails. Everything else acts below HTTP, on the connection with all its streams.
#[derive(Debug, Clone, Default)]
pub struct ConnectionHandle {
    shared: Arc<Shared>,
    /// How the stream of this request is to end, over HTTP/2.
    stream: Option<Arc<AtomicU8>>,
}

impl ConnectionHandle {
    pub(super) fn new(ordinal: u64) -> Self {
        Self { shared: Arc::new(Shared { ordinal, ..Shared::default() }), stream: None }
    }

    /// A hold on one more stream of this connection.
    pub(crate) fn of_stream(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), stream: Some(Arc::default()) }
    }

    /// The ordinal of this connection among those that its listener accepted, from 0. For a client's
    /// side: the ordinal of the connection attempt.
    #[must_use]
    pub fn ordinal(&self) -> u64 {
        self.shared.ordinal
    }

    /// The connection will end by a reset: what is not yet delivered is lost, the peer's next read fails.
    /// A stream ends by `RST_STREAM` with `INTERNAL_ERROR`.
    pub fn reset(&self) {
        self.end(Ending::Reset);
    }

    /// The connection will end by a reset, with all streams that it has.
    pub fn reset_connection(&self) {
        self.end_connection(Ending::Reset);
    }

    /// The connection will end by a FIN with nothing more written, not even what HTTP still owes. A stream
    /// ends by `RST_STREAM` with `CANCEL`.
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
    /// that the frame has reached the network. Over HTTP/2 the flush may have been another stream's, and the
    /// peer's window may hold the frame back: who cuts there waits a moment longer.
    pub async fn flushed_since(&self, count: u64) {
        poll_fn(|context| {
            if self.flushes() > count {
                return Poll::Ready(());
            }
            self.wakers().park_for_flush(context);
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
        match &self.stream {
            Some(stream) => stream.store(ending as u8, Ordering::Release),
            None => self.end_connection(ending),
        }
    }

    fn end_connection(&self, ending: Ending) {
        self.shared.ending.store(ending as u8, Ordering::Release);
        self.wake();
    }

    /// How the connection is to end.
    pub(super) fn ending(&self) -> Ending {
        Ending::of(&self.shared.ending)
    }

    /// How the stream of an HTTP/2 request is to end.
    pub(crate) fn stream_ending(&self) -> Ending {
        self.stream.as_deref().map_or(Ending::Normal, Ending::of)
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
        let (first, others) = {
            let mut wakers = self.wakers();
            (wakers.flush.take(), std::mem::take(&mut wakers.flush_others))
        };
        for waker in first.into_iter().chain(others) {
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
