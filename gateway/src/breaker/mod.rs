//! The circuit breaker of one provider: closed, open, half open, and a ramp back to full traffic.
//!
//! Pure: the instant comes in as an argument, chance as a hash. One breaker serves all requests to its
//! provider, so that what one request learnt spares the others.

mod window;

use serde::Serialize;
use std::time::Duration;
use world::{Draws, Instant};

use crate::plan::{BreakerPolicy, RampPolicy};
use window::Window;

const PPM: u64 = 1_000_000;

/// Lets attempts through to one provider, or not.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    /// Keys the draws of this breaker.
    salt: u64,
    phase: Phase,
    window: Window,
    /// How often it has opened.
    opened: u64,
    /// How often in a row it opened without a whole ramp between.
    streak: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Instant },
    HalfOpen { next_probe: Instant },
    Ramping { since: Instant },
}

/// What a breaker is doing, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// Single probes pass.
    HalfOpen,
    /// A growing share passes.
    Ramping,
}

/// Leave to send one attempt; its result is booked with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permit {
    /// Results of attempts from before the last opening say nothing about now.
    generation: u64,
}

/// Why an attempt may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// When it is worth asking again.
    pub(crate) until: Instant,
}

impl Breaker {
    /// A closed breaker. `salt` names it among the breakers of a run.
    #[must_use]
    pub(crate) fn new(policy: BreakerPolicy, salt: u64) -> Self {
        let window = Window::new(policy.window);
        Self { policy, salt, phase: Phase::Closed, window, opened: 0, streak: 0 }
    }

    /// Asks for leave to send an attempt. `draw` decides, during a ramp, whether this request is in the
    /// share that passes; it is a hash of the request.
    ///
    /// # Errors
    /// [`Blocked`] with the instant at which to ask again.
    pub(crate) fn admit(&mut self, now: Instant, draw: u64) -> Result<Permit, Blocked> {
        self.settle(now);
        match self.phase {
            Phase::Closed => {}
            Phase::Open { until } => return Err(Blocked { until }),
            Phase::HalfOpen { next_probe } if now < next_probe => return Err(Blocked { until: next_probe }),
            Phase::HalfOpen { .. } => {
                self.phase = Phase::HalfOpen { next_probe: now + self.policy.probe_every };
            }
            Phase::Ramping { since } => {
                if Draws::from_hash(draw).below(PPM) >= self.share_ppm(now - since) {
                    return Err(Blocked { until: now + self.policy.probe_every });
                }
            }
        }
        Ok(Permit { generation: self.opened })
    }

    /// Books the result of an attempt.
    pub(crate) fn record(&mut self, now: Instant, permit: Permit, succeeded: bool) {
        self.settle(now);
        if permit.generation != self.opened {
            return;
        }
        match (self.phase, succeeded) {
            (Phase::HalfOpen { .. }, true) => self.readmit(now),
            (Phase::HalfOpen { .. }, false) => self.open(now),
            _ => {
                self.window.add(now, succeeded);
                self.open_if_failing(now);
            }
        }
    }

    /// Books a result without the attempt that it came from.
    pub(crate) fn blame(&mut self, now: Instant, succeeded: bool) {
        let permit = Permit { generation: self.opened };
        self.record(now, permit, succeeded);
    }

    /// What it is doing.
    pub(crate) fn state(&mut self, now: Instant) -> BreakerState {
        self.settle(now);
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
            Phase::Ramping { .. } => BreakerState::Ramping,
        }
    }

    /// How often it has opened.
    #[must_use]
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// When an attempt will pass next, as far as is known.
    pub(crate) fn opens_to_traffic_at(&mut self, now: Instant) -> Instant {
        self.settle(now);
        match self.phase {
            Phase::Closed | Phase::Ramping { .. } => now,
            Phase::Open { until } => until,
            Phase::HalfOpen { next_probe } => next_probe.max(now),
        }
    }

    /// Makes the transitions that time alone brings.
    fn settle(&mut self, now: Instant) {
        match (self.phase, &self.policy.ramp) {
            (Phase::Open { until }, _) if now >= until && self.policy.half_opens => {
                self.phase = Phase::HalfOpen { next_probe: until };
            }
            (Phase::Ramping { since }, Some(ramp)) if now - since >= ramp.over => {
                self.phase = Phase::Closed;
                self.streak = 0;
            }
            _ => {}
        }
    }

    fn readmit(&mut self, now: Instant) {
        self.window.clear();
        if self.policy.ramp.is_some() {
            self.phase = Phase::Ramping { since: now };
        } else {
            self.phase = Phase::Closed;
            self.streak = 0;
        }
    }

    fn open_if_failing(&mut self, now: Instant) {
        let (failed, all) = self.window.counts(now);
        let share = u64::from(failed) * 100;
        if all >= self.policy.samples_min && share >= u64::from(all) * u64::from(self.policy.failure_percent)
        {
            self.open(now);
        }
    }

    fn open(&mut self, now: Instant) {
        let until = if self.policy.half_opens { now + self.open_for() } else { Instant::FAR_FUTURE };
        self.phase = Phase::Open { until };
        self.opened += 1;
        self.streak = self.streak.saturating_add(1);
        self.window.clear();
    }

    /// The next stay: doubled with every opening in a row, then varied.
    fn open_for(&self) -> Duration {
        let doubled = self.policy.open.saturating_mul(1_u32.checked_shl(self.streak).unwrap_or(u32::MAX));
        let base = u64::try_from(doubled.min(self.policy.open_max).as_micros()).unwrap_or(u64::MAX);
        let spread = base / 100 * u64::from(self.policy.open_jitter_percent);
        let drawn = Draws::from_hash(self.salt ^ self.opened).below(2 * spread + 1);
        Duration::from_micros(base - spread + drawn)
    }

    /// The share that passes `passed` into a ramp, in parts per million.
    fn share_ppm(&self, passed: Duration) -> u64 {
        self.policy.ramp.as_ref().map_or(PPM, |ramp| ramp_ppm(ramp, passed))
    }
}

fn ramp_ppm(ramp: &RampPolicy, passed: Duration) -> u64 {
    let from = u64::from(ramp.from_percent) * (PPM / 100);
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let over = micros(ramp.over).max(1);
    from + (PPM - from.min(PPM)).saturating_mul(micros(passed).min(over)) / over
}

#[cfg(test)]
mod tests;
