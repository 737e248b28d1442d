//! Gemini: `:generateContent` and what belongs to it, from a prompt's size and caches to the pieces of a stream.

mod ask;
mod blocking;
pub(in crate::vertex) mod caches;
mod checks;
pub(in crate::vertex) mod count_tokens;
mod logprobs;
mod manner;
mod partial_args;
pub(in crate::vertex) mod pictures;
pub(in crate::vertex) mod prompt;
mod stream;
mod whole;
