//! What a model answers: how many tokens, why it stops, and their text.
//!
//! A pure function of (seed, request, model). The tokens of a request that carries a nonce are its token
//! texts, so that whoever receives them can tell whether all are there, in order, and its own. Any other
//! request gets words.

use std::ops::Range;

use evidence::Nonce;
use world::{Domain, Draws, splitmix64};

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

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    tokens: u32,
    is_cut: bool,
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// Token texts of the nonce with this tag.
    Tagged(u16),
    /// Words, drawn from this state.
    Words(u64),
}

impl Answer {
    /// The answer of `model` to the request `key`, of at most `max_tokens` tokens.
    #[must_use]
    pub fn of(
        law: AnswerLaw,
        domain: &Domain,
        (key, nonce): (u64, Option<Nonce>),
        model: &str,
        max_tokens: u32,
    ) -> Self {
        let mut draws = domain.draws(&[&key.to_le_bytes(), model.as_bytes()]);
        let (tokens, is_cut) = law.length(&mut draws, max_tokens);
        let text = match nonce {
            Some(nonce) => Text::Tagged(nonce.tag()),
            None => Text::Words(draws.next_u64()),
        };
        Self { tokens, is_cut, text }
    }

    /// How many tokens it has.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// Whether it stopped because it reached the allowed length.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Appends the text of some of its tokens. No character of it needs an escape in JSON.
    pub fn write(&self, tokens: Range<u32>, out: &mut String) {
        match self.text {
            Text::Tagged(tag) => tokens.for_each(|seq| write_token_text(tag, seq, out)),
            Text::Words(state) => tokens.for_each(|seq| write_word(state, seq, out)),
        }
    }

    /// The text of the whole answer.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.tokens as usize * 9);
        self.write(0..self.tokens, &mut out);
        out
    }
}

/// ` hhhh.n`, as [`evidence::nonce::token_text`] says, without a formatter in the hot path.
fn write_token_text(tag: u16, seq: u32, out: &mut String) {
    out.push(' ');
    for shift in [12, 8, 4, 0] {
        out.push(char::from(b"0123456789abcdef"[usize::from((tag >> shift) & 0xf)]));
    }
    out.push('.');
    write_decimal(seq, out);
}

fn write_decimal(number: u32, out: &mut String) {
    let mut divisor = 1;
    while number / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        out.push(char::from(b'0' + (number / divisor % 10) as u8));
        divisor /= 10;
    }
}

fn write_word(state: u64, seq: u32, out: &mut String) {
    let drawn = splitmix64(state ^ u64::from(seq).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    out.push(' ');
    out.push_str(WORDS[(drawn >> 59) as usize]);
}

/// Thirty-two words that mean nothing together.
const WORDS: [&str; 32] = [
    "amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "juniper", "kelp",
    "lagoon", "meadow", "north", "orchard", "pebble", "quarry", "reef", "summit", "thicket", "upland",
    "valley", "willow", "yarrow", "zephyr", "brook", "canyon", "dune", "estuary", "forest", "glacier",
    "heath",
];

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    const CHAT: AnswerLaw = AnswerLaw { median: 129.0, sigma: 0.93 };

    fn answer(seed: u64, key: u64, nonce: Option<Nonce>, model: &str, max_tokens: u32) -> Answer {
        Answer::of(CHAT, &Seed(seed).domain("content"), (key, nonce), model, max_tokens)
    }

    #[test]
    fn every_token_is_the_token_text_of_the_nonce() {
        let nonce = Nonce::new(0x0123_4567_89ab_cdef);
        let text = answer(1, 5, Some(nonce), "m", 4_096).text();
        let expected: String =
            (0..answer(1, 5, Some(nonce), "m", 4_096).tokens()).map(|seq| nonce.token_text(seq)).collect();
        assert_eq!(text, expected);
        assert!(text.starts_with(" 8bd0.0 8bd0.1"));
    }

    #[test]
    fn an_answer_depends_on_seed_request_and_model_alone() {
        let first = answer(1, 5, None, "m", 4_096);
        assert_eq!(first.text(), answer(1, 5, None, "m", 4_096).text());
        for other in
            [answer(2, 5, None, "m", 4_096), answer(1, 6, None, "m", 4_096), answer(1, 5, None, "n", 4_096)]
        {
            assert_ne!(first.text(), other.text());
        }
    }

    #[test]
    fn pieces_make_the_whole() {
        let answer = answer(1, 9, None, "m", 100);
        let mut out = String::new();
        for start in (0..answer.tokens()).step_by(7) {
            answer.write(start..(start + 7).min(answer.tokens()), &mut out);
        }
        assert_eq!(out, answer.text());
    }

    #[test]
    fn the_allowed_length_cuts() {
        let long = (0..200).map(|key| answer(1, key, None, "m", 64)).filter(Answer::is_cut).count();
        assert!((130..190).contains(&long), "{long} of 200 answers of median 129 are longer than 64");
        assert_eq!(answer(1, 1, None, "m", 0).tokens(), 1, "an answer has a token");
    }

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
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in [0, 9, 10, 99, 100, 12_345, u32::MAX] {
            let mut out = String::new();
            write_decimal(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }
}
