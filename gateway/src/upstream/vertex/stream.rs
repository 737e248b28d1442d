//! One chunk of streamGenerateContent as what it adds to the answer.

use wire::sse;
use wire::vertex::generate_content::{GenerateContentResponse, PartData};
use wire::vertex::stream::StreamEvent;

use super::answer::{finish_reason_of, usage};
use crate::failure::{Cause, Failure};
use crate::upstream::Item;

/// Reads one raw event.
///
/// # Errors
/// An error of the provider, or an event that is no chunk.
pub(crate) fn read_event(raw: &[u8], each: &mut dyn FnMut(Item<'_>)) -> Result<(), Failure> {
    let Some(data) = sse::data(raw) else { return Ok(()) };
    match StreamEvent::parse(data) {
        Ok(StreamEvent::Chunk(chunk)) => {
            read(&chunk, each);
            Ok(())
        }
        Ok(StreamEvent::Error(error)) => {
            let status = if error.code < 400 { 500 } else { error.code };
            Err(Failure::new(Cause::Status(status), error.message.to_string()))
        }
        Err(error) => Err(Failure::new(Cause::Malformed, error.to_string())),
    }
}

fn read(chunk: &GenerateContentResponse<'_>, each: &mut dyn FnMut(Item<'_>)) {
    for part in chunk.parts().iter().filter(|part| !part.thought) {
        match &part.data {
            PartData::Text(text) => each(Item::Text(text)),
            PartData::FunctionCall(call) => each(Item::WholeToolCall {
                name: &call.name,
                arguments: call.args.map_or("{}", |args| args.get()),
            }),
            _ => {}
        }
    }
    if let Some(cost) = chunk.usage_metadata.as_ref().filter(|usage| usage.total_token_count > 0) {
        each(Item::Usage(usage(cost)));
    }
    if let Some(reason) = finish_reason_of(chunk) {
        each(Item::Finish(reason));
    }
}
