//! Counts and distributions of a group of requests, and their form in a report.

use crate::demand::{Figure, Measure, Statistic};
use evidence::ClientRecord;
use evidence::histogram::{Histogram, Precision, Summary};
use evidence::record::ClientOutcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is counted of a group of requests.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    pub(crate) requests: u64,
    pub(crate) ok: u64,
    outcomes: BTreeMap<ClientOutcome, u64>,
    latency: Histogram,
    service: Histogram,
    ttft: Histogram,
    send_lag: Histogram,
}

/// A group of requests in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatsReport {
    /// How many requests.
    pub requests: u64,
    /// How many got a whole answer.
    pub ok: u64,
    /// How many ended in which way.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// From the intended send time to the end.
    pub latency_ms: Option<Summary>,
    /// From the actual send time to the end.
    pub service_ms: Option<Summary>,
    /// From the intended send time to the first generated token of a stream.
    pub ttft_ms: Option<Summary>,
    /// From the intended to the actual send time, of first tries.
    pub send_lag_ms: Option<Summary>,
}

impl Stats {
    pub(crate) const fn new(precision: Precision) -> Self {
        Self {
            requests: 0,
            ok: 0,
            outcomes: BTreeMap::new(),
            latency: Histogram::new(precision),
            service: Histogram::new(precision),
            ttft: Histogram::new(precision),
            send_lag: Histogram::new(precision),
        }
    }

    pub(crate) fn add(&mut self, record: &ClientRecord) {
        self.requests += 1;
        self.ok += u64::from(record.outcome == ClientOutcome::Ok);
        *self.outcomes.entry(record.outcome).or_default() += 1;
        // What was never sent failed, and took no time.
        let Some(sent_us) = record.sent_us else { return };
        self.latency.record(record.end_us.saturating_sub(record.sched_us));
        self.service.record(record.end_us.saturating_sub(sent_us));
        // Another try of the same request was not due before its pause was over.
        if record.attempt == 0 {
            self.send_lag.record(sent_us.saturating_sub(record.sched_us));
        }
        if let Some(first_us) = record.first_us {
            self.ttft.record(first_us.saturating_sub(record.sched_us));
        }
    }

    /// How many values a figure rests on, and the figure in microseconds.
    pub(crate) fn figure(&self, figure: Figure) -> (u64, u64) {
        let histogram = match figure.measure {
            Measure::Latency => &self.latency,
            Measure::Service => &self.service,
            Measure::Ttft => &self.ttft,
        };
        let value = match figure.statistic {
            Statistic::Mean => histogram.mean_us(),
            Statistic::Permyriad(parts) => histogram.quantile_us(f64::from(parts) / 10_000.0),
            Statistic::Max => histogram.max_us(),
        };
        (histogram.count(), value)
    }

    pub(crate) fn report(&self) -> StatsReport {
        StatsReport {
            requests: self.requests,
            ok: self.ok,
            outcomes: self.outcomes.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect(),
            latency_ms: self.latency.summary(),
            service_ms: self.service.summary(),
            ttft_ms: self.ttft.summary(),
            send_lag_ms: self.send_lag.summary(),
        }
    }
}
