//! Quotas as all providers have them: accounts that are opened as their owners appear, on the world's clock.
//!
//! How a provider counts is its [`Rule`]; everything else about a quota is here, once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use world::{Clock, Instant};

/// How one provider counts: its limits, and an account under them.
pub trait Rule: fmt::Debug {
    /// What one owner has used.
    type Account: fmt::Debug;

    /// Whether everything is admitted, so that nothing need be counted.
    fn limits_nothing(&self) -> bool;

    /// An account of which nothing is used.
    fn open(&self) -> Self::Account;
}

/// The accounts of all who draw on the limits of a [`Rule`]. All clones are the same accounts.
#[derive(Debug)]
pub struct Quota<R: Rule> {
    limits: Arc<R>,
    clock: Clock,
    is_shared: bool,
    accounts: Arc<Mutex<Accounts<R::Account>>>,
}

#[derive(Debug)]
struct Accounts<A> {
    by_owner: BTreeMap<String, Arc<Mutex<A>>>,
    /// The owner who is looked for: written anew each time, so that a request allocates nothing.
    key: String,
}

impl<R: Rule> Quota<R> {
    /// Unused accounts, one for each owner by the provider's rule.
    #[must_use]
    pub fn new(limits: R, clock: Clock) -> Self {
        let accounts = Accounts { by_owner: BTreeMap::new(), key: String::new() };
        Self { limits: Arc::new(limits), clock, is_shared: false, accounts: Arc::new(Mutex::new(accounts)) }
    }

    /// One unused account for all who ask.
    #[must_use]
    pub fn shared(limits: R, clock: Clock) -> Self {
        Self { is_shared: true, ..Self::new(limits, clock) }
    }

    pub(crate) fn limits(&self) -> &R {
        &self.limits
    }

    /// The account of the owner who has these names, opened if need be; `None` where nothing is limited.
    pub(crate) fn account(&self, owner: &[&str]) -> Option<Account<R::Account>> {
        if self.limits.limits_nothing() {
            return None;
        }
        let mut accounts = lock(&self.accounts);
        let Accounts { by_owner, key } = &mut *accounts;
        key.clear();
        for name in owner.iter().filter(|_| !self.is_shared) {
            key.push_str(name);
            key.push('\n');
        }
        let account = by_owner.get(key.as_str()).cloned().unwrap_or_else(|| {
            let account = Arc::new(Mutex::new(self.limits.open()));
            by_owner.insert(key.clone(), Arc::clone(&account));
            account
        });
        Some(Account { account, clock: self.clock })
    }
}

impl<R: Rule> Clone for Quota<R> {
    fn clone(&self) -> Self {
        let (limits, accounts) = (Arc::clone(&self.limits), Arc::clone(&self.accounts));
        Self { limits, clock: self.clock, is_shared: self.is_shared, accounts }
    }
}

/// One account, which a request keeps until it ends.
#[derive(Debug)]
pub(crate) struct Account<A> {
    account: Arc<Mutex<A>>,
    clock: Clock,
}

impl<A> Account<A> {
    /// Does something to the account, at the present instant.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut A, Instant) -> T) -> T {
        act(&mut lock(&self.account), self.clock.now())
    }
}

/// A panic elsewhere leaves numbers that are still numbers.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
