//! What models can do beyond plain text, by the prefix of their ids: from public tables of supported features.

/// What a chat model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Instructions.
    pub system: bool,
    /// Tools.
    pub tools: bool,
    /// That it must call a tool, any or a certain one.
    pub tool_choice: bool,
    /// Pictures and the like.
    pub images: bool,
    /// Thinking before the answer.
    pub thinking: bool,
    /// Cached prompts.
    pub cache: bool,
}

impl Abilities {
    /// Everything: what a resource of an account, whose model is unknown, is taken to do.
    pub const ALL: Self =
        Self { system: true, tools: true, tool_choice: true, images: true, thinking: true, cache: true };
    const TEXT: Self = Self {
        system: false,
        tools: false,
        tool_choice: false,
        images: false,
        thinking: false,
        cache: false,
    };
    const CHAT: Self = Self { system: true, ..Self::TEXT };
    const TOOLS: Self = Self { tools: true, ..Self::CHAT };
    const CHOICE: Self = Self { tool_choice: true, ..Self::TOOLS };
    const PICTURES: Self = Self { images: true, ..Self::CHOICE };

    /// Of a foundation model, by its bare id.
    pub fn of(base: &str) -> Self {
        let known = TABLE.iter().find(|(prefix, _)| base.starts_with(prefix));
        known.map_or(Self::ALL, |(_, abilities)| *abilities)
    }
}

/// By prefix; the first that fits counts.
#[rustfmt::skip]
const TABLE: &[(&str, Abilities)] = &[
    ("amazon.nova-micro-", Abilities { cache: true, ..Abilities::CHOICE }),
    ("amazon.nova-2-", Abilities::ALL),
    ("amazon.nova-", Abilities { cache: true, ..Abilities::PICTURES }),
    ("amazon.titan-text-", Abilities::TEXT),
    ("anthropic.claude-3-haiku-", Abilities::PICTURES),
    ("anthropic.claude-3-sonnet-", Abilities::PICTURES),
    ("anthropic.claude-3-opus-", Abilities::PICTURES),
    ("anthropic.claude-3-5-haiku-", Abilities { cache: true, ..Abilities::CHOICE }),
    ("anthropic.claude-3-5-sonnet-", Abilities { cache: true, ..Abilities::PICTURES }),
    ("anthropic.claude-v2", Abilities::CHAT),
    ("anthropic.claude-instant", Abilities::CHAT),
    ("anthropic.", Abilities::ALL),
    ("cohere.command-r", Abilities::TOOLS),
    ("cohere.", Abilities::TEXT),
    ("deepseek.r1", Abilities { thinking: true, ..Abilities::CHAT }),
    ("deepseek.", Abilities::TOOLS),
    ("meta.llama3-8b-", Abilities::CHAT),
    ("meta.llama3-70b-", Abilities::CHAT),
    ("meta.llama4-", Abilities { images: true, ..Abilities::TOOLS }),
    ("meta.", Abilities::TOOLS),
    ("mistral.mistral-7b-", Abilities::TEXT),
    ("mistral.mixtral-", Abilities::TEXT),
    ("mistral.pixtral-", Abilities::PICTURES),
    ("mistral.", Abilities::CHOICE),
    ("openai.", Abilities { thinking: true, ..Abilities::CHOICE }),
    ("qwen.", Abilities::CHOICE),
];

/// The longest prompt of a model, in tokens.
pub(super) fn context_tokens(base: &str) -> u64 {
    const CONTEXTS: &[(&str, u64)] = &[
        ("amazon.nova-micro-", 128_000),
        ("amazon.nova-premier-", 1_000_000),
        ("amazon.nova-2-", 1_000_000),
        ("amazon.nova-", 300_000),
        ("amazon.titan-embed-", 8_192),
        ("amazon.titan-text-lite-", 4_096),
        ("amazon.titan-text-premier-", 32_000),
        ("amazon.titan-text-", 8_192),
        ("cohere.command-r", 128_000),
        ("cohere.command-", 4_096),
        ("cohere.embed-v4", 128_000),
        ("deepseek.", 128_000),
        ("meta.llama3-8b-", 8_192),
        ("meta.llama3-70b-", 8_192),
        ("meta.", 128_000),
        ("mistral.mistral-large-2407-", 128_000),
        ("mistral.pixtral-", 128_000),
        ("mistral.", 32_000),
        ("openai.", 128_000),
        ("qwen.", 256_000),
    ];
    CONTEXTS.iter().find(|(prefix, _)| base.starts_with(prefix)).map_or(200_000, |(_, tokens)| *tokens)
}

#[cfg(test)]
mod tests {
    use super::super::MODELS;
    use super::*;

    #[test]
    fn every_chat_model_is_told_apart() {
        for model in MODELS.iter().filter(|model| model.family.converses()) {
            assert!(TABLE.iter().any(|(prefix, _)| model.id.starts_with(prefix)), "{}", model.id);
        }
        assert!(Abilities::of("anthropic.claude-sonnet-4-5-20250929-v1:0").thinking);
        assert!(!Abilities::of("anthropic.claude-3-haiku-20240307-v1:0").thinking);
        assert!(!Abilities::of("mistral.mistral-7b-instruct-v0:2").system);
        assert_eq!(Abilities::of("abc123"), Abilities::ALL);
    }

    #[test]
    fn contexts_differ() {
        assert_eq!(context_tokens("amazon.titan-text-lite-v1"), 4_096);
        assert_eq!(context_tokens("anthropic.claude-3-haiku-20240307-v1:0"), 200_000);
    }
}
