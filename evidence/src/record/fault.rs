//! F, the fault timeline: when which rule was in force.

use super::Name;
use serde::{Deserialize, Serialize};

/// A rule's window that opens or closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// When, in microseconds since the run began.
    pub t_us: u64,
    /// The rule's name.
    pub rule: Name,
    /// Which of the rule's windows, from 0.
    pub window: u32,
    /// The provider it acts on.
    pub provider: Name,
    /// Whether it opens or closes.
    pub state: FaultState,
    /// The share of requests it hits, as written: `50%`.
    pub share: Name,
    /// What it does to them.
    pub effects: Vec<Name>,
}

/// Which edge of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultState {
    /// The window opens.
    On,
    /// The window closes.
    Off,
}
