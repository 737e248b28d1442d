//! A target that freezes must show as latency, not as requests that were never counted.

use std::time::Duration;

use evidence::histogram::{Histogram, Precision};
use world::Instant;

use crate::support::{drive, good, plan_of};

/// 200 requests a second for 20 s; the server freezes from second 8 to second 10, so that 400 of 4,000
/// arrivals wait up to 2 s: p95 is 1.0 s and p99 1.8 s.
#[test]
fn a_stall_of_two_seconds_is_a_p95_of_one_second() {
    let plan = plan_of("arrivals = { constant = \"200/s\" }\nmix = { models = 1 }", 1, "20s");
    let (summary, records) = drive(&plan, |asked| async move {
        let (clock, thaw) = (*asked.world.clock(), Instant::from_secs(10));
        if (Instant::from_secs(8)..thaw).contains(&clock.now()) {
            clock.sleep_until(thaw).await;
        }
        good(&asked)
    });
    assert_eq!(
        (summary.requested, summary.scheduled, summary.sent, summary.completed),
        (4_000, 4_000, 4_000, 4_000)
    );
    assert_eq!((summary.late, summary.dropped, summary.send_lag.max_us()), (0, 0, 0));
    let mut latency = Histogram::new(Precision::Fine);
    for record in &records {
        latency.record(record.end_us - record.sched_us);
    }
    let near = |quantile, expected: u64| {
        let got = latency.quantile_us(quantile);
        assert!(got.abs_diff(expected) <= 7_000, "q{quantile}: {got} of {expected} µs");
    };
    near(0.90, 0);
    near(0.95, 1_000_000);
    near(0.99, 1_800_000);
    near(1.0, 2_000_000);
    assert!(Duration::from_micros(latency.quantile_us(0.5)) < Duration::from_millis(1));
}
