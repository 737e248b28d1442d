//! S, the samples: figures of the system under test over time.

use super::Name;
use serde::{Deserialize, Serialize};

/// One figure at one instant. The name ends in its unit: `rss_bytes`, `cpu_permille`, `pool_in_use`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRecord {
    /// When, in microseconds since the run began.
    pub t_us: u64,
    /// Where the figure comes from.
    pub source: SampleSource,
    /// What was read.
    pub name: Name,
    /// The value, in the unit that the name ends in.
    pub value: i64,
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// Counted from live structures and declared capacity.
    Modelled,
    /// Read from the process or its metrics.
    Process,
}
