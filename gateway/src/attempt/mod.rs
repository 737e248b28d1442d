//! The attempt loop: which target to try next, how often, and what each result teaches.
//!
//! Another target is tried before the same one again, at once and without paying: with half of a
//! provider's answers failing, a retry budget would cover only a part of them. A retry at a target that
//! has failed already waits, and pays from that provider's budget.

mod backoff;
mod deadline;
mod progress;

pub(crate) use deadline::{Limit, Work, answer as answer_limit, first_content as first_content_limit};

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use world::{Clock, Domain, Instant, World};

use crate::failure::{Cause, Failure};
use crate::fleet::{Entry, Fleet, Target, Unavailable};
use crate::plan::{Blame, Policy, WhenBlocked};
use progress::Progress;

/// Longest that a request parks before a blocked provider when nothing else limits it.
const PARK_MAX: Duration = Duration::from_secs(30);

/// What can be attempted at a target.
pub(crate) trait Operation: Sync {
    /// What a good attempt yields.
    type Answer: Send;

    /// How long one attempt may take.
    fn limit(&self) -> Option<Limit>;

    /// Makes one attempt. Dropping the future drops the request to the provider.
    fn attempt(&self, target: &Target) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// One request on its way through the loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    /// Indices of the targets that may serve it, in order.
    pub(crate) route: &'a [usize],
    /// A hash of the request: keys its draws.
    pub(crate) identity: u64,
    /// When it came.
    pub(crate) began: Instant,
}

/// An answer and where it came from; the entry ends the attempt when it is dropped.
#[derive(Debug)]
pub(crate) struct Served<T> {
    pub(crate) answer: T,
    pub(crate) entry: Entry,
}

/// No target answered.
#[derive(Debug)]
pub(crate) struct Exhausted {
    /// What the last attempt failed of; none when no target could be tried.
    pub(crate) failure: Option<Failure>,
    /// When a target may be tried next, as far as is known.
    pub(crate) available_at: Instant,
}

/// Runs requests through the loop.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    clock: Clock,
    backoff: Domain,
    policy: Policy,
    fleet: Arc<Fleet>,
}

impl Dispatcher {
    pub(crate) fn new(world: &World, policy: Policy, fleet: Arc<Fleet>) -> Self {
        Self { clock: *world.clock(), backoff: world.seed().domain("gateway backoff"), policy, fleet }
    }

    /// Tries targets until one answers.
    pub(crate) async fn run<O: Operation>(
        &self,
        operation: &O,
        job: Job<'_>,
    ) -> Result<Served<O::Answer>, Exhausted> {
        let mut progress = Progress::new(job);
        while self.may_go_on(&progress) {
            let Some(entry) = self.next(&mut progress).await else { break };
            match self.attempt(operation, &entry, &progress).await {
                Ok(answer) => {
                    self.succeeded(&entry, &progress);
                    return Ok(Served { answer, entry });
                }
                Err(failure) => self.failed(&entry, failure, &mut progress),
            }
        }
        Err(self.exhausted(progress))
    }

    fn may_go_on(&self, progress: &Progress<'_>) -> bool {
        let attempts = &self.policy.attempts;
        let in_time =
            attempts.give_up_after.is_none_or(|limit| self.clock.now() < progress.job.began + limit);
        let worth_it = progress.failure.as_ref().is_none_or(|failure| {
            failure.cause.is_retryable()
                || (attempts.retries_permanent && matches!(failure.cause, Cause::Status(_)))
        });
        progress.attempts == 0 || (worth_it && in_time && progress.attempts < attempts.max)
    }

    /// Leave for the next attempt, after the wait that it may need; none when there is no target for it.
    async fn next(&self, progress: &mut Progress<'_>) -> Option<Entry> {
        if let Some(position) = progress.repeat_here(self.policy.attempts.same_target_first)
            && let Some(entry) = self.repeat(position, progress).await
        {
            return Some(entry);
        }
        if let Some(entry) = self.fresh(progress).await {
            return Some(entry);
        }
        let now = self.clock.now();
        let position = progress.tried().find(|position| {
            self.target(progress, *position).is_some_and(|target| target.available_at(now) <= now)
        })?;
        self.repeat(position, progress).await
    }

    /// Leave to try a target that this request has not tried: the first that lets it in.
    async fn fresh(&self, progress: &mut Progress<'_>) -> Option<Entry> {
        let mut from = 0;
        while let Some(position) = progress.untried(from) {
            from = position + 1;
            let target = self.target(progress, position)?;
            let entry = match self.enter(target, progress) {
                Err(blocked) if position == 0 && blocked.by_breaker => {
                    self.park(target, blocked, progress).await
                }
                entered => entered.ok(),
            };
            if let Some(entry) = entry {
                entry.target.provider.deposit(self.clock.now());
                progress.begin(position);
                return Some(entry);
            }
        }
        None
    }

