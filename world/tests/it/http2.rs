//! HTTP/2 on the port that speaks HTTP/1.1: streams that share a connection, and how each of them can end.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brownout_world::http::{Abort, Body, Client, Deadline, Server, collect};
use brownout_world::{ConnectionHandle, World};
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Cut, Dropped, Ending, count_of, eventually, in_real_world, start};

async fn connect(world: &World, server: &Server) -> SendRequest<Body> {
    let connection = world.network().connect(server.address()).await.expect("connect");
    let (sender, driver) = handshake(TokioExecutor::new(), connection).await.expect("HTTP/2");
    drop(world.spawn(async move { drop(driver.await) }));
    sender
}

fn get(server: &Server, path: &str) -> Request<Body> {
    let uri = format!("http://{}{path}", server.address());
    Request::get(uri).body(Body::empty()).expect("a request")
}

/// The reason that a stream ended with.
fn reason(error: &hyper::Error) -> Option<h2::Reason> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return error.reason();
        }
        cause = error.source();
    }
    None
}

/// What comes of a body, and why it broke off if it did.
async fn read(mut response: Response<Incoming>) -> (Vec<u8>, Option<hyper::Error>) {
    let mut got = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        match frame {
            Ok(frame) => got.extend(frame.into_data().unwrap_or_default()),
            Err(error) => return (got, Some(error)),
        }
    }
    (got, None)
}

#[test]
fn both_protocols_share_a_port_and_look_the_same_to_a_handler() {
    in_real_world(|world| async move {
        let server = start(&world, |request, _| async move {
            let host = request.headers().get("host").map(|host| host.to_str().expect("ASCII").to_owned());
            let text = format!("{:?} {} {host:?}", request.version(), request.uri());
            Ok(Response::new(Body::full(text)))
        });
        let address = server.address().to_string();
        let old = Request::get("/a?b=c").header("host", &address).body(Body::empty()).expect("a request");
        let response = Client::new(&world).send(server.address(), old).await.expect("a response");
        let text = collect(response.into_body(), 1_000).await.expect("a body");
        assert_eq!(text, format!("HTTP/1.1 /a?b=c Some({address:?})"));
        let response = connect(&world, &server).await.send_request(get(&server, "/a?b=c")).await.expect("r");
        assert_eq!(response.version(), Version::HTTP_2);
        assert!(response.headers().get("date").is_none(), "the machine's clock shows");
        let (text, _) = read(response).await;
        assert_eq!(String::from_utf8_lossy(&text), format!("HTTP/2.0 /a?b=c Some({address:?})"));
    });
}

/// A server whose `/cut` breaks off after two pieces, in the way given, and whose other paths take a second.
fn start_cutting(world: &World, ending: Ending) -> Server {
    let clock = *world.clock();
    start(world, move |request, handle| async move {
        if request.uri().path() == "/cut" {
            return Ok(Response::new(Body::stream(Cut::after(&["piece "; 2], handle, ending, clock))));
        }
        clock.sleep(Duration::from_secs(1)).await;
        Ok(Response::new(Body::full("whole")))
    })
}

#[test]
fn a_cut_ends_its_stream_alone_and_names_the_reason() {
    let endings: [(Ending, h2::Reason); 2] = [
        (ConnectionHandle::reset, h2::Reason::INTERNAL_ERROR),
        (ConnectionHandle::finish, h2::Reason::CANCEL),
    ];
    for (ending, expected) in endings {
        in_real_world(|world| async move {
            let server = start_cutting(&world, ending);
            let mut sender = connect(&world, &server).await;
            let neighbour = world.spawn(sender.send_request(get(&server, "/")));
            let response = sender.send_request(get(&server, "/cut")).await.expect("a head");
            let (got, error) = read(response).await;
            assert_eq!(got, b"piece piece ");
            assert_eq!(reason(&error.expect("no clean end")), Some(expected));
            let response = neighbour.await.expect("a task").expect("an answer");
            assert_eq!(read(response).await.0, b"whole");
            assert_eq!(server.accepted(), 1);
        });
    }
}

