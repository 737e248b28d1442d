//! Bodies of InvokeModel by family; Claude's are in [`crate::anthropic`], Titan's text embeddings in
//! [`super::titan_embeddings`].

pub mod amazon_image;
pub mod chat_completions;
pub mod cohere_chat;
pub mod cohere_command;
pub mod cohere_embed;
pub mod llama;
pub mod mistral;
pub mod nova;
pub mod schema;
pub mod stability;
pub mod titan_multimodal;
pub mod titan_text;
