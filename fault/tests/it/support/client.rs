//! A client that writes down what it sees, and when.

use std::io::ErrorKind;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Request, Response};
use std::time::Duration;
use wire::splitter::{Format, Piece, Splitter};
use world::http::{Body, Client, SendError};
use world::{Address, Instant, World};

/// How an exchange ended at the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// A whole HTTP message.
    Clean,
    /// The connection was reset.
    Reset,
    /// The connection ended before the message.
    Short,
    /// The client gave up waiting.
    GaveUp,
    /// What came was not HTTP that a client reads.
    Malformed,
}

/// What a client saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// None when no head came.
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    /// When the head came, after the request went out.
    pub(crate) head_after: Duration,
    /// Whole events and when they came, after the request went out.
    pub(crate) events: Vec<(Duration, Bytes)>,
    /// Everything, events or not.
    pub(crate) bytes: Vec<u8>,
    pub(crate) close: Close,
    pub(crate) ended_after: Duration,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Posts `body` to `target` and reads for at most `patience`.
pub(crate) async fn ask(
    world: &World,
    client: &Client,
    address: &Address,
    target: &str,
    body: String,
    patience: Duration,
) -> Seen {
    let request = Request::post(target).header(HOST, "provider").body(Body::full(body)).expect("a request");
    let start = world.clock().now();
    let mut seen = Seen {
        status: None,
        headers: HeaderMap::new(),
        head_after: Duration::ZERO,
        events: Vec::new(),
        bytes: Vec::new(),
        close: Close::GaveUp,
        ended_after: Duration::ZERO,
    };
    let deadline = start + patience;
    let sent = world.clock().timeout_at(deadline, client.send(address, request)).await;
    match sent {
        Err(_) => {}
        Ok(Err(SendError::Reset)) => seen.close = Close::Reset,
        Ok(Err(SendError::Malformed(_))) => seen.close = Close::Malformed,
        Ok(Err(_)) => seen.close = Close::Short,
        Ok(Ok(response)) => read(world, response, start, deadline, &mut seen).await,
    }
    seen.ended_after = world.clock().now().saturating_since(start);
    seen
}

async fn read(world: &World, response: Response<Body>, start: Instant, deadline: Instant, seen: &mut Seen) {
    let (head, mut body) = response.into_parts();
    let content_type =
        head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut splitter = Splitter::new(Format::of_content_type(content_type).unwrap_or(Format::Sse));
    seen.status = Some(head.status.as_u16());
    seen.head_after = world.clock().now().saturating_since(start);
    seen.headers = head.headers;
    seen.close = loop {
        match world.clock().timeout_at(deadline, body.next_data()).await {
            Err(_) => break Close::GaveUp,
            Ok(None) => break Close::Clean,
            Ok(Some(Err(error))) if error.io_kind() == Some(ErrorKind::ConnectionReset) => {
                break Close::Reset;
            }
            Ok(Some(Err(_))) => break Close::Short,
            Ok(Some(Ok(bytes))) => {
                seen.bytes.extend_from_slice(&bytes);
                splitter.push(bytes);
                let at = world.clock().now().saturating_since(start);
                while let Some(piece) = splitter.next_event() {
                    if let Piece::Event(event) = piece {
                        seen.events.push((at, event));
                    }
                }
            }
        }
    };
}
