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
use evidence::Name;
use evidence::record::AttemptOutcome;
use serde::Deserialize;

use super::error::Wanted;
use super::{AnswerFacts, Length, Scene, Treat};
use crate::answer::{By, Position, Progress, Steps, Surgeon};
use crate::asked::Shape;
use crate::grammar::{Refused, Short};
use crate::provider_error::{Mention, ProviderError, write_event};

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
        let error =
            self.wanted.at(scene.asked.dialect.family).filter(|error| error.fits_in_band(facts.shape));
        let Some(error) = error else {
            return Treat::Impossible("the dialect has no event for this error");
        };
        let says = Says {
            progress: Progress::towards(self.after, facts.shape),
            passed: 0,
            error,
            shape: facts.shape,
            model: scene.asked.model.as_ref().into(),
            path: scene.path.into(),
            request_id: facts.request_id.clone(),
        };
        Treat::operate(says, Length::Keep)
    }
}

struct Says {
    progress: Progress,
    /// Events that have gone out.
    passed: u64,
    error: ProviderError,
    shape: Shape,
    model: Box<str>,
    path: Box<str>,
    request_id: Option<Name>,
}

impl Says {
    fn say(&self, steps: &mut Steps) {
        let mention = Mention {
            model: &self.model,
            path: &self.path,
            request_id: self.request_id.as_deref().unwrap_or_default(),
            ..Mention::default()
        };
        let mut event = BytesMut::new();
        write_event(self.error, self.shape, self.passed, &mention, &mut event);
        steps.event(event.freeze());
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
        self.passed += 1;
        steps.event(event);
        if is_reached {
            self.say(steps);
        }
    }
}
