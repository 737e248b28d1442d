//! The fault timeline: a record whenever a rule's window opens or closes at a provider.

use std::sync::Arc;

use evidence::record::FaultState;
use evidence::{Journal, Name};
use fault::Rule;
use world::{Clock, Task, World};

/// Records the windows of every rule that concerns `provider`, each in a task of its own.
pub(crate) fn record(
    world: &World,
    rules: &[Arc<Rule>],
    provider: &Name,
    journal: &Journal,
) -> Vec<Task<()>> {
    let concerned = rules.iter().filter(|rule| rule.selection.concerns(provider));
    concerned
        .map(|rule| {
            let (rule, provider) = (Arc::clone(rule), Name::clone(provider));
            world.spawn(follow(*world.clock(), rule, provider, journal.clone()))
        })
        .collect()
}

async fn follow(clock: Clock, rule: Arc<Rule>, provider: Name, journal: Journal) {
    for window in rule.schedule.windows() {
        clock.sleep_until(window.opens).await;
        journal.fault(rule.edge(&window, FaultState::On, &provider));
        let Some(closes) = window.closes else { return };
        clock.sleep_until(closes).await;
        journal.fault(rule.edge(&window, FaultState::Off, &provider));
    }
}
