//! What a model's speed depends on beside the request: how many others it serves, which row is next.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use world::{Draws, Instant};

use super::latency::{Prompt, Timing};
use super::recording::{Order, Recording};
use super::scheduler::Scheduler;
use crate::profile::Profile;

/// The state behind those profiles that need one.
#[derive(Debug, Default)]
pub(crate) struct Pacers(BTreeMap<String, Pacer>);

#[derive(Debug, Default)]
struct Pacer {
    scheduler: Option<Scheduler>,
    next_row: AtomicU64,
}

impl Pacers {
    /// Idle engines and unread recordings for `profiles`.
    pub(crate) fn new<'p>(profiles: impl Iterator<Item = &'p Profile>) -> Self {
        let stateful = profiles.filter(|profile| profile.recording.is_some() || profile.scheduler.is_some());
        let pacer = |profile: &Profile| Pacer {
            scheduler: profile.scheduler.map(Scheduler::new),
            next_row: AtomicU64::new(0),
        };
        Self(stateful.map(|profile| (profile.name.clone(), pacer(profile))).collect())
    }

    /// How a request of `tokens` tokens fares that arrives `now`.
    pub(crate) fn timing(
        &self,
        profile: &Profile,
        (now, prompt, tokens): (Instant, Prompt, u32),
        draws: &mut Draws,
    ) -> Timing {
        // The usual case has no state and looks nothing up.
        if profile.recording.is_none() && profile.scheduler.is_none() {
            return profile.latency.draw(prompt, draws);
        }
        let Some(pacer) = self.0.get(&profile.name) else { return profile.alone(prompt, draws) };
        let alone = match &profile.recording {
            Some(recording) if recording.order == Order::InOrder => pacer.next(recording),
            _ => profile.alone(prompt, draws),
        };
        let scheduler = pacer.scheduler.as_ref();
        scheduler.map_or(alone, |scheduler| scheduler.admit(now, prompt, tokens, alone))
    }
}

impl Pacer {
    fn next(&self, recording: &Recording) -> Timing {
        recording.row(self.next_row.fetch_add(1, Ordering::Relaxed))
    }
}
