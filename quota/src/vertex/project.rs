//! A project's own quota: fixed one-minute windows of requests, input tokens and output tokens.

use world::Instant;

use super::{Limits, Refusal};
use crate::window::Window;

#[derive(Debug)]
pub(super) struct Windows {
    requests: Option<Window>,
    input: Option<Window>,
    output: Option<Window>,
}

impl Windows {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: limits.requests_per_minute.map(Window::new),
            input: limits.input_tokens_per_minute.map(Window::new),
            output: limits.output_tokens_per_minute.map(Window::new),
        }
    }

    pub(super) fn check(&mut self, input: u64, now: Instant) -> Result<(), Refusal> {
        let full = |window: &mut Option<Window>, amount| {
            window.as_mut().is_some_and(|window| !window.holds(amount, now))
        };
        if full(&mut self.requests, 1) {
            return Err(Refusal::Requests);
        }
        if full(&mut self.input, input) {
            return Err(Refusal::InputTokens);
        }
        // An answer's length is not known yet: only a window that is already over refuses.
        if full(&mut self.output, 1) {
            return Err(Refusal::OutputTokens);
        }
        Ok(())
    }

    pub(super) fn count(&mut self, input: u64, now: Instant) {
        if let Some(requests) = &mut self.requests {
            requests.count(1, now);
        }
        if let Some(window) = &mut self.input {
            window.count(input, now);
        }
    }

    pub(super) fn count_output(&mut self, output: u64, now: Instant) {
        if let Some(window) = &mut self.output {
            window.count(output, now);
        }
    }
}
