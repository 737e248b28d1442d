//! Server and client over either world: pooling, leaving clients, every way a body can end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brownout_world::http::{Abort, Body, Client, SendError, collect, serve};
use brownout_world::{ConnectionHandle, World};
use bytes::Bytes;
use http::{Request, Response};

use crate::support::{Cut, Dropped, Ending, count_of, eventually, in_both_worlds, start};

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "server").body(Body::empty()).expect("a request")
}

#[test]
fn requests_in_turn_share_one_connection() {
    in_both_worlds(|world| async move {
        let server = start(&world, |request, _| async move {
            let body = collect(request.into_body(), 1_000).await.expect("a body");
            Ok(Response::new(Body::full(body)))
        });
        let client = Client::new(&world);
        for n in 0..20 {
            let request =
                Request::post("/echo").header("host", "x").body(Body::full(format!("n{n}"))).expect("r");
            let response = client.send(server.address(), request).await.expect("a response");
            assert!(response.headers().get("date").is_none(), "the machine's clock shows");
            assert_eq!(collect(response.into_body(), 1_000).await.expect("body"), format!("n{n}"));
        }
        assert_eq!(server.accepted(), 1);
        assert_eq!(client.idle(server.address()), 1);
    });
}

#[test]
fn requests_at_once_have_a_connection_each() {
    in_both_worlds(|world| async move {
        let clock = *world.clock();
        let server = start(&world, move |_, _| async move {
            clock.sleep(Duration::from_millis(60)).await;
            Ok(Response::new(Body::full("done")))
        });
        let client = Client::new(&world);
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let (client, address) = (client.clone(), server.address().clone());
                world.spawn(async move {
                    let response = client.send(&address, get("/")).await.expect("a response");
                    collect(response.into_body(), 100).await.expect("a body")
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.expect("a task"), "done");
        }
        assert_eq!(server.accepted(), 5);
    });
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() {
    in_both_worlds(|world| async move {
        let client = Client::new(&world);
        let first = start(&world, |_, _| async { Ok(Response::new(Body::full("one"))) });
        let address = first.address().clone();
        let response = client.send(&address, get("/")).await.expect("a response");
        collect(response.into_body(), 100).await.expect("a body");
        first.shutdown(world.clock(), Duration::from_secs(1)).await;
        world.clock().sleep(Duration::from_millis(50)).await;
        let refused = client.send(&address, get("/")).await;
        assert!(matches!(refused, Err(SendError::Connect { .. })), "{refused:?}");
        let listener = world.network().listen(&address).expect("the address is free again");
        let handler = |_: Request<Body>, _: ConnectionHandle| async { Ok(Response::new(Body::full("two"))) };
        let _second = serve(&world, listener, Arc::new(handler));
        let response = client.send(&address, get("/")).await.expect("a response");
        assert_eq!(collect(response.into_body(), 100).await.expect("a body"), "two");
    });
}

#[test]
fn a_client_that_leaves_before_the_head_drops_the_handler() {
    in_both_worlds(|world| async move {
        let drops = Arc::new(AtomicUsize::new(0));
        let (clock, seen) = (*world.clock(), Arc::clone(&drops));
        let server = start(&world, move |_, _| {
            let guard = Dropped(Arc::clone(&seen));
            async move {
                clock.sleep(Duration::from_secs(600)).await;
                drop(guard);
                Ok(Response::new(Body::empty()))
            }
        });
        let client = Client::new(&world);
        let limit = Duration::from_millis(500);
        assert!(clock.timeout(limit, client.send(server.address(), get("/"))).await.is_err());
        eventually(&world, "the handler is dropped", || count_of(&drops) == 1).await;
        eventually(&world, "the connection is closed", || server.connections() == 0).await;
    });
}

#[test]
fn a_client_that_leaves_a_stream_drops_its_body() {
    in_both_worlds(|world| async move {
        let drops = Arc::new(AtomicUsize::new(0));
        let (inner, seen) = (world.clone(), Arc::clone(&drops));
        let server = start(&world, move |_, _| {
            let guard = Dropped(Arc::clone(&seen));
            let (sender, body) = Body::channel(1);
            let clock = *inner.clock();
            drop(inner.spawn(async move {
                let _guard = guard;
                while sender.send(Bytes::from_static(b"tick ")).await {
                    clock.sleep(Duration::from_millis(10)).await;
                }
            }));
            async move { Ok(Response::new(body)) }
        });
        let client = Client::new(&world);
        let mut response = client.send(server.address(), get("/")).await.expect("a head");
        assert!(response.body_mut().next_data().await.expect("data").is_ok());
        drop(response);
        eventually(&world, "the body is dropped", || count_of(&drops) == 1).await;
        assert_eq!(client.idle(server.address()), 0, "a half-read connection must not be pooled");
    });
}

/// What a client sees of a stream that is cut after two pieces.
async fn cut_by(world: &World, ending: Ending) -> (Vec<u8>, Option<std::io::ErrorKind>, bool) {
    let clock = *world.clock();
    let server = start(world, move |_, handle| async move {
        Ok(Response::new(Body::stream(Cut::after(&["one ", "two "], handle, ending, clock))))
    });
    let client = Client::new(world);
    let mut response = client.send(server.address(), get("/")).await.expect("a head");
    let mut got = Vec::new();
    loop {
        match response.body_mut().next_data().await {
            None => return (got, None, true),
            Some(Ok(piece)) => got.extend_from_slice(&piece),
            Some(Err(error)) => return (got, error.io_kind(), false),
        }
    }
}

#[test]
fn a_reset_after_two_pieces_shows_both_and_then_the_reset() {
    in_both_worlds(|world| async move {
        let (got, kind, clean) = cut_by(&world, ConnectionHandle::reset).await;
        assert_eq!(got, b"one two ");
        assert!(!clean);
        assert_eq!(kind, Some(std::io::ErrorKind::ConnectionReset));
    });
}

#[test]
fn a_finish_after_two_pieces_is_an_unfinished_body() {
    in_both_worlds(|world| async move {
        let (got, kind, clean) = cut_by(&world, ConnectionHandle::finish).await;
        assert_eq!(got, b"one two ");
        assert!(!clean, "without the closing chunk the end is not clean");
        assert_ne!(kind, Some(std::io::ErrorKind::ConnectionReset));
    });
}

#[test]
fn an_abort_with_reset_is_seen_as_a_reset_before_the_head() {
    in_both_worlds(|world| async move {
        let server = start(&world, |_, handle| async move {
            handle.reset();
            Err(Abort)
        });
        let result = Client::new(&world).send(server.address(), get("/")).await;
        assert!(matches!(result, Err(SendError::Reset)), "{result:?}");
    });
}

#[test]
fn an_abort_with_finish_is_seen_as_a_close_before_the_head() {
    in_both_worlds(|world| async move {
        let server = start(&world, |_, handle| async move {
            handle.finish();
            Err(Abort)
        });
        let result = Client::new(&world).send(server.address(), get("/")).await;
        assert!(matches!(result, Err(SendError::Closed)), "{result:?}");
    });
}

#[test]
fn shutdown_lets_requests_end_within_the_grace() {
    in_both_worlds(|world| async move {
        let clock = *world.clock();
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        let server = start(&world, move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                clock.sleep(Duration::from_millis(100)).await;
                Ok(Response::new(Body::full("late")))
            }
        });
        let (client, address) = (Client::new(&world), server.address().clone());
        let asking = world.spawn(async move {
            let response = client.send(&address, get("/")).await.expect("a response");
            collect(response.into_body(), 100).await.expect("a body")
        });
        eventually(&world, "it is being answered", || count_of(&begun) == 1).await;
        assert_eq!(server.shutdown(&clock, Duration::from_secs(5)).await, 0);
        assert_eq!(asking.await.expect("a task"), "late");
    });
}

#[test]
fn a_body_above_the_limit_is_refused() {
    in_both_worlds(|world| async move {
        let server = start(&world, |request, _| async move {
            let status = if collect(request.into_body(), 10).await.is_err() { 413 } else { 200 };
            Ok(Response::builder().status(status).body(Body::empty()).expect("a response"))
        });
        let client = Client::new(&world);
        let request = Request::post("/").header("host", "x").body(Body::full("0123456789A")).expect("r");
        let response = client.send(server.address(), request).await.expect("a response");
        assert_eq!(response.status(), 413);
    });
}
