//! The providers as the gateway knows them at this moment: breaker, retry budget, cooldowns and what is
//! in flight.

mod budget;
mod endpoint;

pub(crate) use endpoint::{Endpoint, Speaker};

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evidence::Name;
use http::HeaderValue;
use world::{BaseUrl, Domain, Instant, Seed};

use crate::breaker::{Blocked, Breaker, Permit};
use crate::plan::{self, CooldownPolicy, CooldownScope, GatewayPlan, Policy};
use budget::RetryBudget;
use endpoint::Unsendable;

/// Every provider and every target.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) providers: Vec<Arc<Provider>>,
    pub(crate) targets: Vec<Arc<Target>>,
}

/// One provider's endpoint.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: Name,
    pub(crate) url: BaseUrl,
    pub(crate) host: HeaderValue,
    pub(crate) speaker: Speaker,
    pub(crate) in_flight_max: usize,
    /// A hash of the name: keys the draws that are about this provider.
    pub(crate) salt: u64,
    pub(crate) counts: AttemptCounts,
    in_flight: AtomicUsize,
    breaker: Option<Mutex<Breaker>>,
    budget: Option<Mutex<RetryBudget>>,
    cooldown: Cooldown,
}

/// One model at one provider.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: Name,
    pub(crate) endpoint: Endpoint,
    cooldown: Cooldown,
}

/// How attempts at one provider ended, since the start.
#[derive(Debug, Default)]
pub(crate) struct AttemptCounts {
    pub(crate) ok: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) retries: AtomicU64,
}

/// Until when requests stay away.
#[derive(Debug, Default)]
struct Cooldown(AtomicU64);

/// One attempt in flight. Its end is noted when it is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) target: Arc<Target>,
    permit: Option<Permit>,
}

/// Why a target may not be tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable {
    /// When it is worth asking again.
    pub(crate) until: Instant,
    pub(crate) by_breaker: bool,
}

/// A panic elsewhere must not stop the gateway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    pub(crate) fn new(plan: &GatewayPlan, seed: Seed) -> Result<Self, Unsendable> {
        let domain = seed.domain("gateway provider");
        let provider = |file| Provider::new(file, &plan.policy, &domain).map(Arc::new);
        let providers = plan.providers.iter().map(provider).collect::<Result<Vec<_>, _>>()?;
        let mut targets = Vec::with_capacity(plan.targets.len());
        for target in &plan.targets {
            let (Some(file), Some(provider)) =
                (plan.providers.get(target.provider), providers.get(target.provider))
            else {
                continue;
            };
            targets.push(Arc::new(Target {
                provider: Arc::clone(provider),
                model: Arc::clone(&target.model),
                endpoint: Endpoint::new(&file.family, &file.url, &target.model)?,
                cooldown: Cooldown::default(),
            }));
        }
        Ok(Self { providers, targets })
    }
}

impl Target {
    /// Asks for leave to send one attempt. `draw` is a hash of the request.
    pub(crate) fn enter(self: &Arc<Self>, now: Instant, draw: u64) -> Result<Entry, Unavailable> {
        let provider = &self.provider;
        let cool_until = self.cool_until();
        if cool_until > now {
            return Err(Unavailable { until: cool_until, by_breaker: false });
        }
        if provider.in_flight.load(Ordering::Acquire) >= provider.in_flight_max {
            return Err(Unavailable { until: now, by_breaker: false });
        }
        let permit = match &provider.breaker {
            None => None,
            Some(breaker) => match lock(breaker).admit(now, draw ^ provider.salt) {
                Ok(permit) => Some(permit),
                Err(Blocked { until }) => return Err(Unavailable { until, by_breaker: true }),
            },
        };
        provider.in_flight.fetch_add(1, Ordering::AcqRel);
        Ok(Entry { target: Arc::clone(self), permit })
    }

    /// When an attempt may pass next, as far as is known.
    pub(crate) fn available_at(&self, now: Instant) -> Instant {
        let breaker = self.provider.with_breaker(|breaker| breaker.opens_to_traffic_at(now));
        self.cool_until().max(breaker.unwrap_or(now))
    }

    /// Keeps requests away for as long as the provider asked.
    pub(crate) fn cool(&self, policy: CooldownPolicy, now: Instant, wait: Duration) {
        if !policy.honours_retry_after {
            return;
        }
        match policy.scope {
            CooldownScope::Target => self.cooldown.extend(now + wait),
            CooldownScope::Provider => self.provider.cooldown.extend(now + wait),
        }
    }

    fn cool_until(&self) -> Instant {
        self.cooldown.until().max(self.provider.cooldown.until())
    }
}

impl Provider {
    fn new(file: &plan::Provider, policy: &Policy, domain: &Domain) -> Result<Self, Unsendable> {
        let salt = domain.hash(&[file.name.as_bytes()]);
        let host = HeaderValue::from_str(file.url.authority());
        Ok(Self {
            name: Arc::clone(&file.name),
            url: file.url.clone(),
            host: host.map_err(|_| Unsendable(file.url.to_string()))?,
            speaker: Speaker::new(&file.family)?,
            in_flight_max: file.in_flight_max,
            salt,
            counts: AttemptCounts::default(),
            in_flight: AtomicUsize::new(0),
            breaker: policy.breaker.clone().map(|policy| Mutex::new(Breaker::new(policy, salt))),
            budget: policy.retry_budget.clone().map(|policy| Mutex::new(RetryBudget::new(policy))),
            cooldown: Cooldown::default(),
        })
    }

    /// Attempts in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Looks at or changes the breaker, if there is one.
    pub(crate) fn with_breaker<T>(&self, look: impl FnOnce(&mut Breaker) -> T) -> Option<T> {
        self.breaker.as_ref().map(|breaker| look(&mut lock(breaker)))
    }

    /// A request is sent here for the first time.
    pub(crate) fn deposit(&self, now: Instant) {
        if let Some(budget) = &self.budget {
            lock(budget).deposit(now);
        }
    }

    /// Pays for a retry; without a budget every retry is free.
    pub(crate) fn withdraw(&self, now: Instant) -> bool {
        self.budget.as_ref().is_none_or(|budget| lock(budget).withdraw(now))
    }

    /// Retries that the budget holds.
    pub(crate) fn retries_left(&self, now: Instant) -> Option<u64> {
        self.budget.as_ref().map(|budget| lock(budget).retries(now))
    }
}

impl Entry {
    /// Books the result of this attempt on its own provider.
    pub(crate) fn record(&self, now: Instant, succeeded: bool) {
        if let Some(permit) = self.permit {
            self.target.provider.with_breaker(|breaker| breaker.record(now, permit, succeeded));
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.target.provider.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Cooldown {
    fn until(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Acquire))
    }

    fn extend(&self, until: Instant) {
        self.0.fetch_max(until.as_micros(), Ordering::AcqRel);
    }
}
