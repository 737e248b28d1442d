//! How much of the busy logs is kept.

use crate::Nonce;
use crate::record::{AttemptOutcome, AttemptRecord, ClientOutcome, ClientRecord, Record};
use siphasher::sip::SipHasher24;
use std::collections::BTreeSet;
use std::hash::Hasher;

/// Requests whose fault was seen and whose client has not ended yet: more than can be in flight.
const FAULTED_MAX: usize = 1 << 16;
const KEYS: (u64, u64) = (0x6272_6f77_6e6f_7574, 0x6e6f_7461_626c_6521);

/// What the client and attempt logs keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Every record.
    #[default]
    All,
    /// What is not ok, what was faulted, and one request in a hundred by a keyed hash of its nonce, so
    /// that both logs keep the same ones.
    Notable,
}

#[derive(Default)]
pub(super) struct Filter {
    evidence: Evidence,
    faulted: BTreeSet<Nonce>,
}

impl Filter {
    pub(super) const fn new(evidence: Evidence) -> Self {
        Self { evidence, faulted: BTreeSet::new() }
    }

    pub(super) fn keeps(&mut self, record: &Record) -> bool {
        match (self.evidence, record) {
            (Evidence::Notable, Record::Client(record)) => self.keeps_client(record),
            (Evidence::Notable, Record::Attempt(record)) => self.keeps_attempt(record),
            _ => true,
        }
    }

    fn keeps_client(&mut self, record: &ClientRecord) -> bool {
        let was_faulted = record.nonce.is_some_and(|nonce| self.faulted.remove(&nonce));
        was_faulted
            || record.outcome != ClientOutcome::Ok
            || is_sampled(record.nonce.map_or(record.request, Nonce::id))
    }

    fn keeps_attempt(&mut self, record: &AttemptRecord) -> bool {
        let is_notable = record.outcome != AttemptOutcome::Ok
            || record.fault.is_some()
            || record.fault_not_applied.is_some();
        if let (true, Some(nonce)) = (is_notable, record.nonce) {
            self.faulted.insert(nonce);
            if self.faulted.len() > FAULTED_MAX {
                self.faulted.pop_first();
            }
        }
        is_notable || is_sampled(record.nonce.map_or(record.identity, Nonce::id))
    }
}

/// One in a hundred, the same ones in every log and every run.
fn is_sampled(id: u64) -> bool {
    let mut hasher = SipHasher24::new_with_keys(KEYS.0, KEYS.1);
    hasher.write(&id.to_be_bytes());
    hasher.finish().is_multiple_of(100)
}
