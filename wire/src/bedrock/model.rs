//! Model identifiers and what is known of the models behind them.
//!
//! The values are starting points of the public documentation (limits differ by account and change): whoever meters
//! or bills takes them from a profile and falls back to these.

/// A model id as a client sends it, percent-decoded: a bare id, an inference profile or an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelId<'a> {
    text: &'a str,
    resource: &'a str,
    profile: Option<Profile>,
}

/// Where a cross-region inference profile may serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// `us.`
    Us,
    /// `eu.`
    Eu,
    /// `apac.`
    Apac,
    /// `us-gov.`
    UsGov,
    /// `global.`
    Global,
}

impl Profile {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Us, "us."),
        (Self::Eu, "eu."),
        (Self::Apac, "apac."),
        (Self::UsGov, "us-gov."),
        (Self::Global, "global."),
    ];

    fn strip(id: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|(profile, prefix)| Some((profile, id.strip_prefix(prefix)?)))
    }
}

impl<'a> ModelId<'a> {
    /// Reads an id. Anything is an id: whether the model exists is for [`ModelId::model`] to say.
    pub fn new(text: &'a str) -> Self {
        let resource = match text.strip_prefix("arn:") {
            Some(arn) => arn.rsplit('/').next().unwrap_or(arn),
            None => text,
        };
        let (profile, resource) = match Profile::strip(resource) {
            Some((profile, base)) => (Some(profile), base),
            None => (None, resource),
        };
        Self { text, resource, profile }
    }

    /// The id as sent.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The foundation model's id, without ARN and profile prefix: `anthropic.claude-3-haiku-20240307-v1:0`. For an
    /// ARN of something made in an account (application profile, provisioned model) its opaque last part.
    pub fn base(&self) -> &'a str {
        self.resource
    }

    /// The profile prefix, if it has one.
    pub fn profile(&self) -> Option<Profile> {
        self.profile
    }

    /// Whether it is an Amazon resource name.
    pub fn is_arn(&self) -> bool {
        self.text.starts_with("arn:")
    }

    /// What is known of the model.
    pub fn model(&self) -> Option<&'static Model> {
        MODELS.iter().find(|model| model.id == self.resource)
    }

    /// The family, by the vendor prefix also for a model that is not listed.
    pub fn family(&self) -> Option<Family> {
        Family::of(self.resource)
    }

    /// Quota tokens that one output token costs at settlement: 5 for Claude 3.7 and later, else 1.
    pub fn burndown(&self) -> u32 {
        self.model().map_or(1, |model| model.burndown)
    }

    /// The most tokens one answer may have: what a request without `maxTokens` reserves.
    pub fn max_output_tokens(&self) -> u32 {
        self.model().map_or(DEFAULT_MAX_OUTPUT, |model| model.max_output_tokens)
    }

    /// The ARN of the foundation model in a region, as error texts and model lists show it.
    pub fn foundation_model_arn(&self, region: &str) -> String {
        format!("arn:aws:bedrock:{region}::foundation-model/{}", self.resource)
    }
}

/// The output limit assumed for a model that is not listed.
const DEFAULT_MAX_OUTPUT: u32 = 4096;

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
    /// `cohere.embed-*`
    CohereEmbed,
    /// `meta.llama*`
    Llama,
    /// `mistral.*`
    Mistral,
    /// `amazon.nova-canvas-*`, `amazon.titan-image-*` and `stability.*`
    Image,
}

impl Family {
    fn of(base: &str) -> Option<Self> {
        [
            ("anthropic.claude-", Self::Claude),
            ("amazon.nova-canvas-", Self::Image),
            ("amazon.nova-", Self::Nova),
            ("amazon.titan-text-", Self::TitanText),
            ("amazon.titan-embed-text-", Self::TitanEmbeddings),
            ("amazon.titan-image-", Self::Image),
            ("stability.", Self::Image),
            ("cohere.embed-", Self::CohereEmbed),
            ("meta.llama", Self::Llama),
            ("mistral.", Self::Mistral),
        ]
        .into_iter()
        .find_map(|(prefix, family)| base.starts_with(prefix).then_some(family))
    }

    /// Whether Converse serves it.
    pub fn converses(self) -> bool {
        !matches!(self, Self::TitanEmbeddings | Self::CohereEmbed | Self::Image)
    }

