//! Clocks, timers and the pacer.

use std::time::{Duration, Instant as WallClock};

use brownout_world::{Instant, Seed, run_real, run_virtual};

use crate::support::in_both_worlds;

#[test]
fn virtual_timers_are_exact_to_the_microsecond() {
    let fired = run_virtual(Seed(1), |world| async move {
        let mut fired = Vec::new();
        for micros in [1, 500, 1_500, 3_333, 10_000, 86_400_000_000] {
            let before = world.clock().now();
            world.clock().sleep(Duration::from_micros(micros)).await;
            fired.push((world.clock().now() - before).as_micros() as u64);
        }
        fired
    });
    assert_eq!(fired, [1, 500, 1_500, 3_333, 10_000, 86_400_000_000]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the wall clock is what is compared with")]
fn an_hour_passes_at_once() {
    let began = WallClock::now();
    run_virtual(Seed(1), |world| async move {
        for _ in 0..3_600 {
            world.clock().sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(world.clock().now(), Instant::from_secs(3_600));
        assert_eq!(world.clock().unix_micros(), 1_767_225_600_000_000 + 3_600_000_000);
    });
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_time_limit_drops_the_future() {
    in_both_worlds(|world| async move {
        let clock = *world.clock();
        assert!(clock.timeout(Duration::from_millis(20), std::future::pending::<()>()).await.is_err());
        assert_eq!(clock.timeout(Duration::from_secs(5), async { 7 }).await, Ok(7));
        let deadline = clock.now() + Duration::from_millis(5);
        clock.sleep_until(deadline).await;
        assert!(clock.now() >= deadline);
    });
}

#[test]
fn the_pacer_hands_out_every_item_in_order_and_never_early() {
    in_both_worlds(|world| async move {
        let schedule = (0..200_u64).map(|n| (Instant::from_micros(50_000 + n * 700), n));
        let mut pacer = world.pace(schedule, 16);
        let mut seen = 0;
        while let Some((due, item)) = pacer.next().await {
            assert_eq!(item, seen);
            assert!(world.clock().now() >= due, "{item} came early");
            seen += 1;
        }
        assert_eq!(seen, 200);
    });
}

#[test]
fn a_dropped_pacer_ends_its_thread() {
    run_real(Seed(1), 1, |world| async move {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        // The schedule owns the sender: when the thread ends, the receiver hears of it.
        let schedule = (0..).map(move |n: u64| {
            let _ = &sender;
            (Instant::from_secs(3_600 * n), ())
        });
        let mut pacer = world.pace(schedule, 1);
        assert!(pacer.next().await.is_some());
        drop(pacer);
        let ended = receiver.recv_timeout(Duration::from_secs(10));
        assert_eq!(ended, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    })
    .expect("a runtime");
}
