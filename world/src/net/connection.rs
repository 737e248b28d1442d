//! A connection of either world, as hyper and tokio read and write it.
//!
//! Every byte passes the checks of the connection's [`ConnectionHandle`]: held, paced, ended. A reset or
//! finish that the handle asks for happens when the connection is dropped, which is what hyper does
//! when a body or a handler fails.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::ReadBufCursor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::handle::{ConnectionHandle, Ending};
use super::pipe::{self, PipeEnd};
use crate::time::{Clock, Sleep};

/// A connection: a TCP socket in the real world, a pipe in the virtual one.
#[derive(Debug)]
pub struct Connection {
    transport: Transport,
    handle: ConnectionHandle,
    clock: Clock,
    pacing: Option<Sleep>,
}

#[derive(Debug)]
enum Transport {
    Pipe(PipeEnd),
    // The adapter lends hyper's own buffer to the socket, which would need `unsafe` here.
    Tcp(TokioIo<TcpStream>),
}

impl Connection {
    pub(super) fn of_pipe(end: PipeEnd, ordinal: u64, clock: Clock) -> Self {
        Self { transport: Transport::Pipe(end), handle: ConnectionHandle::new(ordinal), clock, pacing: None }
    }

    pub(super) fn of_tcp(stream: TcpStream, ordinal: u64, clock: Clock) -> io::Result<Self> {
        // Without it, small writes wait for the peer's delayed acknowledgement: 40 ms a token.
        stream.set_nodelay(true)?;
        Ok(Self {
            transport: Transport::Tcp(TokioIo::new(stream)),
            handle: ConnectionHandle::new(ordinal),
            clock,
            pacing: None,
        })
    }

    /// The same connection under the ordinal that its listener gives it.
    pub(super) fn with_ordinal(mut self, ordinal: u64) -> Self {
        self.handle = ConnectionHandle::new(ordinal);
        self
    }

    /// The control of this connection.
    #[must_use]
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Whether the connection may move bytes now; parks the reader or writer otherwise.
    fn poll_open(
        &self,
        context: &Context<'_>,
        park: fn(&ConnectionHandle, &Context<'_>),
    ) -> Poll<io::Result<()>> {
        if self.handle.ending() != Ending::Normal {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if self.handle.is_held() {
            park(&self.handle, context);
            // Asked again, so that a release between the check and the parking is not missed.
            if self.handle.is_held() && self.handle.ending() == Ending::Normal {
                return Poll::Pending;
            }
        }
        // Parked so that an end that the handle asks for later reaches a task that only reads.
        park(&self.handle, context);
        Poll::Ready(Ok(()))
    }

    /// How many bytes a paced connection may write now: what it sends in 10 ms, then a pause.
    fn poll_allowance(&mut self, context: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        if let Some(pause) = &mut self.pacing {
            ready!(Pin::new(pause).poll(context));
            self.pacing = None;
        }
        let Some(limit) = self.handle.limit() else { return Poll::Ready(wanted) };
        let slice = usize::try_from(limit / 100).unwrap_or(usize::MAX).max(1);
        Poll::Ready(wanted.min(slice))
    }

    fn failed(&self, error: io::Error) -> io::Error {
        self.handle.note_failure(&error);
        error
    }

    fn note_written(&mut self, count: usize) {
        self.handle.note_written(count);
        if let Some(limit) = self.handle.limit() {
            let micros = (count as u64).saturating_mul(1_000_000) / limit;
            self.pacing = Some(self.clock.sleep(Duration::from_micros(micros)));
        }
    }

    fn poll_write_bytes(&mut self, context: &mut Context<'_>, source: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_pieces(context, &[IoSlice::new(source)])
    }

    fn poll_write_pieces(
        &mut self,
        context: &mut Context<'_>,
        sources: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context, ConnectionHandle::park_writer))?;
        let allowed = ready!(self.poll_allowance(context, pipe::total(sources)));
        let written = match &mut self.transport {
            Transport::Pipe(end) => end.poll_write(context, sources, allowed),
            Transport::Tcp(stream) => {
                // hyper joins what it writes to a socket: there is one piece.
                let source = sources.iter().find(|source| !source.is_empty());
                let source = source.map_or(&[][..], |source| &source[..source.len().min(allowed)]);
                Pin::new(stream.inner_mut()).poll_write(context, source)
            }
        };
        let count = ready!(written).map_err(|error| self.failed(error))?;
        self.note_written(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Transport::Tcp(stream) = &mut self.transport {
            ready!(Pin::new(stream.inner_mut()).poll_flush(context))?;
        }
        self.handle.note_flush();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.handle.ending() == Ending::Reset {
            return Poll::Ready(Ok(()));
        }
        match &mut self.transport {
            Transport::Pipe(end) => {
                end.finish();
                Poll::Ready(Ok(()))
            }
            Transport::Tcp(stream) => Pin::new(stream.inner_mut()).poll_shutdown(context),
        }
    }

    fn poll_read_bytes(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context, ConnectionHandle::park_reader))?;
        let read = match &mut self.transport {
            Transport::Pipe(end) => {
                end.poll_read(context, buffer.remaining(), |bytes| buffer.put_slice(bytes))
            }
            Transport::Tcp(stream) => Pin::new(stream.inner_mut()).poll_read(context, buffer),
        };
        read.map_err(|error| self.failed(error))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.handle.ending() != Ending::Reset {
            return;
        }
        match &mut self.transport {
            Transport::Pipe(end) => end.reset_on_drop(),
            // A failure means that the socket is gone already.
            Transport::Tcp(stream) => drop(stream.inner().set_zero_linger()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_read_bytes(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        source: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(context, source)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_bytes(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown_bytes(context)
    }
}

impl hyper::rt::Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context, ConnectionHandle::park_reader))?;
        let read = match &mut self.transport {
            Transport::Pipe(end) => {
                end.poll_read(context, cursor.remaining(), |bytes| cursor.put_slice(bytes))
            }
            Transport::Tcp(stream) => hyper::rt::Read::poll_read(Pin::new(stream), context, cursor),
        };
        read.map_err(|error| self.failed(error))
    }
}

impl hyper::rt::Write for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        source: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(context, source)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_bytes(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown_bytes(context)
    }

    fn is_write_vectored(&self) -> bool {
        // To a socket hyper joins head and body in one buffer: for small bodies the faster way. A pipe
        // copies anyway, and each connection would keep a buffer of its largest message.
        matches!(self.transport, Transport::Pipe(_))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        sources: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_pieces(context, sources)
    }
}
