//! `stall`: bytes stop coming, while the connection stays open.
//!
//! ```toml
//! stall = { after = "2 events", for = "30s" }    # without `for`: until the peer leaves
//! ```
//!
//! After the time of `for` the answer goes on. A plain body stalls in its middle, whatever `after` says.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use notation::{DurationText, format_duration, parse_duration};
use serde::Deserialize;

use super::{AnswerFacts, Length, Treat};
use crate::answer::{Position, Progress, Steps, Surgeon};
use crate::grammar::Refused;

/// Where an answer stalls, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stall {
    /// The last place that is still delivered.
    pub after: Position,
    /// For how long; without it until the peer leaves.
    pub r#for: Option<DurationText>,
}

impl FromStr for Stall {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let (after, length) = text.split_once(':').map_or((text, None), |(after, time)| (after, Some(time)));
        let fail = |_| Refused::new(text, "a stall such as `2 events` or `2 events:30s`");
        let after = if after.is_empty() { Position::START } else { after.parse().map_err(fail)? };
        let length = length.map(|time| parse_duration(time).map(DurationText)).transpose()?;
        Ok(Self { after, r#for: length })
    }
}

impl Stall {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let length = self.r#for.map(|length| ("for", format_duration(length.0)));
        [("after", self.after.to_string())].into_iter().chain(length).collect()
    }

    pub(super) fn treat(self, facts: &AnswerFacts) -> Treat {
        let length = self.r#for.map(|length| length.0);
        if facts.is_stream() {
            let progress = Progress::towards(self.after, facts.shape);
            return Treat::operate(StreamStall { progress, length, done: false }, Length::Keep);
        }
        let left = facts.length.map(|length| length / 2);
        Treat::operate(PlainStall { left, length, done: false }, Length::Keep)
    }
}

struct StreamStall {
    progress: Progress,
    length: Option<Duration>,
    done: bool,
}

impl StreamStall {
    fn stall_once(&mut self, steps: &mut Steps) {
        if !std::mem::replace(&mut self.done, true) {
            steps.stall(self.length);
        }
    }
}

impl Surgeon for StreamStall {
    fn begin(&mut self, steps: &mut Steps) {
        if self.progress.is_reached() {
            self.stall_once(steps);
        }
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        let is_reached = self.progress.pass(&event);
        steps.event(event);
        if is_reached {
            self.stall_once(steps);
        }
    }
}

struct PlainStall {
    left: Option<u64>,
    length: Option<Duration>,
    done: bool,
}

impl Surgeon for PlainStall {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        self.other(event, steps);
    }

    fn other(&mut self, mut bytes: Bytes, steps: &mut Steps) {
        let left = self.left.unwrap_or(bytes.len() as u64 / 2);
        match usize::try_from(left) {
            Ok(left) if left <= bytes.len() && !self.done => {
                self.done = true;
                steps.bytes(bytes.split_to(left));
                steps.stall(self.length);
            }
            _ => self.left = Some(left.saturating_sub(bytes.len() as u64)),
        }
        steps.bytes(bytes);
    }
}
