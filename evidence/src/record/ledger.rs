//! The ledger: what the gateway billed.

use super::Name;
use crate::Nonce;
use serde::{Deserialize, Serialize};

/// One entry of the gateway's billing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRecord {
    /// When it was committed, in microseconds since the run began.
    pub t_us: u64,
    /// The gateway's own id of the request, its idempotency key.
    pub request_id: Name,
    /// The nonce found in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// Who pays.
    pub tenant: Name,
    /// The model that answered.
    pub model: Name,
    /// The provider that answered.
    pub provider: Name,
    /// Tokens read.
    pub input_tokens: u32,
    /// Tokens written.
    pub output_tokens: u32,
    /// What the entry stands for.
    pub state: LedgerState,
}

/// What a ledger entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// A whole answer.
    Billed,
    /// An answer that broke off, billed for what was delivered.
    Partial,
    /// An entry that the full queue turned away.
    Rejected,
}
