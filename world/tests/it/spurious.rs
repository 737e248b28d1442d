//! That connections of the virtual world are not woken in vain, and miss no wake that they need.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brownout_world::http::{Body, Client, collect};
use brownout_world::{Clock, Seed, run_virtual};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use crate::support::{count_of, in_both_worlds, start};

const MIB: usize = 1 << 20;

/// Completes as `future` does and counts how often it is polled.
async fn counting<F: Future>(polls: Arc<AtomicUsize>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        polls.fetch_add(1, Ordering::SeqCst);
        future.as_mut().poll(context)
    })
    .await
}

fn post(body: Body) -> Request<Body> {
    Request::post("/").header("host", "server").body(body).expect("a request")
}

/// Reads a body to its end, with a pause after each piece.
async fn read_slowly(clock: &Clock, mut body: Body) -> BytesMut {
    let mut all = BytesMut::new();
    while let Some(piece) = body.next_data().await {
        all.extend_from_slice(&piece.expect("a piece"));
        clock.sleep(Duration::from_micros(10)).await;
    }
    all
}

#[test]
fn reading_a_body_wakes_neither_side_in_vain() {
    run_virtual(Seed(1), |world| async move {
        let clock = *world.clock();
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let server = start(&world, move |request: Request<Body>, _| {
            counting(Arc::clone(&counted), async move {
                let body = collect(request.into_body(), 100).await.expect("a body");
                clock.sleep(Duration::from_millis(1)).await;
                Ok(Response::new(Body::full(body)))
            })
        });
        let client = Client::new(&world);
        let asked = Arc::new(AtomicUsize::new(0));
        let asking = counting(Arc::clone(&asked), async {
            let response =
                client.send(server.address(), post(Body::full("twice"))).await.expect("a response");
            collect(response.into_body(), 100).await.expect("a body")
        });
        assert_eq!(asking.await, "twice");
        // The server: when the request comes, and when the pause is over. The client: to send, and to read.
        assert_eq!((count_of(&polls), count_of(&asked)), (2, 2));
    });
}

#[test]
fn bodies_of_any_size_come_whole_however_slowly_they_are_read() {
    in_both_worlds(|world| async move {
        let clock = *world.clock();
        let server = start(&world, move |request: Request<Body>, _| async move {
            let body = read_slowly(&clock, request.into_body()).await;
            Ok(Response::new(Body::full(body.freeze())))
        });
        let client = Client::new(&world);
        for size in [0, 1, 100, 8_191, 8_192, 8_193, 65_536, 100_000, 3 * MIB] {
            let sent: Bytes = (0..size).map(|at| (at % 251) as u8).collect();
            for chunked in [false, true] {
                let body =
                    if chunked { chunked_body(&world, sent.clone()) } else { Body::full(sent.clone()) };
                let response = client.send(server.address(), post(body)).await.expect("a response");
                let got = read_slowly(&clock, response.into_body()).await;
                assert!(got == sent, "{size} bytes, chunked: {chunked}, came as {}", got.len());
            }
        }
        assert_eq!((server.accepted(), client.idle(server.address())), (1, 1));
    });
}

/// A body of unknown length, in pieces.
fn chunked_body(world: &brownout_world::World, bytes: Bytes) -> Body {
    let (sender, body) = Body::channel(1);
    drop(world.spawn(async move {
        for piece in bytes.chunks(30_000) {
            if !sender.send(Bytes::copy_from_slice(piece)).await {
                return;
            }
        }
    }));
    body
}
