//! What the effects share that act on a single event: where it stands, and everything around it.

use std::str::FromStr;

use bytes::Bytes;
use wire::splitter::Format;

use super::{AnswerFacts, Length, Treat};
use crate::answer::{Position, Progress, Steps, Surgeon, TOO_SHORT};
use crate::grammar::Refused;

/// Which event is hit: the one after this place. `true` means the second that carries content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place(pub Position);

impl FromStr for Place {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self(Position::after_content(1))),
            _ => {
                let fail = |_| Refused::new(text, "a place in a stream such as `3 events`");
                text.parse().map(Self).map_err(fail)
            }
        }
    }
}

impl Place {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        vec![("after", self.0.to_string())]
    }

    /// Treats the event after this place, if the answer is a stream.
    pub(super) fn treat<D: Damage + 'static>(
        self,
        facts: &AnswerFacts,
        damage: impl FnOnce(Format) -> D,
    ) -> Treat {
        let Some(format) = facts.format else { return Treat::NOT_STREAMED };
        let progress = Progress::towards(self.0, facts.shape);
        Treat::operate(OneEvent { progress, damage: damage(format), is_past: false }, Length::Drop)
    }
}

/// What happens to the event.
pub(super) trait Damage: Send {
    /// The event itself.
    fn hit(&mut self, event: Bytes, steps: &mut Steps);

    /// Every event after it.
    fn after(&mut self, event: Bytes, steps: &mut Steps) {
        steps.event(event);
    }

    /// No event comes now: other bytes do, or the end.
    fn interrupted(&mut self, _steps: &mut Steps) {}
}

/// Sends the events before the place on and gives the rest to the damage.
struct OneEvent<D> {
    progress: Progress,
    damage: D,
    is_past: bool,
}

impl<D: Damage> Surgeon for OneEvent<D> {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if self.is_past {
            self.damage.after(event, steps);
        } else if self.progress.is_reached() {
            self.is_past = true;
            self.damage.hit(event, steps);
        } else {
            self.progress.pass(&event);
            steps.event(event);
        }
    }

    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        self.damage.interrupted(steps);
        steps.bytes(bytes);
    }

    fn end(&mut self, steps: &mut Steps) {
        self.damage.interrupted(steps);
        steps.impossible(TOO_SHORT);
    }
}
