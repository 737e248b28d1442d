//! What is counted, in the exposition format of Prometheus. Families and labels come in alphabetical order.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use super::journal::Entry;

/// Bounds of answer times, in seconds: from an error to a long stream.
const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// The metrics of one mock.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    output_tokens: IntCounterVec,
    faults: IntCounterVec,
    quota_refusals: IntCounterVec,
    live_requests: IntGauge,
    live_streams: IntGauge,
    connections: IntGauge,
    accepted: IntCounter,
}

/// What is so at the moment of asking.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Now {
    pub(crate) live_requests: u64,
    pub(crate) live_streams: u64,
    pub(crate) connections: usize,
    pub(crate) accepted: usize,
}

/// The status of an exchange that had none.
const NO_STATUS: &str = "none";

impl Metrics {
    /// Metrics of the mock `provider`, all at zero.
    pub(crate) fn new(provider: &str) -> Result<Self, prometheus::Error> {
        let opts = |name: &str, help: &str| {
            Opts::new(format!("brownout_mock_{name}"), help).const_label("provider", provider)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(opts(name, help), labels);
        let gauge = |name: &str, help: &str| IntGauge::with_opts(opts(name, help));
        let seconds = HistogramOpts {
            common_opts: opts("request_seconds", "Time from a request to the end of its answer."),
            buckets: BOUNDS.to_vec(),
        };
        let metrics = Self {
            registry: Registry::new(),
            requests: counters(
                "requests_total",
                "Requests that have ended.",
                &["surface", "operation", "status"],
            )?,
            seconds: HistogramVec::new(seconds, &["surface"])?,
            output_tokens: counters("output_tokens_total", "Tokens of answers.", &["surface"])?,
            faults: counters("faults_total", "Faults that were decided.", &["effect", "applied"])?,
            quota_refusals: counters(
                "quota_refusals_total",
                "Requests refused because a quota was used up, faults not counted.",
                &["surface"],
            )?,
            live_requests: gauge("live_requests", "Requests whose answer has not ended.")?,
            live_streams: gauge("live_streams", "Streams that are being sent.")?,
            connections: gauge("connections", "Open connections.")?,
            accepted: IntCounter::with_opts(opts("connections_accepted_total", "Accepted connections."))?,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> Result<(), prometheus::Error> {
        let registry = &self.registry;
        registry.register(Box::new(self.requests.clone()))?;
        registry.register(Box::new(self.seconds.clone()))?;
        registry.register(Box::new(self.output_tokens.clone()))?;
        registry.register(Box::new(self.faults.clone()))?;
        registry.register(Box::new(self.quota_refusals.clone()))?;
        registry.register(Box::new(self.live_requests.clone()))?;
        registry.register(Box::new(self.live_streams.clone()))?;
        registry.register(Box::new(self.connections.clone()))?;
        registry.register(Box::new(self.accepted.clone()))
    }

    /// Counts a request that has ended.
    pub(crate) fn count(&self, entry: &Entry) {
        let surface = entry.surface.unwrap_or(NO_STATUS);
        let status = entry.status.map_or_else(|| NO_STATUS.to_owned(), |status| status.to_string());
        self.requests.with_label_values(&[surface, entry.operation, &status]).inc();
        self.seconds.with_label_values(&[surface]).observe(entry.duration_us as f64 / 1e6);
        if let Some(tokens) = entry.output_tokens {
            self.output_tokens.with_label_values(&[surface]).inc_by(u64::from(tokens));
        }
        if let Some(fault) = &entry.fault {
            let applied = if entry.fault_not_applied.is_none() { "true" } else { "false" };
            self.faults.with_label_values(&[&*fault.effect, applied]).inc();
        }
        if entry.is_quota_refusal() {
            self.quota_refusals.with_label_values(&[surface]).inc();
        }
    }

    /// Everything, as text.
    pub(crate) fn expose(&self, now: Now) -> Result<String, prometheus::Error> {
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.live_requests.set(gauge(now.live_requests));
        self.live_streams.set(gauge(now.live_streams));
        self.connections.set(gauge(now.connections as u64));
        self.accepted.inc_by((now.accepted as u64).saturating_sub(self.accepted.get()));
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Back to zero.
    pub(crate) fn reset(&self) {
        self.requests.reset();
        self.seconds.reset();
        self.output_tokens.reset();
        self.faults.reset();
        self.quota_refusals.reset();
    }
}

impl Entry {
    /// The mock's own quotas are the only reason for a 429 that no fault gave.
    pub(crate) fn is_quota_refusal(&self) -> bool {
        self.status == Some(429) && self.fault.is_none()
    }
}
