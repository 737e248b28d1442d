//! Amazon Bedrock on the wire: paths, bodies, frames, errors, signatures.
//!
//! Field lists and key order follow the service model shipped in botocore and recorded responses; where a text or
//! number has no such source, clients behave the same with it.

pub mod converse;
pub mod converse_stream;
pub mod count_tokens;
pub mod error;
pub mod guardrail;
pub mod headers;
pub mod invoke;
pub mod invoke_stream;
pub mod model;
pub mod path;
pub mod signed_event;
pub mod sigv4;
pub mod sonic;
pub mod stream_frame;
pub mod titan_embeddings;