#[test]
fn a_reset_of_the_connection_takes_every_stream_with_it() {
    in_real_world(|world| async move {
        let server = start_cutting(&world, ConnectionHandle::reset_connection);
        let mut sender = connect(&world, &server).await;
        let neighbour = world.spawn(sender.send_request(get(&server, "/")));
        let response = sender.send_request(get(&server, "/cut")).await.expect("a head");
        let (got, error) = read(response).await;
        assert_eq!((got.as_slice(), error.is_some()), (&b"piece piece "[..], true));
        assert!(neighbour.await.expect("a task").is_err(), "its connection is gone");
        eventually(&world, "the connection is closed", || server.connections() == 0).await;
    });
}

#[test]
fn an_abort_before_the_head_ends_the_stream() {
    in_real_world(|world| async move {
        let server = start(&world, |request, handle| async move {
            if request.uri().path() == "/finish" {
                handle.finish();
            } else {
                handle.reset();
            }
            Err(Abort)
        });
        let mut sender = connect(&world, &server).await;
        for (path, expected) in [("/reset", h2::Reason::INTERNAL_ERROR), ("/finish", h2::Reason::CANCEL)] {
            let error = sender.send_request(get(&server, path)).await.expect_err("no answer");
            assert_eq!(reason(&error), Some(expected), "{path}");
        }
        assert_eq!(server.connections(), 1, "the connection goes on");
    });
}

/// A server that never answers.
struct Silent {
    server: Server,
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Silent {
    /// Waits until so many of its handlers have begun.
    async fn begun(&self, world: &World, wanted: usize) {
        eventually(world, "handlers begin", || count_of(&self.begun) == wanted).await;
    }

    /// Waits until so many of its handlers have been dropped.
    async fn dropped(&self, world: &World, wanted: usize) {
        eventually(world, "handlers are dropped", || count_of(&self.dropped) == wanted).await;
    }
}

fn start_silent(world: &World) -> Silent {
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, seen) = (Arc::clone(&begun), Arc::clone(&dropped));
    let server = start(world, move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let guard = Dropped(Arc::clone(&seen));
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Err(Abort)
        }
    });
    Silent { server, begun, dropped }
}

#[test]
fn a_client_that_gives_a_stream_up_drops_its_handler() {
    in_real_world(|world| async move {
        let silent = start_silent(&world);
        let mut sender = connect(&world, &silent.server).await;
        let limit = Duration::from_millis(500);
        let asked = sender.send_request(get(&silent.server, "/"));
        assert!(world.clock().timeout(limit, asked).await.is_err());
        silent.dropped(&world, 1).await;
        assert_eq!(silent.server.connections(), 1);
    });
}

#[test]
fn a_client_that_goes_away_drops_all_its_handlers() {
    in_real_world(|world| async move {
        let silent = start_silent(&world);
        let server = &silent.server;
        let connection = world.network().connect(server.address()).await.expect("connect");
        let handle = connection.handle();
        let (mut sender, driver) = handshake(TokioExecutor::new(), connection).await.expect("HTTP/2");
        drop(world.spawn(async move { drop(driver.await) }));
        let asking: Vec<_> = (0..3).map(|_| world.spawn(sender.send_request(get(server, "/")))).collect();
        silent.begun(&world, 3).await;
        handle.finish();
        silent.dropped(&world, 3).await;
        eventually(&world, "the connection is closed", || server.connections() == 0).await;
        for asked in asking {
            assert!(asked.await.expect("a task").is_err());
        }
    });
}

