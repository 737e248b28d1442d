//! The Vertex AI dialect: routes, requests, responses, streams, errors and credentials.
//!
//! Follows Google's published protos and what google-genai 2.34, google-cloud-aiplatform 2.7 and google-auth 2.62
//! send and take. Where a service and a client differ, bodies are read leniently and written strictly.

pub mod cached_contents;
pub mod chat_usage;
pub mod compute_tokens;
pub mod count_tokens;
pub mod embeddings;
pub mod error;
pub mod filter;
pub mod generate_content;
pub mod images;
pub mod oauth;
pub mod path;
pub(crate) mod proto_json;
pub mod stream;
pub mod tensor;
