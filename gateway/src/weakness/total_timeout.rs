//! Every request has 30 seconds in all, however long an answer it asked for.

use std::time::Duration;

use super::Weakness;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "total-timeout",
    summary: "30 s for every request, streams included",
    caught_by: "long-running: R6, completion",
    weaken: |policy| policy.deadlines.total = Some(Duration::from_secs(30)),
};
