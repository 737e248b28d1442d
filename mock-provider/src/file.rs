//! What a mock serves, as users write it: `[providers.NAME]` of a drill, or a file of its own.

use std::collections::BTreeMap;

use notation::Problems;
use quota::QuotaFile;
use serde::{Deserialize, Serialize};
use world::Seed;

use crate::answers::AnswerRuleFile;
use crate::plan::MockPlan;
use crate::profile::{AnswerFile, LatencyFile, Profile, SchedulerFile, StreamFile};

/// One mock provider, as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockFile {
    /// The profile of the models that no other profile describes, such as `bedrock/claude-haiku`, which is
    /// taken when left out. It also says whose error a path of nobody's gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Further profiles, for the models that they list. Those that ship follow anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Model ids to serve beside the known ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// How strictly credentials are checked: `strict` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthMode>,
    /// The only region whose signatures count (Bedrock); any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The only API keys that count (OpenAI, Anthropic, Vertex AI); any when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<String>,
    /// A seed of its own; that of the run when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Replaces single values of the profile's speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyFile>,
    /// Puts an engine behind the profile's models that slows down under load, or replaces single values of the
    /// profile's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<SchedulerFile>,
    /// Replaces single values of the profile's frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamFile>,
    /// Replaces single values of the profile's lengths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerFile>,
    /// Answers of the user's own, for the requests that they match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerRuleFile>,
    /// Limits to impose on the surface of the main profile, or the name of a quota that others use as well;
    /// none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaFile>,
}

/// How strictly credentials are checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// Not at all.
    Off,
    /// There must be some.
    Presence,
    /// As the provider does, as far as it can be told: Bedrock's signatures are verified and its keys must be
    /// known; Google's tokens say nothing to a stranger, so any will do; nor do API keys, unless the mock
    /// was told which there are.
    #[default]
    Strict,
}

/// The profile of a mock that names none.
const DEFAULT_PROFILE: &str = "bedrock/claude-haiku";

impl MockFile {
    /// Checks it. `name` is the provider's in the run, such as `bedrock-eu`; it keys what the mock draws.
    ///
    /// # Errors
    /// Every value that makes no sense, and profiles that do not exist.
    pub fn plan(&self, name: &str) -> Result<MockPlan, Problems> {
        self.plan_among(name, &BTreeMap::new())
    }

    /// Checks it, with the quotas that have names and may be shared: the sections `[quotas.NAME]` beside it.
    ///
    /// # Errors
    /// Every value that makes no sense, and names of nobody.
    pub fn plan_among(&self, name: &str, quotas: &BTreeMap<String, QuotaFile>) -> Result<MockPlan, Problems> {
        let mut problems = Problems::new();
        let wanted = self.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
        let main = self.main_profile(wanted, &mut problems);
        let mut others = Vec::new();
        for (index, name) in self.profiles.iter().enumerate() {
            others.extend(known(name, &format!("profiles[{index}]"), &mut problems));
        }
        let planned = |(index, rule): (usize, &AnswerRuleFile)| {
            problems.take(&format!("answers[{index}]"), rule.plan())
        };
        let answers = self.answers.iter().enumerate().filter_map(planned).collect();
        let Some(main) = main else { return Err(problems) };
        let limits = self.limits(&main, quotas, &mut problems);
        let mut plan = MockPlan::new(name, main, others);
        plan.models.clone_from(&self.models);
        plan.auth = self.auth.unwrap_or_default();
        plan.region.clone_from(&self.region);
        plan.api_keys.clone_from(&self.api_keys);
        plan.seed = self.seed.map(Seed);
        plan.limits = limits;
        plan.answers = answers;
        problems.into_result(plan)
    }

    fn main_profile(&self, wanted: &str, problems: &mut Problems) -> Option<Profile> {
        let changed = known(wanted, "profile", problems)?.with(
            self.latency.as_ref(),
            self.stream.as_ref(),
            self.answer.as_ref(),
        );
        let changed = problems.take("", changed)?;
        match &self.scheduler {
            Some(file) => problems.take("", changed.scheduled(file)),
            None => Some(changed),
        }
    }

    fn limits(
        &self,
        main: &Profile,
        quotas: &BTreeMap<String, QuotaFile>,
        problems: &mut Problems,
    ) -> quota::Limits {
        let Some(file) = &self.quota else { return quota::Limits::default() };
        let file = problems.take("quota", file.resolve(quotas)).unwrap_or_default();
        let file = if file.from_profile { file.over(&main.quota) } else { file };
        problems.take("quota", file.plan(main.surface.quota_provider())).unwrap_or_default()
    }
}

fn known(name: &str, path: &str, problems: &mut Problems) -> Option<Profile> {
    let profile = Profile::named(name);
    if profile.is_none() {
        let accepted = Profile::names().collect::<Vec<_>>().join(", ");
        problems.add(path, format!("`{name}` is no profile"), accepted);
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Surface;

    fn plan(text: &str) -> Result<MockPlan, Problems> {
        toml::from_str::<MockFile>(text).expect(text).plan("p")
    }

    #[test]
    fn an_empty_file_is_a_whole_mock() {
        let plan = plan("").expect("sound");
        assert_eq!(plan.home(), Surface::Bedrock);
        assert_eq!(plan.auth, AuthMode::Strict);
        assert_eq!(plan.limits, quota::Limits::default());
    }

    #[test]
    fn values_of_the_profile_can_be_replaced_and_its_quota_asked_for() {
        let plan = plan(
            "profile = \"bedrock/claude-sonnet\"\nauth = \"off\"\nlatency = { overhead = \"1s\" }\n\
             quota = { from_profile = true, tokens_per_minute = 5 }",
        )
        .expect("sound");
        assert_eq!(plan.main().latency.overhead.as_secs(), 1);
        assert_eq!(plan.limits.bedrock.tokens_per_minute, Some(5));
        assert_eq!(plan.limits.bedrock.requests_per_minute, Some(200));
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let problems = plan(
            "profile = \"vertex/gemini-flash\"\nprofiles = [\"vertex/nothing\"]\nlatency = { ttft_cv = -1.0 }\n\
             quota = { burndown = 5 }",
        )
        .expect_err("three problems");
        let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["latency.ttft_cv", "profiles[0]"]);
        let problems =
            plan("profile = \"vertex/gemini-flash\"\nquota = { burndown = 5 }").expect_err("not Vertex AI's");
        assert_eq!(problems.as_slice()[0].path, "quota.burndown");
        assert!(toml::from_str::<MockFile>("profil = \"x\"").is_err());
    }
    #[test]
    fn a_quota_may_be_one_that_others_use() {
        let quotas = BTreeMap::from([(
            "account".to_owned(),
            toml::from_str("tokens_per_minute = 9").expect("a quota"),
        )]);
        let file: MockFile = toml::from_str("quota = { pool = \"account\" }").expect("a mock");
        let limits = file.plan_among("p", &quotas).expect("described").limits;
        assert_eq!(limits.pool.as_deref(), Some("account"));
        assert_eq!(limits.bedrock.tokens_per_minute, Some(9));
        assert_eq!(file.plan("p").expect_err("not described").as_slice()[0].path, "quota.pool");
    }
}
