//! The Anthropic dialect: requests, responses, errors and streams.
