//! `malformed`: one event is no JSON, in a framing that is whole.
//!
//! ```toml
//! malformed = "1 event"       # the second event
//! ```
//!
//! Half of its JSON is sent; a frame has sound checksums. On a plain body the first half goes out under a
//! mended `Content-Length`: a whole HTTP message of broken JSON.

use bytes::{Bytes, BytesMut};
use wire::event_stream::{Frame, FrameWriter};
use wire::splitter::Format;
use wire::{json_array, sse};

use super::one_event::{Damage, Place};
use super::{AnswerFacts, Length, Treat};
use crate::answer::{Steps, Surgeon};

pub(super) fn treat(place: Place, facts: &AnswerFacts) -> Treat {
    if facts.is_stream() {
        return place.treat(facts, |format| Malformed { format });
    }
    let half = facts.length.map(|length| length / 2);
    Treat::operate(PlainHalf { left: half }, half.map_or(Length::Drop, Length::Set))
}

struct Malformed {
    format: Format,
}

impl Damage for Malformed {
    fn hit(&mut self, event: Bytes, steps: &mut Steps) {
        steps.event(broken(self.format, &event));
        steps.applied();
    }
}

fn broken(format: Format, event: &Bytes) -> Bytes {
    let halved = match format {
        Format::Sse => with_half_data(event),
        Format::EventStream => with_half_payload(event),
        Format::JsonArray => {
            let element = json_array::element(event);
            Some([json_array::separator(event), &element[..element.len() / 2]].concat().into())
        }
    };
    halved.unwrap_or_else(|| event.clone())
}

fn with_half_data(event: &Bytes) -> Option<Bytes> {
    let data = sse::data(event)?;
    // A bare `data` line has no value within the event.
    let start = data.as_ptr().addr().checked_sub(event.as_ptr().addr())?;
    let head = event.get(..start + data.len() / 2)?;
    Some([head, &event[event.trim_ascii_end().len()..]].concat().into())
}

fn with_half_payload(event: &Bytes) -> Option<Bytes> {
    let frame = Frame::parse(event.clone()).ok()?;
    let mut out = BytesMut::with_capacity(event.len());
    let mut writer = FrameWriter::begin(&mut out);
    for header in frame.headers().flatten() {
        writer.header(header).ok()?;
    }
    let payload = frame.payload();
    writer.finish(&payload[..payload.len() / 2]);
    Some(out.freeze())
}

/// Sends the first half of a plain body and ends cleanly; without a length, half of its first piece.
struct PlainHalf {
    left: Option<u64>,
}

impl Surgeon for PlainHalf {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        self.other(event, steps);
    }

    fn other(&mut self, mut bytes: Bytes, steps: &mut Steps) {
        let left = usize::try_from(self.left.unwrap_or(bytes.len() as u64 / 2)).unwrap_or(usize::MAX);
        bytes.truncate(left);
        self.left = Some((left - bytes.len()) as u64);
        steps.applied();
        steps.bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_event_keeps_its_framing() {
        let sse = Bytes::from_static(b"event: x\ndata: {\"a\":1}\n\n");
        assert_eq!(broken(Format::Sse, &sse), "event: x\ndata: {\"a\n\n");
        let google = Bytes::from_static(b"data: {\"a\":1}\r\n\r\n");
        assert_eq!(broken(Format::Sse, &google), "data: {\"a\r\n\r\n");
        let bare = Bytes::from_static(b"data\n\n");
        assert_eq!(broken(Format::Sse, &bare), bare);
        assert_eq!(broken(Format::JsonArray, &Bytes::from_static(b",{\"a\":1}")), ",{\"a");
    }

    #[test]
    fn a_broken_frame_has_sound_checksums() {
        let mut out = BytesMut::new();
        FrameWriter::begin(&mut out).finish(b"{\"a\":12}");
        let halved = Frame::parse(broken(Format::EventStream, &out.freeze())).expect("a frame");
        assert_eq!((halved.payload(), halved.verify()), (&b"{\"a\""[..], Ok(())));
    }
}
