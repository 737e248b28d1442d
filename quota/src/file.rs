//! What users write about quotas, in a provider's profile or in a drill file.
//!
//! One vocabulary for all providers; a key that the provider has no limit for is refused, so that nobody
//! believes in a limit that is not there.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use notation::{DurationText, Problems};
use serde::{Deserialize, Serialize};

use crate::openai::azure;
use crate::pools::Limits;
use crate::{anthropic, bedrock, openai, vertex};

/// Whose limits they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Amazon Bedrock.
    Bedrock,
    /// Google Vertex AI.
    Vertex,
    /// OpenAI and Azure OpenAI.
    OpenAi,
    /// Anthropic.
    Anthropic,
}

impl Provider {
    /// The limits that it has.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Bedrock => &[
                "requests_per_minute",
                "tokens_per_minute",
                "tokens_per_day",
                "burndown",
                "default_max_tokens",
            ],
            Self::Vertex => {
                &["requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute", "shared_pool"]
            }
            Self::OpenAi => &[
                "requests_per_minute",
                "requests_per_day",
                "tokens_per_minute",
                "tokens_per_day",
                "project_requests_per_minute",
                "project_tokens_per_minute",
                "images_per_minute",
                "default_max_tokens",
                "evaluation",
            ],
            Self::Anthropic => &[
                "requests_per_minute",
                "input_tokens_per_minute",
                "output_tokens_per_minute",
                "count_cache_reads",
            ],
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bedrock => "Bedrock",
            Self::Vertex => "Vertex AI",
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
        })
    }
}

/// Limits as written. What is left out is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaFile {
    /// Start from the limits of the profile; the keys below override single ones.
    #[serde(default)]
    pub from_profile: bool,
    /// The name of a quota, described elsewhere, on which all draw together who name it. No other key stands
    /// beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Requests a minute: per model and region (Bedrock), base model and location (Vertex AI), model (OpenAI),
    /// deployment (Azure OpenAI), class of models (Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Requests a day (OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Input and output tokens together, a minute (Bedrock, OpenAI, Azure OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Input and output tokens together, a day (Bedrock, OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Requests a minute of the caller's project (OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_requests_per_minute: Option<u64>,
    /// Tokens a minute of the caller's project (OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_tokens_per_minute: Option<u64>,
    /// Pictures a minute, shown in prompts or asked for (OpenAI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images_per_minute: Option<u64>,
    /// What an output token costs at settlement, in tokens of quota (Bedrock; the model's own when left out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burndown: Option<u32>,
    /// What a request without `max_tokens` counts for its answer (Bedrock: the model's maximum when left out;
    /// OpenAI and Azure OpenAI: 16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_tokens: Option<u64>,
    /// Input tokens a minute (Vertex AI, Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens a minute (Vertex AI's partner models, Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_minute: Option<u64>,
    /// Whether reads from the prompt cache count as input (Anthropic; they do not when left out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_cache_reads: Option<bool>,
    /// Over how long requests are counted, `1s` or `10s` (Azure OpenAI; `10s` when left out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<DurationText>,
    /// The pool that all customers share (Vertex AI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_pool: Option<SharedPoolFile>,
}

/// Vertex AI's dynamic shared quota.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedPoolFile {
    /// Tokens a minute up to which one's own traffic has priority: a threshold, not a cap.
    pub tokens_per_minute: u64,
    /// How much of that rate may come at once; `5s` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<DurationText>,
    /// How many times that rate may come within one second before a spike is refused; any number when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spike: Option<f64>,
    /// How full the pool is, over the run; straight lines between the points.
    #[serde(default)]
    pub load: Vec<LoadPointFile>,
}

/// One point of the pool's load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadPointFile {
    /// Since the run began.
    pub at: DurationText,
    /// 0 is empty, 1 is full, more is over-asked.
    pub load: f64,
}

