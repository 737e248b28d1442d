//! `slow_tokens`: a pause before every token event of a stream.
//!
//! ```toml
//! slow_tokens = { lognormal = { median = "200ms", sigma = 0.4 } }
//! ```
//!
//! Events that carry no content are not held back. Not applicable to answers that are not streamed.

use bytes::Bytes;
use world::{Draws, Law};

use super::{AnswerFacts, Length, Treat};
use crate::answer::events::bears_content;
use crate::answer::{Steps, Surgeon};
use crate::asked::Shape;

pub(super) fn treat(law: Law, facts: &AnswerFacts, draws: &Draws) -> Treat {
    if !facts.is_stream() {
        return Treat::NOT_STREAMED;
    }
    Treat::operate(SlowTokens { law, draws: draws.clone(), shape: facts.shape }, Length::Drop)
}

struct SlowTokens {
    law: Law,
    draws: Draws,
    shape: Shape,
}

impl Surgeon for SlowTokens {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if bears_content(self.shape, &event) {
            steps.wait(self.law.sample(&mut self.draws));
            steps.applied();
        }
        steps.event(event);
    }
}
