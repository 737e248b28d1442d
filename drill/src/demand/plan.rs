//! What the judge has to know before the run: windows, kinds, the declared policy, the expectations.

use super::catalogue::Invariant;
use super::subject::{Figure, Scope, Subject};
use super::threshold::Threshold;
use evidence::Name;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// How long a system may still be settling after a fault.
const SETTLING_US: u64 = 30_000_000;
/// How much quiet time before a fault is looked at, and how much is needed.
const QUIET_MAX_US: u64 = 60_000_000;
const QUIET_MIN_US: u64 = 10_000_000;

/// What a gateway may take beyond its breaker's longest pause and its ramp.
const FAIL_BACK_ALLOWANCE_US: u64 = 10_000_000;

/// Everything that was declared about a run. All `*_us` are microseconds since the run began.
#[derive(Clone, Debug)]
pub struct JudgePlan {
    /// How long load is offered.
    pub duration_us: u64,
    /// Which time the run is in.
    pub time: TimeBasis,
    /// Whether the system under test is the embedded gateway.
    pub embedded: bool,
    /// The declared fault windows, by time.
    pub faults: Vec<FaultWindow>,
    /// The quiet time that others are compared with; by default, what lies before the first fault.
    pub baseline: Option<Span>,
    /// The kinds of request and what was declared of each.
    pub kinds: BTreeMap<Name, KindPlan>,
    /// Requests a second that a tenant may make; its demand above this is no fault of the gateway.
    pub tenant_limits: BTreeMap<Name, u32>,
    /// What the system under test declares to do; none for an unknown gateway.
    pub policy: Option<Policy>,
    /// What the drill demands.
    pub expectations: Vec<Expectation>,
}

/// Which clock a run follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeBasis {
    /// Simulated time: figures of processes do not exist.
    Virtual,
    /// The wall clock.
    Real,
}

/// A half-open stretch of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its first microsecond.
    pub from_us: u64,
    /// The microsecond after its last.
    pub to_us: u64,
}

/// One window of one fault rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultWindow {
    /// The rule's name.
    pub rule: Name,
    /// Which of the rule's windows, from 0.
    pub ordinal: u32,
    /// The provider it acts on.
    pub provider: Name,
    /// From when to when.
    pub span: Span,
    /// The declared share of the requests that its rule concerns, in parts per million; what really failed is counted.
    pub share_ppm: u32,
    /// Whether it makes attempts fail: a provider that is only slow is not one to fail over from.
    pub is_failure: bool,
}

/// What was declared of one kind of request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindPlan {
    /// When the client gives up, counted from the intended send time.
    pub deadline_us: u64,
    /// When an answer is too late to be of use (A3); the client's deadline if not declared.
    pub useful_us: Option<u64>,
    /// The time that the gateway declares to need at most for a whole answer.
    pub budget_us: Option<u64>,
    /// The same for a streamed answer; streams often have no total limit.
    pub stream_budget_us: Option<u64>,
    /// The providers behind this kind's model, in the declared order; empty if unknown.
    pub targets: Vec<Name>,
}

/// What a gateway declares to do when a provider fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Tries again on the same target before going on to the next.
    pub retries: u32,
    /// The breaker, if there is one.
    pub breaker: Option<Breaker>,
    /// The first step of its backoff.
    pub backoff_us: Option<u64>,
    /// How long a stream may be silent.
    pub idle_timeout_us: Option<u64>,
}

/// What a gateway declares of its circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// The longest time that it stays open between two probes, with its jitter.
    pub open_max_us: u64,
    /// How long it takes to give a provider its full share again.
    pub ramp_us: u64,
}

/// One line of a drill's `[expect]`.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Its key in the drill file, such as `chat.latency.p95`.
    pub id: String,
    /// What is judged.
    pub invariant: Invariant,
    /// Which requests; not every invariant can be narrowed.
    pub subject: Subject,
    /// Which figure, for invariants about latency.
    pub figure: Figure,
    /// Over which stretch of the run.
    pub scope: Scope,
    /// What is demanded.
    pub threshold: Threshold,
    /// The demand as the file writes it.
    pub source: String,
}