    /// Leave to try a target again: paid for, and after a wait.
    async fn repeat(&self, position: usize, progress: &mut Progress<'_>) -> Option<Entry> {
        let target = self.target(progress, position)?;
        if !target.provider.withdraw(self.clock.now()) {
            return None;
        }
        let retry = progress.tries(position).saturating_sub(1);
        let wait = backoff::wait(&self.policy.backoff, &self.backoff, progress.job.identity, retry);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        let entry = self.enter(target, progress).ok()?;
        entry.target.provider.counts.retries.fetch_add(1, Ordering::Relaxed);
        progress.begin(position);
        Some(entry)
    }

    /// What a request does whose first choice is blocked.
    async fn park(
        &self,
        target: &Arc<Target>,
        blocked: Unavailable,
        progress: &Progress<'_>,
    ) -> Option<Entry> {
        if self.policy.breaker.as_ref()?.when_blocked == WhenBlocked::GoOn {
            return None;
        }
        let leaves_at = progress.job.began + PARK_MAX;
        let mut until = blocked.until;
        while until < leaves_at {
            self.clock.sleep_until(until).await;
            match self.enter(target, progress) {
                Ok(entry) => return Some(entry),
                // A blocked breaker never says "now": that would spin.
                Err(blocked) => until = blocked.until.max(self.clock.now() + Duration::from_millis(1)),
            }
        }
        None
    }

    fn enter(&self, target: &Arc<Target>, progress: &Progress<'_>) -> Result<Entry, Unavailable> {
        target.enter(self.clock.now(), progress.job.identity)
    }

    fn target(&self, progress: &Progress<'_>, position: usize) -> Option<&Arc<Target>> {
        self.fleet.targets.get(*progress.job.route.get(position)?)
    }

    async fn attempt<O: Operation>(
        &self,
        operation: &O,
        entry: &Entry,
        progress: &Progress<'_>,
    ) -> Result<O::Answer, Failure> {
        let attempt = operation.attempt(&entry.target);
        let limit = operation
            .limit()
            .map(|limit| (self.clock.now() + limit.after, Cause::TimedOut { is_scaled: limit.is_scaled }));
        let total = self.policy.deadlines.total.map(|total| (progress.job.began + total, Cause::OutOfTime));
        let Some((deadline, cause)) = limit.into_iter().chain(total).min_by_key(|(deadline, _)| *deadline)
        else {
            return attempt.await;
        };
        match self.clock.timeout_at(deadline, attempt).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(cause, "the provider did not answer in time")),
        }
    }

    fn succeeded(&self, entry: &Entry, progress: &Progress<'_>) {
        let now = self.clock.now();
        entry.record(now, true);
        entry.target.provider.counts.ok.fetch_add(1, Ordering::Relaxed);
        if self.policy.attempts.blame == Blame::Answerer {
            for _ in 0..progress.booked_late {
                entry.target.provider.with_breaker(|breaker| breaker.blame(now, false));
            }
        }
    }

    fn failed(&self, entry: &Entry, failure: Failure, progress: &mut Progress<'_>) {
        let now = self.clock.now();
        entry.target.provider.counts.failed.fetch_add(1, Ordering::Relaxed);
        match (self.counts(failure.cause), self.policy.attempts.blame) {
            (true, Blame::Culprit) => entry.record(now, false),
            (true, Blame::Answerer) => progress.booked_late += 1,
            (false, _) => {}
        }
        let assumed = self.policy.cooldown.assumed.filter(|_| failure.cause == Cause::Status(429));
        if let Some(wait) = failure.retry_after.or(assumed) {
            entry.target.cool(self.policy.cooldown, now, wait);
        }
        tracing::debug!(provider = %entry.target.provider.name, cause = failure.cause.name(), "attempt failed");
        progress.failure = Some(failure);
    }

    /// Whether the breaker hears of a failure.
    pub(crate) fn counts(&self, cause: Cause) -> bool {
        let throttles = self.policy.breaker.as_ref().is_some_and(|breaker| breaker.counts_throttles);
        cause.counts() && (throttles || cause != Cause::Status(429))
    }

    fn exhausted(&self, progress: Progress<'_>) -> Exhausted {
        let now = self.clock.now();
        let available = |index: &usize| self.fleet.targets.get(*index).map(|target| target.available_at(now));
        let available_at = progress.job.route.iter().filter_map(available).min().unwrap_or(now);
        Exhausted { failure: progress.failure, available_at }
    }
}
