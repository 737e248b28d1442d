//! A mock that stands alone on sockets: both protocols, faults over both, and clients that misbehave.

use std::error::Error as _;
use std::time::Duration;

use brownout_mock_provider::{EdgePlan, Mock, MockFile, start_alone};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::event_stream::Frame;
use world::http::Body;
use world::{Address, Seed, World, run_real};

use crate::harness::NONCE;

const MODEL: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0";

/// Without credentials, and fast.
const QUICK: &str = "auth = \"off\"\nlatency = { overhead = \"1ms\", ttft_cv = 0.0, inter_token_cv = 0.0 }\n";

fn on_sockets<F: Future<Output = ()>>(test: impl FnOnce(World, Mock) -> F) {
    let file: MockFile = toml::from_str(QUICK).expect("a mock file");
    let plan = file.plan("mock").expect("a sound file");
    run_real(Seed(7), 2, |world| async move {
        let clock = *world.clock();
        let mock = start_alone(&world, &Address::new("127.0.0.1:0"), plan, EdgePlan::default()).expect("up");
        clock.timeout(Duration::from_secs(60), test(world, mock)).await.expect("it hangs");
    })
    .expect("a runtime");
}

async fn connect(world: &World, mock: &Mock) -> SendRequest<Body> {
    let connection = world.network().connect(mock.address()).await.expect("connect");
    let (sender, driver) = handshake(TokioExecutor::new(), connection).await.expect("HTTP/2");
    drop(world.spawn(async move { drop(driver.await) }));
    sender
}

fn body() -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":[{{"text":"{NONCE}"}}]}}],"inferenceConfig":{{"maxTokens":6}}}}"#
    )
}

fn converse(mock: &Mock, path: &str) -> Request<Body> {
    let uri = format!("http://{}{path}", mock.address());
    let request = Request::post(uri).header("content-type", "application/json");
    request.body(Body::full(body())).expect("a request")
}

/// What comes of a body, and the reason why it broke off if it did.
async fn read(mut response: Response<Incoming>) -> (Bytes, Option<h2::Reason>) {
    let mut got = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        match frame {
            Ok(frame) => got.extend(frame.into_data().unwrap_or_default()),
            Err(error) => return (got.into(), reason(&error)),
        }
    }
    (got.into(), None)
}

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

fn events(mut bytes: Bytes) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("a prelude")) as usize;
        Frame::parse(bytes.split_to(length)).expect("a message");
        count += 1;
    }
    count
}

async fn settled(world: &World, mock: &Mock) {
    for _ in 0..1_000 {
        if mock.live_requests() == 0 && mock.counters().live_streams() == 0 {
            return;
        }
        world.clock().sleep(Duration::from_millis(20)).await;
    }
    panic!("{} requests and {} streams live on", mock.live_requests(), mock.counters().live_streams());
}

async fn disconnected(world: &World, mock: &Mock) {
    settled(world, mock).await;
    for _ in 0..1_000 {
        if mock.connections() == 0 {
            return;
        }
        world.clock().sleep(Duration::from_millis(20)).await;
    }
    panic!("{} connections live on", mock.connections());
}

