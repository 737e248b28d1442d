//! The way in: worker slots that a request occupies for its service time, and the queue before them.
//!
//! Slots ÷ service time is the gateway's capacity, imposed in both worlds: in the virtual one no CPU ever
//! runs out, so overload has to be modelled, and in the real one the same drill gives the same knee.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use world::{Task, World};

use crate::fleet::lock;
use crate::plan::{AdmissionPolicy, Discipline};

/// Lets requests in.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    world: World,
    policy: AdmissionPolicy,
    hall: Mutex<Hall>,
    in_flight: AtomicUsize,
    /// Requests in their service time.
    in_service: AtomicUsize,
}

#[derive(Debug)]
struct Hall {
    free: u32,
    queue: VecDeque<oneshot::Sender<Slot>>,
    /// Entries of the queue whose client still waits.
    waiting: usize,
}

/// Why a request was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Too many requests are in flight.
    InFlight,
    /// Too many requests wait.
    QueueFull,
    /// It has waited too long.
    AgedOut,
}

/// A request that was let in, until its answer has ended.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Shared>);

/// A worker slot; free again when dropped.
#[derive(Debug)]
struct Slot(Option<Arc<Shared>>);

struct Waiting<'a>(&'a Shared);

struct Service(Arc<Shared>);

impl Shed {
    /// A short name, for counters and errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::QueueFull => "queue_full",
            Self::AgedOut => "aged_out",
        }
    }
}

impl Admission {
    pub(crate) fn new(world: &World, policy: AdmissionPolicy) -> Self {
        let hall = Hall { free: policy.slots, queue: VecDeque::new(), waiting: 0 };
        Self(Arc::new(Shared {
            world: world.clone(),
            policy,
            hall: Mutex::new(hall),
            in_flight: AtomicUsize::new(0),
            in_service: AtomicUsize::new(0),
        }))
    }

    /// Waits for a slot and occupies it for the service time.
    pub(crate) async fn enter(&self) -> Result<InFlight, Shed> {
        let shared = &*self.0;
        if shared.policy.in_flight_max.is_some_and(|max| self.in_flight() >= max) {
            return Err(Shed::InFlight);
        }
        match shared.policy.discipline {
            Discipline::Sharing => self.serve(self.shared_service_time()).await,
            Discipline::Queue { length_max, age_max, serves_leavers } => {
                let slot = self.slot(length_max, age_max).await?;
                if serves_leavers {
                    // On its own: it does not notice when the client leaves.
                    let _ = self.0.occupy(slot).await;
                } else {
                    self.serve(shared.policy.service_time).await;
                }
            }
        }
        shared.in_flight.fetch_add(1, Ordering::AcqRel);
        Ok(InFlight(Arc::clone(&self.0)))
    }

    /// Requests that were let in and whose answer has not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Acquire)
    }

    /// Requests that wait for a slot.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.0.hall).waiting
    }

    /// Requests in their service time.
    pub(crate) fn in_service(&self) -> usize {
        self.0.in_service.load(Ordering::Acquire)
    }

    async fn serve(&self, service_time: Duration) {
        let service = Service::begin(&self.0);
        self.0.world.clock().sleep(service_time).await;
        drop(service);
    }

    /// The service time when all that are being served share the slots.
    fn shared_service_time(&self) -> Duration {
        let sharers = u32::try_from(self.in_service() + 1).unwrap_or(u32::MAX).max(self.0.policy.slots);
        self.0.policy.service_time.saturating_mul(sharers) / self.0.policy.slots.max(1)
    }

    async fn slot(&self, length_max: Option<usize>, age_max: Option<Duration>) -> Result<Slot, Shed> {
        let (receiver, waiting) = {
            let mut hall = lock(&self.0.hall);
            if hall.free > 0 {
                hall.free -= 1;
                return Ok(Slot(Some(Arc::clone(&self.0))));
            }
            if length_max.is_some_and(|max| hall.waiting >= max) {
                return Err(Shed::QueueFull);
            }
            let (sender, receiver) = oneshot::channel();
            hall.queue.push_back(sender);
            hall.waiting += 1;
            (receiver, Waiting(&self.0))
        };
        let got = match age_max {
            None => receiver.await,
            Some(age) => self.0.world.clock().timeout(age, receiver).await.map_err(|_| Shed::AgedOut)?,
        };
        drop(waiting);
        got.map_err(|_| Shed::AgedOut)
    }
}

