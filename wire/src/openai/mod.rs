//! The OpenAI dialect: requests, responses, errors and streams.
//!
//! Follows OpenAI's published OpenAPI document and the behaviour of its Python client 2.54.

pub mod chat;
pub mod chat_stream;
pub mod completions;
pub mod diagnosis;
pub mod embeddings;
pub mod error;
pub mod images;
pub mod models;
pub mod path;
pub mod rate_limit_headers;
pub mod responses;