impl QuotaFile {
    /// This file, with every limit that it leaves out taken from `profile`.
    #[must_use]
    pub fn over(&self, profile: &Self) -> Self {
        let base = profile;
        Self {
            from_profile: self.from_profile,
            pool: self.pool.clone(),
            requests_per_minute: self.requests_per_minute.or(base.requests_per_minute),
            requests_per_day: self.requests_per_day.or(base.requests_per_day),
            tokens_per_minute: self.tokens_per_minute.or(base.tokens_per_minute),
            tokens_per_day: self.tokens_per_day.or(base.tokens_per_day),
            project_requests_per_minute: self
                .project_requests_per_minute
                .or(base.project_requests_per_minute),
            project_tokens_per_minute: self.project_tokens_per_minute.or(base.project_tokens_per_minute),
            images_per_minute: self.images_per_minute.or(base.images_per_minute),
            burndown: self.burndown.or(base.burndown),
            default_max_tokens: self.default_max_tokens.or(base.default_max_tokens),
            input_tokens_per_minute: self.input_tokens_per_minute.or(base.input_tokens_per_minute),
            output_tokens_per_minute: self.output_tokens_per_minute.or(base.output_tokens_per_minute),
            count_cache_reads: self.count_cache_reads.or(base.count_cache_reads),
            evaluation: self.evaluation.or(base.evaluation),
            shared_pool: self.shared_pool.clone().or_else(|| base.shared_pool.clone()),
        }
    }

    /// This file, or the one of the pool that it names, among `named`.
    ///
    /// # Errors
    /// A name that nobody has, and keys beside the name.
    pub fn resolve(&self, named: &BTreeMap<String, Self>) -> Result<Self, Problems> {
        let Some(name) = &self.pool else { return Ok(self.clone()) };
        let mut problems = Problems::new();
        if self.from_profile || !self.keys().is_empty() {
            problems.add(
                "pool",
                "stands beside limits",
                "the limits of a pool are told where it is described",
            );
        }
        match named.get(name) {
            None => {
                let mut accepted = named.keys().cloned().collect::<Vec<_>>().join(", ");
                if accepted.is_empty() {
                    "the name of a section [quotas.NAME]".clone_into(&mut accepted);
                }
                problems.add("pool", format!("`{name}` is no quota that is described"), accepted);
            }
            Some(pool) if pool.from_profile || pool.pool.is_some() => {
                let accepted = "limits: a pool has no profile and draws on no other";
                problems.add("pool", format!("`{name}` does not tell its limits"), accepted);
            }
            Some(_) => {}
        }
        let limits = named.get(name).cloned().unwrap_or_default();
        problems.into_result(Self { pool: Some(name.clone()), ..limits })
    }

    /// The limits of a mock whose profile is of `provider`.
    ///
    /// # Errors
    /// Limits that the provider does not have, or that make no sense.
    pub fn plan(&self, provider: Provider) -> Result<Limits, Problems> {
        let mut problems = Problems::new();
        let accepted = provider.keys();
        for key in self.keys().into_iter().filter(|key| !accepted.contains(key)) {
            problems.add(key, format!("is not a limit of {provider}"), accepted.join(", "));
        }
        let mut limits = Limits { pool: self.pool.clone(), ..Limits::default() };
        match provider {
            Provider::Bedrock => limits.bedrock = self.bedrock(),
            Provider::Vertex => limits.vertex = self.vertex(&mut problems),
            Provider::OpenAi => (limits.openai, limits.azure) = self.openai(&mut problems),
            Provider::Anthropic => limits.anthropic = self.anthropic(),
        }
        problems.into_result(limits)
    }

