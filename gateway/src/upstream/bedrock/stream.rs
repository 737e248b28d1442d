//! One event of ConverseStream as what it adds to the answer.

use bytes::Bytes;
use wire::bedrock::converse_stream::{BlockStart, Delta, Incoming, StreamEvent, decode};
use wire::event_stream::Frame;

use super::answer::{finish_reason, usage};
use crate::failure::{Cause, Failure};
use crate::upstream::Item;

/// Reads one frame.
///
/// # Errors
/// An exception of the provider, or a damaged frame.
pub(crate) fn read_event(frame: Bytes, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Failure> {
    let malformed = |error: &dyn std::fmt::Display| Failure::new(Cause::Malformed, error.to_string());
    let frame = Frame::parse(frame).map_err(|error| malformed(&error))?;
    match decode(&frame).map_err(|error| malformed(&error))? {
        Incoming::Event(event) => read(&event, each),
        Incoming::Unknown(_) => {}
        Incoming::Exception(error) => {
            // An exception without a known name has the status of the stream, which is no error.
            let status = if error.status < 400 { 500 } else { error.status };
            return Err(Failure::new(Cause::Status(status), error.message));
        }
    }
    Ok(())
}

fn read(event: &StreamEvent<'_>, each: &mut dyn FnMut(Item<'_>)) {
    match event {
        StreamEvent::ContentBlockDelta { delta: Delta::Text(text), .. } => each(Item::Text(text)),
        StreamEvent::ContentBlockDelta { index, delta: Delta::ToolUse(piece) } => {
            each(Item::ToolArguments { block: *index, piece: &piece.input });
        }
        StreamEvent::ContentBlockStart { index, start: BlockStart::ToolUse(call) } => {
            each(Item::ToolCall { block: *index, id: Some(&call.tool_use_id), name: &call.name });
        }
        StreamEvent::MessageStop { stop_reason, .. } => each(Item::Finish(finish_reason(stop_reason))),
        StreamEvent::Metadata { usage: cost, .. } => each(Item::Usage(usage(cost))),
        _ => {}
    }
}
