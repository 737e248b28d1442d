//! What users write about quotas, in a provider's profile or in a drill file.
//!
//! One vocabulary for all providers; a key that the provider has no limit for is refused, so that nobody
//! believes in a limit that is not there.

use notation::{DurationText, Problems};
use serde::{Deserialize, Serialize};

use crate::{bedrock, vertex};

/// Limits as written. What is left out is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaFile {
    /// Start from the limits of the profile; the keys below override single ones.
    #[serde(default)]
    pub from_profile: bool,
    /// Requests a minute, per model and region (Bedrock) or base model and location (Vertex AI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Input and output tokens together, a minute (Bedrock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Input and output tokens together, a day (Bedrock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// What an output token costs at settlement, in tokens of quota (Bedrock; the model's own when left out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burndown: Option<u32>,
    /// What a request reserves that sets no `max_tokens`: (Bedrock; the model's maximum when left out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_tokens: Option<u64>,
    /// Input tokens a minute (Vertex AI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens a minute (Vertex AI, partner models).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_minute: Option<u64>,
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
            requests_per_minute: self.requests_per_minute.or(base.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.or(base.tokens_per_minute),
            tokens_per_day: self.tokens_per_day.or(base.tokens_per_day),
            burndown: self.burndown.or(base.burndown),
            default_max_tokens: self.default_max_tokens.or(base.default_max_tokens),
            input_tokens_per_minute: self.input_tokens_per_minute.or(base.input_tokens_per_minute),
            output_tokens_per_minute: self.output_tokens_per_minute.or(base.output_tokens_per_minute),
            shared_pool: self.shared_pool.clone().or_else(|| base.shared_pool.clone()),
        }
    }

    /// The limits of Bedrock.
    ///
    /// # Errors
    /// Limits that Bedrock does not have, or that make no sense.
    pub fn bedrock(&self) -> Result<bedrock::Limits, Problems> {
        let mut problems = Problems::new();
        let accepted = "requests_per_minute, tokens_per_minute, tokens_per_day, burndown, default_max_tokens";
        refuse(
            &mut problems,
            "Bedrock",
            accepted,
            &[
                ("input_tokens_per_minute", self.input_tokens_per_minute.is_some()),
                ("output_tokens_per_minute", self.output_tokens_per_minute.is_some()),
                ("shared_pool", self.shared_pool.is_some()),
            ],
        );
        if self.requests_per_minute.is_some_and(|limit| limit == 0 || limit > u64::from(u32::MAX)) {
            problems.add("requests_per_minute", "is out of range", "1 to 4294967295");
        }
        let limits = bedrock::Limits {
            requests_per_minute: self
                .requests_per_minute
                .and_then(|limit| u32::try_from(limit).ok()?.try_into().ok()),
            tokens_per_minute: self.tokens_per_minute,
            tokens_per_day: self.tokens_per_day,
            burndown: self.burndown,
            default_max_tokens: self.default_max_tokens,
        };
        problems.into_result(limits)
    }

    /// The limits of Vertex AI.
    ///
    /// # Errors
    /// Limits that Vertex AI does not have, or that make no sense.
    pub fn vertex(&self) -> Result<vertex::Limits, Problems> {
        let mut problems = Problems::new();
        let accepted = "requests_per_minute, input_tokens_per_minute, output_tokens_per_minute, shared_pool";
        refuse(
            &mut problems,
            "Vertex AI",
            accepted,
            &[
                ("tokens_per_minute", self.tokens_per_minute.is_some()),
                ("tokens_per_day", self.tokens_per_day.is_some()),
                ("burndown", self.burndown.is_some()),
                ("default_max_tokens", self.default_max_tokens.is_some()),
            ],
        );
        let pool = self.shared_pool.as_ref().map(SharedPoolFile::pool).transpose();
        let limits = vertex::Limits {
            requests_per_minute: self.requests_per_minute,
            input_tokens_per_minute: self.input_tokens_per_minute,
            output_tokens_per_minute: self.output_tokens_per_minute,
            shared_pool: problems.take("shared_pool", pool).flatten(),
        };
        problems.into_result(limits)
    }
}

impl SharedPoolFile {
    fn pool(&self) -> Result<vertex::PoolLimits, Problems> {
        let mut problems = Problems::new();
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
            load: self.load.iter().map(|point| (point.at.0, point.load)).collect(),
        })
    }
}

fn refuse(problems: &mut Problems, provider: &str, accepted: &str, keys: &[(&str, bool)]) {
    for (key, _) in keys.iter().filter(|(_, is_set)| *is_set) {
        problems.add(*key, format!("is not a limit of {provider}"), accepted);
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
        let problems = file("tokens_per_minute = 5\nburndown = 5").vertex().expect_err("not Vertex AI's");
        assert_eq!(
            problems.as_slice().iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
            ["tokens_per_minute", "burndown"]
        );
        let problems = file("[shared_pool]\ntokens_per_minute = 1").bedrock().expect_err("not Bedrock's");
        assert_eq!(problems.as_slice()[0].path, "shared_pool");
    }

    #[test]
    fn keys_of_the_drill_override_those_of_the_profile() {
        let profile = file("requests_per_minute = 200\ntokens_per_minute = 200000\nburndown = 5");
        let limits =
            file("from_profile = true\ntokens_per_minute = 7").over(&profile).bedrock().expect("sound");
        assert_eq!(limits.tokens_per_minute, Some(7));
        assert_eq!(limits.requests_per_minute.map(std::num::NonZero::get), Some(200));
        assert_eq!(limits.burndown, Some(5));
    }

    #[test]
    fn every_problem_of_a_load_curve_is_told() {
        let text = "[shared_pool]\ntokens_per_minute = 1\nload = [{ at = \"5s\", load = -1.0 }, { at = \"5s\", load = 1.0 }]";
        let problems = file(text).vertex().expect_err("two problems");
        assert_eq!(
            problems.to_string(),
            "shared_pool.load[1].at: is not after the point before (accepted: a later time)\n\
             shared_pool.load[0].load: is not a load (accepted: 0 (empty) to 1 (full) and above)"
        );
        assert!(toml::from_str::<QuotaFile>("request_per_minute = 5").is_err(), "a typo is no limit");
    }
}
