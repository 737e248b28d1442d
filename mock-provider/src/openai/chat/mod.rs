//! `POST /v1/chat/completions`: also what Azure and Vertex AI answer under their own paths.
//!
//! [`read`] and [`check`] refuse what the service refuses, [`Answer::decide`] decides the whole answer, and that
//! is played by [`Answer::into_stream`] or written by [`Answer::to_bytes`]. Heads, keys and quotas are the
//! surface's own.

mod answer;
mod ask;
mod logprobs;
mod prompt;
mod read;
mod stream;

pub(crate) use answer::{Answer, Terms, UsageForm};
pub(crate) use read::{check, read, refuse_unknown};
pub(crate) use stream::Meter;

pub(super) use answer::call_id;
pub(super) use ask::withheld;
pub(super) use logprobs::Likelihoods;
pub(super) use prompt::{images, read as read_prompt};
pub(super) use read::{decimal, function_name, integer, mentions_json, output_limit};
pub(super) use stream::Padding;
