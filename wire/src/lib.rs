//! Provider formats, pure: requests, responses, errors, stream codecs and splitters, SigV4.
//!
//! Nothing here reads a socket, a clock or a source of chance: times, ids and paddings are arguments. Part by part:
//!
//! - [`splitter`] cuts a response body of any streaming format into whole events; [`sse`], [`event_stream`] and
//!   [`json_array`] are the formats;
//! - [`bedrock`], [`vertex`], [`openai`] and [`anthropic`] are the providers: one folder each.

mod cutter;
mod named;

pub mod anthropic;
pub mod bedrock;
pub mod error_response;
pub mod event_stream;
pub mod json;
pub mod json_array;
pub mod openai;
pub mod splitter;
pub mod sse;
pub mod vertex;
