//! What is drawn about one request: everything but when it is due and what it belongs to.

use std::sync::Arc;
use std::time::Duration;

use evidence::Nonce;
use evidence::record::{Deliberate, Name};
use world::{Domain, Instant, Seed};

use super::{BadShares, Class, Planned, Tenant};

/// The draws of one stream, or of the users: a domain for each use, so that no use shifts another.
#[derive(Debug)]
pub(super) struct RequestDraws {
    streamed: Domain,
    lengths: Domain,
    bad: Domain,
    leaving: Domain,
    nonce: Domain,
}

/// What is known of a request before anything is drawn.
pub(super) struct Asking<'a> {
    pub(super) ordinal: u64,
    pub(super) due: Instant,
    pub(super) class: &'a Arc<Class>,
    pub(super) tenant: &'a Arc<Tenant>,
    pub(super) pinned: Option<Name>,
    pub(super) bad: &'a BadShares,
    pub(super) phase: Name,
}

/// The domain of one use within `label`.
pub(super) fn domain(seed: Seed, label: &str, usage: &str) -> Domain {
    seed.domain(&format!("load.{label}.{usage}"))
}

impl RequestDraws {
    pub(super) fn new(seed: Seed, label: &str) -> Self {
        Self {
            streamed: domain(seed, label, "streamed"),
            lengths: domain(seed, label, "lengths"),
            bad: domain(seed, label, "bad"),
            leaving: domain(seed, label, "leaving"),
            nonce: domain(seed, label, "nonce"),
        }
    }

    /// Request `k` of this stream.
    pub(super) fn request(&self, k: u64, asking: Asking<'_>) -> Planned {
        let class = asking.class;
        let has_prompt = class.kind.has_prompt();
        let deliberate = asking.bad.pick(class.kind, &mut self.bad.draws_n(k));
        let leaves = || self.leaving.draws_n(k).below(micros(asking.bad.leave_within));
        Planned {
            ordinal: asking.ordinal,
            due: asking.due,
            class: Arc::clone(class),
            tenant: Arc::clone(asking.tenant),
            model: Arc::clone(&class.model),
            streamed: class.streamed > 0.0 && self.streamed.draws_n(k).unit() < class.streamed,
            pinned: asking.pinned,
            deliberate,
            nonce: has_prompt.then(|| Nonce::new(self.nonce.hash_n(k))),
            prompt_tokens: match has_prompt {
                true => class.prompt_tokens.sample(&mut self.lengths.draws_n(k)),
                false => 0,
            },
            phase: asking.phase,
            leaves_after: (deliberate == Some(Deliberate::Abort)).then(|| Duration::from_micros(leaves())),
        }
    }
}

/// Whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
