//! The engine behind a model as it stands in a profile, and single values of it as a drill replaces them.

use std::time::Duration;

use notation::{DurationText, Problems};
use serde::{Deserialize, Serialize};

use crate::engine::{LatencyLaw, SchedulerLaw};

/// How load slows a model down, as written. In a drill, what is left out stays as the profile has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchedulerFile {
    /// Length of a step; the mean time from one token to the next when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<DurationText>,
    /// Requests that are worked on at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_batch: Option<u32>,
    /// Tokens in a chunk of a prompt; 512 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill_chunk_tokens: Option<u32>,
    /// Chunks that a step reads, of all prompts together; 8 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill_chunks_per_step: Option<u32>,
    /// How many times slower a full batch is than a single request; 1, not at all, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowdown: Option<f64>,
    /// Whether a queue of more than one and a half batches shrinks the batch; it does when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapses: Option<bool>,
}

/// The step of a model whose latency says nothing of tokens.
const STEP: Duration = Duration::from_millis(5);
const CHUNK_TOKENS: u32 = 512;
const CHUNKS_PER_STEP: u32 = 8;
/// Beyond this it is not a slowdown but an outage.
const SLOWDOWN_MAX: f64 = 100.0;

impl SchedulerFile {
    pub(super) fn plan(
        &self,
        base: Option<&SchedulerLaw>,
        latency: &LatencyLaw,
    ) -> Result<SchedulerLaw, Problems> {
        let mut problems = Problems::new();
        let own_step = Some(latency.inter_token).filter(|step| !step.is_zero()).unwrap_or(STEP);
        let step = self.step.map(|text| text.0).or(base.map(|law| law.step)).unwrap_or(own_step);
        if step < Duration::from_micros(1) {
            problems.add("step", "is no time", "a duration such as `5ms`");
        }
        let max_batch = self.max_batch.or(base.map(|law| law.max_batch));
        if max_batch.is_none_or(|batch| batch == 0) {
            problems.add("max_batch", "is missing or zero", "at least 1, such as 256");
        }
        let chunk = self.prefill_chunk_tokens.or(base.map(|law| law.prefill_chunk_tokens));
        let chunks = self.prefill_chunks_per_step.or(base.map(|law| law.prefill_chunks_per_step));
        for (key, value) in [("prefill_chunk_tokens", chunk), ("prefill_chunks_per_step", chunks)] {
            if value == Some(0) {
                problems.add(key, "is zero", "at least 1");
            }
        }
        let slowdown = self.slowdown.or(base.map(|law| law.slowdown)).unwrap_or(1.0);
        if !(1.0..=SLOWDOWN_MAX).contains(&slowdown) {
            problems.add("slowdown", "is not a factor", "1 (none) to 100");
        }
        problems.into_result(SchedulerLaw {
            step,
            max_batch: max_batch.unwrap_or(1),
            prefill_chunk_tokens: chunk.unwrap_or(CHUNK_TOKENS),
            prefill_chunks_per_step: chunks.unwrap_or(CHUNKS_PER_STEP),
            slowdown,
            collapses: self.collapses.or(base.map(|law| law.collapses)).unwrap_or(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::LatencyFile;

    fn plan(text: &str, base: Option<&SchedulerLaw>) -> Result<SchedulerLaw, Problems> {
        let latency: LatencyFile =
            toml::from_str("overhead = \"1s\"\ninter_token = \"9ms\"").expect("a file");
        let latency = latency.plan(None).expect("sound");
        toml::from_str::<SchedulerFile>(text).expect(text).plan(base, &latency)
    }

    #[test]
    fn a_batch_is_enough() {
        let law = plan("max_batch = 64", None).expect("sound");
        assert_eq!((law.step, law.max_batch, law.slowdown), (Duration::from_millis(9), 64, 1.0));
        assert_eq!((law.prefill_chunk_tokens, law.prefill_chunks_per_step, law.collapses), (512, 8, true));
        let changed = plan("slowdown = 2.0\ncollapses = false", Some(&law)).expect("sound");
        assert_eq!(changed, SchedulerLaw { slowdown: 2.0, collapses: false, ..law });
    }

    #[test]
    fn every_problem_is_told() {
        let text = "step = \"0s\"\nprefill_chunk_tokens = 0\nprefill_chunks_per_step = 0\nslowdown = 0.5";
        let problems = plan(text, None).expect_err("five");
        let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        let expected = ["step", "max_batch", "prefill_chunk_tokens", "prefill_chunks_per_step", "slowdown"];
        assert_eq!(paths, expected);
    }
}
