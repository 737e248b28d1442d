//! What the laws of a profile come to: the latency that a healthy provider shows.
//!
//! The sum of two lognormals and a capped length has no closed form, so it is sampled, always with the
//! same draws: the same profile predicts the same figures.

use std::time::Duration;

use world::Seed;

use super::{Kind, Profile};

/// Samples behind each prediction; the 99th percentile of 5,000 is good to about 2 %. Every run pays for them before it
/// starts.
const SAMPLES: u64 = 5_000;

/// Percentiles of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// Half of all are shorter.
    pub p50: Duration,
    /// Nineteen in twenty are shorter.
    pub p95: Duration,
    /// Ninety-nine in a hundred are shorter.
    pub p99: Duration,
    /// Arithmetic mean.
    pub mean: Duration,
}

/// What a profile comes to, without faults, quotas or network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Until the first token.
    pub first_token: Quantiles,
    /// Until the answer is complete.
    pub complete: Quantiles,
    /// Mean length of an answer in tokens.
    pub output_tokens_mean: f64,
}

impl Profile {
    /// Predicts answers to prompts of `prompt_tokens` that allow `max_tokens`.
    #[must_use]
    pub fn predict(&self, prompt_tokens: u64, max_tokens: u32) -> Prediction {
        let domain = Seed(0).domain("mock-provider/prediction");
        let (mut first, mut complete, mut tokens_sum) = (Vec::new(), Vec::new(), 0_u64);
        for sample in 0..SAMPLES {
            let mut draws = domain.draws_n(sample);
            let timing = self.latency.draw(prompt_tokens, &mut draws);
            let tokens = match self.kind {
                Kind::Chat => self.answer.length(&mut draws, max_tokens).0,
                Kind::Embeddings | Kind::Images => 0,
            };
            tokens_sum += u64::from(tokens);
            first.push(timing.first());
            complete.push(timing.complete(tokens));
        }
        Prediction {
            first_token: quantiles(first),
            complete: quantiles(complete),
            output_tokens_mean: tokens_sum as f64 / SAMPLES as f64,
        }
    }
}

fn quantiles(mut samples: Vec<Duration>) -> Quantiles {
    samples.sort_unstable();
    let at = |percent: usize| samples.get(samples.len() * percent / 100).copied().unwrap_or_default();
    let sum: Duration = samples.iter().sum();
    let count = u32::try_from(samples.len()).unwrap_or(1).max(1);
    Quantiles { p50: at(50), p95: at(95), p99: at(99), mean: sum / count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predict(name: &str, prompt_tokens: u64, max_tokens: u32) -> Prediction {
        Profile::named(name).expect(name).predict(prompt_tokens, max_tokens)
    }

    #[test]
    fn a_short_chat_meets_its_objective_on_the_fast_profiles() {
        for name in ["bedrock/claude-haiku", "vertex/gemini-flash"] {
            let p95 = predict(name, 100, 64).complete.p95.as_millis();
            assert!((900..=1_200).contains(&p95), "{name}: p95 {p95} ms");
        }
    }

    #[test]
    fn the_first_token_follows_its_closed_form() {
        let haiku = Profile::named("bedrock/claude-haiku").expect("ships");
        let predicted = haiku.predict(100, 64).first_token;
        for (q, measured) in [(0.5, predicted.p50), (0.95, predicted.p95), (0.99, predicted.p99)] {
            let exact = haiku.latency.ttft(100).quantile(q).expect("lognormal");
            assert!(
                (measured.as_micros() as f64 / exact - 1.0).abs() < 0.02,
                "q {q}: {measured:?} of {exact}"
            );
        }
    }

    #[test]
    fn slower_models_are_predicted_slower() {
        let (haiku, sonnet) =
            (predict("bedrock/claude-haiku", 100, 256), predict("bedrock/claude-sonnet", 100, 256));
        assert!(sonnet.complete.p50 > haiku.complete.p50 * 2);
        assert_eq!(sonnet.output_tokens_mean, haiku.output_tokens_mean);
        assert!(predict("bedrock/titan-embed", 100, 64).complete.p95 < Duration::from_millis(150));
    }
}
