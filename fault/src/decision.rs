//! Whether a rule hits a request: a pure function of seed, rule, window, identity and attempt.
//!
//! The first draw of the decision is compared with the share, so that a larger share hits the same requests
//! and some more; the second chooses the effect; what the effect needs is drawn from those that follow.

use std::sync::Arc;
use std::time::Duration;

use world::{Domain, Draws, Instant, Seed};

use crate::effect::Effect;
use crate::rule::Rule;
use crate::schedule::Window;

/// The chance of faults, derived from the root seed.
#[derive(Debug, Clone, Copy)]
pub struct Chance(Domain);

/// Who is decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The number by which decisions about this request are keyed.
    pub number: u64,
    /// Ordinal of this identity at the route, from 0: a retry is decided anew.
    pub attempt: u32,
}

/// One outcome of a draw.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The hash that decided, from which all the draws follow.
    pub draw: u64,
    /// Which entry of the rule's mix happens.
    pub entry: usize,
    /// What an effect draws its parameters from.
    pub draws: Draws,
}

impl Chance {
    /// The chance of a run.
    #[must_use]
    pub fn of(seed: Seed) -> Self {
        Self(seed.domain("fault"))
    }

    /// The hash of one decision.
    #[must_use]
    pub fn draw(&self, rule: &str, window: u32, who: Identity) -> u64 {
        self.0.hash(&[
            rule.as_bytes(),
            &window.to_le_bytes(),
            &who.number.to_le_bytes(),
            &who.attempt.to_le_bytes(),
        ])
    }

    /// Decides about a request that the rule concerns, `since` the window opened.
    ///
    /// `arrival` is its ordinal among those that the rule concerned in this window, from 1; only rules that
    /// go by order look at it.
    #[must_use]
    pub fn decide(
        &self,
        rule: &Rule,
        window: u32,
        since: Duration,
        who: Identity,
        arrival: u64,
    ) -> Option<Verdict> {
        let draw = self.draw(&rule.name, window, who);
        let mut draws = Draws::from_hash(draw);
        let is_hit = draws.unit() < rule.extent.chance(since) && rule.extent.includes(arrival);
        is_hit.then(|| Verdict { draw, entry: rule.pick(&mut draws), draws })
    }
}

/// A fault that was decided for one request.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The rule that hit.
    pub rule: Arc<Rule>,
    /// The window that was open.
    pub window: Window,
    /// What was drawn.
    pub verdict: Verdict,
    /// Its ordinal among the requests that the rule concerned, for rules that go by order.
    pub arrival: Option<u64>,
    /// When it was decided.
    pub at: Instant,
}

impl Decision {
    /// What happens.
    #[must_use]
    pub fn effect(&self) -> &Effect {
        &self.rule.mix[self.verdict.entry].effect
    }
}
