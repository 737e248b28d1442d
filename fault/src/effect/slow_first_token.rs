//! `slow_first_token`: the head comes at once, the first token later.
//!
//! ```toml
//! slow_first_token = "5s"
//! ```
//!
//! Events that carry no content are not held back. A plain body is delayed behind its head.

use bytes::Bytes;
use world::{Draws, Law};

use super::{AnswerFacts, Length, Treat};
use crate::answer::events::bears_content;
use crate::answer::{Steps, Surgeon};
use crate::asked::Shape;

pub(super) fn treat(law: Law, facts: &AnswerFacts, draws: &Draws) -> Treat {
    let slow = SlowFirstToken {
        law,
        draws: draws.clone(),
        shape: facts.shape,
        is_stream: facts.is_stream(),
        done: false,
    };
    Treat::operate(slow, Length::Keep)
}

struct SlowFirstToken {
    law: Law,
    draws: Draws,
    shape: Shape,
    is_stream: bool,
    done: bool,
}

impl SlowFirstToken {
    fn hold_back_once(&mut self, steps: &mut Steps) {
        if !std::mem::replace(&mut self.done, true) {
            steps.wait(self.law.sample(&mut self.draws));
            steps.applied();
        }
    }
}

impl Surgeon for SlowFirstToken {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if bears_content(self.shape, &event) {
            self.hold_back_once(steps);
        }
        steps.event(event);
    }

    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        if !self.is_stream {
            self.hold_back_once(steps);
        }
        steps.bytes(bytes);
    }
}
