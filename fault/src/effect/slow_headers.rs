//! `slow_headers`: the head drips, the body behind it does not.
//!
//! ```toml
//! slow_headers = "5s"
//! ```
//!
//! A head without a body cannot drip: nothing would say when it has ended.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::{Length, Treat};
use crate::answer::{Steps, Surgeon};

/// The bytes a second at which a head takes `length`.
pub(super) fn pace_of(headers: &HeaderMap, length: Duration) -> u64 {
    let status_line_and_framing = 17 + 30;
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX).max(1);
    ((size + status_line_and_framing) as u64).saturating_mul(1_000_000) / micros
}

/// Lifts the pace of the head before the body goes out.
pub(super) fn treat() -> Treat {
    Treat::operate(AfterSlowHead, Length::Keep)
}

struct AfterSlowHead;

impl Surgeon for AfterSlowHead {
    fn begin(&mut self, steps: &mut Steps) {
        steps.unpace();
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        steps.event(event);
    }
}
