//! The pool that all customers share: priority below one's own rate, best effort above it.

use std::time::Duration;

use world::Instant;

use crate::bucket::Bucket;
use crate::window::Window;

/// How much of its rate a project may use at once when nothing else is said.
pub const DEFAULT_BURST: Duration = Duration::from_secs(5);

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Priority traffic is safe up to this load of the pool …
const INSIDE_SAFE: f64 = 0.95;
/// … and all refused from this one on.
const INSIDE_NONE: f64 = 1.5;
/// Traffic above one's rate is safe up to this load …
const OUTSIDE_SAFE: f64 = 0.7;
/// … and all refused from this one on.
const OUTSIDE_NONE: f64 = 1.0;

/// A project's place in the shared pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolLimits {
    /// Tokens a minute that have priority.
    pub tokens_per_minute: u64,
    /// How much of that rate may come at once.
    pub burst: Duration,
    /// How many times that rate may come within one second of the run before a spike is refused, whatever the
    /// load; `None` for any number.
    pub spike: Option<f64>,
    /// The pool's load at instants of the run, in order; straight lines between. Empty: no load.
    pub load: Vec<(Duration, f64)>,
}

impl PoolLimits {
    /// The load at an instant of the run.
    #[must_use]
    pub fn load_at(&self, now: Instant) -> f64 {
        let now = now.as_duration();
        let after = self.load.partition_point(|(at, _)| *at <= now);
        match (after.checked_sub(1).map(|before| self.load[before]), self.load.get(after)) {
            (Some((from, low)), Some((to, high))) => {
                let share = (now - from).as_secs_f64() / (*to - from).as_secs_f64();
                low + (high - low) * share
            }
            (Some((_, load)), None) | (None, Some(&(_, load))) => load,
            (None, None) => 0.0,
        }
    }
}

/// The probability that a request is served at `load`, inside or outside its project's rate.
#[must_use]
pub fn admission_probability(load: f64, is_inside: bool) -> f64 {
    let (safe, none) = if is_inside { (INSIDE_SAFE, INSIDE_NONE) } else { (OUTSIDE_SAFE, OUTSIDE_NONE) };
    ((none - load) / (none - safe)).clamp(0.0, 1.0)
}

#[derive(Debug)]
pub(super) struct Share {
    limits: PoolLimits,
    rate: Bucket,
    second: Option<Window>,
}

impl Share {
    pub(super) fn new(limits: &PoolLimits) -> Self {
        let depth = u128::from(limits.tokens_per_minute) * limits.burst.as_micros() / MINUTE.as_micros();
        let depth = u64::try_from(depth).unwrap_or(u64::MAX);
        let per_second = limits.tokens_per_minute as f64 / MINUTE.as_secs_f64();
        let spike = limits.spike.map(|times| libm::ceil(per_second * times) as u64);
        Self {
            limits: limits.clone(),
            rate: Bucket::new(depth, limits.tokens_per_minute, MINUTE),
            second: spike.map(|limit| Window::every(SECOND, limit)),
        }
    }

    /// Whether the pool serves a request of `input` tokens; takes them from the rate if so.
    pub(super) fn admits(&mut self, input: u64, draw: f64, now: Instant) -> bool {
        let is_spike = self.second.as_mut().is_some_and(|second| !second.holds(input, now));
        let is_inside = self.rate.holds(input, now);
        let is_admitted = !is_spike && draw < admission_probability(self.limits.load_at(now), is_inside);
        if is_admitted {
            self.use_up(input, now);
            self.second.iter_mut().for_each(|second| second.count(input, now));
        }
        is_admitted
    }

    /// Counts tokens against the rate. Above it is best effort, which leaves no debt.
    pub(super) fn use_up(&mut self, tokens: u64, now: Instant) {
        self.rate.take_what_is_left(tokens, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_runs_in_straight_lines() {
        let secs = Duration::from_secs;
        let limits = PoolLimits {
            tokens_per_minute: 1,
            burst: DEFAULT_BURST,
            spike: None,
            load: vec![(secs(10), 0.2), (secs(20), 1.2), (secs(30), 0.4)],
        };
        for (at, expected) in [(0, 0.2), (10, 0.2), (15, 0.7), (20, 1.2), (25, 0.8), (30, 0.4), (99, 0.4)] {
            assert!((limits.load_at(Instant::from_secs(at)) - expected).abs() < 1e-12, "at {at} s");
        }
        assert_eq!(PoolLimits { load: vec![], ..limits }.load_at(Instant::from_secs(5)), 0.0);
    }

    #[test]
    fn priority_traffic_outlasts_the_rest() {
        for (load, inside, outside) in [
            (0.0, 1.0, 1.0),
            (0.7, 1.0, 1.0),
            (0.85, 1.0, 0.5),
            (0.95, 1.0, 1.0 / 6.0),
            (1.0, 10.0 / 11.0, 0.0),
            (1.5, 0.0, 0.0),
        ] {
            assert!((admission_probability(load, true) - inside).abs() < 1e-9, "inside at {load}");
            assert!((admission_probability(load, false) - outside).abs() < 1e-9, "outside at {load}");
        }
    }
}
