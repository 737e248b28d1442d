//! The open loop: every arrival is sent when it is due, whatever became of those before it. Beside it,
//! the users of a closed loop, each in a task of its own.

mod record;
mod session;
mod users;

use std::sync::Arc;
use std::time::Duration;

use evidence::Journal;
use evidence::histogram::Histogram;
use world::{Instant, Pacer, World};

use crate::client::Client;
use crate::plan::{LoadPlan, Planned};
use crate::progress::Progress;
use crate::target::Target;
use session::Session;

/// Arrivals that may wait, due, for the loop to take them.
const AHEAD: usize = 4_096;

/// How long requests in flight may still take when a run is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often a real run looks at its stop flag while nothing is due.
const LOOK: Duration = Duration::from_millis(100);

/// What became of a load, in the order in which requests are lost.
#[derive(Debug, Clone)]
pub struct LoadSummary {
    /// Arrivals of the plan; the requests of a closed loop, which nothing plans, as they came.
    pub requested: u64,
    /// Arrivals that fell due before the run was stopped.
    pub scheduled: u64,
    /// Requests sent, retries not counted.
    pub sent: u64,
    /// Requests that ended, well or not.
    pub completed: u64,
    /// Requests sent more than [`LATE_AFTER`] after they were due: the generator's own fault.
    pub late: u64,
    /// Arrivals not sent because too many requests were in flight: the target's fault, and failures.
    pub dropped: u64,
    /// Tries sent, the clients' own retries included.
    pub tries: u64,
    /// Requests cut off when the run was stopped.
    pub unfinished: u64,
    /// Whether the run was told to stop before its end.
    pub interrupted: bool,
    /// From the intended to the real send time, in microseconds.
    pub send_lag: Histogram,
}

/// A request sent this much after it was due is late.
pub const LATE_AFTER: Duration = Duration::from_millis(5);

/// Sends a plan's arrivals to `target`, writes a record of each try, and returns when all have ended.
///
/// Latency counts from the intended send time. An arrival that comes while [`LoadPlan::in_flight_max`]
/// requests wait is recorded as a failed one and not sent.
pub async fn run(
    world: &World,
    target: Target,
    plan: &LoadPlan,
    journal: Journal,
    progress: Progress,
) -> LoadSummary {
    let client = Client::new(world, target, plan);
    let session = Arc::new(Session::new(world, client, plan, journal, progress.clone()));
    let schedule = plan.arrivals().map(|planned| (planned.due, planned));
    let mut pacer = world.pace(schedule, AHEAD);
    let users = users::start(&session, plan);
    while let Some(planned) = next_due(world, &mut pacer, &progress).await {
        session.take(planned);
    }
    drop(pacer);
    for user in users {
        // A user that panicked has nothing more to send.
        let _ = user.await;
    }
    let interrupted = progress.is_stopped();
    wait_for_the_last(world, &session, &progress).await;
    let scheduled = progress.snapshot().scheduled;
    let planned = if interrupted { plan.arrivals().count() as u64 } else { 0 };
    let requested = planned.max(scheduled);
    session.close(requested, interrupted)
}

/// The next arrival; none after the last or once the run is stopped.
async fn next_due(world: &World, pacer: &mut Pacer<Planned>, progress: &Progress) -> Option<Planned> {
    loop {
        if progress.is_stopped() {
            return None;
        }
        if world.is_virtual() {
            let next = pacer.next().await.map(|(_, planned)| planned);
            return next.filter(|_| !progress.is_stopped());
        }
        // In the real world a wait can be given up without losing what is waited for.
        if let Ok(next) = world.clock().timeout(LOOK, pacer.next()).await {
            return next.map(|(_, planned)| planned);
        }
    }
}

async fn wait_for_the_last(world: &World, session: &Session, progress: &Progress) {
    let clock = world.clock();
    let mut last_moment = Instant::FAR_FUTURE;
    while progress.in_flight() > 0 && clock.now() < last_moment {
        if progress.is_stopped() {
            last_moment = last_moment.min(clock.now() + GRACE);
        }
        let look = if world.is_virtual() { GRACE } else { LOOK };
        let _ = clock.timeout(look, session.is_idle()).await;
    }
}