    /// The keys that are set.
    fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("requests_per_minute", self.requests_per_minute.is_some()),
            ("requests_per_day", self.requests_per_day.is_some()),
            ("tokens_per_minute", self.tokens_per_minute.is_some()),
            ("tokens_per_day", self.tokens_per_day.is_some()),
            ("project_requests_per_minute", self.project_requests_per_minute.is_some()),
            ("project_tokens_per_minute", self.project_tokens_per_minute.is_some()),
            ("images_per_minute", self.images_per_minute.is_some()),
            ("burndown", self.burndown.is_some()),
            ("default_max_tokens", self.default_max_tokens.is_some()),
            ("input_tokens_per_minute", self.input_tokens_per_minute.is_some()),
            ("output_tokens_per_minute", self.output_tokens_per_minute.is_some()),
            ("count_cache_reads", self.count_cache_reads.is_some()),
            ("evaluation", self.evaluation.is_some()),
            ("shared_pool", self.shared_pool.is_some()),
        ];
        keys.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect()
    }

    fn bedrock(&self) -> bedrock::Limits {
        bedrock::Limits {
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            tokens_per_day: self.tokens_per_day,
            burndown: self.burndown,
            default_max_tokens: self.default_max_tokens,
        }
    }

    fn vertex(&self, problems: &mut Problems) -> vertex::Limits {
        let pool = self.shared_pool.as_ref().map(SharedPoolFile::pool).transpose();
        vertex::Limits {
            requests_per_minute: self.requests_per_minute,
            input_tokens_per_minute: self.input_tokens_per_minute,
            output_tokens_per_minute: self.output_tokens_per_minute,
            shared_pool: problems.take("shared_pool", pool).flatten(),
        }
    }

    /// The same limits as OpenAI and as Azure count them.
    fn openai(&self, problems: &mut Problems) -> (openai::Limits, azure::Limits) {
        let evaluation = self.evaluation.map_or(azure::DEFAULT_EVALUATION, |text| text.0);
        if ![1, 10].map(Duration::from_secs).contains(&evaluation) {
            problems.add("evaluation", "is no evaluation period", "`1s` or `10s`");
        }
        let openai = openai::Limits {
            requests_per_minute: self.requests_per_minute,
            requests_per_day: self.requests_per_day,
            tokens_per_minute: self.tokens_per_minute,
            tokens_per_day: self.tokens_per_day,
            project_requests_per_minute: self.project_requests_per_minute,
            project_tokens_per_minute: self.project_tokens_per_minute,
            images_per_minute: self.images_per_minute,
            default_max_tokens: self.default_max_tokens,
        };
        let azure = azure::Limits {
            tokens_per_minute: self.tokens_per_minute,
            requests_per_minute: self.requests_per_minute,
            evaluation,
            default_max_tokens: self.default_max_tokens.unwrap_or(openai::DEFAULT_MAX_TOKENS),
        };
        (openai, azure)
    }

    fn anthropic(&self) -> anthropic::Limits {
        anthropic::Limits {
            requests_per_minute: self.requests_per_minute,
            input_tokens_per_minute: self.input_tokens_per_minute,
            output_tokens_per_minute: self.output_tokens_per_minute,
            count_cache_reads: self.count_cache_reads.unwrap_or(false),
        }
    }
}

