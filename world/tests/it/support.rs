//! Runs one test body in the virtual and in the real world.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brownout_world::{Address, Connection, Listener, Seed, World, run_real, run_virtual};
use tokio::io::AsyncReadExt;

/// Runs `test` in both worlds; the real one is bounded in time.
pub(crate) fn in_both_worlds<F, R>(test: F)
where
    F: Fn(World) -> R,
    R: Future<Output = ()>,
{
    run_virtual(Seed(1), &test);
    in_real_world(test);
}

/// Runs `test` in the real world, bounded in time: what the virtual one does not have.
pub(crate) fn in_real_world<F, R>(test: F)
where
    F: Fn(World) -> R,
    R: Future<Output = ()>,
{
    let bounded = |world: World| async {
        let clock = *world.clock();
        clock.timeout(Duration::from_secs(20), test(world)).await.expect("a real-world test hangs");
    };
    run_real(Seed(1), 2, bounded).expect("a runtime");
}

/// An address that is free in either world.
pub(crate) fn any_address(world: &World) -> Address {
    Address::new(if world.is_virtual() { "server" } else { "127.0.0.1:0" })
}

/// A connected pair: client side, server side, and the listener that keeps the name.
pub(crate) async fn connected(world: &World) -> (Connection, Connection, Listener) {
    let listener = world.network().listen(&any_address(world)).expect("listen");
    let client = world.network().connect(listener.address()).await.expect("connect");
    let server = listener.accept().await.expect("accept");
    (client, server, listener)
}

/// Everything until the end, and how it ended.
pub(crate) async fn read_all(connection: &mut Connection) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut got = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        match connection.read(&mut chunk).await {
            Ok(0) => return (got, None),
            Ok(count) => got.extend_from_slice(&chunk[..count]),
            Err(error) => return (got, Some(error.kind())),
        }
    }
}

/// Counts how often it is dropped.
pub(crate) struct Dropped(pub(crate) Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
