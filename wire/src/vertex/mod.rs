//! The Vertex AI dialect: requests, responses, errors and streams.
