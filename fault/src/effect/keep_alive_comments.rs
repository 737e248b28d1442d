//! `keep_alive_comments`: a stream that stays alive and says nothing.
//!
//! ```toml
//! keep_alive_comments = "15s"       # a comment every 15 s, until the peer leaves
//! keep_alive_comments = { every = "1s", after = "2 events", for = "1m" }
//! ```
//!
//! After the time of `for` the answer goes on. Applicable to server-sent events alone: no other format has
//! comments.

use std::str::FromStr;

use bytes::{Bytes, BytesMut};
use notation::{DurationText, format_duration, parse_duration};
use serde::Deserialize;
use wire::splitter::Format;
use wire::sse::{LineEnd, encode_comment};

use super::{AnswerFacts, Length, Treat};
use crate::answer::{Position, Progress, Steps, Surgeon};
use crate::grammar::Refused;

/// How often a comment comes, from where on and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepAliveComments {
    /// From one comment to the next.
    pub every: DurationText,
    /// The last place that is still delivered.
    #[serde(default)]
    pub after: Position,
    /// For how long; without it until the peer leaves.
    #[serde(default)]
    pub r#for: Option<DurationText>,
}

impl FromStr for KeepAliveComments {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let every = parse_duration(if text.is_empty() { "15s" } else { text })?;
        Ok(Self { every: DurationText(every), after: Position::START, r#for: None })
    }
}

impl KeepAliveComments {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let length = self.r#for.map(|length| ("for", format_duration(length.0)));
        let every = ("every", format_duration(self.every.0));
        [("after", self.after.to_string()), every].into_iter().chain(length).collect()
    }

    pub(super) fn treat(self, facts: &AnswerFacts) -> Treat {
        match facts.format {
            Some(Format::Sse) => {
                let progress = Progress::towards(self.after, facts.shape);
                Treat::operate(Comments { progress, comments: self, done: false }, Length::Drop)
            }
            Some(_) => Treat::Impossible("only server-sent events have comments"),
            None => Treat::NOT_STREAMED,
        }
    }
}

struct Comments {
    progress: Progress,
    comments: KeepAliveComments,
    done: bool,
}

impl Comments {
    fn comment_once(&mut self, steps: &mut Steps) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let mut comment = BytesMut::new();
        encode_comment("keep-alive", LineEnd::Lf, &mut comment);
        // No pause at all would never end.
        let every = self.comments.every.0.max(std::time::Duration::from_millis(1));
        steps.murmur(self.comments.r#for.map(|length| length.0), every, comment.freeze());
    }
}

impl Surgeon for Comments {
    fn begin(&mut self, steps: &mut Steps) {
        if self.progress.is_reached() {
            self.comment_once(steps);
        }
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        let is_reached = self.progress.pass(&event);
        steps.event(event);
        if is_reached {
            self.comment_once(steps);
        }
    }
}
