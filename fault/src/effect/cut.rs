//! `cut`: the answer ends before its end.
//!
//! ```toml
//! cut = { after = "3 events", by = "reset" }     # "clean-end", "fin", "reset" or "connection"
//! ```
//!
//! A stream is cut between two events, as soon as so many have gone out. A plain body is cut in its middle,
//! whatever `after` says: under its full `Content-Length` for `fin` and `reset`, under a mended one for
//! `clean-end`, which leaves broken JSON in a whole HTTP message.

use std::str::FromStr;

use bytes::Bytes;
use evidence::record::AttemptOutcome;
use serde::Deserialize;

use super::{AnswerFacts, Length, Treat};
use crate::answer::{By, Position, Progress, Steps, Surgeon};
use crate::grammar::Refused;

/// Where an answer is cut, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cut {
    /// The last place that is still delivered.
    pub after: Position,
    /// How the connection ends.
    pub by: By,
}

impl FromStr for Cut {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let fail =
            || Refused::new(text, "a cut such as `3 events:reset`, `0 events:fin` or `2 events:clean-end`");
        let (after, by) = text.split_once(':').map_or((text, None), |(after, by)| (after, Some(by)));
        let after = if after.is_empty() { Position::START } else { after.parse().map_err(|_| fail())? };
        let by = by.map_or(Ok(By::default()), |by| by.trim().parse().map_err(|()| fail()))?;
        Ok(Self { after, by })
    }
}

impl Cut {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("after", self.after.to_string()), ("by", self.by.as_str().to_owned())]
    }

    pub(super) fn treat(self, facts: &AnswerFacts) -> Treat {
        if !facts.is_stream() {
            return cut_plain(self.by, facts);
        }
        let progress = Progress::towards(self.after, facts.shape);
        Treat::operate(StreamCut { progress, by: self.by }, Length::Keep)
    }
}

/// Cuts a plain body in its middle.
pub(super) fn cut_plain(by: By, facts: &AnswerFacts) -> Treat {
    let left = facts.length.map(|length| length / 2);
    let length = match (by, left) {
        (By::CleanEnd, Some(left)) => Length::Set(left),
        (By::CleanEnd, None) => Length::Drop,
        (By::Fin | By::Reset | By::Connection, _) => Length::Keep,
    };
    Treat::operate(PlainCut { left, by }, length)
}

struct StreamCut {
    progress: Progress,
    by: By,
}

impl Surgeon for StreamCut {
    fn begin(&mut self, steps: &mut Steps) {
        if self.progress.is_reached() {
            steps.break_off(self.by, AttemptOutcome::Cut);
        }
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        let is_reached = self.progress.pass(&event);
        steps.event(event);
        if is_reached {
            steps.break_off(self.by, AttemptOutcome::Cut);
        }
    }
}

struct PlainCut {
    /// Bytes still to be delivered; unknown without a length, then half of the first piece.
    left: Option<u64>,
    by: By,
}

impl Surgeon for PlainCut {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        self.other(event, steps);
    }

    fn other(&mut self, mut bytes: Bytes, steps: &mut Steps) {
        let left = self.left.unwrap_or(bytes.len() as u64 / 2);
        match usize::try_from(left) {
            Ok(left) if left <= bytes.len() => {
                bytes.truncate(left);
                steps.bytes(bytes);
                steps.break_off(self.by, AttemptOutcome::Cut);
            }
            _ => {
                self.left = Some(left - bytes.len() as u64);
                steps.bytes(bytes);
            }
        }
    }
}
