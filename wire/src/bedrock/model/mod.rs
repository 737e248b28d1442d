//! Model identifiers and what is known of the models behind them.
//!
//! The values are starting points of the public documentation (limits differ by account and change): whoever meters
//! or bills takes them from a profile and falls back to these.

mod abilities;
mod family;
mod table;

pub use abilities::Abilities;
pub use family::Family;
pub use table::{MODELS, Model, claude_name};

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
    /// `jp.`
    Jp,
    /// `au.`
    Au,
    /// `ca.`
    Ca,
    /// `us-gov.`
    UsGov,
    /// `global.`
    Global,
}

impl Profile {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Us, "us."),
        (Self::Eu, "eu."),
        (Self::Apac, "apac."),
        (Self::Jp, "jp."),
        (Self::Au, "au."),
        (Self::Ca, "ca."),
        (Self::UsGov, "us-gov."),
        (Self::Global, "global."),
    ];

    /// As it stands before an id: `us.`.
    pub fn prefix(self) -> &'static str {
        Self::ALL.into_iter().find(|(profile, _)| *profile == self).map_or("", |(_, prefix)| prefix)
    }

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

    /// Whether it is an ARN of something made in an account, whose model it does not tell: an application profile, a
    /// provisioned, custom or imported model, a prompt or its router, an endpoint of SageMaker.
    pub fn is_opaque(&self) -> bool {
        self.is_arn() && OPAQUE.iter().any(|kind| self.text.contains(kind))
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

    /// The longest prompt, in tokens.
    pub fn context_tokens(&self) -> u64 {
        abilities::context_tokens(self.resource)
    }

    /// The ARN of the foundation model in a region, as error texts and model lists show it.
    pub fn foundation_model_arn(&self, region: &str) -> String {
        format!("arn:aws:bedrock:{region}::foundation-model/{}", self.resource)
    }
}

/// The output limit assumed for a model that is not listed.
const DEFAULT_MAX_OUTPUT: u32 = 4096;

/// Kinds of resources in an ARN that do not tell their model.
const OPAQUE: [&str; 9] = [
    ":application-inference-profile/",
    ":provisioned-model/",
    ":custom-model/",
    ":custom-model-deployment/",
    ":imported-model/",
    ":prompt-router/",
    ":default-prompt-router/",
    ":endpoint/",
    ":prompt/",
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
            (format!("jp.{HAIKU}"), Some(Profile::Jp)),
            (format!("au.{HAIKU}"), Some(Profile::Au)),
            (format!("ca.{HAIKU}"), Some(Profile::Ca)),
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
        for kind in OPAQUE {
            let arn = format!("arn:aws:bedrock:us-east-1:123456789012{kind}abc123");
            assert!(ModelId::new(&arn).is_opaque(), "{arn}");
        }
        assert!(ModelId::new("arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine").is_opaque());
        assert!(!ModelId::new("abc/endpoint/x").is_opaque());
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
            assert_eq!(ModelId::new(model.id).family(), Some(model.family), "{}", model.id);
        }
    }

    #[test]
    fn claude_bodies_carry_the_vendors_name() {
        assert_eq!(claude_name(HAIKU), "claude-3-haiku-20240307");
        assert_eq!(claude_name("meta.llama3-1-8b-instruct-v1:0"), "meta.llama3-1-8b-instruct-v1:0");
    }
}
