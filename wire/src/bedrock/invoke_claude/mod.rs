//! Claude through InvokeModel: the vendor's Messages bodies, as Bedrock takes and returns them.
//!
//! `model` and `stream` are not in the body, `anthropic_version` is; the objects of a stream are those of the vendor's
//! events, without SSE around them.

mod content;
mod request;
mod response;
mod stream;

pub use content::{Block, Content, Message};
pub use request::{ANTHROPIC_VERSION, Request};
pub use response::{Response, Usage};
pub use stream::{Delta, StreamError, StreamObject};
