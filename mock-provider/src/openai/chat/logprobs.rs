//! How likely the tokens of an answer were: numbers that fit together and mean nothing.

use std::ops::Range;

use wire::openai::chat::{ChoiceLogprobs, TokenLogprob, TopLogprob};
use world::splitmix64;

use crate::engine::text::Text;

/// The law of one answer's log probabilities.
#[derive(Debug, Clone, Copy)]
pub(in crate::openai) struct Likelihoods {
    state: u64,
    top: u32,
}

/// What could have stood in a token's place.
const OTHERS: [&str; 20] = [
    " the", " a", " to", " of", " and", " in", " is", " it", " for", " on", " with", " as", " at", " by",
    " an", " be", " or", " are", " from", " this",
];

impl Likelihoods {
    /// Those of the answer to the request `key`, with the `top` likeliest in each place.
    pub(in crate::openai) fn new(key: u64, top: u32) -> Self {
        Self { state: key, top }
    }

    /// Of some tokens of some texts.
    pub(in crate::openai) fn of<'t>(
        self,
        texts: impl Iterator<Item = (&'t Text, Range<u32>)>,
    ) -> ChoiceLogprobs<'static> {
        let tokens = texts.flat_map(|(text, tokens)| tokens.map(move |token| self.token(text, token)));
        ChoiceLogprobs { content: Some(tokens.collect()), refusal: None }
    }

    fn token(self, text: &Text, token: u32) -> TokenLogprob<'static> {
        let mut written = String::new();
        text.write(token..token + 1, &mut written);
        let drawn = splitmix64(self.state ^ u64::from(token).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Down to -0.64, so that the token is the likeliest in its place.
        let logprob = -((drawn >> 44) as f64) / f64::from(1 << 20) * 0.64;
        let others = OTHERS.iter().cycle().skip((drawn % 20) as usize).filter(|other| **other != written);
        let other =
            |(rank, other): (u32, &&'static str)| TopLogprob::new(*other, logprob - 1.0 - f64::from(rank));
        let mut top: Vec<TopLogprob<'static>> = Vec::with_capacity(self.top as usize);
        if self.top > 0 {
            top.push(TopLogprob::new(written.clone(), logprob));
            top.extend((0..).zip(others).take(self.top as usize - 1).map(other));
        }
        TokenLogprob::new(written, logprob, top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_likeliest_in_its_place() {
        let text = Text::tagged(0x3fa9, 3);
        let logprobs = Likelihoods::new(5, 3).of(std::iter::once((&text, 0..3)));
        let tokens = logprobs.content.expect("content");
        assert_eq!(tokens.len(), 3);
        assert_eq!(tokens[2].token, " 3fa9.2");
        for token in &tokens {
            assert_eq!(token.top_logprobs.len(), 3);
            assert_eq!(token.top_logprobs[0].token, token.token);
            assert!(token.logprob <= 0.0);
            assert!(token.top_logprobs.windows(2).all(|pair| pair[0].logprob > pair[1].logprob));
        }
        assert!(
            Likelihoods::new(5, 0).of(std::iter::once((&text, 0..1))).content.expect("content")[0]
                .top_logprobs
                .is_empty()
        );
    }
}
