//! What all requests of one run share, and the life of one of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use evidence::Journal;
use evidence::histogram::{Histogram, Precision};
use evidence::record::ClientOutcome;
use tokio::sync::Notify;
use world::{Domain, Instant, World};

use super::record::{record_of, record_of_dropped};
use super::{LATE_AFTER, LOOK, LoadSummary};
use crate::client::{Answer, Client};
use crate::plan::{LoadPlan, Planned, RetryPolicy};
use crate::progress::Progress;

/// One run.
pub(super) struct Session {
    world: World,
    client: Client,
    retry: RetryPolicy,
    in_flight_max: u64,
    /// Spreads the pauses before retries.
    pauses: Domain,
    journal: Journal,
    progress: Progress,
    tries: AtomicU64,
    late: AtomicU64,
    send_lag: Mutex<Histogram>,
    idle: Notify,
    is_closed: AtomicBool,
}

/// Holds a place among the requests in flight.
struct InFlight(Arc<Session>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.progress.left() {
            self.0.idle.notify_one();
        }
    }
}

impl Session {
    pub(super) fn new(
        world: &World,
        client: Client,
        plan: &LoadPlan,
        journal: Journal,
        progress: Progress,
    ) -> Self {
        Self {
            world: world.clone(),
            client,
            retry: *plan.retry(),
            in_flight_max: plan.in_flight_max(),
            pauses: plan.seed().domain("load.retry"),
            journal,
            progress,
            tries: AtomicU64::new(0),
            late: AtomicU64::new(0),
            send_lag: Mutex::new(Histogram::new(Precision::Fine)),
            idle: Notify::new(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// An arrival has fallen due: sends it in a task of its own, or counts it as failed.
    pub(super) fn take(self: &Arc<Self>, planned: Planned) {
        self.progress.scheduled(&planned.phase);
        if self.progress.in_flight() >= self.in_flight_max {
            self.progress.dropped();
            self.journal.client(record_of_dropped(&planned, self.world.clock().now()));
            return;
        }
        self.progress.entered();
        let place = InFlight(Arc::clone(self));
        drop(self.world.spawn(async move { place.0.serve(&planned).await }));
    }

    /// Sends a request of a user, who waits for it whatever else is in flight.
    pub(super) async fn serve_for_user(self: &Arc<Self>, planned: &Planned) {
        self.progress.scheduled(&planned.phase);
        self.progress.entered();
        let place = InFlight(Arc::clone(self));
        place.0.serve(planned).await;
    }

    /// Waits until then; false when the run is stopped meanwhile.
    pub(super) async fn sleep_until(&self, then: Instant) -> bool {
        let clock = self.world.clock();
        while clock.now() < then && !self.is_stopped() {
            // A virtual wait takes no time that anybody could stop it in.
            let look = if self.world.is_virtual() { then } else { then.min(clock.now() + LOOK) };
            clock.sleep_until(look).await;
        }
        !self.is_stopped()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.progress.is_stopped()
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// Sends a request, and again where its client would.
    async fn serve(&self, planned: &Planned) {
        let mut attempt = 0;
        loop {
            let answer = self.try_once(planned, attempt).await;
            let pause = self.pause_after(planned, &answer, attempt + 1);
            let Some(pause) = pause else {
                return self.completed(planned, &answer);
            };
            self.world.clock().sleep(pause).await;
            attempt += 1;
        }
    }

    async fn try_once(&self, planned: &Planned, attempt: u32) -> Answer {
        self.tries.fetch_add(1, Ordering::Relaxed);
        if attempt == 0 {
            self.note_lag(planned);
        }
        let answer = self.client.ask(planned, attempt).await;
        if !self.is_closed.load(Ordering::Acquire) {
            let now = self.world.clock().now();
            self.journal.client(record_of(planned, attempt, &answer, now));
        }
        answer
    }

    fn note_lag(&self, planned: &Planned) {
        self.progress.sent();
        let lag = self.world.clock().now().saturating_since(planned.due);
        self.send_lag.lock().unwrap_or_else(PoisonError::into_inner).record(micros(lag));
        if lag > LATE_AFTER {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How long to wait before try `next`; none when that is not made.
    fn pause_after(&self, planned: &Planned, answer: &Answer, next: u32) -> Option<std::time::Duration> {
        let wants = next <= self.retry.times && answer.is_retryable(planned.streamed);
        if !wants || planned.deliberate.is_some() || self.progress.is_stopped() {
            return None;
        }
        let identity = [&planned.ordinal.to_le_bytes()[..], &next.to_le_bytes()[..]];
        self.retry.pause_before(next, answer.retry_after, self.pauses.draws(&identity).unit())
    }

    fn completed(&self, planned: &Planned, answer: &Answer) {
        let is_ok = matches!(answer.outcome, ClientOutcome::Ok | ClientOutcome::Degraded);
        let latency = answer.end.saturating_since(planned.due);
        let is_ordinary = planned.pinned.is_none() && planned.deliberate.is_none();
        self.progress.completed(is_ordinary, is_ok, answer.end, micros(latency));
    }

    /// Completes when the last request in flight has ended.
    pub(super) async fn is_idle(&self) {
        while self.progress.in_flight() > 0 {
            self.idle.notified().await;
        }
    }

    /// Ends the run: what is still in flight writes no record any more.
    pub(super) fn close(&self, requested: u64, interrupted: bool) -> LoadSummary {
        self.is_closed.store(true, Ordering::Release);
        let snapshot = self.progress.snapshot();
        LoadSummary {
            requested,
            scheduled: snapshot.scheduled,
            sent: snapshot.sent,
            completed: snapshot.completed,
            late: self.late.load(Ordering::Relaxed),
            dropped: snapshot.dropped,
            tries: self.tries.load(Ordering::Relaxed),
            unfinished: snapshot.in_flight,
            interrupted,
            send_lag: self.send_lag.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
