//! How sure the model was of each token of its text: drawn, the likeliest first.

use std::ops::Range;

use wire::vertex::generate_content::{LogprobsResult, TokenLogprob, TopCandidates};
use world::Domain;

use crate::engine::reply::{Block, Reply};

/// Tokens that might have come in place of the one that did.
const OTHERS: [&str; 20] = [
    " the", " a", " of", " and", " to", " in", ",", ".", " is", " for", " that", " on", " with", " as",
    " it", " by", " at", " or", " an", " be",
];

/// What log probabilities are drawn from.
#[derive(Debug)]
pub(super) struct Logprobs {
    pub(super) domain: Domain,
    /// Keys the draws: the request.
    pub(super) key: u64,
    /// How many tokens are named in each place.
    pub(super) top: usize,
}

/// Log probabilities of some tokens.
#[derive(Debug, Default)]
pub(super) struct Sureness {
    /// The mean of the tokens that were chosen.
    pub(super) average: f64,
    /// In each place the chosen token and its log probability, then the others.
    places: Vec<Vec<(String, f64)>>,
    top: usize,
}

impl Logprobs {
    /// Of these tokens of an answer; only those of its text count.
    pub(super) fn of(&self, index: usize, reply: &Reply, tokens: Range<u32>) -> Sureness {
        let mut places = Vec::new();
        for piece in reply.pieces(tokens) {
            let Block::Text(text) = piece.content else { continue };
            for seq in piece.tokens {
                let mut token = String::new();
                text.write(seq..seq + 1, &mut token);
                places.push(self.place(token, [index as u64, u64::from(seq)]));
            }
        }
        let sum: f64 = places.iter().map(|place| place[0].1).sum();
        let average = rounded(sum / places.len().max(1) as f64);
        Sureness { average, places, top: self.top }
    }

    fn place(&self, token: String, [index, seq]: [u64; 2]) -> Vec<(String, f64)> {
        let mut draws =
            self.domain.draws(&[&self.key.to_le_bytes(), &index.to_le_bytes(), &seq.to_le_bytes()]);
        let mut share = 0.55 + 0.45 * draws.unit();
        let mut left = 1.0 - share;
        let mut place = vec![(token, rounded(libm::log(share)))];
        let others = OTHERS.into_iter().filter(|other| *other != place[0].0);
        for other in others.take(self.top.saturating_sub(1)).collect::<Vec<_>>() {
            share = left * 0.6;
            left -= share;
            place.push((other.to_owned(), rounded(libm::log(share.max(1e-9)))));
        }
        place
    }
}

impl From<Sureness> for LogprobsResult<'static> {
    fn from(sure: Sureness) -> Self {
        let of = |(token, log_probability): &(String, f64)| TokenLogprob {
            token: token.clone().into(),
            token_id: token_id(token),
            log_probability: *log_probability,
        };
        let top = |place: &Vec<(String, f64)>| TopCandidates {
            candidates: place.iter().take(sure.top).map(of).collect(),
        };
        let shows_top = sure.top > 0;
        Self {
            chosen_candidates: sure.places.iter().map(|place| of(&place[0])).collect(),
            top_candidates: sure.places.iter().filter(|_| shows_top).map(top).collect(),
        }
    }
}

/// A number for a token, the same wherever it occurs.
pub(super) fn token_id(token: &str) -> u32 {
    token.bytes().fold(7_u32, |id, byte| (id.wrapping_mul(31).wrapping_add(u32::from(byte))) % 256_000)
}

/// Six decimals, so that the text of a number is short and the same everywhere.
fn rounded(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    #[test]
    fn the_chosen_token_is_the_likeliest_and_shares_make_no_more_than_one() {
        let logprobs = Logprobs { domain: Seed(1).domain("logprobs"), key: 5, top: 5 };
        for seq in 0..50 {
            let place = logprobs.place(" the".to_owned(), [0, seq]);
            assert_eq!((place.len(), place[0].0.as_str()), (5, " the"));
            assert!(place.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{place:?}");
            let sum: f64 = place.iter().map(|(_, log)| libm::exp(*log)).sum();
            assert!(sum <= 1.0 + 1e-5, "{place:?}");
            assert!(place[1..].iter().all(|(token, _)| token != " the"));
        }
    }
}
