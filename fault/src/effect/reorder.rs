//! `reorder`: two neighbouring events change places.
//!
//! ```toml
//! reorder = "2 events"        # the fourth event comes before the third
//! ```
//!
//! The first of the two is held back until the second is there. Not applicable to answers that are not
//! streamed, nor to the last event of a stream.

use bytes::Bytes;
use wire::json_array;
use wire::splitter::Format;

use super::one_event::{Damage, Place};
use super::{AnswerFacts, Treat};
use crate::answer::{Steps, TOO_SHORT};

pub(super) fn treat(place: Place, facts: &AnswerFacts) -> Treat {
    place.treat(facts, |format| Reorder { format, held: None })
}

struct Reorder {
    format: Format,
    held: Option<Bytes>,
}

impl Damage for Reorder {
    fn hit(&mut self, event: Bytes, _steps: &mut Steps) {
        self.held = Some(event);
    }

    fn after(&mut self, event: Bytes, steps: &mut Steps) {
        let Some(held) = self.held.take() else { return steps.event(event) };
        let (first, second) = swapped(self.format, held, event);
        steps.event(first);
        steps.event(second);
        steps.applied();
    }

    fn interrupted(&mut self, steps: &mut Steps) {
        if let Some(held) = self.held.take() {
            steps.event(held);
            steps.impossible(TOO_SHORT);
        }
    }
}

/// Two events in each other's place; in an array the separators stay where they are.
fn swapped(format: Format, first: Bytes, second: Bytes) -> (Bytes, Bytes) {
    if format != Format::JsonArray {
        return (second, first);
    }
    let join = |separator: &[u8], element: &[u8]| Bytes::from([separator, element].concat());
    (
        join(json_array::separator(&first), json_array::element(&second)),
        join(json_array::separator(&second), json_array::element(&first)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_stays_one() {
        let (first, second) = (Bytes::from_static(b"[{\"a\":1}"), Bytes::from_static(b"\n,\r\n{\"b\":2}"));
        let (one, two) = swapped(Format::JsonArray, first, second);
        assert_eq!((&one[..], &two[..]), (&b"[{\"b\":2}"[..], &b"\n,\r\n{\"a\":1}"[..]));
    }
}
