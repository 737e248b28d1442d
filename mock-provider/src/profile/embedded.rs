//! The profiles that ship.

/// Name and text of each.
pub(super) const PROFILES: &[(&str, &str)] = &[
    ("anthropic/claude-haiku", include_str!("../../../configs/providers/anthropic/claude-haiku.toml")),
    ("anthropic/claude-opus", include_str!("../../../configs/providers/anthropic/claude-opus.toml")),
    ("anthropic/claude-sonnet", include_str!("../../../configs/providers/anthropic/claude-sonnet.toml")),
    ("bedrock/amazon-image", include_str!("../../../configs/providers/bedrock/amazon-image.toml")),
    ("bedrock/claude-haiku", include_str!("../../../configs/providers/bedrock/claude-haiku.toml")),
    ("bedrock/claude-sonnet", include_str!("../../../configs/providers/bedrock/claude-sonnet.toml")),
    ("bedrock/cohere-command", include_str!("../../../configs/providers/bedrock/cohere-command.toml")),
    ("bedrock/cohere-embed", include_str!("../../../configs/providers/bedrock/cohere-embed.toml")),
    ("bedrock/llama", include_str!("../../../configs/providers/bedrock/llama.toml")),
    ("bedrock/mistral", include_str!("../../../configs/providers/bedrock/mistral.toml")),
    ("bedrock/nova-lite", include_str!("../../../configs/providers/bedrock/nova-lite.toml")),
    ("bedrock/nova-pro", include_str!("../../../configs/providers/bedrock/nova-pro.toml")),
    ("bedrock/nova-sonic", include_str!("../../../configs/providers/bedrock/nova-sonic.toml")),
    ("bedrock/open-weights", include_str!("../../../configs/providers/bedrock/open-weights.toml")),
    ("bedrock/stability", include_str!("../../../configs/providers/bedrock/stability.toml")),
    ("bedrock/titan-embed", include_str!("../../../configs/providers/bedrock/titan-embed.toml")),
    ("bedrock/titan-text", include_str!("../../../configs/providers/bedrock/titan-text.toml")),
    ("openai/gpt-4o", include_str!("../../../configs/providers/openai/gpt-4o.toml")),
    ("openai/gpt-4o-mini", include_str!("../../../configs/providers/openai/gpt-4o-mini.toml")),
    ("openai/gpt-5", include_str!("../../../configs/providers/openai/gpt-5.toml")),
    ("openai/gpt-image", include_str!("../../../configs/providers/openai/gpt-image.toml")),
    ("openai/text-embedding", include_str!("../../../configs/providers/openai/text-embedding.toml")),
    ("vertex/gemini-flash", include_str!("../../../configs/providers/vertex/gemini-flash.toml")),
    ("vertex/gemini-pro", include_str!("../../../configs/providers/vertex/gemini-pro.toml")),
    ("vertex/claude", include_str!("../../../configs/providers/vertex/claude.toml")),
    ("vertex/imagen", include_str!("../../../configs/providers/vertex/imagen.toml")),
    ("vertex/mistral", include_str!("../../../configs/providers/vertex/mistral.toml")),
    ("vertex/text-embedding", include_str!("../../../configs/providers/vertex/text-embedding.toml")),
];

pub(super) fn text_of(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
