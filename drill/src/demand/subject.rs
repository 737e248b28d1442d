//! What a demand is about: which requests, which figure of them, over which stretch of the run.

use evidence::{ClientRecord, Name};

/// A narrowing of the requests that an expectation is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Only this kind.
    pub kind: Option<Name>,
    /// Only this class.
    pub class: Option<Name>,
    /// Only this tenant.
    pub tenant: Option<Name>,
    /// Only this phase of the load.
    pub phase: Option<Name>,
    /// Only streams, or only others.
    pub streamed: Option<bool>,
}

/// A figure of a distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Which time.
    pub measure: Measure,
    /// Which figure of it.
    pub statistic: Statistic,
}

/// Which time of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// From the intended send time to the end.
    Latency,
    /// From the actual send time to the end.
    Service,
    /// From the intended send time to the first generated token.
    Ttft,
}

/// Which figure of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The value that so many of ten thousand do not exceed.
    Permyriad(u16),
    /// The largest.
    Max,
}

/// Over which stretch of the run an expectation is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole run.
    Overall,
    /// Every window: each fault's, or for rates the sliding ones of 10 s.
    Windows,
    /// The whole run and every window.
    Everywhere,
}

impl Subject {
    /// Every request.
    pub fn everything() -> Self {
        Self::default()
    }

    /// The requests of one kind.
    pub fn kind(kind: &str) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }

    /// Whether nothing is narrowed but streams from others.
    pub fn is_at_most_streamed(&self) -> bool {
        *self == Self { streamed: self.streamed, ..Self::default() }
    }

    /// Whether a record is meant.
    pub fn matches(&self, record: &ClientRecord) -> bool {
        let is = |wanted: &Option<Name>, name: Option<&Name>| {
            wanted.as_ref().is_none_or(|wanted| name == Some(wanted))
        };
        is(&self.kind, Some(&record.kind))
            && is(&self.class, record.class.as_ref())
            && is(&self.tenant, Some(&record.tenant))
            && is(&self.phase, Some(&record.phase))
            && self.streamed.is_none_or(|streamed| streamed == record.streamed)
    }
}

impl Figure {
    /// The latency below which 95 in 100 stay.
    pub const LATENCY_P95: Self = Self { measure: Measure::Latency, statistic: Statistic::Permyriad(9500) };
}
