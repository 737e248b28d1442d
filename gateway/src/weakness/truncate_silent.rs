//! When the provider is lost in the middle of an answer, the stream ends as if it were whole.

use super::Weakness;
use crate::plan::Loss;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "truncate-silent",
    summary: "a lost provider ends the stream cleanly",
    caught_by: "provider-failure, streaming-avalanche: E1",
    weaken: |policy| policy.streams.loss_after_content = Loss::CloseCleanly,
};
