//! A prompt as a model reads it: how many tokens it has, and which of them it has read lately.
//!
//! A surface goes once over a request, in the order in which the model reads it (tools, instructions, turns), and
//! tells a [`Reader`] what comes. The same walk answers a count of tokens and an answer's usage, so that the two
//! agree. Where a cache has a say, the reader also notes what the [`PromptCache`] is to be asked.

mod cache;
mod reader;

pub(crate) use cache::{Cached, PromptCache, Ttl};
pub(crate) use reader::Reader;
