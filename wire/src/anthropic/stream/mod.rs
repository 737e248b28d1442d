//! A streamed message: the named events a service writes and what a client reads from them.
//!
//! An event is `event: NAME`, LF, `data: {json}`, LF, LF. Clients go by the name, and there is no end marker but
//! `message_stop`.

mod event;
mod writer;

pub use event::{BlockDelta, MessageDelta, StreamEvent};
pub use writer::EventWriter;

/// The `content-type` of a stream.
pub const CONTENT_TYPE: &str = "text/event-stream; charset=utf-8";
