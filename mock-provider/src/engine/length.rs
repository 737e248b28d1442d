//! How long answers are: lognormal, as in traces of real traffic.

use world::Draws;

/// How long answers are that nothing cuts short: lognormal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswerLaw {
    /// Half of all answers are shorter, in tokens.
    pub median: f64,
    /// Standard deviation of ln(tokens).
    pub sigma: f64,
}

impl AnswerLaw {
    /// The law through a median and a 90th percentile, both in tokens.
    #[must_use]
    pub fn of_p50_p90(p50: f64, p90: f64) -> Self {
        const Z90: f64 = 1.281_551_565_544_600_4;
        Self { median: p50, sigma: libm::log(p90 / p50) / Z90 }
    }

    /// The length of one answer in tokens, at least one, and whether `max_tokens` cut it short.
    pub fn length(&self, draws: &mut Draws, max_tokens: u32) -> (u32, bool) {
        let drawn = libm::round(self.median * libm::exp(self.sigma * draws.normal()));
        let wanted = drawn.clamp(1.0, f64::from(u32::MAX)) as u32;
        let allowed = max_tokens.max(1);
        (wanted.min(allowed), wanted > allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    #[test]
    fn lengths_follow_the_law() {
        let law = AnswerLaw::of_p50_p90(129.0, 424.0);
        let domain = Seed(3).domain("content");
        let mut lengths: Vec<u32> =
            (0..20_000).map(|key| law.length(&mut domain.draws_n(key), u32::MAX).0).collect();
        lengths.sort_unstable();
        assert!((122..136).contains(&lengths[10_000]), "p50 {}", lengths[10_000]);
        assert!((403..445).contains(&lengths[18_000]), "p90 {}", lengths[18_000]);
    }

    #[test]
    fn the_allowed_length_cuts() {
        let law = AnswerLaw { median: 129.0, sigma: 0.93 };
        let domain = Seed(1).domain("content");
        let cut = (0..200).filter(|key| law.length(&mut domain.draws_n(*key), 64).1).count();
        assert!((130..190).contains(&cut), "{cut} of 200 answers of median 129 are longer than 64");
        assert_eq!(law.length(&mut domain.draws_n(1), 0).0, 1, "an answer has a token");
    }
}
