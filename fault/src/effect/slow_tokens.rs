//! `slow_first_token` and `slow_tokens`: a stream whose tokens come late.
//!
//! ```toml
//! slow_first_token = "5s"                                    # the head at once, the first token later
//! slow_tokens = { lognormal = { median = "200ms", sigma = 0.4 } }   # a pause before every token event
//! ```
//!
//! Only events that carry content are held back. On a plain body `slow_first_token` delays the body behind
//! its head; `slow_tokens` is not applicable.

use bytes::Bytes;
use world::{Draws, Law};

use super::{AnswerFacts, Length, Treat};
use crate::answer::events::bears_content;
use crate::answer::{Steps, Surgeon};
use crate::asked::Shape;

pub(super) fn treat_first(law: Law, facts: &AnswerFacts, draws: &Draws) -> Treat {
    let slow = SlowTokens { law, draws: draws.clone(), shape: facts.shape, left: 1 };
    Treat::operate(slow, Length::Keep)
}

pub(super) fn treat_all(law: Law, facts: &AnswerFacts, draws: &Draws) -> Treat {
    if !facts.is_stream() {
        return Treat::NOT_STREAMED;
    }
    let slow = SlowTokens { law, draws: draws.clone(), shape: facts.shape, left: u64::MAX };
    Treat::operate(slow, Length::Keep)
}

struct SlowTokens {
    law: Law,
    draws: Draws,
    shape: Shape,
    /// How many events are still to be held back.
    left: u64,
}

impl SlowTokens {
    fn hold_back(&mut self, steps: &mut Steps) {
        if self.left > 0 {
            self.left -= 1;
            steps.applied();
            steps.wait(self.law.sample(&mut self.draws));
        }
    }
}

impl Surgeon for SlowTokens {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if bears_content(self.shape, &event) {
            self.hold_back(steps);
        }
        steps.event(event);
    }

    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        // A plain body; beside a stream's events only comments and closings come here.
        if self.left == 1 && !bytes.starts_with(b":") {
            self.hold_back(steps);
        }
        steps.bytes(bytes);
    }
}
