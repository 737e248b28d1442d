//! Streams are opened lazily: the client has its 200 before the provider has said anything, so that a
//! failure comes too late for another target and is swallowed with the rest of the stream.

use super::Weakness;
use crate::plan::{Commit, Failover, Loss};

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "failover-nonstream-only",
    summary: "streams are committed before their first content and do not fail over",
    caught_by: "provider-failure, streaming-avalanche: F2 of streams, E4",
    weaken: |policy| {
        policy.attempts.failover = Failover::NonStreamedOnly;
        policy.streams.commit = Commit::AtOnce;
        policy.streams.loss_before_content = Loss::CloseCleanly;
    },
};
