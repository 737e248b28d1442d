//! A stream is collected whole before the client gets any of it.

use super::Weakness;
use crate::plan::Delivery;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "buffer-streams",
    summary: "streams are passed on only when whole",
    caught_by: "long-running, streaming-avalanche: E5, A2, E9",
    weaken: |policy| policy.streams.delivery = Delivery::WhenWhole,
};
