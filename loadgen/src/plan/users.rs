//! A closed loop: users who send, wait for the answer, think, and send again.
//!
//! When a user sends depends on the answers, so there is no schedule; but who is there when, what each
//! asks the n-th time and how long it then thinks are pure functions of (seed, plan).

use std::sync::Arc;
use std::time::Duration;

use evidence::record::Name;
use world::{Domain, Instant, Law, Seed};

use super::deck::Deck;
use super::draws::{Asking, RequestDraws, domain, micros};
use super::{BadShares, Class, Planned, STREAM_SHIFT, Shard, Tenant};

/// The bit of an ordinal where the user's number begins; below it counts the user's own requests.
const USER_SHIFT: u32 = 24;

/// The most users of a loop: their numbers fit between the request's and the stream's.
pub(super) const USERS_MAX: u32 = 1 << (STREAM_SHIFT - USER_SHIFT);

/// What the users' draws are keyed by.
const LABEL: &str = "users";

/// The users of a closed loop.
#[derive(Debug, Clone, PartialEq)]
pub struct UserLoop {
    /// How many users there are from when on, in microseconds from the start of the load.
    pub(super) levels: Vec<(u64, u32)>,
    pub(super) end_us: u64,
    /// How long after another each joins.
    pub(super) apart: Duration,
    /// Kinds of user.
    pub classes: Vec<UserClass>,
    /// How many of each kind, in proportion.
    pub(super) weights: Vec<u32>,
    /// The users' keys, in turn.
    pub tenants: Vec<Arc<Tenant>>,
    pub(super) bad: BadShares,
}

/// A kind of user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserClass {
    /// Its name.
    pub name: Name,
    /// How long it thinks.
    pub wait: Law,
    /// What it asks.
    pub classes: Vec<Arc<Class>>,
    /// How much of each, in proportion.
    pub weights: Vec<u32>,
}

/// A time that a user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// When it joins, in microseconds from the start of the load.
    pub from_us: u64,
    /// When it begins nothing new any more.
    pub until_us: u64,
}

impl UserLoop {
    /// The most users that are there at once.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.levels.iter().map(|(_, users)| *users).max().unwrap_or(0)
    }

    /// The rate that the loop cannot exceed, in requests a second, when an answer takes `service`: users
    /// ÷ (think time + service time).
    #[must_use]
    pub fn ceiling(&self, service: Duration) -> f64 {
        let total: f64 = self.weights.iter().copied().map(f64::from).sum();
        let per_user = |(class, weight): (&UserClass, &u32)| {
            f64::from(*weight) / total / (class.wait.mean() / 1e6 + service.as_secs_f64())
        };
        f64::from(self.most()) * self.classes.iter().zip(&self.weights).map(per_user).sum::<f64>()
    }

    /// When user `user` is there. Users join in the order of their numbers and leave in the other.
    #[must_use]
    pub fn stays(&self, user: u32) -> Vec<Stay> {
        let mut stays: Vec<Stay> = Vec::new();
        let mut before = 0;
        for (index, (start, users)) in self.levels.iter().enumerate() {
            let until_us = self.levels.get(index + 1).map_or(self.end_us, |(next, _)| *next);
            match stays.last_mut() {
                Some(last) if user < *users && user < before => last.until_us = until_us,
                _ if user < *users => {
                    let wait = self.apart.saturating_mul(user - before.min(user));
                    stays.push(Stay { from_us: start + micros(wait), until_us });
                }
                _ => {}
            }
            before = *users;
        }
        stays.retain(|stay| stay.from_us < stay.until_us);
        stays
    }
}

/// What the users of one run draw from.
#[derive(Debug)]
pub(crate) struct UserDraws {
    kinds: Domain,
    mix: Domain,
    wait: Domain,
    requests: RequestDraws,
    number: u64,
    shard: Shard,
}

impl UserDraws {
    pub(super) fn new(seed: Seed, number: u64, shard: Shard) -> Self {
        Self {
            kinds: domain(seed, LABEL, "classes"),
            mix: domain(seed, LABEL, "mix"),
            wait: domain(seed, LABEL, "wait"),
            requests: RequestDraws::new(seed, LABEL),
            number,
            shard,
        }
    }

    /// The users of this plan's shard, each with its kind.
    pub(crate) fn users<'a>(&'a self, users: &'a UserLoop) -> impl Iterator<Item = (u32, &'a UserClass)> {
        let mut kinds = Deck::new(self.kinds, &users.weights);
        (0..users.most())
            .map(move |user| (user, &users.classes[kinds.deal(u64::from(user))]))
            .filter(|(user, _)| self.shard.holds(u64::from(*user)))
    }

    /// What `user` asks the `n`-th time, now.
    pub(crate) fn request(
        &self,
        users: &UserLoop,
        kind: &UserClass,
        user: u32,
        n: u64,
        now: Instant,
        phase: Name,
    ) -> Planned {
        let k = (u64::from(user) << USER_SHIFT) | n;
        let class = self.mix.draws_n(k).pick_weighted(&kind.weights);
        let asking = Asking {
            ordinal: (self.number << STREAM_SHIFT) | k,
            due: now,
            class: &kind.classes[class],
            tenant: &users.tenants[user as usize % users.tenants.len()],
            pinned: None,
            bad: &users.bad,
            phase,
        };
        self.requests.request(k, asking)
    }

    /// How long `user` thinks after its `n`-th answer.
    pub(crate) fn wait(&self, kind: &UserClass, user: u32, n: u64) -> Duration {
        kind.wait.sample(&mut self.wait.draws_n((u64::from(user) << USER_SHIFT) | n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(levels: &[(u64, u32)]) -> UserLoop {
        UserLoop {
            levels: levels.to_vec(),
            end_us: 100,
            apart: Duration::from_micros(2),
            classes: Vec::new(),
            weights: Vec::new(),
            tenants: Vec::new(),
            bad: BadShares::default(),
        }
    }

    #[track_caller]
    fn check(levels: &[(u64, u32)], user: u32, expected: &[(u64, u64)]) {
        let stays: Vec<_> =
            users(levels).stays(user).iter().map(|stay| (stay.from_us, stay.until_us)).collect();
        assert_eq!(stays, expected);
    }

    #[test]
    fn users_join_one_after_another_and_the_last_leave_first() {
        check(&[(0, 3)], 0, &[(0, 100)]);
        check(&[(0, 3)], 2, &[(4, 100)]);
        check(&[(0, 3)], 3, &[]);
        let wave = [(0, 2), (20, 5), (40, 1), (60, 5)];
        check(&wave, 0, &[(0, 100)]);
        check(&wave, 1, &[(2, 40), (60, 100)]);
        check(&wave, 4, &[(24, 40), (66, 100)]);
        // Too late to be there at all.
        check(&[(0, 50), (10, 0)], 49, &[]);
    }
}
