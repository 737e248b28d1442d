//! `duplicate`: one event comes twice.
//!
//! ```toml
//! duplicate = "2 events"      # the third event
//! ```
//!
//! Not applicable to answers that are not streamed.

use bytes::{BufMut, Bytes, BytesMut};
use wire::json_array;
use wire::splitter::Format;

use super::one_event::{Damage, Place};
use super::{AnswerFacts, Treat};
use crate::answer::Steps;

pub(super) fn treat(place: Place, facts: &AnswerFacts) -> Treat {
    place.treat(facts, |format| Duplicate { format })
}

struct Duplicate {
    format: Format,
}

impl Damage for Duplicate {
    fn hit(&mut self, event: Bytes, steps: &mut Steps) {
        let again = again(self.format, &event);
        steps.event(event);
        steps.event(again);
        steps.applied();
    }
}

/// The event as it follows itself: in an array behind a separator.
fn again(format: Format, event: &Bytes) -> Bytes {
    if format != Format::JsonArray {
        return event.clone();
    }
    let mut out = BytesMut::from(&b"\n,\r\n"[..]);
    out.put_slice(json_array::element(event));
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_stays_one() {
        assert_eq!(again(Format::JsonArray, &Bytes::from_static(b"[{\"a\":1}")), "\n,\r\n{\"a\":1}");
        assert_eq!(again(Format::Sse, &Bytes::from_static(b"data: 1\n\n")), "data: 1\n\n");
    }
}
