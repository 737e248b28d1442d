//! Damage to one event of a stream: `malformed`, `duplicate`, `reorder`, `bad_crc`, `truncated_frame`.
//!
//! ```toml
//! malformed       = "1 event"       # the event after the first is no JSON; the framing around it is whole
//! duplicate       = "2 events"      # the third event comes twice
//! reorder         = "2 events"      # the fourth event comes before the third
//! bad_crc         = "1 event"       # the second frame's checksum is wrong; event-stream only
//! truncated_frame = { after = "1 event", by = "clean-end" }   # half of the second event, then the end
//! ```
//!
//! On a plain body `malformed` sends the first half under a mended `Content-Length`: a whole HTTP message
//! of broken JSON; `truncated_frame` cuts it as `cut` does; the others are not applicable.

use std::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};
use evidence::record::AttemptOutcome;
use wire::event_stream::{Frame, FrameWriter};
use wire::splitter::Format;
use wire::{json_array, sse};

use super::cut::{Cut, cut_plain};
use super::{AnswerFacts, Length, Treat};
use crate::answer::{By, Position, Progress, Steps, Surgeon};
use crate::grammar::Refused;

/// Which event is damaged: the one after this place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place(pub Position);

impl FromStr for Place {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self(Position::after_content(1))),
            _ => text
                .parse()
                .map(Self)
                .map_err(|_| Refused::new(text, "a place in a stream such as `3 events`")),
        }
    }
}

impl Place {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        vec![("after", self.0.to_string())]
    }

    fn progress(self, facts: &AnswerFacts) -> Progress {
        Progress::towards(self.0, facts.shape)
    }
}

/// How an event is damaged.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Malformed,
    Duplicate,
    Reorder,
    BadCrc,
    Truncated(By),
}

pub(super) fn malformed(place: Place, facts: &AnswerFacts) -> Treat {
    let Some(format) = facts.format else {
        let length = facts.length.map_or(Length::Drop, |length| Length::Set(length / 2));
        return Treat::operate(PlainHalf { left: facts.length.map(|length| length / 2) }, length);
    };
    damaged(place.progress(facts), Damage::Malformed, format)
}

pub(super) fn duplicate(place: Place, facts: &AnswerFacts) -> Treat {
    facts
        .format
        .map_or(Treat::NOT_STREAMED, |format| damaged(place.progress(facts), Damage::Duplicate, format))
}

pub(super) fn reorder(place: Place, facts: &AnswerFacts) -> Treat {
    facts.format.map_or(Treat::NOT_STREAMED, |format| damaged(place.progress(facts), Damage::Reorder, format))
}

pub(super) fn bad_crc(place: Place, facts: &AnswerFacts) -> Treat {
    match facts.format {
        Some(Format::EventStream) => damaged(place.progress(facts), Damage::BadCrc, Format::EventStream),
        Some(_) => Treat::Impossible("only event-stream frames carry a checksum"),
        None => Treat::NOT_STREAMED,
    }
}

pub(super) fn truncated(cut: Cut, facts: &AnswerFacts) -> Treat {
    let Some(format) = facts.format else { return cut_plain(cut.by, facts) };
    damaged(Progress::towards(cut.after, facts.shape), Damage::Truncated(cut.by), format)
}

fn damaged(progress: Progress, damage: Damage, format: Format) -> Treat {
    Treat::operate(Damages { progress, damage, format, held: None, done: false }, Length::Drop)
}

/// Sends whole events on until the one that it damages.
struct Damages {
    progress: Progress,
    damage: Damage,
    format: Format,
    /// The event that changes its place with the next.
    held: Option<Bytes>,
    done: bool,
}

impl Damages {
    fn hit(&mut self, event: Bytes, steps: &mut Steps) {
        self.done = true;
        match self.damage {
            Damage::Malformed => {
                steps.event(broken(self.format, &event));
                steps.applied();
            }
            Damage::Duplicate => {
                steps.event(event.clone());
                steps.event(again(self.format, event));
                steps.applied();
            }
            Damage::Reorder => self.held = Some(event),
            Damage::BadCrc => {
                steps.event(with_bad_checksum(&event));
                steps.applied();
            }
            Damage::Truncated(by) => {
                steps.bytes(event.slice(..event.len() / 2));
                steps.break_off(by, AttemptOutcome::Cut);
            }
        }
    }
}

