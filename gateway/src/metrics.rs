//! Counters of what clients got, and the exposition of them and of the state.

use prometheus::{Encoder, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::breaker::BreakerState;
use crate::refusal::Refusal;
use crate::state::GatewayState;

/// Counts answers.
#[derive(Debug)]
pub(crate) struct Metrics {
    answers: IntCounterVec,
    refusals: IntCounterVec,
}

const GAUGES: &str = "brownout_gateway";

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let answers = Opts::new("brownout_gateway_answers_total", "Answers by route and status.");
        let refusals = Opts::new("brownout_gateway_refusals_total", "Requests not answered, by reason.");
        Ok(Self {
            answers: IntCounterVec::new(answers, &["route", "status"])?,
            refusals: IntCounterVec::new(refusals, &["reason"])?,
        })
    }

    pub(crate) fn answered(&self, route: &str, status: u16) {
        let mut digits = [0; 3];
        self.answers.with_label_values(&[route, status_text(status, &mut digits)]).inc();
    }

    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.refusals.with_label_values(&[refusal.name()]).inc();
    }

    /// Everything in Prometheus' text format, sorted by name and labels.
    pub(crate) fn exposition(&self, state: &GatewayState) -> String {
        let mut text = Vec::new();
        let result = self.gather(state).and_then(|families| TextEncoder::new().encode(&families, &mut text));
        if let Err(error) = result {
            tracing::error!(%error, "cannot expose metrics");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    fn gather(
        &self,
        state: &GatewayState,
    ) -> Result<Vec<prometheus::proto::MetricFamily>, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(self.answers.clone()))?;
        registry.register(Box::new(self.refusals.clone()))?;
        for (name, help, value) in [
            ("in_flight", "Requests whose answer has not ended.", state.in_flight),
            ("queue_length", "Requests that wait for a worker slot.", state.queue_length),
            ("slots", "Worker slots.", usize::try_from(state.slots).unwrap_or(usize::MAX)),
            ("slots_busy", "Worker slots in use.", state.slots_busy),
            ("upstream_open", "Open requests to providers.", state.upstream_open),
        ] {
            gauge(&registry, name, help, &[], &[(&[], count(value))])?;
        }
        self.gather_providers(&registry, state)?;
        Ok(registry.gather())
    }

    fn gather_providers(&self, registry: &Registry, state: &GatewayState) -> Result<(), prometheus::Error> {
        let providers = &state.providers;
        let by_provider = |name: &str, help: &str, value: &dyn Fn(&crate::ProviderState) -> i64| {
            let values: Vec<_> =
                providers.iter().map(|provider| ([provider.name.as_str()], value(provider))).collect();
            let values: Vec<_> = values.iter().map(|(labels, value)| (&labels[..], *value)).collect();
            gauge(registry, name, help, &["provider"], &values)
        };
        by_provider("provider_in_flight", "Attempts in flight.", &|p| count(p.in_flight))?;
        by_provider("provider_attempts_ok", "Attempts that were answered.", &|p| count64(p.attempts_ok))?;
        by_provider("provider_attempts_failed", "Attempts that failed.", &|p| count64(p.attempts_failed))?;
        by_provider("provider_retries", "Retries at the same target.", &|p| count64(p.retries))?;
        by_provider("provider_breaker_opened", "How often the breaker has opened.", &|p| {
            count64(p.breaker_opened)
        })?;
        by_provider("provider_breaker", "0 closed or none, 1 open, 2 half open, 3 ramping.", &|p| {
            breaker(p.breaker)
        })?;
        by_provider("provider_retries_left", "Retries that the budget holds; -1 without one.", &|p| {
            p.retries_left.map_or(-1, count64)
        })
    }
}

fn gauge(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    values: &[(&[&str], i64)],
) -> Result<(), prometheus::Error> {
    let gauges = IntGaugeVec::new(Opts::new(format!("{GAUGES}_{name}"), help), labels)?;
    for (labels, value) in values {
        gauges.get_metric_with_label_values(labels)?.set(*value);
    }
    registry.register(Box::new(gauges))
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn breaker(state: Option<BreakerState>) -> i64 {
    match state {
        None | Some(BreakerState::Closed) => 0,
        Some(BreakerState::Open) => 1,
        Some(BreakerState::HalfOpen) => 2,
        Some(BreakerState::Ramping) => 3,
    }
}

/// Three digits, without an allocation for every answer.
fn status_text(status: u16, digits: &mut [u8; 3]) -> &str {
    for (place, digit) in [100, 10, 1].into_iter().zip(digits.iter_mut()) {
        *digit = b'0' + u8::try_from(status / place % 10).unwrap_or(0);
    }
    std::str::from_utf8(digits).unwrap_or("000")
}
