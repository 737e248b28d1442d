//! The models that are known by themselves.

use super::Family;

/// What is known of a foundation model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its bare id.
    pub id: &'static str,
    /// Its name in model lists.
    pub name: &'static str,
    /// The body of its InvokeModel calls.
    pub family: Family,
    /// Quota tokens per output token.
    pub burndown: u32,
    /// The most tokens one answer may have; 0 for embeddings and images.
    pub max_output_tokens: u32,
    /// Whether the bare id may be invoked; else only an inference profile may.
    pub on_demand: bool,
}

impl Model {
    /// What the family's own API calls the model: see [`claude_name`].
    pub fn vendor_name(&self) -> &'static str {
        claude_name(self.id)
    }
}

/// A Claude model's bare name out of its Bedrock id, as Claude bodies carry it: `claude-3-haiku-20240307`. Other ids
/// as they are.
pub fn claude_name(base: &str) -> &str {
    let Some(name) = base.strip_prefix("anthropic.") else { return base };
    name.rfind("-v").map_or(name, |version| &name[..version])
}

const fn model(
    id: &'static str,
    name: &'static str,
    family: Family,
    (burndown, max_output_tokens): (u32, u32),
    on_demand: bool,
) -> Model {
    Model { id, name, family, burndown, max_output_tokens, on_demand }
}

/// The models that the mock knows by itself, by id.
#[rustfmt::skip]
pub const MODELS: &[Model] = &[
    model("amazon.nova-2-lite-v1:0", "Nova 2 Lite", Family::Nova, (1, 64_000), false),
    model("amazon.nova-2-sonic-v1:0", "Nova 2 Sonic", Family::Speech, (1, 4_096), true),
    model("amazon.nova-canvas-v1:0", "Nova Canvas", Family::AmazonImage, (1, 0), true),
    model("amazon.nova-lite-v1:0", "Nova Lite", Family::Nova, (1, 10_000), true),
    model("amazon.nova-micro-v1:0", "Nova Micro", Family::Nova, (1, 10_000), true),
    model("amazon.nova-premier-v1:0", "Nova Premier", Family::Nova, (1, 32_000), false),
    model("amazon.nova-pro-v1:0", "Nova Pro", Family::Nova, (1, 10_000), true),
    model("amazon.nova-reel-v1:1", "Nova Reel", Family::Video, (1, 0), true),
    model("amazon.nova-sonic-v1:0", "Nova Sonic", Family::Speech, (1, 4_096), true),
    model("amazon.titan-embed-image-v1", "Titan Multimodal Embeddings G1", Family::TitanMultimodal, (1, 0), true),
    model("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", Family::TitanEmbeddings, (1, 0), true),
    model("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", Family::TitanEmbeddings, (1, 0), true),
    model("amazon.titan-image-generator-v1", "Titan Image Generator G1", Family::AmazonImage, (1, 0), true),
    model("amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", Family::AmazonImage, (1, 0), true),
    model("amazon.titan-text-express-v1", "Titan Text G1 - Express", Family::TitanText, (1, 8_192), true),
    model("amazon.titan-text-lite-v1", "Titan Text G1 - Lite", Family::TitanText, (1, 4_096), true),
    model("amazon.titan-text-premier-v1:0", "Titan Text G1 - Premier", Family::TitanText, (1, 3_072), true),
    model("anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku", Family::Claude, (1, 8_192), true),
    model("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", Family::Claude, (1, 8_192), true),
    model("anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2", Family::Claude, (1, 8_192), true),
    model("anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet", Family::Claude, (5, 64_000), false),
    model("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", Family::Claude, (1, 4_096), true),
    model("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", Family::Claude, (5, 64_000), false),
    model("anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1", Family::Claude, (5, 32_000), false),
    model("anthropic.claude-opus-4-20250514-v1:0", "Claude Opus 4", Family::Claude, (5, 32_000), false),
    model("anthropic.claude-opus-4-5-20251101-v1:0", "Claude Opus 4.5", Family::Claude, (5, 64_000), false),
    model("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", Family::Claude, (5, 64_000), false),
    model("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", Family::Claude, (5, 64_000), false),
    model("cohere.command-light-text-v14", "Command Light", Family::CohereCommand, (1, 4_096), true),
    model("cohere.command-r-plus-v1:0", "Command R+", Family::CohereChat, (1, 4_000), true),
    model("cohere.command-r-v1:0", "Command R", Family::CohereChat, (1, 4_000), true),
    model("cohere.command-text-v14", "Command", Family::CohereCommand, (1, 4_096), true),
    model("cohere.embed-english-v3", "Embed English", Family::CohereEmbed, (1, 0), true),
    model("cohere.embed-multilingual-v3", "Embed Multilingual", Family::CohereEmbed, (1, 0), true),
    model("cohere.embed-v4:0", "Embed v4", Family::CohereEmbed, (1, 0), true),
    model("deepseek.r1-v1:0", "DeepSeek-R1", Family::ChatCompletions, (1, 32_768), false),
    model("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct", Family::Llama, (1, 8_192), true),
    model("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", Family::Llama, (1, 8_192), true),
    model("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", Family::Llama, (1, 8_192), false),
    model("meta.llama3-8b-instruct-v1:0", "Llama 3 8B Instruct", Family::Llama, (1, 2_048), true),
    model("meta.llama4-scout-17b-instruct-v1:0", "Llama 4 Scout 17B Instruct", Family::Llama, (1, 8_192), false),
    model("mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", Family::Mistral, (1, 8_192), true),
    model("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)", Family::Mistral, (1, 8_192), true),
    model("mistral.mistral-large-2407-v1:0", "Mistral Large (24.07)", Family::ChatCompletions, (1, 8_192), true),
    model("mistral.mixtral-8x7b-instruct-v0:1", "Mixtral 8x7B Instruct", Family::Mistral, (1, 4_096), true),
    model("mistral.pixtral-large-2502-v1:0", "Pixtral Large (25.02)", Family::ChatCompletions, (1, 8_192), false),
    model("openai.gpt-oss-120b-1:0", "gpt-oss-120b", Family::ChatCompletions, (1, 16_384), true),
    model("openai.gpt-oss-20b-1:0", "gpt-oss-20b", Family::ChatCompletions, (1, 16_384), true),
    model("qwen.qwen3-32b-v1:0", "Qwen3 32B (dense)", Family::ChatCompletions, (1, 16_384), true),
    model("stability.sd3-5-large-v1:0", "Stable Diffusion 3.5 Large", Family::Stability, (1, 0), true),
    model("stability.stable-diffusion-xl-v1", "SDXL 1.0", Family::Stability, (1, 0), true),
    model("stability.stable-image-core-v1:1", "Stable Image Core", Family::Stability, (1, 0), true),
    model("stability.stable-image-ultra-v1:1", "Stable Image Ultra", Family::Stability, (1, 0), true),
];