    /// The vendor's name in model lists.
    pub fn provider_name(self, base: &str) -> &'static str {
        match self {
            Self::Claude => "Anthropic",
            Self::CohereEmbed => "Cohere",
            Self::Llama => "Meta",
            Self::Mistral => "Mistral AI",
            Self::Image if base.starts_with("stability.") => "Stability AI",
            Self::Nova | Self::TitanText | Self::TitanEmbeddings | Self::Image => "Amazon",
        }
    }
}

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
    model("amazon.nova-canvas-v1:0", "Nova Canvas", Family::Image, (1, 0), true),
    model("amazon.nova-lite-v1:0", "Nova Lite", Family::Nova, (1, 10_000), true),
    model("amazon.nova-micro-v1:0", "Nova Micro", Family::Nova, (1, 10_000), true),
    model("amazon.nova-premier-v1:0", "Nova Premier", Family::Nova, (1, 32_000), false),
    model("amazon.nova-pro-v1:0", "Nova Pro", Family::Nova, (1, 10_000), true),
    model("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", Family::TitanEmbeddings, (1, 0), true),
    model("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", Family::TitanEmbeddings, (1, 0), true),
    model("amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", Family::Image, (1, 0), true),
    model("amazon.titan-text-express-v1", "Titan Text G1 - Express", Family::TitanText, (1, 8_192), true),
    model("amazon.titan-text-lite-v1", "Titan Text G1 - Lite", Family::TitanText, (1, 4_096), true),
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
    model("cohere.embed-english-v3", "Embed English", Family::CohereEmbed, (1, 0), true),
    model("cohere.embed-multilingual-v3", "Embed Multilingual", Family::CohereEmbed, (1, 0), true),
    model("cohere.embed-v4:0", "Embed v4", Family::CohereEmbed, (1, 0), true),
    model("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct", Family::Llama, (1, 8_192), true),
    model("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", Family::Llama, (1, 8_192), true),
    model("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", Family::Llama, (1, 8_192), false),
    model("mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", Family::Mistral, (1, 8_192), true),
    model("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)", Family::Mistral, (1, 8_192), true),
    model("stability.sd3-5-large-v1:0", "Stable Diffusion 3.5 Large", Family::Image, (1, 0), true),
];

#[cfg(test)]
mod tests {
    use super::*;

    const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";

    #[test]
    fn every_spelling_of_an_id_leads_to_the_same_model() {
        for (text, profile) in [
            (HAIKU.to_owned(), None),
            (format!("us.{HAIKU}"), Some(Profile::Us)),
            (format!("us-gov.{HAIKU}"), Some(Profile::UsGov)),
            (format!("global.{HAIKU}"), Some(Profile::Global)),
            (format!("arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}"), None),
            (
                format!("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{HAIKU}"),
                Some(Profile::Eu),
            ),
        ] {
            let id = ModelId::new(&text);
            assert_eq!(
                (id.base(), id.profile(), id.is_arn()),
                (HAIKU, profile, text.starts_with("arn")),
                "{text}"
            );
            assert_eq!(id.model().map(|model| model.name), Some("Claude 3 Haiku"));
        }
    }

    #[test]
    fn an_application_profile_is_opaque() {
        let id = ModelId::new("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123");
        assert_eq!((id.base(), id.model(), id.family(), id.burndown()), ("abc123", None, None, 1));
        assert_eq!(id.max_output_tokens(), DEFAULT_MAX_OUTPUT);
    }

    #[test]
    fn newer_claude_models_cost_five_quota_tokens_an_output_token() {
        assert_eq!(ModelId::new("us.anthropic.claude-sonnet-4-5-20250929-v1:0").burndown(), 5);
        assert_eq!(ModelId::new(HAIKU).burndown(), 1);
    }

    #[test]
    fn the_table_is_sorted_and_agrees_with_the_prefixes() {
        assert!(MODELS.is_sorted_by_key(|model| model.id));
        for model in MODELS {
            assert_eq!(Family::of(model.id), Some(model.family), "{}", model.id);
        }
    }

    #[test]
    fn claude_bodies_carry_the_vendors_name() {
        assert_eq!(claude_name(HAIKU), "claude-3-haiku-20240307");
        assert_eq!(claude_name("meta.llama3-1-8b-instruct-v1:0"), "meta.llama3-1-8b-instruct-v1:0");
    }
}
