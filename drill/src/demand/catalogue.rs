//! The checks that a drill can demand, what each counts, and what a breach of it means. Their ids are stable.

use super::subject::{Scope, Subject};
use super::threshold::Unit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A check of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "`name` says what each is")]
pub enum Invariant {
    A1,
    A2,
    A3,
    A5,
    C1,
    C3,
    C6,
    D1,
    E1,
    E2,
    E3,
    E4,
    E6,
    E7,
    E8,
    F1,
    F2,
    F3,
    F4,
    F5,
    F7,
    F8,
    F9,
    G1,
    R1,
    R2,
    R3,
    R5,
    R6,
    R7,
    R9,
    W1,
}

/// What a breach means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It fails the drill, where the drill demands it.
    Gate,
    /// It fails the drill, demanded or not.
    Always,
    /// It is reported.
    Advisory,
    /// The run says nothing about the target.
    Invalidates,
}

impl Invariant {
    /// Every check.
    pub const ALL: [Self; 32] = [
        Self::A1,
        Self::A2,
        Self::A3,
        Self::A5,
        Self::C1,
        Self::C3,
        Self::C6,
        Self::D1,
        Self::E1,
        Self::E2,
        Self::E3,
        Self::E4,
        Self::E6,
        Self::E7,
        Self::E8,
        Self::F1,
        Self::F2,
        Self::F3,
        Self::F4,
        Self::F5,
        Self::F7,
        Self::F8,
        Self::F9,
        Self::G1,
        Self::R1,
        Self::R2,
        Self::R3,
        Self::R5,
        Self::R6,
        Self::R7,
        Self::R9,
        Self::W1,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A1 => "availability",
            Self::A2 => "latency",
            Self::A3 => "goodput",
            Self::A5 => "clean errors",
            Self::C1 => "cascade",
            Self::C3 => "recovery herd",
            Self::C6 => "liveness",
            Self::D1 => "authentication truthfulness",
            Self::E1 => "silent truncation",
            Self::E2 => "cross-talk",
            Self::E3 => "token order and duplication",
            Self::E4 => "signalled failure",
            Self::E6 => "cancel propagation",
            Self::E7 => "stall bound",
            Self::E8 => "preflight",
            Self::F1 => "time to failover",
            Self::F2 => "failover share",
            Self::F3 => "probe discipline",
            Self::F4 => "failover latency cost",
            Self::F5 => "fail-back time",
            Self::F7 => "flap stability",
            Self::F8 => "attribution",
            Self::F9 => "embedding stability",
            Self::G1 => "generator honesty",
            Self::R1 => "retry amplification",
            Self::R2 => "attempts per request",
            Self::R3 => "backoff shape",
            Self::R5 => "no retry of permanent errors",
            Self::R6 => "deadline honoured",
            Self::R7 => "no work after the client left",
            Self::R9 => "client-visible back-pressure",
            Self::W1 => "wasted work",
        }
    }

    /// What its figure counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::A1
            | Self::A3
            | Self::A5
            | Self::E4
            | Self::E8
            | Self::F8
            | Self::G1
            | Self::R9
            | Self::W1 => Unit::Share,
            Self::C1 => Unit::Points,
            Self::A2 | Self::E6 | Self::E7 | Self::F1 | Self::F4 | Self::F5 => Unit::Seconds,
            Self::C3 | Self::F2 | Self::F3 | Self::R1 | Self::R3 => Unit::Factor,
            Self::F7 => Unit::PerMinute,
            Self::C6 | Self::D1 | Self::E1 | Self::E2 | Self::E3 | Self::F9 => Unit::Count,
            Self::R2 | Self::R5 | Self::R6 | Self::R7 => Unit::Count,
        }
    }

    /// What a breach means.
    pub const fn weight(self) -> Weight {
        match self {
            Self::F4 | Self::F7 | Self::R3 => Weight::Advisory,
            Self::C6 => Weight::Always,
            Self::G1 | Self::E8 => Weight::Invalidates,
            _ => Weight::Gate,
        }
    }

    /// Whether it needs a real process.
    pub const fn needs_process(self) -> bool {
        matches!(self, Self::C6)
    }

    /// Whether it can be judged of these requests alone.
    pub fn can_be_narrowed_to(self, subject: &Subject) -> bool {
        match self {
            Self::A1 | Self::A2 => true,
            Self::F2 => subject.is_at_most_streamed(),
            _ => *subject == Subject::everything(),
        }
    }

    /// Whether it can be judged over this stretch of the run.
    pub const fn can_be_judged_over(self, scope: Scope) -> bool {
        let is_by_fault = matches!(
            self,
            Self::C1 | Self::C3 | Self::F1 | Self::F2 | Self::F3 | Self::F4 | Self::F5 | Self::F7
        );
        matches!(scope, Scope::Overall) || is_by_fault || matches!(self, Self::A1 | Self::A2 | Self::R1)
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::str::FromStr for Invariant {
    type Err = UnknownInvariant;

    fn from_str(id: &str) -> Result<Self, UnknownInvariant> {
        let known = Self::ALL.into_iter().find(|invariant| invariant.to_string() == id);
        known.ok_or_else(|| UnknownInvariant(id.to_owned()))
    }
}

/// An id that is not in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInvariant(pub String);

impl fmt::Display for UnknownInvariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no invariant has the id {:?}", self.0)
    }
}

impl std::error::Error for UnknownInvariant {}
