//! When the tokens of an answer are ready.
//!
//! Two phases: the time to the first token (TTFT) grows with the prompt; then one token follows another
//! at the speed that this request got (inter-token latency, ITL). Both are lognormal around their means.
//! A whole answer takes TTFT + (n − 1) × ITL.

use std::time::Duration;

use world::{Draws, Law};

/// The law of one model's speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyLaw {
    /// Mean time to the first token of an empty prompt.
    pub overhead: Duration,
    /// What each token of the prompt adds to that mean.
    pub per_prompt_token: Duration,
    /// Coefficient of variation of the time to the first token.
    pub ttft_cv: f64,
    /// Mean time from one token to the next.
    pub inter_token: Duration,
    /// Coefficient of variation of that time, between requests: within one it is steady.
    pub inter_token_cv: f64,
}

impl LatencyLaw {
    /// Mean time to the first token after a prompt of `prompt_tokens`, in µs.
    #[must_use]
    pub fn mean_ttft_micros(&self, prompt_tokens: u64) -> f64 {
        self.overhead.as_micros() as f64 + prompt_tokens as f64 * self.per_prompt_token.as_micros() as f64
    }

    /// The law of the time to the first token.
    #[must_use]
    pub fn ttft(&self, prompt_tokens: u64) -> Law {
        lognormal(self.mean_ttft_micros(prompt_tokens), self.ttft_cv)
    }

    /// Draws how one request fares.
    pub fn draw(&self, prompt_tokens: u64, draws: &mut Draws) -> Timing {
        Timing {
            first: self.ttft(prompt_tokens).sample(draws),
            inter: lognormal(self.inter_token.as_micros() as f64, self.inter_token_cv).sample(draws),
        }
    }
}

/// A law without spread is its mean, to the microsecond.
fn lognormal(mean: f64, cv: f64) -> Law {
    if cv > 0.0 && mean > 0.0 {
        Law::lognormal_of_mean(mean, cv)
    } else {
        Law::Fixed { micros: libm::round(mean.max(0.0)) as u64 }
    }
}

/// How one request fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    first: Duration,
    inter: Duration,
}

impl Timing {
    /// Time to the first token.
    #[must_use]
    pub fn first(&self) -> Duration {
        self.first
    }

    /// When token `seq`, counted from 0, is ready.
    #[must_use]
    pub fn token(&self, seq: u32) -> Duration {
        self.first.saturating_add(self.inter.saturating_mul(seq))
    }

    /// When an answer of `tokens` tokens is complete.
    #[must_use]
    pub fn complete(&self, tokens: u32) -> Duration {
        self.token(tokens.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    const HAIKU: LatencyLaw = LatencyLaw {
        overhead: Duration::from_millis(300),
        per_prompt_token: Duration::from_micros(50),
        ttft_cv: 0.25,
        inter_token: Duration::from_millis(9),
        inter_token_cv: 0.15,
    };

    #[test]
    fn an_answer_takes_its_first_token_and_then_the_others() {
        let exact = LatencyLaw { ttft_cv: 0.0, inter_token_cv: 0.0, ..HAIKU };
        let timing = exact.draw(1_000, &mut Seed(1).domain("latency").draws_n(1));
        assert_eq!(timing.first(), Duration::from_millis(350));
        assert_eq!(timing.token(2), Duration::from_millis(368));
        assert_eq!(timing.complete(64), Duration::from_millis(350 + 63 * 9));
        assert_eq!(timing.complete(0), timing.first());
    }

    #[test]
    fn twenty_thousand_draws_keep_within_five_percent_of_the_law() {
        let domain = Seed(11).domain("latency");
        let mut firsts: Vec<u128> = Vec::new();
        let mut inters: Vec<u128> = Vec::new();
        for n in 0..20_000 {
            let timing = HAIKU.draw(200, &mut domain.draws_n(n));
            firsts.push(timing.first().as_micros());
            inters.push((timing.token(1) - timing.first()).as_micros());
        }
        for (samples, mean, cv) in [(&mut firsts, 310_000.0, 0.25), (&mut inters, 9_000.0, 0.15)] {
            samples.sort_unstable();
            let measured = samples.iter().sum::<u128>() as f64 / 20_000.0;
            assert!((measured / mean - 1.0).abs() < 0.05, "mean {measured} of {mean}");
            for q in [0.5, 0.95, 0.99] {
                let expected = lognormal(mean, cv).quantile(q).expect("closed form");
                let measured = samples[(20_000.0 * q) as usize] as f64;
                assert!((measured / expected - 1.0).abs() < 0.05, "q {q}: {measured} of {expected}");
            }
        }
    }
}
