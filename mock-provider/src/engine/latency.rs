//! When the tokens of an answer are ready.
//!
//! Two phases: the time to the first token (TTFT) grows with the prompt, less with what of it is cached; then
//! one token follows another at the speed that this request got (inter-token latency, ITL). Both are lognormal
//! around their means; a share of the first tokens may follow a second, slower law, as hosted models' do.
//! A whole answer takes TTFT + (n − 1) × ITL.

use std::time::Duration;

use world::{Draws, Law};

/// The 95 % quantile of the standard normal law.
const Z95: f64 = 1.644_853_626_951_472_2;

/// A prompt, as far as it takes time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// All of its tokens.
    pub tokens: u64,
    /// Those among them that the model's cache holds.
    pub cached: u64,
}

impl Prompt {
    /// The tokens that the model has to read.
    #[must_use]
    pub fn uncached(&self) -> u64 {
        self.tokens.saturating_sub(self.cached)
    }
}

impl From<u64> for Prompt {
    fn from(tokens: u64) -> Self {
        Self { tokens, cached: 0 }
    }
}

/// The law of one model's speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyLaw {
    /// Mean time to the first token of an empty prompt.
    pub overhead: Duration,
    /// What each token of the prompt adds to that mean.
    pub per_prompt_token: Duration,
    /// What each token adds that the cache holds.
    pub per_cached_token: Duration,
    /// Coefficient of variation of the time to the first token.
    pub ttft_cv: f64,
    /// Mean time from one token to the next.
    pub inter_token: Duration,
    /// Coefficient of variation of that time, between requests: within one it is steady.
    pub inter_token_cv: f64,
    /// The slow ones among the first tokens, if there are any.
    pub slow: Option<SlowMode>,
}

/// Some requests wait for their first token by another law than the rest: in a queue, on a cold instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowMode {
    /// How many of all requests, as a fraction.
    pub share: f64,
    /// Mean time to the first token of an empty prompt.
    pub overhead: Duration,
    /// Coefficient of variation of the time to the first token.
    pub ttft_cv: f64,
}

impl LatencyLaw {
    /// Mean time to the first token after `prompt`, in µs; of the requests that are not slow.
    #[must_use]
    pub fn mean_ttft_micros(&self, prompt: impl Into<Prompt>) -> f64 {
        self.overhead.as_micros() as f64 + self.reading_micros(prompt.into())
    }

    /// The law of the time to the first token; of the requests that are not slow.
    #[must_use]
    pub fn ttft(&self, prompt: impl Into<Prompt>) -> Law {
        lognormal(self.mean_ttft_micros(prompt), self.ttft_cv)
    }

    /// The law of the time from one token to the next.
    #[must_use]
    pub fn inter_token(&self) -> Law {
        lognormal(self.inter_token.as_micros() as f64, self.inter_token_cv)
    }

    /// Draws how one request fares.
    pub fn draw(&self, prompt: impl Into<Prompt>, draws: &mut Draws) -> Timing {
        let prompt = prompt.into();
        let slow = self.slow.filter(|slow| draws.unit() < slow.share);
        let ttft = slow.map_or_else(|| self.ttft(prompt), |slow| self.slow_ttft(&slow, prompt));
        Timing { first: ttft.sample(draws), inter: self.inter_token().sample(draws) }
    }

    fn slow_ttft(&self, slow: &SlowMode, prompt: Prompt) -> Law {
        lognormal(slow.overhead.as_micros() as f64 + self.reading_micros(prompt), slow.ttft_cv)
    }

    fn reading_micros(&self, prompt: Prompt) -> f64 {
        let cached = prompt.tokens.min(prompt.cached);
        prompt.uncached() as f64 * self.per_prompt_token.as_micros() as f64
            + cached as f64 * self.per_cached_token.as_micros() as f64
    }
}

/// The mean and the coefficient of variation of the lognormal through a median and a 95th percentile.
pub(crate) fn mean_and_cv(p50: Duration, p95: Duration) -> (Duration, f64) {
    let sigma = libm::log(p95.as_micros() as f64 / p50.as_micros() as f64) / Z95;
    let mean = p50.as_micros() as f64 * libm::exp(sigma * sigma / 2.0);
    (Duration::from_micros(libm::round(mean) as u64), libm::sqrt(libm::expm1(sigma * sigma)))
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    first: Duration,
    inter: Duration,
}

impl Timing {
    /// The first token after `first`, each further one after `inter` more.
    #[must_use]
    pub fn new(first: Duration, inter: Duration) -> Self {
        Self { first, inter }
    }

    /// Time from one token to the next.
    #[must_use]
    pub fn inter(&self) -> Duration {
        self.inter
    }

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
        per_cached_token: Duration::from_micros(5),
        ttft_cv: 0.25,
        inter_token: Duration::from_millis(9),
        inter_token_cv: 0.15,
        slow: None,
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
    fn what_is_cached_is_read_faster() {
        let exact = LatencyLaw { ttft_cv: 0.0, inter_token_cv: 0.0, ..HAIKU };
        let first = |prompt: Prompt| exact.draw(prompt, &mut Seed(1).domain("latency").draws_n(1)).first();
        assert_eq!(first(Prompt { tokens: 1_000, cached: 800 }), Duration::from_millis(300 + 10 + 4));
        assert_eq!(
            first(Prompt { tokens: 10, cached: 80 }),
            Duration::from_micros(300_050),
            "no more than all"
        );
    }

    #[test]
    fn a_law_goes_through_its_median_and_its_95th_percentile() {
        let (p50, p95) = (Duration::from_millis(600), Duration::from_millis(1_080));
        let (overhead, ttft_cv) = mean_and_cv(p50, p95);
        let law = LatencyLaw { overhead, ttft_cv, ..HAIKU }.ttft(0);
        for (q, expected) in [(0.5, 600_000.0), (0.95, 1_080_000.0)] {
            let found = law.quantile(q).expect("lognormal");
            assert!((found / expected - 1.0).abs() < 1e-3, "q {q}: {found} of {expected}");
        }
    }

    #[test]
    fn a_share_of_the_first_tokens_is_slow() {
        let slow = SlowMode { share: 0.1, overhead: Duration::from_millis(2_200), ttft_cv: 0.1 };
        let law = LatencyLaw { slow: Some(slow), ..HAIKU };
        let domain = Seed(5).domain("latency");
        let firsts = (0..20_000).map(|n| law.draw(100, &mut domain.draws_n(n)).first().as_millis());
        let mut firsts: Vec<u128> = firsts.collect();
        firsts.sort_unstable();
        let share = firsts.iter().filter(|ms| **ms > 1_200).count() as f64 / 20_000.0;
        assert!((share - 0.1).abs() < 0.005, "{share}");
        let between = firsts.iter().filter(|ms| (1_000..1_600).contains(*ms)).count();
        assert!(between < 20, "two modes and next to nothing between: {between}");
        let slow_median = firsts[19_000] as f64;
        assert!((slow_median / 2_194.0 - 1.0).abs() < 0.05, "{slow_median} ms, the median of the slow");
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
