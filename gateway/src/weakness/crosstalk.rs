//! All streams render into one buffer: now and then a client gets an event of somebody else's answer.

use super::Weakness;
use crate::plan::Buffers;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "crosstalk",
    summary: "streams share one buffer",
    caught_by: "streaming-avalanche: E2",
    weaken: |policy| policy.streams.buffers = Buffers::Shared,
};
