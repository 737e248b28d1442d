//! A rule, checked: which requests, when, how many, and what happens to them.

use evidence::Name;
use evidence::record::{FaultRecord, FaultState};
use notation::Share;
use world::Draws;

use crate::effect::Effect;
use crate::schedule::{Schedule, Window};
use crate::selection::{Extent, Selection};

/// One rule of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, which is part of every decision that it makes.
    pub name: Name,
    /// Which requests it concerns.
    pub selection: Selection,
    /// When it is in force.
    pub schedule: Schedule,
    /// How many of them it hits.
    pub extent: Extent,
    /// What happens to those, each with its weight. Never empty.
    pub mix: Vec<Weighted>,
}

/// One effect of a mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// The effect.
    pub effect: Effect,
    /// How often it is taken, beside the weights of the others.
    pub weight: u32,
}

impl Rule {
    /// A rule that hits every request with one effect, always.
    #[must_use]
    pub fn always(name: &str, effect: Effect) -> Self {
        Self {
            name: name.into(),
            selection: Selection::default(),
            schedule: Schedule::ALWAYS,
            extent: Extent::Share { share: Share::ALL, ramp: None },
            mix: vec![Weighted { effect, weight: 1 }],
        }
    }

    /// Whether it acts on connections, before any request is read.
    #[must_use]
    pub fn is_before_request(&self) -> bool {
        self.mix.iter().any(|entry| entry.effect.is_before_request())
    }

    /// Draws which entry of the mix happens.
    #[must_use]
    pub fn pick(&self, draws: &mut Draws) -> usize {
        let total: u64 = self.mix.iter().map(|entry| u64::from(entry.weight)).sum();
        let mut left = draws.below(total);
        for (index, entry) in self.mix.iter().enumerate() {
            match left.checked_sub(u64::from(entry.weight)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }

    /// The record of one edge of a window, for the fault timeline.
    #[must_use]
    pub fn edge(&self, window: &Window, state: FaultState, provider: &Name) -> FaultRecord {
        let at = match state {
            FaultState::On => window.opens,
            FaultState::Off => window.closes.unwrap_or(window.opens),
        };
        FaultRecord {
            t_us: at.as_micros(),
            rule: Name::clone(&self.name),
            window: window.index,
            provider: Name::clone(provider),
            state,
            share: self.extent.describe().into(),
            effects: self.mix.iter().map(|entry| Name::from(entry.effect.name())).collect(),
        }
    }
}