impl Surgeon for Damages {
    fn event(&mut self, event: Bytes, steps: &mut Steps) {
        if let Some(held) = self.held.take() {
            let (first, second) = swapped(self.format, &held, event);
            steps.event(first);
            steps.event(second);
            steps.applied();
        } else if !self.done && self.progress.is_reached() {
            self.hit(event, steps);
        } else {
            self.progress.pass(&event);
            steps.event(event);
        }
    }

    fn other(&mut self, bytes: Bytes, steps: &mut Steps) {
        self.release(steps);
        steps.bytes(bytes);
    }

    fn end(&mut self, steps: &mut Steps) {
        self.release(steps);
        steps.impossible(crate::answer::TOO_SHORT);
    }
}

impl Damages {
    /// There is no later event to change places with.
    fn release(&mut self, steps: &mut Steps) {
        if let Some(held) = self.held.take() {
            steps.event(held);
            steps.impossible(crate::answer::TOO_SHORT);
        }
    }
}

/// The event with half of its JSON, in a framing that is whole.
fn broken(format: Format, event: &Bytes) -> Bytes {
    match format {
        Format::Sse => {
            let data = sse::data(event).unwrap_or_default();
            // A bare `data` line has no value within the event.
            let start = data.as_ptr().addr().checked_sub(event.as_ptr().addr());
            let Some(start) = start.filter(|start| start + data.len() <= event.len()) else {
                return event.clone();
            };
            let text_end = event.trim_ascii_end().len();
            [&event[..start + data.len() / 2], &event[text_end..]].concat().into()
        }
        Format::EventStream => with_half_payload(event).unwrap_or_else(|| event.clone()),
        Format::JsonArray => {
            let element = json_array::element(event);
            [json_array::separator(event), &element[..element.len() / 2]].concat().into()
        }
    }
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

fn with_bad_checksum(event: &Bytes) -> Bytes {
    let mut frame = BytesMut::from(&event[..]);
    if let Some(last) = frame.last_mut() {
        *last ^= 0xff;
    }
    frame.freeze()
}

/// The event as it follows itself.
fn again(format: Format, event: Bytes) -> Bytes {
    if format != Format::JsonArray {
        return event;
    }
    let mut out = BytesMut::from(&b"\n,\r\n"[..]);
    out.put_slice(json_array::element(&event));
    out.freeze()
}

/// Two events in each other's place; in an array the separators stay where they are.
fn swapped(format: Format, first: &Bytes, second: Bytes) -> (Bytes, Bytes) {
    if format != Format::JsonArray {
        return (second, first.clone());
    }
    let join = |separator: &[u8], element: &[u8]| Bytes::from([separator, element].concat());
    (
        join(json_array::separator(first), json_array::element(&second)),
        join(json_array::separator(&second), json_array::element(first)),
    )
}

/// Sends the first half of a plain body and ends cleanly.
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
        assert_eq!(broken(Format::JsonArray, &Bytes::from_static(b",{\"a\":1}")), ",{\"a");
    }

    #[test]
    fn a_broken_frame_has_sound_checksums_and_a_bad_one_does_not() {
        let mut out = BytesMut::new();
        FrameWriter::begin(&mut out).finish(b"{\"a\":12}");
        let frame = out.freeze();
        let halved = Frame::parse(broken(Format::EventStream, &frame)).expect("a frame");
        assert_eq!((halved.payload(), halved.verify()), (&b"{\"a\""[..], Ok(())));
        let bad = Frame::parse(with_bad_checksum(&frame)).expect("sound lengths");
        assert!(bad.verify().is_err());
    }

    #[test]
    fn an_array_stays_one_when_elements_move() {
        let (first, second) = (Bytes::from_static(b"[{\"a\":1}"), Bytes::from_static(b"\n,\r\n{\"b\":2}"));
        let (one, two) = swapped(Format::JsonArray, &first, second);
        assert_eq!((&one[..], &two[..]), (&b"[{\"b\":2}"[..], &b"\n,\r\n{\"a\":1}"[..]));
        assert_eq!(again(Format::JsonArray, first), "\n,\r\n{\"a\":1}");
    }
}
