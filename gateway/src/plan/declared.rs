//! What a gateway says of itself, for a judge that needs to know what to expect.

use std::time::Duration;

use serde::Serialize;

use super::{GatewayPlan, Policy};

/// The policy that a gateway declares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeclaredPolicy {
    /// Most attempts of one request.
    pub attempts_max: u32,
    /// Retries at the same target before the next one is tried.
    pub same_target_retries: u32,
    /// Targets by alias, in the order in which they are tried, as `PROVIDER/MODEL`.
    pub order: Vec<(String, Vec<String>)>,
    /// Retries at the same target in percent of requests, and how many a second come on top.
    pub retry_budget: Option<(u32, u32)>,
    /// Whether it has a circuit breaker.
    pub breaker: bool,
    /// The longest that the breaker stays open, jitter included.
    pub breaker_open_max: Duration,
    /// How long traffic takes to return in full.
    pub ramp: Duration,
    /// Longest wait for the first content of a stream with an empty prompt.
    pub first_content_max: Option<Duration>,
    /// Longest silence inside a stream.
    pub idle_max: Option<Duration>,
    /// Least limit of a whole answer, for one attempt.
    pub answer_min: Option<Duration>,
    /// Longest stream.
    pub stream_max: Option<Duration>,
    /// Requests a second that it can serve.
    pub capacity_per_second: f64,
    /// Longest wait for a worker slot.
    pub queue_age_max: Option<Duration>,
    /// Most attempts in flight by provider.
    pub in_flight_max: Vec<(String, usize)>,
}

impl DeclaredPolicy {
    /// What `policy` amounts to.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let breaker = policy.breaker.as_ref();
        Self {
            attempts_max: policy.attempts.max,
            same_target_retries: policy.attempts.same_target_first,
            order: Vec::new(),
            retry_budget: policy.retry_budget.as_ref().map(|b| (b.percent_of_requests, b.per_second)),
            breaker: breaker.is_some(),
            breaker_open_max: breaker
                .map_or(Duration::ZERO, |b| b.open_max * (100 + b.open_jitter_percent) / 100),
            ramp: breaker.and_then(|b| b.ramp.as_ref()).map_or(Duration::ZERO, |ramp| ramp.over),
            first_content_max: policy.deadlines.first_content,
            idle_max: policy.deadlines.idle,
            answer_min: policy.deadlines.answer_min,
            stream_max: policy.deadlines.stream_max,
            capacity_per_second: policy.admission.capacity_per_second(),
            queue_age_max: policy.admission.discipline.age_max(),
            in_flight_max: Vec::new(),
        }
    }

    /// The same with the names of a plan.
    #[must_use]
    pub(super) fn with_names(mut self, plan: &GatewayPlan) -> Self {
        let pinned = |index: &usize| plan.targets.get(*index).map(|target| plan.pinned_name(target));
        self.order = plan
            .aliases
            .iter()
            .map(|alias| (alias.name.to_string(), alias.targets.iter().filter_map(pinned).collect()))
            .collect();
        self.in_flight_max = plan
            .providers
            .iter()
            .map(|provider| (provider.name.to_string(), provider.in_flight_max))
            .collect();
        self
    }
}
