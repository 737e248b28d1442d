//! What is withheld, and how harmful things were found.
//!
//! Nothing here judges texts. A prompt asks to be blocked by a word in its last user turn:
//! `brownout:block=REASON` blocks the prompt with a reason of `promptFeedback.blockReason`,
//! `brownout:finish=REASON` withholds the answer with a reason of `finishReason`. As with the service, a
//! caller who lets the harm pass in `safetySettings` is not blocked for `SAFETY`.

use serde::de::DeserializeOwned;
use wire::json::Raw;
use wire::vertex::generate_content::{
    BlockReason, Candidate, Content, FinishReason, GenerateContentRequest, HarmCategory, HarmProbability,
    HarmSeverity, PromptFeedback, SafetyRating, SafetySetting,
};

/// The harm that `SAFETY` is about here.
const HARM: HarmCategory = HarmCategory::DangerousContent;
/// The harms that answers are rated by.
const RATED: [HarmCategory; 4] = [
    HarmCategory::HateSpeech,
    HarmCategory::DangerousContent,
    HarmCategory::Harassment,
    HarmCategory::SexuallyExplicit,
];
const MARK: &str = "brownout:";

/// What is withheld of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Blocked {
    /// Nothing.
    #[default]
    Nothing,
    /// There is none, because of what was asked.
    Prompt(BlockReason),
    /// It is broken off, because of what it says.
    Answer(FinishReason),
}

impl Blocked {
    /// What the prompt asks for.
    pub(super) fn of(request: &GenerateContentRequest<'_>) -> Self {
        let texts = request.last_user_content().into_iter().flat_map(Content::texts);
        let blocked = texts.map(Self::asked).find(|blocked| *blocked != Self::Nothing).unwrap_or_default();
        let is_harm =
            matches!(blocked, Self::Prompt(BlockReason::Safety) | Self::Answer(FinishReason::Safety));
        if is_harm && lets_pass(&request.safety_settings) { Self::Nothing } else { blocked }
    }

    fn asked(text: &str) -> Self {
        let Some((_, rest)) = text.split_once(MARK) else { return Self::Nothing };
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '=' || c == '_')).unwrap_or(rest.len());
        match rest[..end].split_once('=') {
            Some(("block", reason)) => named(reason)
                .filter(|reason| *reason != BlockReason::Unspecified)
                .map_or(Self::Nothing, Self::Prompt),
            Some(("finish", reason)) => named(reason)
                .filter(|reason| *reason != FinishReason::Unspecified)
                .map_or(Self::Nothing, Self::Answer),
            _ => Self::Nothing,
        }
    }

    /// Why an answer is broken off, if it is.
    pub(super) fn finish_reason(self) -> Option<FinishReason> {
        match self {
            Self::Answer(reason) => Some(reason),
            _ => None,
        }
    }
}

/// A reason by the name that it has in JSON.
fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    Raw::parse(&format!("\"{name}\"")).ok()?.read().ok()
}

fn lets_pass(settings: &[SafetySetting<'_>]) -> bool {
    settings.iter().rfind(|setting| setting.harm() == HARM).is_some_and(SafetySetting::lets_pass)
}

/// What is said in place of an answer to a blocked prompt.
pub(super) fn feedback(reason: BlockReason) -> PromptFeedback<'static> {
    let message = match reason {
        BlockReason::Safety => {
            "The prompt is blocked due to safety. Try a different prompt or adjust the safety settings."
        }
        BlockReason::ProhibitedContent => "The prompt could contain prohibited content and was blocked.",
        BlockReason::Blocklist => "The prompt contains a term of the blocklist.",
        _ => "The prompt was blocked.",
    };
    let safety_ratings = if reason == BlockReason::Safety { ratings(Some(HARM)) } else { Vec::new() };
    PromptFeedback { block_reason: Some(reason), block_reason_message: Some(message.into()), safety_ratings }
}

/// The candidate that an answer broken off ends with: without content.
pub(super) fn withheld(index: u32, reason: FinishReason) -> Candidate<'static> {
    let finish_message = match reason {
        FinishReason::MalformedFunctionCall => Some("Malformed function call: print(default_api.".into()),
        FinishReason::UnexpectedToolCall => Some("Model tried to call an undeclared function.".into()),
        _ => None,
    };
    let safety_ratings = if reason == FinishReason::Safety { ratings(Some(HARM)) } else { Vec::new() };
    Candidate { index, finish_reason: Some(reason), finish_message, safety_ratings, ..Candidate::default() }
}

/// A rating for each kind of harm, all of them harmless but `blocked`.
pub(super) fn ratings(blocked: Option<HarmCategory>) -> Vec<SafetyRating> {
    let rating = |category| {
        let is_blocked = blocked == Some(category);
        let (probability, severity) = match is_blocked {
            true => (HarmProbability::High, HarmSeverity::High),
            false => (HarmProbability::Negligible, HarmSeverity::Negligible),
        };
        let score = if is_blocked { 0.96 } else { 0.05 };
        SafetyRating {
            category,
            probability: Some(probability),
            probability_score: Some(score),
            severity: Some(severity),
            severity_score: Some(score),
            blocked: is_blocked,
        }
    };
    RATED.into_iter().map(rating).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(text: &str, settings: &str) -> Blocked {
        let body = format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"x"}},{{"text":"{text}"}}]}}],"safetySettings":{settings}}}"#
        );
        Blocked::of(&GenerateContentRequest::parse(body.as_bytes()).expect("a request"))
    }

    #[test]
    fn a_prompt_asks_to_be_blocked() {
        let spii = Blocked::Answer(FinishReason::Spii);
        for (text, expected) in [
            ("hello", Blocked::Nothing),
            ("hello brownout:block=SAFETY, please", Blocked::Prompt(BlockReason::Safety)),
            ("brownout:finish=SPII", spii),
            ("brownout:finish=BORED", Blocked::Nothing),
            ("brownout:x=SAFETY", Blocked::Nothing),
            ("brownout:", Blocked::Nothing),
        ] {
            assert_eq!(blocked(text, "[]"), expected, "{text}");
        }
    }

    #[test]
    fn harm_may_be_let_pass_and_other_reasons_may_not() {
        let off = r#"[{"category":"HARM_CATEGORY_DANGEROUS_CONTENT","threshold":"BLOCK_NONE"}]"#;
        assert_eq!(blocked("brownout:block=SAFETY", off), Blocked::Nothing);
        assert_eq!(blocked("brownout:finish=SAFETY", r#"[{"category":2,"threshold":5}]"#), Blocked::Nothing);
        let other = r#"[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}]"#;
        assert_eq!(blocked("brownout:finish=SAFETY", other), Blocked::Answer(FinishReason::Safety));
        let prohibited = Blocked::Prompt(BlockReason::ProhibitedContent);
        assert_eq!(blocked("brownout:block=PROHIBITED_CONTENT", off), prohibited);
    }
}
