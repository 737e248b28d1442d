//! The yardstick: three hops of bare hyper over tokio's own pipes, on a paused clock, with nothing of Brownout.
//!
//! An answer of 0.9 KB comes 800 ms after its request through two forwarding hops, with the few headers that a
//! plain client sends. No signatures, no provider's format, no record. Seconds differ from machine to machine by
//! more than anything else; what a simulated request costs in multiples of this does not.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

const ANSWER: &[u8] = &[b'x'; 900];
const LATENCY: Duration = Duration::from_millis(800);
const PIPE: usize = 64 * 1024;

/// A way to one server: connections that wait, and where new ones are announced.
#[derive(Clone)]
struct Hop {
    idle: Rc<RefCell<Vec<SendRequest<Full<Bytes>>>>>,
    connect: UnboundedSender<DuplexStream>,
}

impl Hop {
    fn new() -> (Self, UnboundedReceiver<DuplexStream>) {
        let (connect, accept) = unbounded_channel();
        (Self { idle: Rc::default(), connect }, accept)
    }

    /// Sends a request over the connection that was used last, or a new one.
    async fn send(&self, body: Bytes) -> Bytes {
        let pooled = self.idle.borrow_mut().pop();
        let mut sender = match pooled {
            Some(mut sender) => {
                sender.ready().await.expect("an open connection");
                sender
            }
            None => self.fresh().await,
        };
        let request = Request::post("/v1/chat/completions")
            .header("host", "server")
            .header("content-type", "application/json")
            .header("authorization", "Bearer key")
            .body(Full::new(body))
            .expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        let answer = response.into_body().collect().await.expect("a whole answer").to_bytes();
        self.idle.borrow_mut().push(sender);
        answer
    }

    async fn fresh(&self) -> SendRequest<Full<Bytes>> {
        let (near, far) = duplex(PIPE);
        self.connect.send(far).expect("a server");
        let (sender, connection) = handshake(TokioIo::new(near)).await.expect("a handshake");
        spawn_local(connection);
        sender
    }
}

/// Serves what `accept` announces: forwards over `next`, or answers itself.
async fn serve(mut accept: UnboundedReceiver<DuplexStream>, next: Option<Hop>) {
    while let Some(stream) = accept.recv().await {
        let next = next.clone();
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let next = next.clone();
            async move {
                let body = request.into_body().collect().await.expect("a whole request").to_bytes();
                let answer = match &next {
                    Some(next) => next.send(body).await,
                    None => answer().await,
                };
                let response = Response::builder().header("content-type", "application/json");
                Ok::<_, Infallible>(response.body(Full::new(answer)).expect("a response"))
            }
        });
        spawn_local(Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer() -> Bytes {
    sleep(LATENCY).await;
    Bytes::from_static(ANSWER)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the yardstick stands outside our world, on a clock of its own"
)]
async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// `requests` requests, a hundred a second, each through three hops.
pub(crate) fn run(requests: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let (gateway, at_gateway) = Hop::new();
        let (proxy, at_proxy) = Hop::new();
        let (mock, at_mock) = Hop::new();
        spawn_local(serve(at_gateway, Some(proxy)));
        spawn_local(serve(at_proxy, Some(mock)));
        spawn_local(serve(at_mock, None));
        let mut sent = Vec::new();
        for _ in 0..requests {
            let gateway = gateway.clone();
            sent.push(spawn_local(async move { gateway.send(Bytes::from_static(&[b'q'; 230])).await }));
            sleep(Duration::from_millis(10)).await;
        }
        for request in sent {
            assert_eq!(request.await.expect("an answer").len(), ANSWER.len());
        }
    });
}
