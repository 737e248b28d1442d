//! What the parts hold, sampled while a drill runs: counted from live structures in virtual time, read from
//! the process in real time.

use std::convert::Infallible;
use std::time::Duration;

use evidence::record::{SampleRecord, SampleSource};
use evidence::{Journal, Name};
use world::{Clock, Instant, ProcessUsage};

use super::parts::Parts;

/// How often: fine enough for a breaker's steps, coarse enough for an eight-hour soak.
pub(super) const EVERY: Duration = Duration::from_secs(10);

/// Samples for ever.
pub(super) async fn modelled(clock: Clock, parts: &Parts, journal: &Journal) -> Infallible {
    loop {
        once(&clock, parts, journal);
        clock.sleep(EVERY).await;
    }
}

/// One sample of everything that the parts can count of themselves.
pub(super) fn once(clock: &Clock, parts: &Parts, journal: &Journal) {
    let t_us = clock.now().as_micros();
    let emit = |name: Name, value: usize| {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        journal.sample(SampleRecord { t_us, source: SampleSource::Modelled, name, value });
    };
    let gateway = parts.gateway.state();
    emit("gateway.in_flight".into(), gateway.in_flight);
    emit("gateway.queue_length".into(), gateway.queue_length);
    emit("gateway.slots_busy".into(), gateway.slots_busy);
    emit("gateway.upstream_open".into(), gateway.upstream_open);
    emit("gateway.connections".into(), parts.gateway.connections());
    for provider in &gateway.providers {
        emit(format!("gateway.{}.in_flight", provider.name).into(), provider.in_flight);
        let opened = usize::try_from(provider.breaker_opened).unwrap_or(usize::MAX);
        emit(format!("gateway.{}.breaker_opened", provider.name).into(), opened);
    }
    for mock in &parts.mocks {
        emit(format!("{}.connections", mock.address()).into(), mock.connections());
        let streams = usize::try_from(mock.counters().live_streams()).unwrap_or(usize::MAX);
        emit(format!("{}.live_streams", mock.address()).into(), streams);
    }
}

/// How often a process is sampled.
pub(super) const EVERY_REAL: Duration = Duration::from_secs(1);

/// One sample of the target's process.
pub(super) fn process(now: Instant, usage: Option<ProcessUsage>, journal: &Journal) {
    let Some(usage) = usage else { return };
    let t_us = now.as_micros();
    let emit = |name: &str, value: u64| {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        journal.sample(SampleRecord { t_us, source: SampleSource::Process, name: name.into(), value });
    };
    emit("target.rss_bytes", usage.rss_bytes);
    emit("target.cpu_us", u64::try_from(usage.cpu.as_micros()).unwrap_or(u64::MAX));
    emit("target.descriptors", usage.descriptors);
    emit("target.threads", usage.threads);
}
