//! `reset`: the connection is torn down.
//!
//! ```toml
//! reset = "before-headers"      # or "before-request", "after-headers"
//! ```
//!
//! * `before-request`: before the request's body is read. Nothing of the request is known yet, so a rule
//!   with it selects by provider and by share or order of connections alone.
//! * `before-headers`: the request has been read, nothing is answered.
//! * `after-headers`: the upstream's head goes out, then nothing of its body.

use std::str::FromStr;

use bytes::Bytes;
use evidence::record::AttemptOutcome;

use crate::answer::{By, Steps, Surgeon};
use crate::grammar::Refused;

/// When a connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Before the request's body is read.
    BeforeRequest,
    /// When the request has been read.
    BeforeHeaders,
    /// When the head of the answer has gone out.
    AfterHeaders,
}

impl Reset {
    const ALL: [Self; 3] = [Self::BeforeRequest, Self::BeforeHeaders, Self::AfterHeaders];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeRequest => "before-request",
            Self::BeforeHeaders => "before-headers",
            Self::AfterHeaders => "after-headers",
        }
    }
}

impl FromStr for Reset {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let known = Self::ALL.into_iter().find(|point| point.as_str() == text);
        known.ok_or_else(|| Refused::new(text, "`before-request`, `before-headers` or `after-headers`"))
    }
}

/// Resets as soon as the head is on the network.
pub(super) struct ResetAtOnce;

impl Surgeon for ResetAtOnce {
    fn begin(&mut self, steps: &mut Steps) {
        steps.break_off(By::Reset, AttemptOutcome::Reset);
    }

    fn event(&mut self, _event: Bytes, _steps: &mut Steps) {}
}