impl Shared {
    /// Hands a slot that came free to whoever has waited longest.
    fn release(self: Arc<Self>) {
        loop {
            let next = {
                let mut hall = lock(&self.hall);
                let next = hall.queue.pop_front();
                if next.is_none() {
                    hall.free += 1;
                }
                next
            };
            let Some(sender) = next else { return };
            match sender.send(Slot(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                Err(slot) if self.serves_leavers() => {
                    drop(self.occupy(slot));
                    return;
                }
                Err(mut slot) => slot.0 = None,
            }
        }
    }

    fn serves_leavers(&self) -> bool {
        matches!(self.policy.discipline, Discipline::Queue { serves_leavers: true, .. })
    }

    /// Spends a service time, whether or not anybody waits for its end.
    fn occupy(self: &Arc<Self>, slot: Slot) -> Task<()> {
        let (service, served) = (Service::begin(self), self.world.clock().sleep(self.policy.service_time));
        self.world.spawn(async move {
            served.await;
            drop(service);
            drop(slot);
        })
    }
}

impl Service {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.in_service.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shared))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.release();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.hall).waiting -= 1;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.in_service.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Seed, run_virtual};

    const MS: Duration = Duration::from_millis(1);

    fn policy(discipline: Discipline) -> AdmissionPolicy {
        AdmissionPolicy { slots: 2, service_time: 10 * MS, discipline, in_flight_max: None }
    }

    fn queue(length_max: Option<usize>, age_ms: Option<u32>, serves_leavers: bool) -> Discipline {
        Discipline::Queue { length_max, age_max: age_ms.map(|age| age * MS), serves_leavers }
    }

    /// When each of `count` requests that come at once gets in, or is shed, in ms.
    fn arrivals(policy: AdmissionPolicy, count: usize) -> Vec<(u128, Result<(), Shed>)> {
        run_virtual(Seed(1), |world| async move {
            let admission = Admission::new(&world, policy);
            let tasks: Vec<_> = (0..count)
                .map(|_| {
                    let (admission, clock) = (admission.clone(), *world.clock());
                    world.spawn(async move {
                        let entered = admission.enter().await;
                        (clock.now().as_duration().as_millis(), entered.map(drop))
                    })
                })
                .collect();
            let mut all = Vec::new();
            for task in tasks {
                all.push(task.await.expect("a result"));
            }
            all
        })
    }

    #[test]
    fn slots_over_service_time_is_the_capacity() {
        let times: Vec<_> =
            arrivals(policy(queue(None, None, false)), 7).into_iter().map(|(at, _)| at).collect();
        assert_eq!(times, [10, 10, 20, 20, 30, 30, 40]);
    }

    #[test]
    fn who_waits_too_long_is_turned_away_at_that_moment() {
        let all = arrivals(policy(queue(None, Some(15), false)), 6);
        assert_eq!(all[4], (15, Err(Shed::AgedOut)));
        assert_eq!(all[3], (20, Ok(())));
    }

    #[test]
    fn a_full_queue_turns_away_at_once() {
        let all = arrivals(policy(queue(Some(1), None, false)), 4);
        assert_eq!(all[2], (20, Ok(())));
        assert_eq!(all[3], (0, Err(Shed::QueueFull)));
    }

    #[test]
    fn sharing_slows_everyone_down() {
        let times: Vec<_> = arrivals(policy(Discipline::Sharing), 4).into_iter().map(|(at, _)| at).collect();
        assert_eq!(times, [10, 10, 15, 20]);
    }

    #[test]
    fn requests_in_flight_are_counted_until_their_end() {
        run_virtual(Seed(1), |world| async move {
            let limited = AdmissionPolicy { in_flight_max: Some(1), ..policy(queue(None, None, false)) };
            let admission = Admission::new(&world, limited);
            let first = admission.enter().await.expect("room");
            assert_eq!(admission.enter().await.err(), Some(Shed::InFlight));
            drop(first);
            assert!(admission.enter().await.is_ok());
        });
    }

    /// When a request gets in behind four that left at once.
    fn behind_leavers(serves_leavers: bool) -> u128 {
        run_virtual(Seed(1), |world| async move {
            let admission = Admission::new(&world, policy(queue(None, None, serves_leavers)));
            let clock = *world.clock();
            let spawn = || {
                let admission = admission.clone();
                world.spawn(async move { admission.enter().await.map(drop) })
            };
            let (_first, _second) = (spawn(), spawn());
            let leavers: Vec<_> = (0..4).map(|_| spawn()).collect();
            clock.sleep(MS).await;
            leavers.iter().for_each(Task::abort);
            clock.sleep(MS).await;
            assert_eq!(admission.waiting(), 0);
            admission.enter().await.expect("let in");
            clock.now().as_duration().as_millis()
        })
    }

    #[test]
    fn who_left_takes_no_slot_unless_the_policy_says_so() {
        assert_eq!(behind_leavers(false), 20);
        assert_eq!(behind_leavers(true), 40);
    }
}
