//! Vertex AI's generateContent and streamGenerateContent in terms of the OpenAI dialect.

mod answer;
mod request;
mod stream;

pub(crate) use answer::{call_id, whole_answer};
pub(crate) use request::chat_body;
pub(crate) use stream::read_event;
