//! The closed loop: a task for each user.

use std::sync::Arc;
use std::time::Duration;

use evidence::record::Name;
use world::{Instant, Task};

use super::session::Session;
use crate::plan::{LoadPlan, Stay, UserClass, UserDraws};

/// A user neither thinks nor waits less than this for a round: against a target that fails at once, a
/// round without any time would never let the clock move.
const ROUND_MIN: Duration = Duration::from_millis(1);

/// Starts the users of `plan`; none when it has no closed loop.
pub(super) fn start(session: &Arc<Session>, plan: &LoadPlan) -> Vec<Task<()>> {
    let (Some(users), draws) = (plan.users(), Arc::new(plan.user_draws())) else { return Vec::new() };
    draws
        .users(users)
        .map(|(user, kind)| {
            let person = Person {
                session: Arc::clone(session),
                plan: plan.clone(),
                draws: Arc::clone(&draws),
                kind: kind.clone(),
                user,
                asked: 0,
            };
            session.world().spawn(person.live(users.stays(user)))
        })
        .collect()
}

/// One user.
struct Person {
    session: Arc<Session>,
    plan: LoadPlan,
    draws: Arc<UserDraws>,
    kind: UserClass,
    user: u32,
    asked: u64,
}

impl Person {
    async fn live(mut self, stays: Vec<Stay>) {
        for stay in stays {
            let (from, until) = (self.at(stay.from_us), self.at(stay.until_us));
            if !self.session.sleep_until(from).await {
                return;
            }
            self.stay(until).await;
        }
    }

    async fn stay(&mut self, until: Instant) {
        loop {
            let began = self.session.world().clock().now();
            if began >= until || self.session.is_stopped() {
                return;
            }
            self.ask(began).await;
            let think = self.draws.wait(&self.kind, self.user, self.asked);
            self.asked += 1;
            let next = (self.session.world().clock().now() + think).max(began + ROUND_MIN);
            // Who would come back after leaving time does not wait for it.
            if !self.session.sleep_until(next.min(until)).await {
                return;
            }
        }
    }

    async fn ask(&self, now: Instant) {
        let Some(users) = self.plan.users() else { return };
        let phase = self.phase(now);
        let planned = self.draws.request(users, &self.kind, self.user, self.asked, now, phase);
        self.session.serve_for_user(&planned).await;
    }

    fn phase(&self, now: Instant) -> Name {
        let since = now.saturating_since(self.plan.origin()).as_micros();
        let started = self.plan.phases().iter().rev().find(|(start, _)| u128::from(*start) <= since);
        started.map(|(_, name)| Name::clone(name)).unwrap_or_default()
    }

    fn at(&self, micros: u64) -> Instant {
        self.plan.origin() + Duration::from_micros(micros)
    }
}
