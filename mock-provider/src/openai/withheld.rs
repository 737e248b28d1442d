//! What is withheld of an answer, or fails.
//!
//! Nothing here judges texts. A prompt asks for it by a word in the last turn of the user, as at Vertex AI:
//! `brownout:block` has the prompt refused, `brownout:finish=content_filter` breaks the answer off,
//! `brownout:refuse` has the model refuse in words, `brownout:fail=CODE` has a response fail.

use wire::openai::chat::ChoiceLogprobs;

const MARK: &str = "brownout:";

/// Tokens of an answer that is broken off.
pub(super) const BROKEN_OFF_AFTER: u32 = 8;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Withheld {
    /// Nothing is withheld.
    #[default]
    Nothing,
    /// There is none, because of what was asked.
    Prompt,
    /// It is broken off, because of what it says.
    Answer,
    /// The model refuses in words of its own.
    Refusal,
    /// It fails with this code; only a response can.
    Failure(&'static str),
}

/// The codes with which a response may fail, and what is said then.
const FAILURES: [(&str, &str); 3] = [
    ("server_error", "The server had an error while processing your request. Sorry about that!"),
    ("rate_limit_exceeded", "Rate limit reached while the response was being made. Please try again later."),
    ("invalid_prompt", "Invalid prompt: your prompt was flagged as potentially violating our usage policy."),
];

impl Withheld {
    /// What the last of `texts` that asks for something asks for.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        texts.map(Self::asked).find(|withheld| *withheld != Self::Nothing).unwrap_or_default()
    }

    fn asked(text: &str) -> Self {
        let Some((_, rest)) = text.split_once(MARK) else { return Self::Nothing };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '=' | '_');
        let word = &rest[..rest.find(|c| !is_letter(c)).unwrap_or(rest.len())];
        match word.split_once('=').unwrap_or((word, "")) {
            ("block", _) => Self::Prompt,
            ("finish", "content_filter") => Self::Answer,
            ("refuse", _) => Self::Refusal,
            ("fail", code) => {
                let known = FAILURES.iter().find(|(known, _)| *known == code);
                known.map_or(Self::Nothing, |(code, _)| Self::Failure(code))
            }
            _ => Self::Nothing,
        }
    }

    /// Whether the model says at most some words, and calls nothing.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Answer | Self::Refusal | Self::Failure(_))
    }

    /// Log probabilities of the text where they belong: those of a refusal stand apart.
    pub(super) fn placed(self, logprobs: ChoiceLogprobs<'_>) -> ChoiceLogprobs<'_> {
        match self {
            Self::Refusal => ChoiceLogprobs { content: None, refusal: logprobs.content },
            _ => logprobs,
        }
    }

    /// Most tokens of the answer, of those that were allowed.
    pub(super) fn limit(self, allowed: u32) -> u32 {
        if self == Self::Answer { allowed.min(BROKEN_OFF_AFTER) } else { allowed }
    }
}

/// What is said of a failure.
pub(super) fn words_of(code: &str) -> &'static str {
    FAILURES.iter().find(|(known, _)| *known == code).map_or("", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_prompt_decides() {
        for (text, expected) in [
            ("hello", Withheld::Nothing),
            ("hello brownout:block.", Withheld::Prompt),
            ("brownout:finish=content_filter", Withheld::Answer),
            ("brownout:finish=SAFETY", Withheld::Nothing),
            ("Please,\nbrownout:refuse", Withheld::Refusal),
            ("brownout:fail=server_error, now", Withheld::Failure("server_error")),
            ("brownout:fail=nonsense", Withheld::Nothing),
        ] {
            assert_eq!(Withheld::of([text].into_iter()), expected, "{text}");
        }
        assert!(!words_of("invalid_prompt").is_empty());
    }
}
