//! `bad_crc`: one frame's checksum is wrong.
//!
//! ```toml
//! bad_crc = "1 event"         # the second frame
//! ```
//!
//! Applicable to event streams alone: no other format carries a checksum.

use bytes::{Bytes, BytesMut};
use wire::splitter::Format;

use super::one_event::{Damage, Place};
use super::{AnswerFacts, Treat};
use crate::answer::Steps;

pub(super) fn treat(place: Place, facts: &AnswerFacts) -> Treat {
    match facts.format {
        Some(Format::Sse | Format::JsonArray) => {
            Treat::Impossible("only event-stream frames carry a checksum")
        }
        _ => place.treat(facts, |_| BadCrc),
    }
}

struct BadCrc;

impl Damage for BadCrc {
    fn hit(&mut self, event: Bytes, steps: &mut Steps) {
        steps.event(with_bad_checksum(&event));
        steps.applied();
    }
}

fn with_bad_checksum(event: &Bytes) -> Bytes {
    let mut frame = BytesMut::from(&event[..]);
    if let Some(last) = frame.last_mut() {
        *last ^= 0xff;
    }
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::event_stream::{Frame, FrameError, FrameWriter};

    #[test]
    fn only_the_messages_own_checksum_is_wrong() {
        let mut out = BytesMut::new();
        FrameWriter::begin(&mut out).finish(b"{}");
        let bad = Frame::parse(with_bad_checksum(&out.freeze())).expect("sound lengths");
        assert_eq!(bad.verify(), Err(FrameError::MessageChecksum));
    }
}
