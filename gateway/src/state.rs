//! A snapshot of the live structures, for samplers and operators.

use serde::Serialize;

use crate::breaker::BreakerState;

/// What the gateway holds at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayState {
    /// Requests that were let in and whose answer has not ended.
    pub in_flight: usize,
    /// Requests that wait for a worker slot.
    pub queue_length: usize,
    /// Requests that occupy a worker slot.
    pub slots_busy: usize,
    /// Worker slots.
    pub slots: u32,
    /// Requests to providers that are open, at all of them together.
    pub upstream_open: usize,
    /// The providers, in the order of the plan.
    pub providers: Vec<ProviderState>,
}

/// What the gateway knows of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderState {
    /// Its name.
    pub name: String,
    /// Its breaker; none without one.
    pub breaker: Option<BreakerState>,
    /// How often the breaker has opened.
    pub breaker_opened: u64,
    /// Attempts in flight.
    pub in_flight: usize,
    /// Retries that the budget holds; none when retries are free.
    pub retries_left: Option<u64>,
    /// Attempts that were answered.
    pub attempts_ok: u64,
    /// Attempts that failed.
    pub attempts_failed: u64,
    /// Attempts that were retries at the same target.
    pub retries: u64,
}
