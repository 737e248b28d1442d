//! Pipes and sockets: bytes, ends, resets, refusals, holds.

use std::io::ErrorKind;
use std::time::Duration;

use brownout_world::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{any_address, connected, in_both_worlds, read_all};

#[test]
fn bytes_arrive_and_the_end_is_an_end() {
    in_both_worlds(|world| async move {
        let (mut client, mut server, _listener) = connected(&world).await;
        client.write_all(b"hello").await.expect("write");
        client.shutdown().await.expect("shutdown");
        assert_eq!(read_all(&mut server).await, (b"hello".to_vec(), None));
        server.write_all(b"answer").await.expect("the other direction is still open");
        drop(server);
        assert_eq!(read_all(&mut client).await, (b"answer".to_vec(), None));
    });
}

#[test]
fn a_reset_delivers_what_was_accepted_and_then_fails() {
    in_both_worlds(|world| async move {
        let (mut client, mut server, _listener) = connected(&world).await;
        server.write_all(b"partial").await.expect("write");
        world.clock().sleep(Duration::from_millis(50)).await;
        let mut got = [0_u8; 7];
        client.read_exact(&mut got).await.expect("accepted bytes are readable");
        server.handle().reset();
        drop(server);
        world.clock().sleep(Duration::from_millis(50)).await;
        assert_eq!(read_all(&mut client).await.1, Some(ErrorKind::ConnectionReset));
        let error = client.write_all(b"x").await.expect_err("a reset connection takes no bytes");
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    });
}

#[test]
fn closing_with_unread_input_resets() {
    in_both_worlds(|world| async move {
        let (mut client, server, _listener) = connected(&world).await;
        client.write_all(b"nobody reads this").await.expect("write");
        world.clock().sleep(Duration::from_millis(50)).await;
        drop(server);
        world.clock().sleep(Duration::from_millis(50)).await;
        assert_eq!(read_all(&mut client).await.1, Some(ErrorKind::ConnectionReset));
    });
}

#[test]
fn nobody_listens_is_a_refusal() {
    in_both_worlds(|world| async move {
        let listener = world.network().listen(&any_address(&world)).expect("listen");
        let address = listener.address().clone();
        drop(listener);
        let error = world.network().connect(&address).await.expect_err("nobody is there");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn an_address_is_taken_once() {
    in_both_worlds(|world| async move {
        let first = world.network().listen(&any_address(&world)).expect("listen");
        let taken = Address::new(first.address().as_str());
        let error = world.network().listen(&taken).expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn a_writer_waits_for_a_slow_reader() {
    in_both_worlds(|world| async move {
        let (mut client, mut server, _listener) = connected(&world).await;
        let sent = 8 * 1024 * 1024;
        let writing = world.spawn(async move {
            client.write_all(&vec![7_u8; sent]).await.expect("write");
        });
        world.clock().sleep(Duration::from_millis(50)).await;
        assert!(!writing.is_finished(), "8 MiB cannot be in flight unread");
        let (got, end) = read_all(&mut server).await;
        assert_eq!((got.len(), end), (sent, None));
        writing.await.expect("the writer ends");
    });
}

#[test]
fn a_held_connection_is_silent_until_released() {
    in_both_worlds(|world| async move {
        let (mut client, mut server, _listener) = connected(&world).await;
        let handle = server.handle();
        handle.hold();
        let serving = world.spawn(async move {
            server.write_all(b"late").await.expect("write");
            server
        });
        let mut got = [0_u8; 4];
        let clock = *world.clock();
        let silence = clock.timeout(Duration::from_millis(80), client.read_exact(&mut got)).await;
        assert!(silence.is_err(), "bytes moved through a held connection");
        handle.release();
        client.read_exact(&mut got).await.expect("released");
        assert_eq!(&got, b"late");
        drop(serving.await);
    });
}

#[test]
fn a_paced_connection_keeps_its_bandwidth() {
    in_both_worlds(|world| async move {
        let (mut client, mut server, _listener) = connected(&world).await;
        server.handle().pace(Some(100_000));
        let began = world.clock().now();
        let serving = world.spawn(async move { server.write_all(&[1_u8; 30_000]).await });
        assert_eq!(read_all_of(&mut client, 30_000).await, 30_000);
        let took = world.clock().now() - began;
        // 30 kB at 100 kB/s; the last slice is not followed by a pause.
        assert!(took >= Duration::from_millis(280), "{took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        serving.await.expect("task").expect("write");
    });
}

async fn read_all_of(connection: &mut brownout_world::Connection, wanted: usize) -> usize {
    let mut got = vec![0_u8; wanted];
    connection.read_exact(&mut got).await.expect("read")
}
