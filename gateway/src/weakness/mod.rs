//! Weaknesses: known ways for a gateway to be bad, one file each.
//!
//! A weakness is a change to the [`Policy`] and nothing else. The mechanisms that it uses are part of the
//! pipeline, behind policy fields that the healthy gateway sets otherwise.

use crate::plan::{GatewayPlan, Policy};

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

weaknesses!(
    buffer_streams,
    crosstalk,
    dup_midstream,
    embed_anywhere,
    failover_nonstream_only,
    herd_on_close,
    ignore_retry_after,
    misattribute,
    no_breaker,
    no_cancel,
    no_failover,
    no_jitter,
    no_shedding,
    no_ttft_timeout,
    opaque_errors,
    retry_no_budget,
    retry_permanent,
    retry_unlimited,
    slow_30,
    sticky_breaker,
    total_timeout,
    truncate_silent,
    unbounded_queue,
    wide_cooldown,
);

impl GatewayPlan {
    /// Switches a weakness on.
    pub fn weaken(&mut self, weakness: &Weakness) {
        (weakness.weaken)(&mut self.policy);
        self.weaknesses.push(weakness.name);
    }
}

/// The weakness of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Weakness> {
    ALL.iter().find(|weakness| weakness.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        assert!(ALL.is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn each_changes_the_healthy_policy() {
        for weakness in ALL {
            let mut policy = Policy::default();
            (weakness.weaken)(&mut policy);
            assert_ne!(policy, Policy::default(), "{}", weakness.name);
            assert!(find(weakness.name).is_some() && !weakness.caught_by.is_empty());
        }
    }
}
