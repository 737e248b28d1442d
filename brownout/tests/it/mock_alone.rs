//! `brownout mock-provider` by itself: what it says when it is up, TLS, and how it ends.

use std::time::Duration;

use http::{Request, Response};
use rustix::process::Signal;
use world::http::{Body, Client, collect};
use world::{Address, Seed, World, run_real};

use crate::support::process::wait_until;
use crate::support::{Running, command, folder, run};

const PATIENCE: Duration = Duration::from_secs(20);
const STREAM: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream";
/// Slow enough that a test can act while it is sent: about two seconds.
const SLOW: &str =
    "[providers.mock]\nauth = \"off\"\nlatency = { inter_token = \"100ms\", inter_token_cv = 0.0 }\n";

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
        world.clock().sleep(Duration::from_millis(200)).await;
        assert_eq!(ready(&world, &up).await, 503);
        let refused = world.network().connect(&up.main).await;
        assert!(refused.is_err(), "it still accepts");
        collect(response.into_body(), 1 << 20).await.expect("a whole stream")
    });
    assert!(String::from_utf8_lossy(&bytes).contains("messageStop"));
    let ended = up.running.wait().expect(0);
    assert!(ended.err.contains("1 request is being answered"), "{}", ended.err);
}

#[test]
fn a_grace_that_is_over_and_a_second_signal_cut_off() {
    for (grace, signals, said) in [("200ms", 1, "1 cut off after 200ms"), ("1m", 2, "stopped at once")] {
        let folder = folder();
        let up = up(folder.path(), &["--grace", grace]);
        let broken = real(async |world| {
            let response = stream(&world, &up).await;
            for _ in 0..signals {
                up.running.signal(Signal::INT);
                world.clock().sleep(Duration::from_millis(200)).await;
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
fn what_cannot_be_is_said_before_anything_starts() {
    let folder = folder();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    file(
        "fault.toml",
        "[providers.a]\n[[faults]]\nprovider = \"b\"\nerror = 503\n[[faults]]\nerror = \"nothing\"\n",
    );
    file("tls.toml", "[providers.a]\n[tls]\ncertificate = \"a.pem\"\n");
    file("control.toml", "[providers.a]\n[control]\njournal = 1000000\ntokken = \"x\"\n");
    file("stray.pem", "no certificate\n");
    for (arguments, parts) in [
        (
            &["--config", "fault.toml"][..],
            &["fault.toml:3", "no provider `b`", "fault.toml:6", "nothing"][..],
        ),
        (&["--config", "tls.toml"], &["certificate and its key go together"]),
        (&["--config", "control.toml"], &["control.toml", "tokken"]),
        (&["--ca-out", "stray.pem"], &["stray.pem", "certificate"]),
        (&["--ca-out", "no/such/folder.pem"], &["no/such/folder.key"]),
        (&["--admin", "0.0.0.0:0"], &["--admin-token"]),
        (&["--grace", "soon"], &["soon"]),
    ] {
        let arguments = [&["mock-provider", "--listen", "127.0.0.1:0"], arguments].concat();
        let ended = run(folder.path(), &arguments).expect(104);
        for part in parts {
            assert!(ended.err.contains(part), "{arguments:?}: `{part}` is missing:\n{}", ended.err);
        }
        assert_eq!(ended.out, "", "a banner of a mock that does not run");
    }
}
