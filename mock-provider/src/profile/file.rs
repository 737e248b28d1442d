//! A profile as it stands in its file, and single values of one as a drill replaces them.

use std::sync::Arc;

use notation::Problems;
use quota::QuotaFile;
use serde::{Deserialize, Serialize};

use super::{Coalescing, LatencyFile, Profile, SchedulerFile};
use crate::Surface;
use crate::engine::AnswerLaw;

/// A profile's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// One line for people.
    pub title: String,
    /// Whose API: `bedrock`, `vertex`, `openai` or `anthropic`.
    pub provider: Surface,
    /// What the models do.
    pub kind: Kind,
    /// The month in which the figures were gathered.
    pub as_of: String,
    /// Where each figure comes from.
    pub sources: Vec<String>,
    /// Ids of the models that it describes.
    pub models: Vec<String>,
    /// Speed.
    pub latency: LatencyFile,
    /// The engine behind the model, which slows down under load; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<SchedulerFile>,
    /// Frames; chat only.
    #[serde(default)]
    pub stream: StreamFile,
    /// Lengths; chat only.
    #[serde(default)]
    pub answer: AnswerFile,
    /// The provider's limits.
    #[serde(default)]
    pub quota: QuotaFile,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Answers conversations.
    Chat,
    /// Turns texts into vectors.
    Embeddings,
    /// Draws pictures.
    Images,
}

/// Frames, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamFile {
    /// Tokens in the first frame of text; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_frame_tokens: Option<u32>,
    /// Tokens in each later frame; 16 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_frame: Option<u32>,
}

/// Lengths of answers that `max_tokens` does not cut, as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerFile {
    /// Half of all answers are shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_p50: Option<f64>,
    /// Nine in ten answers are shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_p90: Option<f64>,
}

impl ProfileFile {
    /// Reads a profile.
    ///
    /// # Errors
    /// A text that is not TOML or not a profile.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Checks it.
    ///
    /// # Errors
    /// Every value that makes no sense.
    pub fn plan(&self, name: &str) -> Result<Profile, Problems> {
        let mut problems = Problems::new();
        if self.models.is_empty() {
            problems.add("models", "is empty", "at least one model id");
        }
        let latency = problems.take("latency", self.latency.plan(None));
        let recording = problems.take("latency", self.latency.recording()).flatten();
        let scheduler = latency.as_ref().zip(self.scheduler.as_ref());
        let scheduler = scheduler.map(|(latency, file)| file.plan(None, latency)).transpose();
        let scheduler = problems.take("scheduler", scheduler).flatten();
        let coalescing = problems.take("stream", self.stream.plan(Coalescing { first: 1, rest: 16 }));
        let answer = problems.take("answer", self.answer.plan(None));
        match (latency, coalescing, answer) {
            (Some(latency), Some(coalescing), Some(answer)) if problems.is_empty() => Ok(Profile {
                name: name.to_owned(),
                surface: self.provider,
                kind: self.kind,
                models: self.models.clone(),
                latency,
                recording: recording.map(Arc::new),
                scheduler,
                coalescing,
                answer,
                quota: self.quota.clone(),
            }),
            _ => Err(problems),
        }
    }
}

impl StreamFile {
    pub(super) fn plan(&self, base: Coalescing) -> Result<Coalescing, Problems> {
        let mut problems = Problems::new();
        for (key, value) in
            [("first_frame_tokens", self.first_frame_tokens), ("tokens_per_frame", self.tokens_per_frame)]
        {
            if value == Some(0) {
                problems.add(key, "is zero", "at least 1");
            }
        }
        problems.into_result(Coalescing {
            first: self.first_frame_tokens.unwrap_or(base.first),
            rest: self.tokens_per_frame.unwrap_or(base.rest),
        })
    }
}

/// Lengths of a profile that tells none, as for embeddings.
const ANSWER_P50_P90: (f64, f64) = (129.0, 424.0);
const Z90: f64 = 1.281_551_565_544_600_4;

impl AnswerFile {
    pub(super) fn plan(&self, base: Option<AnswerLaw>) -> Result<AnswerLaw, Problems> {
        let (base_p50, base_p90) =
            base.map_or(ANSWER_P50_P90, |law| (law.median, law.median * libm::exp(law.sigma * Z90)));
        let p50 = self.tokens_p50.unwrap_or(base_p50);
        let p90 = self.tokens_p90.unwrap_or(base_p90);
        let mut problems = Problems::new();
        if !(p50 >= 1.0 && p50.is_finite()) {
            problems.add("tokens_p50", "is not a length", "at least 1");
        } else if !(p90 >= p50 && p90.is_finite()) {
            problems.add(
                "tokens_p90",
                "is below tokens_p50",
                "at least tokens_p50; equal for answers of one length",
            );
        }
        problems.into_result(AnswerLaw::of_p50_p90(p50, p90))
    }
}
