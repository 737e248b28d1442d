//! The one body type of all parts: empty, whole, or streamed.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::spurious::Reader;

/// Why a body broke off.
#[derive(Debug)]
pub struct BodyError(Box<dyn StdError + Send + Sync>);

impl BodyError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    /// The first I/O error among the causes, if the transport broke.
    #[must_use]
    pub fn io_kind(&self) -> Option<std::io::ErrorKind> {
        io_kind(&*self.0)
    }
}

/// The kind of the first I/O error in a chain of causes.
pub(super) fn io_kind(error: &(dyn StdError + 'static)) -> Option<std::io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body broke off: {}", self.0)
    }
}

impl StdError for BodyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// A request or response body.
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Incoming(hyper::body::Incoming),
    /// Of a connection in the virtual world.
    Read(hyper::body::Incoming, Reader),
    Channel(mpsc::Receiver<Result<Bytes, BodyError>>),
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError> + Send>>),
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// All bytes at once, with a `Content-Length`.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(bytes.into()))
    }

    /// Bytes as another body yields them.
    #[must_use]
    pub fn stream(body: impl HttpBody<Data = Bytes, Error = BodyError> + Send + 'static) -> Self {
        Self(Kind::Stream(Box::pin(body)))
    }

    /// Bytes as a task sends them; at most `capacity` pieces wait. When the sender is dropped the body
    /// ends cleanly; an error breaks it off.
    #[must_use]
    pub fn channel(capacity: usize) -> (BodySender, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (BodySender(sender), Self(Kind::Channel(receiver)))
    }

    pub(super) fn incoming(body: hyper::body::Incoming) -> Self {
        Self(Kind::Incoming(body))
    }

    pub(super) fn read(body: hyper::body::Incoming, reader: Reader) -> Self {
        Self(Kind::Read(body, reader))
    }

    /// The next piece of data; `None` at the clean end.
    ///
    /// # Errors
    /// The body broke off.
    pub async fn next_data(&mut self) -> Option<Result<Bytes, BodyError>> {
        loop {
            match self.frame().await? {
                Err(error) => return Some(Err(error)),
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some(Ok(data));
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Empty => "Body::Empty",
            Kind::Full(_) => "Body::Full",
            Kind::Incoming(_) | Kind::Read(..) => "Body::Incoming",
            Kind::Channel(_) => "Body::Channel",
            Kind::Stream(_) => "Body::Stream",
        })
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::full(text)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                if bytes.is_empty() { Poll::Ready(None) } else { Poll::Ready(Some(Ok(Frame::data(bytes)))) }
            }
            Kind::Incoming(body) => Pin::new(body).poll_frame(context).map_err(BodyError::new),
            Kind::Read(body, reader) => reader.poll_frame(body, context).map_err(BodyError::new),
            Kind::Channel(receiver) => receiver.poll_recv(context).map(|piece| Some(piece?.map(Frame::data))),
            Kind::Stream(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Incoming(body) | Kind::Read(body, _) => body.is_end_stream(),
            Kind::Channel(_) => false,
            Kind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(body) | Kind::Read(body, _) => body.size_hint(),
            Kind::Channel(_) => SizeHint::default(),
            Kind::Stream(body) => body.size_hint(),
        }
    }
}

/// The sending half of [`Body::channel`].
#[derive(Debug, Clone)]
pub struct BodySender(mpsc::Sender<Result<Bytes, BodyError>>);

impl BodySender {
    /// Sends a piece when there is room; false when the receiver is gone.
    pub async fn send(&self, bytes: Bytes) -> bool {
        self.0.send(Ok(bytes)).await.is_ok()
    }

    /// Breaks the body off; false when the receiver is gone.
    pub async fn fail(&self, error: BodyError) -> bool {
        self.0.send(Err(error)).await.is_ok()
    }

    /// Completes when the receiver is gone: the peer has left.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// Why a body could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// More bytes than allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer broke off.
    #[error(transparent)]
    Broken(#[from] BodyError),
}

/// How much memory a body gets for an announced length, in bytes.
const ANNOUNCED_MAX: usize = 64 * 1024;

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// [`CollectError::TooLarge`] as soon as the limit is passed; [`CollectError::Broken`].
pub async fn collect(mut body: Body, limit: usize) -> Result<Bytes, CollectError> {
    if let Kind::Full(bytes) = body.0 {
        return if bytes.len() > limit { Err(CollectError::TooLarge { limit }) } else { Ok(bytes) };
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX).min(limit);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = body.next_data().await {
        let piece = piece?;
        if first.len() + rest.len() + piece.len() > limit {
            return Err(CollectError::TooLarge { limit });
        }
        // Most bodies are one piece: no copy.
        if first.is_empty() && rest.is_empty() {
            first = piece;
        } else {
            if rest.is_empty() {
                // What is announced need not come: a lie must not cost more than the usual answer.
                rest.reserve(announced.min(ANNOUNCED_MAX));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(piece.chunk());
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
