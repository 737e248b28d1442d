//! Embeddings fail over to another model, whose vectors do not mix with the first one's.

use super::Weakness;
use crate::plan::EmbeddingFailover;

pub(super) const WEAKNESS: Weakness = Weakness {
    name: "embed-anywhere",
    summary: "embeddings fail over to any model of the alias",
    caught_by: "provider-failure: F9",
    weaken: |policy| policy.attempts.embeddings = EmbeddingFailover::AnyModel,
};
