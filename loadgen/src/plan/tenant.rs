//! Those who send, each under a key of their own.

use evidence::record::Name;
use std::fmt;

/// Somebody who sends.
#[derive(Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Name in logs and reports.
    pub name: Name,
    /// The bearer key, where the target names none for this tenant.
    pub key: String,
}

impl Tenant {
    /// A tenant whose key is made from its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), key: format!("sk-{name}") }
    }
}

/// A key is a secret, even one that a drill made up.
impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("name", &self.name).finish_non_exhaustive()
    }
}
