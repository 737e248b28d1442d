//! Amazon Bedrock on the wire.
