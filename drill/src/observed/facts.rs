//! What the run itself knows at its end, beside the records.

use serde::Serialize;

/// Facts about a run that no record holds.
#[derive(Clone, Debug, Default)]
pub struct RunFacts {
    /// What the generator was asked to do and did.
    pub load: LoadSummary,
    /// The checks made before the load.
    pub preflight: Vec<PreflightCheck>,
    /// How the target's process fared, if it was watched.
    pub liveness: Option<Liveness>,
    /// What of ours broke during the run, so that nothing after it can be held against the target.
    pub invalidated_by: Vec<String>,
    /// Why evidence is missing: logs that could not be written, shards that did not arrive.
    pub missing_evidence: Vec<String>,
    /// Whether the run was ended by hand.
    pub interrupted: bool,
}

/// What the generator was asked to do and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoadSummary {
    /// Arrivals that the load description asks for.
    pub requested: u64,
    /// Arrivals that the plan holds.
    pub scheduled: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests that ended.
    pub completed: u64,
    /// Requests sent later than the send-lag limit.
    pub late: u64,
    /// Arrivals never sent, for the generator's own reasons.
    pub dropped: u64,
    /// Arrivals never sent because the target let too many stay in flight: its failures.
    pub dropped_at_cap: u64,
    /// The 99th percentile of actual minus intended send time, in microseconds.
    pub send_lag_p99_us: u64,
    /// What that may be.
    pub send_lag_limit_us: u64,
    /// Whether the generator ran out of CPU; unknown in virtual time.
    #[serde(skip)]
    pub cpu_saturated: Option<bool>,
}

/// One request that was checked before the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreflightCheck {
    /// The provider it was meant for.
    pub provider: String,
    /// Whether it was a stream.
    pub streamed: bool,
    /// What was wrong; none if all was well.
    pub problem: Option<String>,
}

/// How the target's process fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Liveness {
    /// Whether it still ran at the end.
    pub is_alive: bool,
    /// How often it was started anew.
    pub restarts: u32,
    /// When it was first found dead, in microseconds since the run began.
    pub died_us: Option<u64>,
}
