//! `truncated_frame`: half an event, then the end.
//!
//! ```toml
//! truncated_frame = { after = "1 event", by = "clean-end" }     # half of the second event
//! ```
//!
//! In any format of events. A plain body is cut as `cut` does it.

use bytes::Bytes;
use evidence::record::AttemptOutcome;

use super::cut::{Cut, cut_plain};
use super::one_event::{Damage, Place};
use super::{AnswerFacts, Treat};
use crate::answer::{By, Steps};

pub(super) fn treat(cut: Cut, facts: &AnswerFacts) -> Treat {
    if facts.is_stream() {
        Place(cut.after).treat(facts, |_| Truncated(cut.by))
    } else {
        cut_plain(cut.by, facts)
    }
}

struct Truncated(By);

impl Damage for Truncated {
    fn hit(&mut self, event: Bytes, steps: &mut Steps) {
        steps.bytes(event.slice(..event.len() / 2));
        steps.break_off(self.0, AttemptOutcome::Cut);
    }
}
