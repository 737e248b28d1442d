//! The same over real sockets and a real clock, briefly.

use std::time::Duration;

use evidence::record::ClientOutcome;
use loadgen::Target;
use world::{Address, BaseUrl, Seed, run_real};

use crate::support::{good, plan_of, send, server};

#[test]
fn a_second_over_sockets() {
    let plan = plan_of(
        "arrivals = { constant = \"200/s\" }\nmix = { chat = 2, embeddings = 1, models = 1 }\nstreaming = \"50%\"",
        1,
        "1s",
    );
    let (summary, records) = run_real(Seed(1), 2, |world| async move {
        let server = server(&world, &Address::new("127.0.0.1:0"), |asked| async move { good(&asked) });
        let plan = plan.starting_at(world.clock().now() + Duration::from_millis(50));
        let outcome = send(&world, &plan, &Target::new(BaseUrl::of(server.address().clone()))).await;
        drop(server);
        outcome
    })
    .expect("a runtime");
    assert_eq!((summary.requested, summary.sent, summary.completed, summary.dropped), (200, 200, 200, 0));
    let wrong: Vec<_> = records.iter().filter(|record| record.outcome != ClientOutcome::Ok).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(records.iter().all(|record| !record.streamed || record.first_us.is_some()));
    assert!(records.iter().all(|record| {
        record.sent_us.is_some_and(|sent_us| (record.sched_us..=record.end_us).contains(&sent_us))
    }));
}

#[test]
fn nobody_there_is_soon_known() {
    let plan = plan_of("arrivals = { constant = \"20/s\" }\nmix = { models = 1 }", 1, "200ms");
    let (summary, records) = run_real(Seed(1), 2, |world| async move {
        // A port that was free a moment ago.
        let listener = world.network().listen(&Address::new("127.0.0.1:0")).expect("a port");
        let url = BaseUrl::of(listener.address().clone());
        drop(listener);
        let plan = plan.starting_at(world.clock().now());
        send(&world, &plan, &Target::new(url)).await
    })
    .expect("a runtime");
    assert_eq!(summary.completed, 4);
    assert!(records.iter().all(|record| record.outcome == ClientOutcome::Conn));
}
