//! Joining the two logs by nonce while they stream by.
//!
//! A client try and its attempts are kept until the client has ended and a while has passed in which a
//! late attempt may still end; then the pair is handed on, whole. Attempts whose client never shows are
//! handed on once its deadline has passed.

use evidence::record::{AttemptOutcome, ClientOutcome};
use evidence::{AttemptRecord, ClientRecord, Name, Nonce};
use std::collections::{BTreeMap, BTreeSet};

/// How long after a client's end its attempts may still end.
const LINGER_US: u64 = 10_000_000;
/// The same after a client that left, beyond the longest that a client waits: how late its attempts end is what is
/// asked, and a gateway that does not notice the leaving goes on to the end of the answer.
const LINGER_LEFT_US: u64 = 120_000_000;

/// A client try with all of its attempts, in the order in which they began.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) nonce: Nonce,
    pub(crate) client: Option<ClientRecord>,
    pub(crate) attempts: Vec<Attempt>,
}

/// What the judge keeps of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) provider: Name,
    pub(crate) in_us: u64,
    pub(crate) out_us: u64,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) is_stalled: bool,
    pub(crate) is_faulted: bool,
    pub(crate) tokens: u32,
    pub(crate) tokens_planned: Option<u32>,
    pub(crate) complete: bool,
}

/// The pairs that are not whole yet.
#[derive(Debug)]
pub(crate) struct Join {
    open: BTreeMap<Nonce, Open>,
    expiries: BTreeSet<(u64, Nonce)>,
    deadline_us: u64,
}

#[derive(Debug)]
struct Open {
    joined: Joined,
    expires_us: u64,
}

impl Attempt {
    fn of(record: &AttemptRecord) -> Self {
        let effect = record.fault.as_ref().filter(|_| record.is_faulted()).map(|fault| &*fault.effect);
        Self {
            provider: record.provider.clone(),
            in_us: record.in_us,
            out_us: record.out_us,
            status: record.status,
            outcome: record.outcome,
            is_stalled: record.outcome == AttemptOutcome::Stall || effect == Some("stall"),
            is_faulted: record.is_faulted(),
            tokens: record.tokens,
            tokens_planned: record.tokens_planned,
            complete: record.complete,
        }
    }

    /// Whether a whole, good answer went out.
    pub(crate) fn succeeded(&self) -> bool {
        self.outcome == AttemptOutcome::Ok && self.complete
    }
}

impl Join {
    pub(crate) const fn new(deadline_us: u64) -> Self {
        Self { open: BTreeMap::new(), expiries: BTreeSet::new(), deadline_us }
    }

    pub(crate) fn client(&mut self, nonce: Nonce, record: &ClientRecord) {
        let left = matches!(record.outcome, ClientOutcome::Aborted | ClientOutcome::Timeout);
        let expires_us = record.t_us.saturating_add(if left {
            LINGER_LEFT_US.saturating_add(self.deadline_us)
        } else {
            LINGER_US
        });
        self.update(nonce, expires_us, |joined| joined.client = Some(record.clone()));
    }

    pub(crate) fn attempt(&mut self, nonce: Nonce, record: &AttemptRecord) {
        let has_client = self.open.get(&nonce).is_some_and(|open| open.joined.client.is_some());
        let wait_us = LINGER_US + if has_client { 0 } else { self.deadline_us };
        let expires_us = record.t_us.saturating_add(wait_us);
        self.update(nonce, expires_us, |joined| joined.attempts.push(Attempt::of(record)));
    }

    /// How many requests are waited for.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn update(&mut self, nonce: Nonce, expires_us: u64, change: impl FnOnce(&mut Joined)) {
        let open = self.open.entry(nonce).or_insert_with(|| Open {
            joined: Joined { nonce, client: None, attempts: Vec::new() },
            expires_us: 0,
        });
        let is_settling = open.joined.client.is_none();
        change(&mut open.joined);
        // The client's end shortens a wait for the client; nothing else shortens a wait.
        let shortens = is_settling && open.joined.client.is_some();
        if expires_us > open.expires_us || shortens {
            self.expiries.remove(&(open.expires_us, nonce));
            self.expiries.insert((expires_us, nonce));
            open.expires_us = expires_us;
        }
    }

    /// The next pair that is whole at `now_us`.
    pub(crate) fn next_whole(&mut self, now_us: u64) -> Option<Joined> {
        let (expires_us, nonce) = *self.expiries.first()?;
        if expires_us > now_us {
            return None;
        }
        self.expiries.pop_first();
        let mut joined = self.open.remove(&nonce)?.joined;
        joined.attempts.sort_by_key(|attempt| attempt.in_us);
        Some(joined)
    }
}
