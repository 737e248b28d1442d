//! Prompt text of a declared length with the request's nonce in its first line.

use std::fmt::Write;

use evidence::Nonce;

use crate::plan::BYTES_PER_TOKEN;

/// What prompts are filled with: plain words, nothing that looks like a nonce or a token text.
const FILLER: &str = "Please summarise the following meeting notes in a few short sentences and name the open \
questions at the end. The team looked at the plan for the next quarter and agreed to move the launch by two weeks. \
Support wants clearer messages when a request is refused, and finance asks for a monthly report of all costs. \
Nobody objected to the new review process, but everyone would like to see an example before it becomes a rule. ";

/// A prompt of about `tokens` tokens.
pub(super) fn text(nonce: Option<Nonce>, tokens: u32) -> String {
    let length = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN);
    let mut text = String::with_capacity(length + 32);
    if let Some(nonce) = nonce {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{nonce}");
    }
    while text.len() < length {
        let piece = FILLER.len().min(length - text.len());
        text.push_str(&FILLER[..piece]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::nonce::{TokenScanner, find_last};

    #[test]
    fn a_prompt_has_its_length_and_its_name_first() {
        let nonce = Nonce::new(77).with_retry(2);
        for tokens in [8, 100, 5_000] {
            let text = text(Some(nonce), tokens);
            assert_eq!(text.len(), tokens as usize * BYTES_PER_TOKEN);
            assert_eq!(text.lines().next(), Some(nonce.to_string().as_str()));
            assert_eq!(find_last(text.as_bytes()), Some(nonce));
        }
        assert_eq!(text(Some(nonce), 1), format!("{nonce}\n"));
    }

    #[test]
    fn an_echoed_prompt_is_not_taken_for_tokens() {
        let mut scanner = TokenScanner::new(Nonce::new(1));
        scanner.feed(text(Some(Nonce::new(2)), 1_000).as_bytes());
        assert!(scanner.finish().is_clean());
    }
}
