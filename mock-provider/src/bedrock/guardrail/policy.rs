//! What the guardrail finds in a text, and how it hides it.

use std::ops::Range;

use wire::bedrock::guardrail::{
    Assessment, Characters, Coverage, InvocationMetrics, PiiEntity, SensitiveInformation, Usage, Word, Words,
};

use super::DELAY;
use crate::bedrock::decide::milliseconds;

/// Blocked wherever it stands.
pub(super) const BLOCKED_WORD: &str = "blockme";
/// In a prompt: the model's answer is blocked.
pub(super) const ANSWER_WORD: &str = "blockanswer";

/// Characters in a unit of text.
const UNIT: u64 = 1_000;

/// What was found in some texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    characters: u64,
    words: Vec<String>,
    addresses: Vec<String>,
}

impl Findings {
    /// Reads texts.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut findings = Self::default();
        for text in texts {
            findings.characters += text.chars().count() as u64;
            findings.words.extend(words(text, BLOCKED_WORD).map(|place| text[place].to_owned()));
            findings.addresses.extend(addresses(text).map(|place| text[place].to_owned()));
        }
        findings
    }

    /// A text that is blocked whatever it says.
    pub(super) fn of_answer(text: &str) -> Self {
        let mut findings = Self::of(std::iter::once(text));
        findings.words.push(ANSWER_WORD.to_owned());
        findings
    }

    pub(super) fn blocks(&self) -> bool {
        !self.words.is_empty()
    }

    pub(super) fn hides(&self) -> bool {
        !self.addresses.is_empty()
    }

    pub(super) fn coverage(&self) -> Coverage {
        Coverage { text_characters: Characters { guarded: self.characters, total: self.characters } }
    }

    pub(super) fn usage(&self) -> Usage {
        let units = self.characters.div_ceil(UNIT);
        Usage { sensitive_information_policy_units: units, word_policy_units: units, ..Usage::default() }
    }

    pub(super) fn assessment(&self) -> Assessment {
        let word =
            |found: &String| Word { action: "BLOCKED".to_owned(), detected: true, r#match: found.clone() };
        let address = |found: &String| PiiEntity {
            action: "ANONYMIZED".to_owned(),
            detected: true,
            r#match: found.clone(),
            r#type: "EMAIL".to_owned(),
        };
        Assessment {
            invocation_metrics: Some(InvocationMetrics {
                guardrail_coverage: self.coverage(),
                guardrail_processing_latency: milliseconds(DELAY),
                usage: self.usage(),
            }),
            sensitive_information_policy: self.hides().then(|| SensitiveInformation {
                pii_entities: self.addresses.iter().map(address).collect(),
                regexes: Vec::new(),
            }),
            word_policy: self.blocks().then(|| Words {
                custom_words: self.words.iter().map(word).collect(),
                managed_word_lists: Vec::new(),
            }),
        }
    }
}

/// A text without its addresses.
pub(super) fn hidden(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for place in addresses(text) {
        out.push_str(&text[kept..place.start]);
        out.push_str("{EMAIL}");
        kept = place.end;
    }
    out + &text[kept..]
}

/// Where a word stands by itself, in any case.
pub(super) fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    pieces(text, |byte| byte.is_ascii_alphanumeric())
        .filter(move |place| text[place.clone()].eq_ignore_ascii_case(word))
}

/// Where e-mail addresses stand.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let of_address =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'-' | b'_' | b'+');
    pieces(text, of_address).filter_map(move |place| {
        let piece = text[place.clone()].trim_end_matches(['.', '-']);
        let (name, host) = piece.split_once('@')?;
        let sound = !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.');
        sound.then(|| place.start..place.start + piece.len())
    })
}

/// The longest stretches of ASCII that `is_part` takes.
fn pieces<'t>(text: &'t str, is_part: impl Fn(u8) -> bool + 't) -> impl Iterator<Item = Range<usize>> + 't {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| is_part(*byte))?;
        let length = bytes[start..].iter().position(|byte| !is_part(*byte)).unwrap_or(bytes.len() - start);
        at = start + length;
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_itself_only() {
        let found = |text: &'static str| Findings::of(std::iter::once(text)).words;
        assert_eq!(found("Please BlockMe, now"), ["BlockMe"]);
        assert!(found("unblockme blockmenot – nothing").is_empty());
    }

    #[test]
    fn addresses_are_hidden_and_nothing_else() {
        assert_eq!(hidden("Écris à a.b+c@example.org. Ou @b, c@d."), "Écris à {EMAIL}. Ou @b, c@d.");
        assert_eq!(hidden("none"), "none");
    }
}
