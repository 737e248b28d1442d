//! `no_terminator`: a stream ends cleanly without its own end marker (`[DONE]`, `message_stop`,
//! `messageStop`, the event with `finishReason`).
//!
//! ```toml
//! no_terminator = true
//! ```
//!
//! Everything before the marker goes out. Not applicable to answers that are not streamed.

use bytes::Bytes;
use evidence::record::AttemptOutcome;

use super::{AnswerFacts, Length, Treat};
use crate::answer::events::{Meaning, meaning};
use crate::answer::{By, Steps, Surgeon};
use crate::asked::Shape;

pub(super) fn treat(facts: &AnswerFacts) -> Treat {
    if !facts.is_stream() {
        return Treat::NOT_STREAMED;
    }
    Treat::operate(WithoutEnd { shape: facts.shape }, Length::Drop)
}

struct WithoutEnd {
    shape: Shape,
}

impl Surgeon for WithoutEnd {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if meaning(self.shape, &event) == Meaning::End {
            steps.break_off(By::CleanEnd, AttemptOutcome::Cut);
        } else {
            steps.event(event);
        }
    }
}
