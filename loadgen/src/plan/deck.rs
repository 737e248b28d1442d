//! Exact proportions: a shuffled deck dealt again and again.
//!
//! With weights 70, 25 and 5 every run of twenty arrivals holds 14, 5 and 1 of each, in an order that the
//! seed decides. A mix drawn apart for each arrival would only hold on average, and a tenant's or class's
//! share of a short window would be noise.

use world::{Domain, Draws};

/// Decks larger than this are drawn from instead of dealt.
const DECK_MAX: u64 = 4_096;

/// Deals indices in proportion to weights.
#[derive(Debug, Clone)]
pub(super) struct Deck {
    domain: Domain,
    weights: Vec<u32>,
    /// One entry per card, in order; empty when the deck would be too large.
    cards: Vec<u16>,
    /// The round that `shuffled` is of.
    round: Option<u64>,
    shuffled: Vec<u16>,
}

impl Deck {
    /// A deck with `weights[i]` cards of index i, divided by what they have in common.
    pub(super) fn new(domain: Domain, weights: &[u32]) -> Self {
        let common = weights.iter().fold(0, |common, weight| gcd(common, *weight)).max(1);
        let size: u64 = weights.iter().map(|weight| u64::from(weight / common)).sum();
        let cards_of = |(index, weight): (u16, &u32)| (0..weight / common).map(move |_| index);
        let is_small = size <= DECK_MAX && weights.len() <= usize::from(u16::MAX);
        let cards = if is_small { (0..).zip(weights).flat_map(cards_of).collect() } else { Vec::new() };
        Self { domain, weights: weights.to_vec(), cards, round: None, shuffled: Vec::new() }
    }

    /// The index for arrival `k`. Cheapest for ascending arrivals.
    pub(super) fn deal(&mut self, k: u64) -> usize {
        if self.weights.len() == 1 {
            return 0;
        }
        if self.cards.is_empty() {
            return self.domain.draws_n(k).pick_weighted(&self.weights);
        }
        let size = self.cards.len() as u64;
        if self.round != Some(k / size) {
            self.shuffle(k / size);
        }
        usize::from(self.shuffled[usize::try_from(k % size).unwrap_or(0)])
    }

    /// Fisher and Yates, by the draws of the round.
    fn shuffle(&mut self, round: u64) {
        self.round = Some(round);
        self.shuffled.clone_from(&self.cards);
        let mut draws: Draws = self.domain.draws_n(round);
        for last in (1..self.shuffled.len()).rev() {
            let chosen = usize::try_from(draws.below(last as u64 + 1)).unwrap_or(last);
            self.shuffled.swap(last, chosen);
        }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::Seed;

    #[test]
    fn every_round_holds_the_exact_mix_in_another_order() {
        let mut deck = Deck::new(Seed(1).domain("deck"), &[70, 25, 5]);
        let rounds: Vec<Vec<usize>> =
            (0..50).map(|round| (0..20).map(|card| deck.deal(round * 20 + card)).collect()).collect();
        for round in &rounds {
            let count = |index| round.iter().filter(|dealt| **dealt == index).count();
            assert_eq!([count(0), count(1), count(2)], [14, 5, 1]);
        }
        assert!(rounds.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_deck_too_large_to_shuffle_is_drawn_from() {
        let mut deck = Deck::new(Seed(1).domain("deck"), &[99_991, 9]);
        let rare = (0..100_000).filter(|k| deck.deal(*k) == 1).count();
        assert!((1..40).contains(&rare), "{rare} of an expected 9");
    }
}
