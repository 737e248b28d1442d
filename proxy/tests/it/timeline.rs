//! The fault timeline.

use evidence::record::FaultState;
use world::{Instant, Seed};

use crate::support::Stage;

#[test]
fn every_edge_of_every_window_is_recorded_when_it_happens() {
    world::run_virtual(Seed(1), |world| async move {
        let rules = "[[faults]]\nname = 'a'\nwhen = { first = '10s', for = '5s', every = '20s', times = 2 }\nshare = '50%'\n\
                     mix = [{ error = 503 }, { reset = 'before-headers' }]\n\
                     [[faults]]\nhtml = true";
        let stage = Stage::set(&world, rules);
        world.clock().sleep_until(Instant::from_secs(60)).await;
        let faults = stage.records().await.faults;
        let edges: Vec<_> = faults
            .iter()
            .map(|record| (record.t_us / 1_000_000, &*record.rule, record.window, record.state))
            .collect();
        let (on, off) = (FaultState::On, FaultState::Off);
        let windows = [(10, "a", 0, on), (15, "a", 0, off), (30, "a", 1, on), (35, "a", 1, off)];
        assert_eq!(edges, [&[(0, "faults[1]", 0, on)], &windows[..]].concat());
        let names: Vec<_> = faults[1].effects.iter().map(|name| &**name).collect();
        assert_eq!(
            (&*faults[1].share, &*faults[1].provider, &names[..]),
            ("50%", "openai", &["error", "reset"][..])
        );
    });
}
