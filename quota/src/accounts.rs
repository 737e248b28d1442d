//! The accounts of one quota, made as their owners appear.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One account for each owner, or one for all of them.
#[derive(Debug)]
pub(crate) struct Accounts<A> {
    is_shared: bool,
    by_owner: Mutex<BTreeMap<String, Arc<Mutex<A>>>>,
}

impl<A> Accounts<A> {
    /// An account for each owner.
    pub(crate) fn apart() -> Self {
        Self { is_shared: false, by_owner: Mutex::default() }
    }

    /// One account on which all owners draw.
    pub(crate) fn shared() -> Self {
        Self { is_shared: true, ..Self::apart() }
    }

    /// The account of `owner`, which `open` makes when it is new.
    pub(crate) fn of(&self, owner: &str, open: impl FnOnce() -> A) -> Arc<Mutex<A>> {
        let owner = if self.is_shared { "" } else { owner };
        let mut accounts = lock(&self.by_owner);
        if let Some(account) = accounts.get(owner) {
            return Arc::clone(account);
        }
        let account = Arc::new(Mutex::new(open()));
        accounts.insert(owner.to_owned(), Arc::clone(&account));
        account
    }
}

/// A panic elsewhere leaves numbers that are still numbers.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
