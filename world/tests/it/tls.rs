//! TLS: the authority's files, what a client that trusts them gets, and the protocol that it chooses.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brownout_world::http::{Body, Server, serve_tls};
use brownout_world::tls::{Authority, Identity, TlsError};
use brownout_world::{ConnectionHandle, World};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::support::{any_address, in_real_world};

fn names() -> Vec<String> {
    ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec()
}

fn start(world: &World, identity: Identity) -> Server {
    let listener = world.network().listen(&any_address(world)).expect("listen");
    let handler = |request: Request<Body>, _: ConnectionHandle| async move {
        let text = format!("{:?} {}", request.version(), request.uri());
        Ok(Response::new(Body::full(text)))
    };
    serve_tls(world, listener, Arc::new(handler), identity)
}

/// A connector that trusts the certificate in `ca` alone and offers `protocols`.
fn connector(ca: &Path, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("an authority");
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// What the server says to a client that chose `h2` or not.
async fn ask(world: &World, server: &Server, ca: &Path, protocols: &[&str]) -> std::io::Result<String> {
    let connection = world.network().connect(server.address()).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = connector(ca, protocols).connect(name, connection).await?;
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::get("https://localhost/x").body(Body::empty()).expect("a request");
    let response = if is_h2 {
        let (mut sender, driver) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("h2");
        drop(world.spawn(async move { drop(driver.await) }));
        sender.send_request(request).await.expect("an answer")
    } else {
        let (mut sender, driver) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("h1");
        drop(world.spawn(async move { drop(driver.await) }));
        let request = Request::get("/x").header("host", "localhost").body(Body::empty()).expect("a request");
        sender.send_request(request).await.expect("an answer")
    };
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn a_client_chooses_its_protocol() {
    in_real_world(|world| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = folder.path().join("ca.pem");
        let authority = Authority::open(&ca, world.clock()).expect("an authority");
        let server = start(&world, authority.identity(&names()).expect("an identity"));
        for (protocols, expected) in
            [(&["h2", "http/1.1"][..], "HTTP/2.0 /x"), (&["http/1.1"], "HTTP/1.1 /x"), (&[], "HTTP/1.1 /x")]
        {
            assert_eq!(ask(&world, &server, &ca, protocols).await.expect("an answer"), expected);
        }
        ask(&world, &server, &ca, &["smtp"]).await.expect_err("nothing in common");
    });
}

#[test]
fn an_authority_is_made_once_and_used_again() {
    in_real_world(|world| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = folder.path().join("ca.pem");
        let first = Authority::open(&ca, world.clock()).expect("made");
        let text = std::fs::read_to_string(&ca).expect("written");
        assert!(first.is_new() && !text.contains("PRIVATE"), "clients get this file");
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(folder.path().join("ca.key")).expect("a key").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        let again = Authority::open(&ca, world.clock()).expect("read");
        assert!(!again.is_new());
        assert_eq!(std::fs::read_to_string(&ca).expect("still there"), text);
        let server = start(&world, again.identity(&names()).expect("an identity"));
        assert_eq!(ask(&world, &server, &ca, &["h2"]).await.expect("trusted"), "HTTP/2.0 /x");
    });
}

#[test]
fn another_authority_is_not_trusted_and_leaves_nothing_behind() {
    in_real_world(|world| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let (ca, other) = (folder.path().join("ca.pem"), folder.path().join("other.pem"));
        let authority = Authority::open(&ca, world.clock()).expect("an authority");
        drop(Authority::open(&other, world.clock()).expect("another"));
        let server = start(&world, authority.identity(&names()).expect("an identity"));
        ask(&world, &server, &other, &["h2"]).await.expect_err("a stranger");
        // Plain HTTP on a TLS port, and a handshake that stops half-way.
        for bytes in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], &[0x16, 3, 1, 2, 0, 1]] {
            let mut connection = world.network().connect(server.address()).await.expect("connect");
            connection.write_all(bytes).await.expect("written");
            connection.shutdown().await.expect("half closed");
            let mut answer = Vec::new();
            drop(connection.read_to_end(&mut answer).await);
        }
        world.clock().sleep(Duration::from_millis(100)).await;
        assert_eq!(server.connections(), 0);
        assert_eq!(ask(&world, &server, &ca, &["h2"]).await.expect("trusted"), "HTTP/2.0 /x");
    });
}

#[test]
fn files_that_do_not_belong_together_are_told_apart() {
    in_real_world(|world| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let open = |name: &str| Authority::open(&path(name), world.clock());
        drop((open("a.pem").expect("made"), open("b.pem").expect("made")));
        std::fs::copy(path("b.key"), path("a.key")).expect("copied");
        let swapped = open("a.pem").expect("both are sound").identity(&names());
        assert!(matches!(swapped, Err(TlsError::Mismatch { .. })), "{swapped:?}");
        std::fs::remove_file(path("b.key")).expect("removed");
        assert!(matches!(open("b.pem"), Err(TlsError::KeyMissing { .. })));
        std::fs::write(path("c.pem"), "hello").expect("written");
        assert!(matches!(open("c.pem"), Err(TlsError::Pem { .. })));
        assert!(matches!(open("no/such/folder.pem"), Err(TlsError::Write { .. })));
        let missing = Identity::of_files(&path("none.pem"), &path("none.key"));
        assert!(matches!(missing, Err(TlsError::Read { .. })), "{missing:?}");
    });
}
