//! Weaknesses: known ways for a gateway to be bad, one file each.
//!
//! A weakness is a change to the [`Policy`] and nothing else. The mechanisms that it uses are part of the
//! pipeline, behind policy fields that the healthy gateway sets otherwise.

use crate::plan::Policy;

/// One known way to be bad.
#[derive(Debug, Clone, Copy)]
pub struct Weakness {
    /// Its name, as `--weakness` takes it.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub summary: &'static str,
    /// The drills and invariants that must find it.
    pub caught_by: &'static str,
    /// The change.
    pub weaken: fn(&mut Policy),
}

macro_rules! weaknesses {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every weakness, in alphabetical order.
        pub const ALL: &[Weakness] = &[$($module::WEAKNESS),*];
    };
}

weaknesses!(no_failover);

/// The weakness of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Weakness> {
    ALL.iter().find(|weakness| weakness.name == name)
}
