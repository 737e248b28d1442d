//! Behaviour of the formats as their users meet them: bytes in, events out.

mod bedrock_golden;
mod encoders;
mod event_stream;
mod golden_anthropic;
mod golden_openai;
mod golden_vertex;
mod signed_events;
mod sigv4;
mod splitters;
mod stream_writers;
