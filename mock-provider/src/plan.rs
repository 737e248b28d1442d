//! What a mock serves, checked.

use wire::bedrock::model::ModelId;
use world::Seed;

use crate::answers::AnswerRule;
use crate::file::AuthMode;
use crate::profile::{Kind, Profile};
use crate::surface::Surface;

/// One mock provider.
#[derive(Debug, Clone)]
pub struct MockPlan {
    /// The provider's name in the run; keys what the mock draws.
    pub name: String,
    /// Model ids to serve beside the known ones.
    pub models: Vec<String>,
    /// How strictly credentials are checked.
    pub auth: AuthMode,
    /// The only region whose signatures count.
    pub region: Option<String>,
    /// A seed of its own.
    pub seed: Option<Seed>,
    /// Whether answers say in a header ([`fault::layer::TOKENS_PLANNED`]) how many tokens they have. For a
    /// mock behind a proxy, which takes the header away; a real provider sends none.
    pub announces_tokens: bool,
    /// The only API keys that count, where they are checked at all (OpenAI, Anthropic); any key when empty.
    pub api_keys: Vec<String>,
    /// What each provider allows, and whether others draw on it as well.
    pub limits: quota::Limits,
    /// Answers of the user's own. The first rule that matches a request answers it.
    pub(crate) answers: Vec<AnswerRule>,
    /// The main one first, then others asked for, then all that ship.
    profiles: Vec<Profile>,
}

impl MockPlan {
    /// A mock without limits that follows `main` where no other profile describes the model.
    #[must_use]
    pub fn new(name: impl Into<String>, main: Profile, others: Vec<Profile>) -> Self {
        let mut profiles = vec![main];
        profiles.extend(others);
        let is_new = |profile: &Profile, known: &[Profile]| known.iter().all(|one| one.name != profile.name);
        for shipped in Surface::ALL.into_iter().flat_map(Profile::all_of) {
            if is_new(&shipped, &profiles) {
                profiles.push(shipped);
            }
        }
        Self {
            name: name.into(),
            models: Vec::new(),
            auth: AuthMode::default(),
            region: None,
            api_keys: Vec::new(),
            seed: None,
            announces_tokens: false,
            limits: quota::Limits::default(),
            answers: Vec::new(),
            profiles,
        }
    }

    /// The same mock, saying in each answer's head how many tokens it was to have: for a drill's attempt log.
    #[must_use]
    pub fn announcing_tokens(self) -> Self {
        Self { announces_tokens: true, ..self }
    }

    /// The profile that the mock was asked for.
    #[must_use]
    pub fn main(&self) -> &Profile {
        &self.profiles[0]
    }

    /// Every profile that a model of the mock may follow.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter()
    }

    /// What each profile of a surface says that the provider allows, by the profile's name.
    pub(crate) fn limits_of(&self, surface: Surface) -> impl Iterator<Item = (String, quota::Limits)> {
        let profiles = self.profiles.iter().filter(move |profile| profile.surface == surface);
        profiles.map(move |profile| {
            // Those that ship are sound, and those of a user have been checked.
            (profile.name.clone(), profile.quota.plan(surface.quota_provider()).unwrap_or_default())
        })
    }

    /// The surface of that profile.
    #[must_use]
    pub fn home(&self) -> Surface {
        self.main().surface
    }

    /// The profile that `model` follows: the first that lists it, else the first of its surface and kind.
    /// A Bedrock model may be named in any form: bare, as an inference profile, as an ARN.
    #[must_use]
    pub fn profile_of(&self, surface: Surface, kind: Kind, model: &str) -> &Profile {
        let model = match surface {
            Surface::Bedrock => ModelId::new(model).base(),
            Surface::Vertex | Surface::OpenAi | Surface::Anthropic => model,
        };
        let mut candidates =
            self.profiles.iter().filter(|profile| profile.surface == surface && profile.kind == kind);
        let first = candidates.clone().next();
        candidates
            .find(|profile| profile.models.iter().any(|listed| listed == model))
            .or(first)
            // Profiles of every surface and kind ship.
            .unwrap_or(self.main())
    }

    /// Whether a profile of the surface or the plan itself lists `model`.
    #[must_use]
    pub fn lists(&self, surface: Surface, kind: Option<Kind>, model: &str) -> bool {
        let of_kind =
            |profile: &&Profile| profile.surface == surface && kind.is_none_or(|kind| profile.kind == kind);
        self.models.iter().any(|listed| listed == model)
            || self
                .profiles
                .iter()
                .filter(of_kind)
                .any(|profile| profile.models.iter().any(|listed| listed == model))
    }

    /// Every model id that a profile of the surface lists, in alphabetical order.
    pub(crate) fn models_of(&self, surface: Surface) -> Vec<&str> {
        let profiles = self.profiles.iter().filter(|profile| profile.surface == surface);
        let mut models: Vec<&str> =
            profiles.flat_map(|profile| &profile.models).map(String::as_str).collect();
        models.sort_unstable();
        models.dedup();
        models
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_follows_the_profile_that_lists_it() {
        let named = |name| Profile::named(name).expect(name);
        let plan = MockPlan::new("p", named("bedrock/claude-haiku"), vec![]);
        let name = |surface, kind, model| plan.profile_of(surface, kind, model).name.clone();
        assert_eq!(
            name(Surface::Bedrock, Kind::Chat, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
            "bedrock/claude-sonnet"
        );
        assert_eq!(name(Surface::Bedrock, Kind::Chat, "meta.llama3-1-8b-instruct-v1:0"), "bedrock/llama");
        assert_eq!(name(Surface::Bedrock, Kind::Chat, "writer.palmyra-x5-v1:0"), "bedrock/claude-haiku");
        assert_eq!(
            name(Surface::Bedrock, Kind::Embeddings, "amazon.titan-embed-text-v2:0"),
            "bedrock/titan-embed"
        );
        assert_eq!(name(Surface::Vertex, Kind::Chat, "gemini-3"), "vertex/gemini-flash");
        assert!(plan.lists(Surface::Vertex, Some(Kind::Chat), "gemini-2.5-pro"));
        assert!(!plan.lists(Surface::Vertex, Some(Kind::Chat), "text-embedding-005"));
    }
}
