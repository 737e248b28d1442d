//! One type per log. A record is one JSON object on a line, with its fields in the order given here and
//! absent values left out.
//!
//! Names are shared `Arc<str>`, so that a record of the busy logs is cheap to make and to clone.

mod attempt;
mod client;
mod fault;
mod hex64;
mod ledger;
mod sample;

pub use attempt::{AppliedFault, AttemptOutcome, AttemptRecord, ClosedBy};
pub use client::{ClientOutcome, ClientRecord, Deliberate};
pub use fault::{FaultRecord, FaultState};
pub use ledger::{LedgerRecord, LedgerState};
pub use sample::{SampleRecord, SampleSource};

use serde::{Serialize, de::DeserializeOwned};
use std::cmp::Ordering;
use std::sync::Arc;

/// A name that many records share: a provider, model, tenant, phase.
pub type Name = Arc<str>;

/// What can stand in a log file.
pub trait Line: Serialize + DeserializeOwned {
    /// The instant of emission, in microseconds since the run began.
    fn t_us(&self) -> u64;
}

macro_rules! lines {
    ($($record:ty),*) => {$(
        impl Line for $record {
            fn t_us(&self) -> u64 {
                self.t_us
            }
        }
    )*};
}
lines!(ClientRecord, AttemptRecord, FaultRecord, SampleRecord, LedgerRecord);

/// A record of any log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The fault timeline.
    Fault(FaultRecord),
    /// What a provider route saw.
    Attempt(AttemptRecord),
    /// What the gateway billed.
    Ledger(LedgerRecord),
    /// What a client got.
    Client(ClientRecord),
    /// What the sampler read.
    Sample(SampleRecord),
}

impl Record {
    /// The instant of emission, in microseconds since the run began.
    pub const fn t_us(&self) -> u64 {
        match self {
            Self::Fault(record) => record.t_us,
            Self::Attempt(record) => record.t_us,
            Self::Ledger(record) => record.t_us,
            Self::Client(record) => record.t_us,
            Self::Sample(record) => record.t_us,
        }
    }

    /// The canonical order of records: instant, part, request, attempt, and then names. Two records
    /// that are still equal keep the order in which they were handed in.
    pub fn canonical_cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    /// Causes stand before effects at one instant: the fault, the attempt it hit, the bill, the client.
    fn key(&self) -> (u64, u8, u64, u32, &str) {
        match self {
            Self::Fault(record) => (record.t_us, 0, 0, record.window, &record.rule),
            Self::Attempt(record) => (record.t_us, 1, record.identity, record.attempt, &record.provider),
            Self::Ledger(record) => {
                (record.t_us, 2, record.nonce.map_or(0, crate::Nonce::identity), 0, &record.request_id)
            }
            Self::Client(record) => (record.t_us, 3, record.request, record.attempt, &record.kind),
            Self::Sample(record) => (record.t_us, 4, 0, 0, &record.name),
        }
    }
}
