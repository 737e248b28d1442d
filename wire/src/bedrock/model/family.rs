//! Families of models: which body InvokeModel carries.

/// Which body an InvokeModel call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `anthropic.claude-*`: the Messages API.
    Claude,
    /// `amazon.nova-*` text models: Converse-like bodies.
    Nova,
    /// `amazon.titan-text-*`
    TitanText,
    /// `amazon.titan-embed-text-*`
    TitanEmbeddings,
    /// `amazon.titan-embed-image-*`: texts and pictures.
    TitanMultimodal,
    /// `cohere.embed-*`
    CohereEmbed,
    /// `cohere.command-r*`
    CohereChat,
    /// `cohere.command-text-*` and `-light-text-*`
    CohereCommand,
    /// `meta.llama*`
    Llama,
    /// `mistral.*` that complete a prompt.
    Mistral,
    /// Newer `mistral.*`, `deepseek.*`, `qwen.*` and `openai.*`: chat completions.
    ChatCompletions,
    /// `amazon.nova-canvas-*` and `amazon.titan-image-*`
    AmazonImage,
    /// `stability.*`
    Stability,
    /// `amazon.nova-sonic-*` and `amazon.nova-2-sonic-*`: speech, by the bidirectional stream only.
    Speech,
    /// `amazon.nova-reel-*` and `luma.*`: films, by asynchronous invocation only.
    Video,
}

impl Family {
    /// By the prefix of a foundation model's id; the first that fits counts.
    pub(super) fn of(base: &str) -> Option<Self> {
        [
            ("anthropic.claude-", Self::Claude),
            ("amazon.nova-canvas-", Self::AmazonImage),
            ("amazon.nova-reel-", Self::Video),
            ("luma.", Self::Video),
            ("amazon.nova-sonic-", Self::Speech),
            ("amazon.nova-2-sonic-", Self::Speech),
            ("amazon.nova-", Self::Nova),
            ("amazon.titan-text-", Self::TitanText),
            ("amazon.titan-embed-image-", Self::TitanMultimodal),
            ("amazon.titan-embed-text-", Self::TitanEmbeddings),
            ("amazon.titan-image-", Self::AmazonImage),
            ("stability.", Self::Stability),
            ("cohere.embed-", Self::CohereEmbed),
            ("cohere.command-r", Self::CohereChat),
            ("cohere.command-", Self::CohereCommand),
            ("meta.llama", Self::Llama),
            ("mistral.mistral-7b-", Self::Mistral),
            ("mistral.mixtral-", Self::Mistral),
            ("mistral.mistral-small-2402-", Self::Mistral),
            ("mistral.mistral-large-2402-", Self::Mistral),
            ("mistral.", Self::ChatCompletions),
            ("deepseek.", Self::ChatCompletions),
            ("qwen.", Self::ChatCompletions),
            ("openai.", Self::ChatCompletions),
        ]
        .into_iter()
        .find_map(|(prefix, family)| base.starts_with(prefix).then_some(family))
    }

    /// Whether Converse serves it.
    pub fn converses(self) -> bool {
        !self.embeds() && !self.draws() && !matches!(self, Self::Video | Self::Speech)
    }

    /// Whether its answers are vectors.
    pub fn embeds(self) -> bool {
        matches!(self, Self::TitanEmbeddings | Self::TitanMultimodal | Self::CohereEmbed)
    }

    /// Whether its answers are pictures.
    pub fn draws(self) -> bool {
        matches!(self, Self::AmazonImage | Self::Stability)
    }

    /// The vendor's name in model lists.
    pub fn provider_name(self, base: &str) -> &'static str {
        match base.split('.').next().unwrap_or_default() {
            "anthropic" => "Anthropic",
            "cohere" => "Cohere",
            "deepseek" => "DeepSeek",
            "luma" => "Luma AI",
            "meta" => "Meta",
            "mistral" => "Mistral AI",
            "openai" => "OpenAI",
            "qwen" => "Qwen",
            "stability" => "Stability AI",
            _ => "Amazon",
        }
    }
}
