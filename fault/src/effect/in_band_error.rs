//! `in_band_error`: a stream of status 200 says that it has failed, and ends.
//!
//! ```toml
//! in_band_error = "throttling"
//! in_band_error = { error = "overloaded", after = "2 events" }
//! ```
//!
//! An exception frame of Bedrock, an error object of Vertex AI, an error event of OpenAI and Anthropic.
//! Without `after` it is the first event. Not applicable to answers that are not streamed, nor to an error
//! that the dialect has no event for.

use std::str::FromStr;

use bytes::{Bytes, BytesMut};
use evidence::record::AttemptOutcome;
use serde::Deserialize;

use super::error::Wanted;
use super::{AnswerFacts, Length, Scene, Treat};
use crate::answer::{By, Position, Progress, Steps, Surgeon};
use crate::grammar::{Refused, Short};
use crate::provider_error::write_event;

/// Which error, and where.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Table")]
pub struct InBandError {
    /// Which.
    pub wanted: Wanted,
    /// The last place that is still delivered.
    pub after: Position,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    error: Short<Wanted>,
    #[serde(default)]
    after: Position,
}

impl From<Table> for InBandError {
    fn from(table: Table) -> Self {
        Self { wanted: table.error.0, after: table.after }
    }
}

impl FromStr for InBandError {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let fail = |_| Refused::new(text, "an in-band error such as `throttling` or `throttling:2 events`");
        let (error, after) = text.split_once(':').map_or((text, None), |(error, after)| (error, Some(after)));
        let after = after.map_or(Ok(Position::START), |after| after.parse().map_err(fail))?;
        Ok(Self { wanted: error.parse()?, after })
    }
}

impl InBandError {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("error", self.wanted.text()), ("after", self.after.to_string())]
    }

    pub(super) fn treat(&self, facts: &AnswerFacts, scene: &Scene<'_>) -> Treat {
        if !facts.is_stream() {
            return Treat::NOT_STREAMED;
        }
        let written = |first: bool| {
            let mut event = BytesMut::new();
            let error = self.wanted.at(scene.asked.dialect.family)?;
            write_event(error, facts.shape, first, &scene.mention(None), &mut event).then(|| event.freeze())
        };
        let (Some(as_first), Some(as_later)) = (written(true), written(false)) else {
            return Treat::Impossible("the dialect has no event for this error");
        };
        let progress = Progress::towards(self.after, facts.shape);
        Treat::operate(Says { progress, begun: false, as_first, as_later }, Length::Keep)
    }
}

struct Says {
    progress: Progress,
    begun: bool,
    as_first: Bytes,
    as_later: Bytes,
}

impl Says {
    fn say(&self, steps: &mut Steps) {
        steps.event(if self.begun { self.as_later.clone() } else { self.as_first.clone() });
        steps.break_off(By::CleanEnd, AttemptOutcome::Error);
    }
}

impl Surgeon for Says {
    fn begin(&mut self, steps: &mut Steps) {
        if self.progress.is_reached() {
            self.say(steps);
        }
    }

    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        let is_reached = self.progress.pass(&event);
        self.begun = true;
        steps.event(event);
        if is_reached {
            self.say(steps);
        }
    }
}
