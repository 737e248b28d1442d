//! Mock Bedrock, Vertex AI, OpenAI and Anthropic providers
