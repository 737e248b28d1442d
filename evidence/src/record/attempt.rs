//! P, the attempt log: one record for every request that reached a provider's route.

use super::{Name, hex64};
use crate::Nonce;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One request as a provider's route saw it. All `*_us` are microseconds since the run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// When the record was emitted; the same as `out_us`.
    pub t_us: u64,
    /// The provider whose route it is.
    pub provider: Name,
    /// The request id that the provider or the sender gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Name>,
    /// The nonce found in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// The number that decisions about this request were keyed by.
    #[serde(with = "hex64")]
    pub identity: u64,
    /// Ordinal of this nonce at this route, from 0.
    pub attempt: u32,
    /// `converse`, `converse-stream`, `invoke`, …
    pub operation: Name,
    /// The model asked for.
    pub model: Name,
    /// Whether a streamed answer was asked for.
    pub streamed: bool,
    /// When the request's head was read.
    pub in_us: u64,
    /// When the first event or byte of the answer went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_us: Option<u64>,
    /// When the exchange ended.
    pub out_us: u64,
    /// The status sent downstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The fault that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Arc<AppliedFault>>,
    /// Why a fault that was decided could not be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault_not_applied: Option<Name>,
    /// Events delivered.
    pub events: u32,
    /// Token texts delivered.
    pub tokens: u32,
    /// Token texts that the provider meant to send, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_planned: Option<u32>,
    /// Bytes of the body delivered.
    pub bytes: u64,
    /// Whether the answer's own end marker was delivered.
    pub complete: bool,
    /// Who ended the exchange.
    pub closed_by: ClosedBy,
}

impl AttemptRecord {
    /// Whether a fault was decided for the attempt and acted on it.
    #[must_use]
    pub const fn is_faulted(&self) -> bool {
        self.fault.is_some() && self.fault_not_applied.is_none()
    }
}

/// A fault as it was decided for one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedFault {
    /// The rule's name.
    pub rule: Name,
    /// Which of the rule's windows, from 0.
    pub window: u32,
    /// The draw that decided it.
    #[serde(with = "hex64")]
    pub draw: u64,
    /// The effect's name.
    pub effect: Name,
    /// The effect's parameters as they took hold, as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<Name, Name>,
}

/// How an attempt ended, seen from the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// A whole answer went out.
    Ok,
    /// An error status, or an error event, went out.
    Error,
    /// The connection was reset.
    Reset,
    /// The answer was cut before its end.
    Cut,
    /// Bytes stopped coming.
    Stall,
    /// The route did not take the request.
    Refused,
    /// The upstream itself could not be reached or broke off.
    UpstreamFailed,
    /// Whoever asked went away first.
    ClientLeft,
}

impl AttemptOutcome {
    /// The name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Stall => "stall",
            Self::Refused => "refused",
            Self::UpstreamFailed => "upstream_failed",
            Self::ClientLeft => "client_left",
        }
    }
}

/// Who ended an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// The provider, in the ordinary way or by failing.
    Upstream,
    /// A fault.
    Fault,
    /// Whoever asked.
    Client,
    /// The route itself, for a limit or a bad request.
    Proxy,
}