impl SharedPoolFile {
    fn pool(&self) -> Result<vertex::PoolLimits, Problems> {
        let mut problems = Problems::new();
        if self.spike.is_some_and(|times| !(times.is_finite() && times >= 1.0)) {
            problems.add("spike", "is below the rate", "at least 1, such as 10");
        }
        for (index, pair) in self.load.windows(2).enumerate() {
            if pair[0].at.0 >= pair[1].at.0 {
                problems.add(
                    format!("load[{}].at", index + 1),
                    "is not after the point before",
                    "a later time",
                );
            }
        }
        for (index, point) in self.load.iter().enumerate() {
            if !point.load.is_finite() || point.load < 0.0 {
                problems.add(
                    format!("load[{index}].load"),
                    "is not a load",
                    "0 (empty) to 1 (full) and above",
                );
            }
        }
        problems.into_result(vertex::PoolLimits {
            tokens_per_minute: self.tokens_per_minute,
            burst: self.burst.map_or(vertex::DEFAULT_BURST, |burst| burst.0),
            spike: self.spike,
            load: self.load.iter().map(|point| (point.at.0, point.load)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> QuotaFile {
        toml::from_str(text).expect(text)
    }

    #[test]
    fn a_limit_of_another_provider_is_refused() {
        let problems =
            file("tokens_per_minute = 5\nburndown = 5").plan(Provider::Vertex).expect_err("not Vertex AI's");
        assert_eq!(
            problems.as_slice().iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
            ["tokens_per_minute", "burndown"]
        );
        let problems =
            file("[shared_pool]\ntokens_per_minute = 1").plan(Provider::Bedrock).expect_err("not Bedrock's");
        assert_eq!(problems.as_slice()[0].path, "shared_pool");
    }

    #[test]
    fn keys_of_the_drill_override_those_of_the_profile() {
        let profile = file("requests_per_minute = 200\ntokens_per_minute = 200000\nburndown = 5");
        let limits = file("from_profile = true\ntokens_per_minute = 7")
            .over(&profile)
            .plan(Provider::Bedrock)
            .expect("sound")
            .bedrock;
        assert_eq!(limits.tokens_per_minute, Some(7));
        assert_eq!(limits.requests_per_minute, Some(200));
        assert_eq!(limits.burndown, Some(5));
    }

    #[test]
    fn every_problem_of_a_load_curve_is_told() {
        let text = "[shared_pool]\ntokens_per_minute = 1\nload = [{ at = \"5s\", load = -1.0 }, { at = \"5s\", load = 1.0 }]";
        let problems = file(text).plan(Provider::Vertex).expect_err("two problems");
        assert_eq!(
            problems.to_string(),
            "shared_pool.load[1].at: is not after the point before (accepted: a later time)\n\
             shared_pool.load[0].load: is not a load (accepted: 0 (empty) to 1 (full) and above)"
        );
        assert!(toml::from_str::<QuotaFile>("request_per_minute = 5").is_err(), "a typo is no limit");
    }
    #[test]
    fn a_limit_of_openai_is_one_of_azure_as_well() {
        let limits =
            file("tokens_per_minute = 30000\nevaluation = \"1s\"").plan(Provider::OpenAi).expect("sound");
        assert_eq!(limits.openai.tokens_per_minute, Some(30_000));
        assert_eq!(limits.azure.requests_per_period(), Some(3));
        let limits = file("tokens_per_day = 7\nproject_tokens_per_minute = 6\nimages_per_minute = 5")
            .over(&file("project_requests_per_minute = 4\nimages_per_minute = 9"))
            .plan(Provider::OpenAi)
            .expect("sound")
            .openai;
        let expected = openai::Limits {
            tokens_per_day: Some(7),
            project_tokens_per_minute: Some(6),
            images_per_minute: Some(5),
            project_requests_per_minute: Some(4),
            ..openai::Limits::default()
        };
        assert_eq!(limits, expected);
        let problems = file("images_per_minute = 5").plan(Provider::Anthropic).expect_err("OpenAI's");
        assert_eq!(problems.as_slice()[0].path, "images_per_minute");
        let problems = file("evaluation = \"2s\"").plan(Provider::OpenAi).expect_err("1 or 10");
        assert_eq!(problems.as_slice()[0].path, "evaluation");
    }

    #[test]
    fn a_pool_is_named_alone_and_described_somewhere() {
        let named = BTreeMap::from([
            ("account".to_owned(), file("requests_per_minute = 7")),
            ("empty".to_owned(), file("from_profile = true")),
        ]);
        let limits = file("pool = \"account\"").resolve(&named).expect("described");
        assert_eq!((limits.pool.as_deref(), limits.requests_per_minute), (Some("account"), Some(7)));
        for text in ["pool = \"nobody\"", "pool = \"empty\"", "pool = \"account\"\nburndown = 1"] {
            assert_eq!(file(text).resolve(&named).expect_err(text).as_slice()[0].path, "pool", "{text}");
        }
        assert_eq!(file("burndown = 1").resolve(&named), Ok(file("burndown = 1")));
    }
}
