//! When the provider is lost in the middle of an answer, another one begins it anew in the same stream.

use super::Weakness;
use crate::plan::Loss;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "dup-midstream",
    summary: "a stream cut in the middle restarts elsewhere from its first token",
    caught_by: "streaming-avalanche: E3",
    weaken: |policy| policy.streams.loss_after_content = Loss::Restart,
};
