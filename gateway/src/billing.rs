//! The ledger: one entry for every answer that a tenant got, whole or in part.

use evidence::record::LedgerState;
use evidence::{Journal, LedgerRecord, Name, Nonce};
use world::Clock;

use crate::fleet::Target;

/// Writes the ledger.
#[derive(Clone)]
pub(crate) struct Billing {
    clock: Clock,
    ledger: Option<Journal>,
}

/// Whom an answer is for.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The idempotency key.
    pub(crate) request_id: Name,
    pub(crate) nonce: Option<Nonce>,
    pub(crate) tenant: Name,
}

/// What an answer cost, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) input_tokens: u32,
    pub(crate) output_tokens: u32,
}

impl Billing {
    pub(crate) fn new(clock: Clock, ledger: Option<Journal>) -> Self {
        Self { clock, ledger }
    }

    /// Enters one answer.
    pub(crate) fn enter(&self, account: &Account, target: &Target, cost: Cost, state: LedgerState) {
        let Some(ledger) = &self.ledger else { return };
        ledger.ledger(LedgerRecord {
            t_us: self.clock.now().as_micros(),
            request_id: Name::clone(&account.request_id),
            nonce: account.nonce,
            tenant: Name::clone(&account.tenant),
            model: Name::clone(&target.model),
            provider: Name::clone(&target.provider.name),
            input_tokens: cost.input_tokens,
            output_tokens: cost.output_tokens,
            state,
        });
    }
}

impl std::fmt::Debug for Billing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Billing").field("has_ledger", &self.ledger.is_some()).finish_non_exhaustive()
    }
}
