//! The Anthropic dialect: requests, responses, errors and streams.
//!
//! Follows the Messages API as the Python client 2.12 speaks it. The same bodies travel through Bedrock's
//! `InvokeModel` and Vertex AI's `rawPredict`, there without `model` and `stream` and with `anthropic_version`.

pub mod capabilities;
pub mod catalogue;
pub mod error;
pub mod id;
pub mod messages;
pub mod models;
pub mod rate_limit_headers;
pub mod stream;
