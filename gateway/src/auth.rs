//! Who is calling.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;

use evidence::Name;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::plan::Key;

/// The answer of a [`Store`], when it comes.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Option<Name>, StoreUnavailable>> + Send + 'a>>;

/// Where keys are kept.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The tenant of a key; none when nobody has it.
    fn tenant<'a>(&'a self, key: &'a str) -> Lookup<'a>;
}

/// The store cannot be asked: says nothing about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key store cannot be reached")]
pub struct StoreUnavailable;

/// Keys that were given with the plan.
#[derive(Debug)]
pub struct KeyTable(BTreeMap<String, Name>);

/// Why a caller is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unauthorized {
    /// There is no key.
    Missing,
    /// Nobody has this key.
    Unknown,
    /// It cannot be said.
    Unavailable,
}

impl KeyTable {
    /// A table of these keys.
    #[must_use]
    pub fn new(keys: &[Key]) -> Self {
        Self(keys.iter().map(|key| (key.secret.clone(), Name::clone(&key.tenant))).collect())
    }
}

impl Store for KeyTable {
    fn tenant<'a>(&'a self, key: &'a str) -> Lookup<'a> {
        Box::pin(ready(Ok(self.0.get(key).cloned())))
    }
}

/// The tenant that a request's bearer token belongs to.
pub(crate) async fn tenant(store: &dyn Store, headers: &HeaderMap) -> Result<Name, Unauthorized> {
    let key = bearer(headers).ok_or(Unauthorized::Missing)?;
    let found = store.tenant(key).await.map_err(|StoreUnavailable| Unauthorized::Unavailable)?;
    found.ok_or(Unauthorized::Unknown)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()).filter(|key| !key.is_empty())
}
