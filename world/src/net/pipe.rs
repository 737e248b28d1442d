//! The virtual socket: a pair of ends joined by two directions that can be finished or reset.
//!
//! A socket has two buffers in each direction: what the receiver's side has accepted, and what still
//! waits at the sender. A reset throws the second away; the reader gets what was accepted and then
//! `ConnectionReset`, as on Linux. Both buffers are kept in one queue here, its first
//! [`RECEIVE_WINDOW`] bytes being the accepted ones.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};

use super::handle::park;

/// Bytes that the receiving side accepts before its program reads them.
pub const RECEIVE_WINDOW: usize = 64 * 1024;
/// Bytes that wait at the sender beyond the window.
const SEND_BUFFER: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The sender has said that nothing more comes.
    Finished,
    /// One of the two sides has torn the connection down.
    Reset,
}

/// One direction of a pipe.
#[derive(Debug)]
struct Direction {
    queue: BytesMut,
    state: State,
    reader_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Direction {
    fn new() -> Self {
        Self { queue: BytesMut::new(), state: State::Open, reader_gone: false, reader: None, writer: None }
    }

    fn wake_all(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// Queues the first `count` bytes of `sources`.
    fn take_in(&mut self, sources: &[IoSlice<'_>], count: usize) {
        self.queue.reserve(count);
        let mut left = count;
        for source in sources {
            let piece = left.min(source.len());
            self.queue.extend_from_slice(&source[..piece]);
            left -= piece;
        }
    }

    fn reset(&mut self) {
        self.queue.truncate(RECEIVE_WINDOW);
        self.state = State::Reset;
        self.wake_all();
    }
}

/// One end of a virtual connection.
#[derive(Debug)]
pub(super) struct PipeEnd {
    incoming: Arc<Mutex<Direction>>,
    outgoing: Arc<Mutex<Direction>>,
    reset_on_drop: bool,
}

/// A connected pair.
pub(super) fn pair() -> (PipeEnd, PipeEnd) {
    let there = Arc::new(Mutex::new(Direction::new()));
    let back = Arc::new(Mutex::new(Direction::new()));
    (
        PipeEnd { incoming: Arc::clone(&back), outgoing: Arc::clone(&there), reset_on_drop: false },
        PipeEnd { incoming: there, outgoing: back, reset_on_drop: false },
    )
}

/// How many bytes several pieces have together.
pub(super) fn total(pieces: &[IoSlice<'_>]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum()
}

fn lock(direction: &Mutex<Direction>) -> MutexGuard<'_, Direction> {
    // A panic while the lock was held would have ended the run; the data are whole either way.
    direction.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PipeEnd {
    /// Hands at most `room` bytes to `take`; none at the end of the stream.
    pub(super) fn poll_read(
        &self,
        context: &Context<'_>,
        room: usize,
        take: impl FnOnce(&[u8]),
    ) -> Poll<io::Result<()>> {
        let mut direction = lock(&self.incoming);
        if direction.queue.is_empty() {
            return match direction.state {
                State::Finished => Poll::Ready(Ok(())),
                State::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                State::Open => {
                    park(&mut direction.reader, context);
                    Poll::Pending
                }
            };
        }
        let count = room.min(direction.queue.len());
        take(&direction.queue[..count]);
        if count == direction.queue.len() {
            // Thousands of connections wait while one is read: none keeps the memory of its largest message.
            direction.queue = BytesMut::new();
        } else {
            direction.queue.advance(count);
        }
        if let Some(writer) = direction.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }

    /// Takes as many bytes of `sources`, in order, as there is room for and as `limit` allows.
    pub(super) fn poll_write(
        &self,
        context: &Context<'_>,
        sources: &[IoSlice<'_>],
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let mut direction = lock(&self.outgoing);
        match direction.state {
            State::Reset => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            State::Finished => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            State::Open => {}
        }
        if direction.reader_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = (RECEIVE_WINDOW + SEND_BUFFER).saturating_sub(direction.queue.len());
        let wanted = total(sources).min(limit);
        if room == 0 && wanted > 0 {
            park(&mut direction.writer, context);
            return Poll::Pending;
        }
        let count = wanted.min(room);
        direction.take_in(sources, count);
        if let Some(reader) = direction.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&self) {
        let mut direction = lock(&self.outgoing);
        if direction.state == State::Open {
            direction.state = State::Finished;
            direction.wake_all();
        }
    }

    /// From now on, dropping this end resets the connection instead of finishing it.
    pub(super) fn reset_on_drop(&mut self) {
        self.reset_on_drop = true;
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        // A kernel answers a close with unread input by a reset; so does this.
        let unread = !lock(&self.incoming).queue.is_empty();
        if self.reset_on_drop || unread {
            lock(&self.outgoing).reset();
            lock(&self.incoming).reset();
            return;
        }
        self.finish();
        let mut incoming = lock(&self.incoming);
        incoming.reader_gone = true;
        incoming.wake_all();
    }
}
