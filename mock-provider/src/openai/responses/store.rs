//! Responses that are kept: to be asked for again, carried on, called off.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use world::Instant;

use super::draft::Draft;
use crate::engine::reply::Block;
use crate::openai::chat::call_id;

/// Most responses that are kept; the oldest go first. The service keeps them for thirty days.
const KEPT_MAX: usize = 1_000;

/// The responses that are kept. All clones are the same store.
#[derive(Debug, Clone, Default)]
pub(in crate::openai) struct Store(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    responses: BTreeMap<String, Kept>,
    order: VecDeque<String>,
}

/// One response that is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) draft: Draft,
    /// Its input, one JSON object an item.
    pub(super) input: Vec<String>,
    /// When it is whole; later than now for one that is made while nobody waits.
    pub(super) ready_at: Instant,
    /// Whether it was called off before.
    pub(super) is_cancelled: bool,
}

impl Kept {
    /// Tokens of the conversation so far.
    pub(super) fn tokens(&self) -> u32 {
        self.draft.usage().total_tokens
    }

    /// The calls that wait for their results.
    pub(super) fn call_ids(&self) -> BTreeSet<String> {
        let calls = self.draft.reply.blocks().iter().filter_map(|block| match block {
            Block::ToolCall(call) => Some(call_id(call)),
            _ => None,
        });
        calls.collect()
    }
}

impl Store {
    pub(super) fn keep(&self, kept: Kept) {
        let mut shelf = self.shelf();
        let id = kept.draft.id.clone();
        if shelf.responses.insert(id.clone(), kept).is_none() {
            shelf.order.push_back(id);
        }
        while shelf.order.len() > KEPT_MAX {
            if let Some(oldest) = shelf.order.pop_front() {
                shelf.responses.remove(&oldest);
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Kept> {
        self.shelf().responses.get(id).cloned()
    }

    /// Forgets a response; whether there was one.
    pub(super) fn delete(&self, id: &str) -> bool {
        let mut shelf = self.shelf();
        shelf.order.retain(|kept| kept != id);
        shelf.responses.remove(id).is_some()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