#[test]
fn a_stream_that_nobody_reads_ends_at_its_deadline() {
    in_real_world(|world| async move {
        let (clock, spawner, ended) = (*world.clock(), world.clone(), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&ended);
        let server = start(&world, move |_, _| {
            let (sender, body) = Body::channel(1);
            let seen = Arc::clone(&seen);
            drop(spawner.spawn(async move {
                while sender.send(vec![0; 16_384].into()).await {}
                seen.fetch_add(1, Ordering::SeqCst);
            }));
            let mut response = Response::new(body);
            response.extensions_mut().insert(Deadline(clock.now() + Duration::from_millis(500)));
            async move { Ok(response) }
        });
        let mut sender = connect(&world, &server).await;
        let unread = sender.send_request(get(&server, "/")).await.expect("a head");
        clock.sleep(Duration::from_millis(200)).await;
        assert_eq!(ended.load(Ordering::SeqCst), 0, "the window is full, and the stream waits");
        eventually(&world, "its body is dropped", || count_of(&ended) == 1).await;
        drop((sender, unread));
    });
}

#[test]
fn a_server_that_is_dropped_drops_all_handlers() {
    in_real_world(|world| async move {
        let silent = start_silent(&world);
        let mut sender = connect(&world, &silent.server).await;
        let asking = world.spawn(sender.send_request(get(&silent.server, "/")));
        silent.begun(&world, 1).await;
        let Silent { server, dropped, .. } = silent;
        drop(server);
        assert!(asking.await.expect("a task").is_err());
        eventually(&world, "the handler is dropped", || count_of(&dropped) == 1).await;
    });
}

#[test]
fn shutdown_says_goodbye_and_lets_streams_end() {
    in_real_world(|world| async move {
        let clock = *world.clock();
        let server = start_cutting(&world, ConnectionHandle::reset);
        let mut sender = connect(&world, &server).await;
        let asking = world.spawn(sender.send_request(get(&server, "/")));
        let uri = get(&server, "/");
        clock.sleep(Duration::from_millis(500)).await;
        assert_eq!(server.shutdown(&clock, Duration::from_secs(5)).await, 0);
        let response = asking.await.expect("a task").expect("an answer");
        assert_eq!(read(response).await.0, b"whole");
        assert!(sender.send_request(uri).await.is_err(), "no new stream after GOAWAY");
    });
}

#[test]
fn nonsense_ends_a_connection_and_nothing_else() {
    in_real_world(|world| async move {
        let server = start(&world, |_, _| async { Ok(Response::new(Body::full("fine"))) });
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
        let broken = [
            // A frame longer than any allowed; a HEADERS frame on stream 0; half a preface; a binary soup.
            [preface, &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat(),
            [preface, &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0, 0, 1, 1, 4, 0, 0, 0, 0, 0x82]].concat(),
            b"PRI * HTTP/2.0\r\n\r\nSM".to_vec(),
            vec![0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5],
        ];
        for bytes in broken {
            let mut connection = world.network().connect(server.address()).await.expect("connect");
            connection.write_all(&bytes).await.expect("written");
            connection.shutdown().await.expect("half closed");
            let mut answer = Vec::new();
            // A reset is as good an end as any.
            drop(connection.read_to_end(&mut answer).await);
        }
        eventually(&world, "connections are closed", || server.connections() == 0).await;
        let response = connect(&world, &server).await.send_request(get(&server, "/")).await.expect("r");
        assert_eq!(read(response).await.0, b"fine");
    });
}

#[test]
fn a_head_beyond_the_limit_is_refused_and_the_server_goes_on() {
    in_real_world(|world| async move {
        let server = start(&world, |_, _| async { Ok(Response::new(Body::full("fine"))) });
        let mut sender = connect(&world, &server).await;
        let mut large = get(&server, "/");
        for n in 0..40 {
            let value = "x".repeat(4_000).parse().expect("a value");
            large.headers_mut().insert(http::HeaderName::try_from(format!("x-{n}")).expect("a name"), value);
        }
        let refused = sender.send_request(large).await;
        assert!(refused.map_or(true, |response| response.status() == 431));
        let response = connect(&world, &server).await.send_request(get(&server, "/")).await.expect("r");
        assert_eq!(read(response).await.0, b"fine");
    });
}
