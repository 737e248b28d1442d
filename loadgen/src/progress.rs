//! How a run is going, for whoever watches it, and the means to stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use evidence::histogram::{Histogram, Precision};
use evidence::record::Name;
use world::Instant;

/// What "recent" spans: between one and two of these, in microseconds.
const WINDOW_US: u64 = 5_000_000;

/// A view of a run that is under way. Clones see the same run.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: Arc<AtomicBool>,
    scheduled: AtomicU64,
    sent: AtomicU64,
    completed: AtomicU64,
    ok: AtomicU64,
    ordinary: AtomicU64,
    ordinary_ok: AtomicU64,
    in_flight: AtomicU64,
    dropped: AtomicU64,
    phase: Mutex<Name>,
    recent: Mutex<Recent>,
}

/// The figures of a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The phase that the last arrival belonged to.
    pub phase: Name,
    /// Arrivals that have fallen due.
    pub scheduled: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests ended, retries included in each.
    pub completed: u64,
    /// Of them, with a good answer.
    pub ok: u64,
    /// Of those ended, the ones that ought to be answered well: neither control traffic nor bad on purpose.
    pub ordinary: u64,
    /// Of these, with a good answer.
    pub ordinary_ok: u64,
    /// Requests that wait for an answer.
    pub in_flight: u64,
    /// Arrivals that were not sent because too many were in flight.
    pub dropped: u64,
    /// The 95th percentile of the latest seconds, in microseconds from the intended send time.
    pub recent_p95_us: u64,
}

impl Progress {
    /// A view whose stop flag somebody else may set, such as an interrupt handler.
    #[must_use]
    pub fn with_stop(stop: Arc<AtomicBool>) -> Self {
        Self(Arc::new(Shared { stop, ..Shared::default() }))
    }

    /// Ends the run: no further arrival is sent, those in flight get a moment.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Release);
    }

    /// Whether the run was told to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }

    /// The figures of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            phase: Name::clone(&lock(&self.0.phase)),
            scheduled: read(&self.0.scheduled),
            sent: read(&self.0.sent),
            completed: read(&self.0.completed),
            ok: read(&self.0.ok),
            ordinary: read(&self.0.ordinary),
            ordinary_ok: read(&self.0.ordinary_ok),
            in_flight: read(&self.0.in_flight),
            dropped: read(&self.0.dropped),
            recent_p95_us: lock(&self.0.recent).p95_us(),
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.0.in_flight.load(Ordering::Acquire)
    }

    pub(crate) fn scheduled(&self, phase: &Name) {
        add(&self.0.scheduled);
        let mut current = lock(&self.0.phase);
        if !Arc::ptr_eq(&current, phase) {
            *current = Name::clone(phase);
        }
    }

    pub(crate) fn dropped(&self) {
        add(&self.0.dropped);
    }

    pub(crate) fn sent(&self) {
        add(&self.0.sent);
    }

    pub(crate) fn entered(&self) {
        self.0.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// A request is no longer in flight; says whether it was the last.
    pub(crate) fn left(&self) -> bool {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(crate) fn completed(&self, is_ordinary: bool, is_ok: bool, now: Instant, latency_us: u64) {
        add(&self.0.completed);
        let counters = [
            (is_ok, &self.0.ok),
            (is_ordinary, &self.0.ordinary),
            (is_ordinary && is_ok, &self.0.ordinary_ok),
        ];
        for (_, counter) in counters.into_iter().filter(|(counts, _)| *counts) {
            add(counter);
        }
        lock(&self.0.recent).record(now.as_micros(), latency_us);
    }
}

/// Latencies of this window and the one before.
#[derive(Debug)]
struct Recent {
    current: Histogram,
    previous: Histogram,
    since_us: u64,
}

impl Default for Recent {
    fn default() -> Self {
        let empty = || Histogram::new(Precision::Coarse);
        Self { current: empty(), previous: empty(), since_us: 0 }
    }
}

impl Recent {
    fn record(&mut self, now_us: u64, latency_us: u64) {
        if now_us.saturating_sub(self.since_us) >= WINDOW_US {
            std::mem::swap(&mut self.current, &mut self.previous);
            self.current.clear();
            self.since_us = now_us;
        }
        self.current.record(latency_us);
    }

    fn p95_us(&self) -> u64 {
        let mut both = self.previous.clone();
        both.merge(&self.current);
        both.quantile_us(0.95)
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
