//! One stream of arrivals: its pace, its mix, and who sends it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use evidence::record::Name;
use std::time::Duration;
use world::{Domain, Instant, Seed};

use super::curve::Curve;
use super::deck::Deck;
use super::draws::{Asking, RequestDraws, domain, micros};
use super::{BadShares, Class, Gaps, Planned, STREAM_SHIFT, Shard, Tenant};

/// A stream of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// What kind of traffic it is.
    pub kind: StreamKind,
    /// When its requests are due.
    pub pace: Pace,
    /// The classes of its mix.
    pub classes: Vec<Arc<Class>>,
    /// How many of each, in proportion.
    pub weights: Vec<u32>,
    /// Who sends; under a pace of users, one each.
    pub tenants: Vec<Arc<Tenant>>,
    /// How much of it each sends, in proportion.
    pub tenant_weights: Vec<u32>,
    /// Which shares are bad on purpose.
    pub bad: BadShares,
}

/// What a stream is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamKind {
    /// The load itself.
    Main,
    /// The traffic of a tenant with a rate of its own.
    Tenant(Name),
    /// Traffic pinned to a provider.
    Control(Name),
}

impl StreamKind {
    /// What its draws are keyed by: names, so that another stream more or less changes nothing.
    fn label(&self) -> String {
        match self {
            Self::Main => "main".to_owned(),
            Self::Tenant(name) => format!("tenant.{name}"),
            Self::Control(provider) => format!("control.{provider}"),
        }
    }
}

/// When the requests of a stream are due.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// By a law of gaps along a rate.
    Rate {
        /// The law.
        gaps: Gaps,
        /// The rate.
        curve: Curve,
    },
    /// Each user at its own pace, from its own first start.
    Users {
        /// How many.
        users: u32,
        /// Each sends once in this time.
        every: Duration,
        /// They join over this time.
        ramp: Duration,
        /// No arrival from here on.
        end: Duration,
    },
}

impl Pace {
    /// Arrivals a second at an instant, in microseconds from the start of the load.
    #[must_use]
    pub fn rate_at(&self, micros: u64) -> f64 {
        match self {
            Self::Rate { curve, .. } => curve.rate_at(micros),
            Self::Users { users, every, ramp, end } => {
                let at = Duration::from_micros(micros);
                let joined = if at >= *ramp { 1.0 } else { at.as_secs_f64() / ramp.as_secs_f64() };
                let is_on = f64::from(u8::from(at < *end));
                f64::from(*users) * joined * is_on / every.as_secs_f64()
            }
        }
    }

    /// The instants between which the rate is linear: just inside each piece.
    pub(super) fn edges(&self) -> Vec<u64> {
        match self {
            Self::Rate { curve, .. } => {
                curve.segments().iter().flat_map(|segment| [segment.start_us, segment.end_us - 1]).collect()
            }
            Self::Users { ramp, .. } => vec![u64::try_from(ramp.as_micros()).unwrap_or(u64::MAX)],
        }
    }
}

/// Walks a stream in order of due times.
#[derive(Debug)]
pub(super) struct Walk {
    stream: Stream,
    number: u64,
    origin: Instant,
    gaps: Domain,
    draws: RequestDraws,
    mix: Deck,
    senders: Deck,
    position: Position,
    next: u64,
}

#[derive(Debug)]
enum Position {
    Rate { area: u64, segment: usize },
    Users(BinaryHeap<Reverse<(u64, u32)>>),
}

impl Walk {
    pub(super) fn new(stream: &Stream, number: u64, seed: Seed, origin: Instant) -> Self {
        let label = stream.kind.label();
        let gaps = domain(seed, &label, "gaps");
        Self {
            position: Position::first(&stream.pace, &gaps),
            gaps,
            draws: RequestDraws::new(seed, &label),
            mix: Deck::new(domain(seed, &label, "mix"), &stream.weights),
            senders: Deck::new(domain(seed, &label, "tenants"), &stream.tenant_weights),
            stream: stream.clone(),
            number,
            origin,
            next: 0,
        }
    }

    /// The next arrival of `shard`, without its phase.
    pub(super) fn next(&mut self, shard: Shard) -> Option<Planned> {
        loop {
            let k = self.next;
            let (due_us, user) = self.position.advance(&self.stream.pace, k, &self.gaps)?;
            self.next += 1;
            if shard.holds(k) {
                return Some(self.planned(k, due_us, user));
            }
        }
    }

    fn planned(&mut self, k: u64, due_us: u64, user: Option<u32>) -> Planned {
        let class = self.mix.deal(k);
        let sender = match user {
            Some(user) => user as usize % self.stream.tenants.len(),
            None => self.senders.deal(k),
        };
        let asking = Asking {
            ordinal: (self.number << STREAM_SHIFT) | k,
            due: self.origin + Duration::from_micros(due_us),
            class: &self.stream.classes[class],
            tenant: &self.stream.tenants[sender],
            pinned: match &self.stream.kind {
                StreamKind::Control(provider) => Some(Arc::clone(provider)),
                StreamKind::Main | StreamKind::Tenant(_) => None,
            },
            bad: &self.stream.bad,
            phase: Name::default(),
        };
        self.draws.request(k, asking)
    }
}

impl Position {
    fn first(pace: &Pace, domain: &Domain) -> Self {
        match pace {
            Pace::Rate { .. } => Self::Rate { area: 0, segment: 0 },
            Pace::Users { users, every, ramp, .. } => {
                let start = |user| Reverse((first_start(user, *users, *every, *ramp, domain), user));
                Self::Users((0..*users).map(start).collect())
            }
        }
    }

    /// When arrival `k` is due, in microseconds, and whose it is.
    fn advance(&mut self, pace: &Pace, k: u64, domain: &Domain) -> Option<(u64, Option<u32>)> {
        match (self, pace) {
            (Self::Rate { area, segment }, Pace::Rate { gaps, curve }) => {
                *area = area.saturating_add(gaps.before(k, domain));
                Some((curve.time_of(*area, segment)?, None))
            }
            (Self::Users(heap), Pace::Users { every, end, .. }) => {
                let Reverse((due, user)) = heap.pop()?;
                heap.push(Reverse((due + micros(*every), user)));
                (due < micros(*end)).then_some((due, Some(user)))
            }
            _ => None,
        }
    }
}

/// A user joins in turn, at a moment of its own within its pace: users in step would be bursts.
fn first_start(user: u32, users: u32, every: Duration, ramp: Duration, domain: &Domain) -> u64 {
    let joins = micros(ramp) * u64::from(user) / u64::from(users.max(1));
    joins + domain.draws_n(u64::from(user)).below(micros(every))
}
