//! A client that writes down what it sees.

use std::io::ErrorKind;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderMap, Request};
use world::http::{Body, Client, SendError};
use world::{Address, World};

/// How an exchange ended at the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    Clean,
    Reset,
    Short,
    GaveUp,
}

/// What a client saw.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) close: Close,
}

impl Seen {
    /// Whole server-sent events.
    pub(crate) fn events(&self) -> u32 {
        u32::try_from(self.text.matches("\n\n").count()).expect("few")
    }
}

/// Posts `body` and reads for at most `patience`.
pub(crate) async fn post(
    world: &World,
    client: &Client,
    address: &Address,
    request: http::request::Builder,
    body: impl Into<bytes::Bytes>,
    patience: Duration,
) -> Seen {
    let request: Request<Body> =
        request.header(HOST, "api.openai.com").body(Body::full(body)).expect("a request");
    let deadline = world.clock().now() + patience;
    let mut seen =
        Seen { status: None, headers: HeaderMap::new(), text: String::new(), close: Close::GaveUp };
    let response = match world.clock().timeout_at(deadline, client.send(address, request)).await {
        Err(_) => return seen,
        Ok(Err(SendError::Reset)) => return Seen { close: Close::Reset, ..seen },
        Ok(Err(_)) => return Seen { close: Close::Short, ..seen },
        Ok(Ok(response)) => response,
    };
    let (head, mut body) = response.into_parts();
    seen.status = Some(head.status.as_u16());
    seen.headers = head.headers;
    seen.close = loop {
        match world.clock().timeout_at(deadline, body.next_data()).await {
            Err(_) => break Close::GaveUp,
            Ok(None) => break Close::Clean,
            Ok(Some(Err(error))) if error.io_kind() == Some(ErrorKind::ConnectionReset) => {
                break Close::Reset;
            }
            Ok(Some(Err(_))) => break Close::Short,
            Ok(Some(Ok(bytes))) => seen.text.push_str(&String::from_utf8_lossy(&bytes)),
        }
    };
    seen
}