#[test]
fn an_error_is_asked_for_in_every_way_over_http2() {
    on_sockets(|world, mock| async move {
        let mut sender = connect(&world, &mock).await;
        let plain = format!("{MODEL}/converse");
        let mut by_header = converse(&mock, &plain);
        by_header.headers_mut().insert("x-brownout-fault", "http-429".parse().expect("a value"));
        let by_path = converse(&mock, &format!("/fault/http-429{plain}"));
        let by_model = converse(&mock, "/model/fault.http-429/converse");
        for request in [by_header, by_path, by_model] {
            let response = sender.send_request(request).await.expect("an answer");
            assert_eq!(response.status(), 429);
            assert!(response.headers()["x-amzn-errortype"].as_bytes().starts_with(b"ThrottlingException"));
        }
        let rule = Request::post(format!("http://{}/__brownout/faults", mock.address()));
        let rule = rule.body(Body::full(r#"{"error":503,"ttl":"1m"}"#)).expect("a request");
        assert_eq!(sender.send_request(rule).await.expect("an answer").status(), 201);
        let response = sender.send_request(converse(&mock, &plain)).await.expect("an answer");
        assert_eq!(response.status(), 503);
        assert_eq!(mock.connections(), 1);
    });
}

#[test]
fn a_cut_ends_the_stream_and_not_its_neighbours() {
    on_sockets(|world, mock| async move {
        for (by, expected) in [
            ("reset", Some(h2::Reason::INTERNAL_ERROR)),
            ("fin", Some(h2::Reason::CANCEL)),
            ("clean-end", None),
        ] {
            let mut sender = connect(&world, &mock).await;
            let path = format!("{MODEL}/converse-stream");
            let whole = world.spawn(sender.send_request(converse(&mock, &path)));
            let cut = converse(&mock, &format!("/fault/cut=3%20events:{by}{path}"));
            let (got, ended) = read(sender.send_request(cut).await.expect("a head")).await;
            assert_eq!((events(got), ended), (3, expected), "{by}");
            let (got, ended) = read(whole.await.expect("a task").expect("a head")).await;
            assert!(ended.is_none() && events(got) > 3, "{by}");
        }
        settled(&world, &mock).await;
    });
}

#[test]
fn a_cut_of_the_connection_takes_the_neighbours_too() {
    on_sockets(|world, mock| async move {
        let mut sender = connect(&world, &mock).await;
        let path = format!("{MODEL}/converse-stream");
        let silent = converse(&mock, &format!("/fault/silence{path}"));
        let neighbour = world.spawn(sender.send_request(silent));
        let cut = converse(&mock, &format!("/fault/cut=3%20events:connection{path}"));
        let (got, _) = read(sender.send_request(cut).await.expect("a head")).await;
        assert_eq!(events(got), 3);
        assert!(neighbour.await.expect("a task").is_err());
        disconnected(&world, &mock).await;
    });
}

#[test]
fn a_reset_before_the_head_names_its_reason() {
    on_sockets(|world, mock| async move {
        let mut sender = connect(&world, &mock).await;
        let request = converse(&mock, &format!("/fault/reset-before-headers{MODEL}/converse"));
        let error = sender.send_request(request).await.expect_err("no answer");
        assert_eq!(reason(&error), Some(h2::Reason::INTERNAL_ERROR));
        settled(&world, &mock).await;
    });
}

/// What comes back on a connection of its own before it ends; a reset is an end, too.
async fn exchange(world: &World, mock: &Mock, sent: &[u8]) -> String {
    let mut connection = world.network().connect(mock.address()).await.expect("connect");
    connection.write_all(sent).await.expect("written");
    connection.shutdown().await.expect("half closed");
    let mut answer = Vec::new();
    drop(connection.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn nonsense_leaves_nothing_behind() {
    on_sockets(|world, mock| async move {
        let head = format!("POST {MODEL}/converse HTTP/1.1\r\nhost: x\r\n");
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for sent in [
            "\u{1}\u{2}nonsense\r\n\r\n".to_owned(),
            "GET".to_owned(),
            "GET / HTTP/9.9\r\n\r\n".to_owned(),
            format!("{head}content-length: 100\r\n\r\n{{\"mess"),
            format!("{head}content-length: banana\r\n\r\n"),
            format!("{head}content-length: 1\r\ncontent-length: 2\r\n\r\nx"),
            format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"),
            format!("{head}x: {}\r\n\r\n", "y".repeat(1 << 20)),
            format!("{preface}nonsense after the preface, longer than a frame's head"),
            preface[..10].to_owned(),
        ] {
            let answer = exchange(&world, &mock, sent.as_bytes()).await;
            let is_clean = answer.is_empty()
                || ["HTTP/1.1 4", "HTTP/1.1 5", "\u{0}"].iter().any(|begin| answer.starts_with(begin));
            assert!(is_clean, "{sent:.40}: {answer:.80}");
        }
        disconnected(&world, &mock).await;
    });
}

#[test]
fn a_body_beyond_the_limit_is_refused_in_the_providers_words_over_both() {
    on_sockets(|world, mock| async move {
        let large = || Body::full(" ".repeat(25_000_001));
        let path = format!("{MODEL}/converse");
        let uri = format!("http://{}{path}", mock.address());
        let over_http2 = Request::post(uri).body(large()).expect("a request");
        let response = connect(&world, &mock).await.send_request(over_http2).await.expect("an answer");
        assert_eq!(response.status(), 400);
        let client = world::http::Client::new(&world);
        let over_http1 = Request::post(path).header("host", "mock").body(large()).expect("a request");
        let response = client.send(mock.address(), over_http1).await.expect("an answer");
        assert_eq!(response.status(), 400);
        assert!(response.headers()["x-amzn-errortype"].as_bytes().starts_with(b"ValidationException"));
        settled(&world, &mock).await;
    });
}

#[test]
fn clients_that_leave_or_stop_reading_are_forgotten() {
    on_sockets(|world, mock| async move {
        let path = format!("{MODEL}/converse-stream");
        let mut sender = connect(&world, &mock).await;
        // Leaves within a stream, by resetting it; another never reads; a third never sends its body.
        let left = sender.send_request(converse(&mock, &path)).await.expect("a head");
        drop(left);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            body().len(),
            body()
        );
        let mut deaf = world.network().connect(mock.address()).await.expect("connect");
        deaf.write_all(request.as_bytes()).await.expect("written");
        let mut slow = world.network().connect(mock.address()).await.expect("connect");
        slow.write_all(&request.as_bytes()[..request.len() - 10]).await.expect("written");
        world.clock().sleep(Duration::from_millis(200)).await;
        drop((deaf, slow, sender));
        disconnected(&world, &mock).await;
    });
}
