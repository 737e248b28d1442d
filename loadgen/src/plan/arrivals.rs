//! The arrivals of a plan, one after another: its streams merged by due time.

use std::str::FromStr;

use evidence::record::Name;

use super::stream::Walk;
use super::{LoadPlan, Planned};

/// Which part of a load one machine sends: arrival k of each stream belongs to shard k mod `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A text that is no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard such as `0/4`: an index from 0 and, above it, their count")]
pub struct ParseShardError(String);

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Shard `index` of `count`; none unless `index` is below `count`.
    #[must_use]
    pub const fn new(index: u32, count: u32) -> Option<Self> {
        if index < count { Some(Self { index, count }) } else { None }
    }

    /// Which of them, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Whether arrival `k` of a stream belongs to it.
    pub(super) const fn holds(self, k: u64) -> bool {
        k % self.count as u64 == self.index as u64
    }
}

impl FromStr for Shard {
    type Err = ParseShardError;
    fn from_str(text: &str) -> Result<Self, ParseShardError> {
        let parts = text
            .split_once('/')
            .and_then(|(index, count)| Self::new(index.trim().parse().ok()?, count.trim().parse().ok()?));
        parts.ok_or_else(|| ParseShardError(text.to_owned()))
    }
}

/// The arrivals of a plan in order of their due times; at one instant, in order of their streams.
#[derive(Debug)]
pub struct Arrivals {
    walks: Vec<(Walk, Option<Planned>)>,
    shard: Shard,
    phases: Phases,
}

impl Arrivals {
    pub(super) fn new(plan: &LoadPlan) -> Self {
        let walk = |(number, stream)| {
            let mut walk = Walk::new(stream, number, plan.seed, plan.origin);
            let first = walk.next(plan.shard);
            (walk, first)
        };
        Self {
            walks: (0..).zip(&plan.streams).map(walk).collect(),
            shard: plan.shard,
            phases: plan.phases.clone(),
        }
    }
}

impl Iterator for Arrivals {
    type Item = Planned;
    fn next(&mut self) -> Option<Planned> {
        let due = |(_, next): &(Walk, Option<Planned>)| next.as_ref().map(|planned| planned.due);
        let (_, earliest) =
            (0..).zip(&self.walks).filter_map(|(index, walk)| due(walk).map(|due| (due, index))).min()?;
        let (walk, next) = &mut self.walks[earliest];
        let mut planned = std::mem::replace(next, walk.next(self.shard))?;
        planned.phase = self.phases.at(planned.due);
        Some(planned)
    }
}

/// The names of the times of a load, asked for in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phases {
    /// When each begins, in microseconds from the start of the load.
    starts: Vec<(u64, Name)>,
    origin: world::Instant,
    current: usize,
}

impl Phases {
    /// Phases by their beginnings, the first at zero.
    pub(super) fn new(starts: Vec<(u64, Name)>) -> Self {
        Self { starts, origin: world::Instant::ZERO, current: 0 }
    }

    pub(super) fn starting_at(self, origin: world::Instant) -> Self {
        Self { origin, ..self }
    }

    pub(super) fn starts(&self) -> &[(u64, Name)] {
        &self.starts
    }

    /// The phase at an instant that is not before the one asked for last.
    fn at(&mut self, instant: world::Instant) -> Name {
        let micros = instant.as_micros().saturating_sub(self.origin.as_micros());
        while self.starts.get(self.current + 1).is_some_and(|(start, _)| *start <= micros) {
            self.current += 1;
        }
        self.starts.get(self.current).map(|(_, name)| Name::clone(name)).unwrap_or_default()
    }
}
