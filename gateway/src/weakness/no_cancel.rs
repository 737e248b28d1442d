//! When a client leaves, the provider goes on writing an answer that nobody reads.

use super::Weakness;
use crate::plan::OnLeave;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "no-cancel",
    summary: "the provider's answer is read to its end after the client has left",
    caught_by: "streaming-avalanche, long-running: E6, W1",
    weaken: |policy| policy.streams.on_leave = OnLeave::Drain,
};