impl Span {
    /// Whether an instant lies in it.
    pub const fn contains(&self, t_us: u64) -> bool {
        self.from_us <= t_us && t_us < self.to_us
    }

    /// Its length in microseconds.
    pub const fn length_us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }

    /// Whether the two share an instant.
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.from_us < other.to_us && other.from_us < self.to_us
    }
}

impl FaultWindow {
    /// Whether it makes every request fail.
    pub const fn is_outage(&self) -> bool {
        self.is_failure && self.share_ppm >= 1_000_000
    }
}

impl fmt::Display for FaultWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] on {}", self.rule, self.ordinal, self.provider)
    }
}

impl JudgePlan {
    /// The quiet time that others are compared with.
    pub fn baseline(&self) -> Span {
        let first_fault_us = self.faults.iter().map(|window| window.span.from_us).min();
        self.baseline.unwrap_or(Span { from_us: 0, to_us: first_fault_us.unwrap_or(self.duration_us) })
    }

    /// The last quiet minute before a fault at `t_us`, once what came before it has settled; the
    /// baseline if that leaves too little. Load may have grown since the run began.
    pub fn quiet_before(&self, t_us: u64) -> Span {
        let earlier = self.faults.iter().filter(|window| window.span.from_us < t_us);
        let settled_us = earlier.map(|window| window.span.to_us.saturating_add(SETTLING_US)).max();
        let from_us = settled_us.unwrap_or(0).max(t_us.saturating_sub(QUIET_MAX_US));
        let quiet = Span { from_us, to_us: t_us };
        if quiet.length_us() >= QUIET_MIN_US { quiet } else { self.baseline() }
    }

    /// The windows that are open at an instant, by their place in the plan.
    pub fn windows_at(&self, t_us: u64) -> impl Iterator<Item = usize> + '_ {
        let open = move |(_, window): &(usize, &FaultWindow)| window.span.contains(t_us);
        self.faults.iter().enumerate().filter(open).map(|(index, _)| index)
    }

    /// Whether any fault is on.
    pub fn is_faulted_at(&self, t_us: u64) -> bool {
        self.windows_at(t_us).next().is_some()
    }

    /// The windows in which attempts fail, by their place in the plan.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &FaultWindow)> {
        self.faults.iter().enumerate().filter(|(_, window)| window.is_failure)
    }

    /// How long after `t_us` no fault begins; the end of the load at the latest.
    pub fn quiet_until(&self, t_us: u64) -> u64 {
        let starts = self.faults.iter().map(|window| window.span.from_us).filter(|start| *start >= t_us);
        starts.min().unwrap_or(self.duration_us).min(self.duration_us)
    }

    /// The longest that a client of any kind waits.
    pub fn deadline_max_us(&self) -> u64 {
        self.kinds.values().map(|kind| kind.deadline_us).max().unwrap_or(0)
    }
}

impl Policy {
    /// The longest that the declared breaker may take to let a recovered provider have its share again, in
    /// microseconds; none without a breaker.
    pub fn fail_back_bound_us(&self) -> Option<u64> {
        let breaker = self.breaker?;
        Some(breaker.open_max_us + breaker.ramp_us + FAIL_BACK_ALLOWANCE_US)
    }
}

#[cfg(test)]
mod tests {
    use crate::judge::support::{SECOND, Scene};

    #[test]
    fn quiet_time_is_the_settled_minute_before_a_fault() {
        let plan =
            Scene::new(600).fault("a", 120, 180, 1).fault("a", 200, 220, 1).fault("a", 400, 410, 1).plan;
        let quiet = |t_s: u64| {
            let span = plan.quiet_before(t_s * SECOND);
            (span.from_us / SECOND, span.to_us / SECOND)
        };
        assert_eq!(quiet(120), (60, 120));
        assert_eq!(quiet(200), (0, 120), "too soon after the first: the baseline");
        assert_eq!(quiet(270), (250, 270), "what is left once things have settled");
        assert_eq!(quiet(400), (340, 400));
        assert_eq!(quiet(150), (0, 120), "inside a fault");
    }
}
