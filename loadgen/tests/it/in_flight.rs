//! Too many requests in flight, and a run that is told to stop.

use std::time::Duration;

use evidence::Journal;
use evidence::record::ClientOutcome;
use loadgen::{Progress, Target};
use world::{Address, Seed, run_virtual};

use crate::support::{drive, good, plan_of, server};

#[test]
fn arrivals_beyond_the_cap_are_failures_on_record() {
    let plan = plan_of(
        "arrivals = { constant = \"10/s\" }\nmix = { models = 1 }\nin_flight_max = 5\ntimeout = \"3s\"",
        1,
        "2s",
    );
    let (summary, records) = drive(&plan, |asked| async move {
        asked.world.clock().sleep(Duration::from_secs(60)).await;
        good(&asked)
    });
    assert_eq!((summary.scheduled, summary.sent, summary.completed, summary.dropped), (20, 5, 5, 15));
    let of = |outcome| records.iter().filter(|record| record.outcome == outcome).count();
    assert_eq!((of(ClientOutcome::Timeout), of(ClientOutcome::Conn)), (5, 15));
    assert!(records.is_sorted_by_key(|record| record.t_us));
    assert!(
        records
            .iter()
            .filter(|record| record.outcome == ClientOutcome::Conn)
            .all(|record| record.end_us == record.sched_us && record.sent_us.is_none())
    );
}

#[test]
fn a_stopped_run_writes_what_it_has() {
    let plan =
        plan_of("arrivals = { constant = \"10/s\" }\nmix = { models = 1 }\ntimeout = \"100s\"", 1, "60s");
    let progress = Progress::default();
    let watched = progress.clone();
    let summary = run_virtual(Seed(1), |world| async move {
        let server = server(&world, &Address::new("gateway"), |asked| async move {
            // Every other request hangs.
            if asked.world.clock().now().as_micros() % 200_000 == 0 {
                asked.world.clock().sleep(Duration::from_secs(1_000)).await;
            }
            good(&asked)
        });
        let (clock, stopper) = (*world.clock(), progress.clone());
        drop(world.spawn(async move {
            clock.sleep(Duration::from_millis(9_950)).await;
            stopper.stop();
        }));
        let target = Target::new("http://gateway".parse().unwrap());
        let summary = loadgen::run(&world, target, &plan, Journal::discard(), progress).await;
        let seen = watched.snapshot();
        assert_eq!((seen.scheduled, seen.ok, seen.in_flight, &*seen.phase), (100, 50, 50, "load"));
        drop(server);
        // The moment of grace is bounded.
        assert!(world.clock().now().as_secs_f64() < 21.0, "{}", world.clock().now());
        summary
    });
    assert!(summary.interrupted);
    assert_eq!((summary.requested, summary.sent, summary.completed, summary.unfinished), (600, 100, 50, 50));
}

#[test]
fn progress_shows_recent_latency() {
    let plan = plan_of("arrivals = { constant = \"100/s\" }\nmix = { models = 1 }", 1, "30s");
    let progress = Progress::default();
    let watched = progress.clone();
    run_virtual(Seed(1), |world| async move {
        let server = server(&world, &Address::new("gateway"), |asked| async move {
            let slow = asked.world.clock().now().as_micros() >= 15_000_000;
            asked.world.clock().sleep(Duration::from_millis(if slow { 400 } else { 10 })).await;
            good(&asked)
        });
        let target = Target::new("http://gateway".parse().unwrap());
        loadgen::run(&world, target, &plan, Journal::discard(), progress).await;
        drop(server);
    });
    let recent = watched.snapshot().recent_p95_us;
    assert!(recent.abs_diff(400_000) < 5_000, "{recent}");
}
