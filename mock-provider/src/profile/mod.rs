//! What a provider's model is like: its speed, its answers, its quotas. Dated, with sources.
//!
//! Profiles are data, in `configs/providers/PROVIDER/NAME.toml`, built into the binary and named
//! `PROVIDER/NAME`. Provider figures change: correct the file, not the code.

mod embedded;
mod file;
mod latency_file;
mod prediction;
mod scheduler_file;

pub use file::{AnswerFile, Kind, ProfileFile, StreamFile};
pub use latency_file::{LatencyFile, OrderFile, RecordedFile, SlowFile};
pub use prediction::{Prediction, Quantiles};
pub use scheduler_file::SchedulerFile;

use std::sync::Arc;

use notation::Problems;
use quota::QuotaFile;
use world::Draws;

use crate::Surface;
use crate::engine::{AnswerLaw, LatencyLaw, Prompt, Recording, SchedulerLaw, Timing};

/// A model's ways, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// `bedrock/claude-haiku`
    pub name: String,
    /// Whose API it speaks.
    pub surface: Surface,
    /// What its models do.
    pub kind: Kind,
    /// The ids of the models that it describes.
    pub models: Vec<String>,
    /// How fast it is.
    pub latency: LatencyLaw,
    /// Recorded latencies that take the place of `latency`.
    pub recording: Option<Arc<Recording>>,
    /// How its load slows it down; `None` for not at all.
    pub scheduler: Option<SchedulerLaw>,
    /// How its stream is cut into frames.
    pub coalescing: Coalescing,
    /// How long its answers are.
    pub answer: AnswerLaw,
    /// What the provider allows; imposed only where asked for.
    pub quota: QuotaFile,
}

/// How the tokens of an answer are grouped into the frames of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coalescing {
    /// Tokens in the first frame, which is sent when its last one is ready.
    pub first: u32,
    /// Tokens in each later frame.
    pub rest: u32,
}

impl Coalescing {
    /// One past the last token of the frame that begins with token `start` of an answer of `tokens`.
    #[must_use]
    pub fn frame_end(&self, start: u32, tokens: u32) -> u32 {
        let size = if start == 0 { self.first } else { self.rest };
        start.saturating_add(size.max(1)).min(tokens)
    }

    /// How many frames an answer of `tokens` tokens takes.
    #[must_use]
    pub fn frames(&self, tokens: u32) -> u32 {
        if tokens == 0 {
            return 0;
        }
        1 + tokens.saturating_sub(self.first.max(1)).div_ceil(self.rest.max(1))
    }
}

impl Profile {
    /// A profile that ships, by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let text = embedded::text_of(name)?;
        ProfileFile::parse(text).ok()?.plan(name).ok()
    }

    /// The names of all profiles that ship.
    pub fn names() -> impl Iterator<Item = &'static str> {
        embedded::PROFILES.iter().map(|(name, _)| *name)
    }

    /// The profiles that ship for one surface.
    pub(crate) fn all_of(surface: Surface) -> impl Iterator<Item = Self> {
        Self::names().filter_map(Self::named).filter(move |profile| profile.surface == surface)
    }

    /// Draws how a request fares that the model serves alone.
    pub(crate) fn alone(&self, prompt: impl Into<Prompt>, draws: &mut Draws) -> Timing {
        match &self.recording {
            Some(recording) => recording.row(draws.next_u64()),
            None => self.latency.draw(prompt, draws),
        }
    }

    /// The profile with the engine of `file` behind it, over its own.
    ///
    /// # Errors
    /// Values that make no sense.
    pub fn scheduled(&self, file: &SchedulerFile) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let law = file.plan(self.scheduler.as_ref(), &self.latency);
        let scheduler = problems.take("scheduler", law).or(self.scheduler);
        problems.into_result(Self { scheduler, ..self.clone() })
    }

    /// The profile with single values replaced.
    ///
    /// # Errors
    /// Values that make no sense.
    pub fn with(
        &self,
        latency: Option<&LatencyFile>,
        stream: Option<&StreamFile>,
        answer: Option<&AnswerFile>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut profile = self.clone();
        if let Some(file) = latency {
            profile.latency =
                problems.take("latency", file.plan(Some(&self.latency))).unwrap_or(self.latency);
            if let Some(recording) = problems.take("latency", file.recording()).flatten() {
                profile.recording = Some(Arc::new(recording));
            }
        }
        if let Some(file) = stream {
            profile.coalescing =
                problems.take("stream", file.plan(self.coalescing)).unwrap_or(self.coalescing);
        }
        if let Some(file) = answer {
            profile.answer = problems.take("answer", file.plan(Some(self.answer))).unwrap_or(self.answer);
        }
        problems.into_result(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_ships_is_sound() {
        for (name, text) in embedded::PROFILES {
            let file = ProfileFile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!file.sources.is_empty() && !file.as_of.is_empty(), "{name} has no source");
            let profile = file.plan(name).unwrap_or_else(|problems| panic!("{name}: {problems}"));
            assert!(!profile.models.is_empty(), "{name}");
            let quota = profile.quota.plan(profile.surface.quota_provider());
            quota.unwrap_or_else(|problems| panic!("{name}: {problems}"));
        }
        assert_eq!(
            Profile::named("bedrock/claude-haiku").map(|profile| profile.surface),
            Some(Surface::Bedrock)
        );
        assert_eq!(Profile::named("bedrock/nothing"), None);
    }

    #[test]
    fn a_capped_answer_is_few_events() {
        let haiku = Profile::named("bedrock/claude-haiku").expect("ships");
        // messageStart, contentBlockStop, messageStop and metadata stand around the text.
        assert_eq!(haiku.coalescing.frames(64) + 4, 8);
        let flash = Profile::named("vertex/gemini-flash").expect("ships");
        assert!(flash.coalescing.frames(64) <= 8);
    }

    #[test]
    fn frames_cover_every_token_once() {
        let coalescing = Coalescing { first: 1, rest: 21 };
        for tokens in [0, 1, 2, 22, 23, 64, 1_000] {
            let (mut start, mut frames) = (0, 0);
            while start < tokens {
                let end = coalescing.frame_end(start, tokens);
                assert!(end > start);
                (start, frames) = (end, frames + 1);
            }
            assert_eq!((start, frames), (tokens, coalescing.frames(tokens)));
        }
    }

    #[test]
    fn single_values_can_be_replaced() {
        let haiku = Profile::named("bedrock/claude-haiku").expect("ships");
        let fixed: LatencyFile = toml::from_str("ttft_cv = 0.0\ninter_token_cv = 0.0").expect("a file");
        let changed = haiku.with(Some(&fixed), None, None).expect("sound");
        assert_eq!(changed.latency.overhead, haiku.latency.overhead);
        assert_eq!((changed.latency.ttft_cv, changed.latency.inter_token_cv), (0.0, 0.0));
        let wrong: AnswerFile = toml::from_str("tokens_p50 = 900").expect("a file");
        let problems = haiku.with(None, None, Some(&wrong)).expect_err("p90 is below p50");
        assert_eq!(problems.as_slice()[0].path, "answer.tokens_p90");
    }
}
