//! `brownout mock-provider` by itself: what it says when it is up, TLS, and how it ends.

use std::time::Duration;

use http::{Request, Response};
use rustix::process::Signal;
use world::http::{Body, Client, collect};
use world::{Address, Seed, World, run_real};

use crate::support::process::wait_until;
use crate::support::{Running, command, folder};

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const STREAM: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream";
/// Slow enough that a test can act while it is sent, on a machine that does something else too: six seconds.
const SLOW: &str =
    "[providers.mock]\nauth = \"off\"\nlatency = { inter_token = \"300ms\", inter_token_cv = 0.0 }\n";

/// A mock, and the addresses that it has announced.
struct Up {
    running: Running,
    main: Address,
    admin: Address,
}

fn up(folder: &std::path::Path, arguments: &[&str]) -> Up {
    std::fs::write(folder.join("mock.toml"), SLOW).expect("written");
    let fixed =
        ["mock-provider", "--config", "mock.toml", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let running = Running::start(command(folder, &[&fixed[..], arguments].concat()));
    let is_up = wait_until(PATIENCE, || running.printed().contains("/__brownout"));
    assert!(is_up, "{}", running.printed());
    let text = running.printed();
    let after = |mark: &str| -> Address {
        let rest = text.split(mark).nth(1).expect("announced");
        Address::new(rest.split([' ', '/', '\n']).next().expect("an address"))
    };
    let scheme = if text.contains("https://") { "https://" } else { "http://" };
    let main = after(&format!("on {scheme}"));
    let admin = text.lines().find_map(|line| line.trim().strip_prefix("http://")?.split_once("/__brownout"));
    Up { running, main, admin: Address::new(admin.expect("an admin port").0) }
}

fn real<T, F: Future<Output = T>>(test: impl FnOnce(World) -> F) -> T {
    run_real(Seed(1), 2, test).expect("a runtime")
}

async fn stream(world: &World, up: &Up) -> Response<Body> {
    let body =
        r#"{"messages":[{"role":"user","content":[{"text":"hello"}]}],"inferenceConfig":{"maxTokens":20}}"#;
    let request = Request::post(STREAM).header("host", "mock").body(Body::full(body)).expect("a request");
    Client::new(world).send(&up.main, request).await.expect("a head")
}

/// Waits until the mock has said something about its end.
fn until_told(up: &Up, words: &str) {
    assert!(wait_until(PATIENCE, || up.running.complained().contains(words)), "{}", up.running.complained());
}

async fn ready(world: &World, up: &Up) -> u16 {
    let request = Request::get("/readyz").header("host", "mock").body(Body::empty()).expect("a request");
    Client::new(world).send(&up.admin, request).await.expect("an answer").status().as_u16()
}

#[test]
fn the_first_signal_lets_streams_end() {
    let folder = folder();
    let up = up(folder.path(), &[]);
    let bytes = real(async |world| {
        let response = stream(&world, &up).await;
        assert_eq!(ready(&world, &up).await, 200);
        up.running.signal(Signal::TERM);
        until_told(&up, "stopping: 1 request is being answered, 10s to end; another signal ends at once");
        while ready(&world, &up).await != 503 {
            world.clock().sleep(LOOK).await;
        }
        while world.network().connect(&up.main).await.is_ok() {
            world.clock().sleep(LOOK).await;
        }
        collect(response.into_body(), 1 << 20).await.expect("a whole stream")
    });
    assert!(String::from_utf8_lossy(&bytes).contains("messageStop"));
    up.running.wait().expect(0);
}

#[test]
fn a_grace_that_is_over_and_a_second_signal_cut_off() {
    for (grace, signals, said) in [
        ("200ms", &[Signal::INT][..], "1 cut off after 200ms"),
        ("1m", &[Signal::INT, Signal::INT], "stopped at once"),
        ("1m", &[Signal::TERM, Signal::INT], "stopped at once"),
    ] {
        let folder = folder();
        let up = up(folder.path(), &["--grace", grace]);
        let broken = real(async |world| {
            let response = stream(&world, &up).await;
            for signal in signals {
                up.running.signal(*signal);
                // Two signals at once are one to a process that has seen neither.
                until_told(&up, "stopping: 1 request");
            }
            collect(response.into_body(), 1 << 20).await.is_err()
        });
        assert!(broken, "the stream ended whole");
        let ended = up.running.wait().expect(105);
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

#[test]
fn an_authority_is_made_and_used_again() {
    let folder = folder();
    let ca = folder.path().join("trust.pem");
    let mut texts = Vec::new();
    for _ in 0..2 {
        let up = up(folder.path(), &["--ca-out", "trust.pem", "--tls-name", "mock.test"]);
        let banner = up.running.printed();
        assert!(banner.contains("AWS_CA_BUNDLE=trust.pem"), "{banner}");
        assert!(!banner.contains(&format!("http://{}", up.main)), "{banner}");
        texts.push(std::fs::read_to_string(&ca).expect("a certificate"));
        up.running.signal(Signal::TERM);
        up.running.wait().expect(0);
    }
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn without_anything_to_end_it_ends_at_once() {
    let folder = folder();
    let up = up(folder.path(), &["--grace", "1h"]);
    let ended = real(async |world| {
        let client = Client::new(&world);
        let request = Request::get("/healthz").header("host", "mock").body(Body::empty()).expect("a request");
        let response = client.send(&up.main, request).await.expect("an answer");
        collect(response.into_body(), 1 << 20).await.expect("a body");
        assert_eq!(client.idle(&up.main), 1, "a client that stays");
        up.running.signal(Signal::TERM);
        up.running.wait().expect(0)
    });
    assert_eq!(ended.err, "");
}
