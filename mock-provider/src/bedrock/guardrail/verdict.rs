//! What the guardrail makes of a conversation.

use std::collections::BTreeMap;

use wire::bedrock::converse::{ContentBlock, Message, Request};
use wire::bedrock::guardrail::{TextBlock, Trace};
use wire::json::Raw;

use super::policy::{self, Findings};
use serde::Deserialize;

/// What the guardrail makes of a prompt, before the model has seen it, and of the answer to come.
#[derive(Debug, Clone)]
pub(in crate::bedrock) struct Verdict {
    id: String,
    is_traced: bool,
    findings: Findings,
    blocks_answer: bool,
}

/// Judges a conversation by the guardrail that it names, if it names one. Where parts of it are marked for the
/// guardrail, it reads those alone.
pub(in crate::bedrock) fn judge(request: &Request<'_>) -> Option<Verdict> {
    let config = request.guardrail_config.as_ref()?;
    let id = config.guardrail_identifier.as_deref().filter(|id| !id.is_empty())?;
    let marked: Vec<TextBlock<'_>> = request
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .filter_map(|block| match block {
            ContentBlock::GuardContent(raw) => marked_text(raw),
            _ => None,
        })
        .collect();
    let all = || request.messages.iter().flat_map(Message::texts);
    let texts: Vec<&str> =
        if marked.is_empty() { all().collect() } else { marked.iter().map(|block| &*block.text).collect() };
    Some(Verdict::of(id, config.is_traced(), &texts))
}

#[derive(Deserialize)]
struct Marked<'a> {
    #[serde(borrow, default)]
    text: Option<TextBlock<'a>>,
}

fn marked_text<'a>(raw: &Raw<'a>) -> Option<TextBlock<'a>> {
    raw.read::<Marked<'a>>().ok()?.text
}

impl Verdict {
    /// The verdict of the guardrail `id`, or of the one with that ARN, on these texts.
    pub(super) fn of(id: &str, is_traced: bool, texts: &[&str]) -> Self {
        let is_said = |text: &&str| policy::words(text, policy::ANSWER_WORD).next().is_some();
        Self {
            id: id.rsplit('/').next().unwrap_or(id).to_owned(),
            is_traced,
            blocks_answer: texts.iter().any(is_said),
            findings: Findings::of(texts.iter().copied()),
        }
    }

    /// Whether the model never sees the prompt.
    pub(in crate::bedrock) fn blocks_prompt(&self) -> bool {
        self.findings.blocks()
    }

    /// Whether the caller never sees the answer.
    pub(in crate::bedrock) fn blocks_answer(&self) -> bool {
        self.blocks_answer
    }

    /// Whether the request asks to be told.
    pub(in crate::bedrock) fn is_traced(&self) -> bool {
        self.is_traced
    }

    /// What it is told, after the answer `said`, which is empty where the model said nothing.
    pub(in crate::bedrock) fn trace(&self, said: &str) -> Trace {
        let mut trace = Trace {
            input_assessment: BTreeMap::from([(self.id.clone(), self.findings.assessment())]),
            ..Trace::default()
        };
        if self.blocks_prompt() || self.blocks_answer {
            trace.action_reason = Some("Guardrail blocked.".to_owned());
        }
        if !said.is_empty() {
            let findings = if self.blocks_answer {
                Findings::of_answer(said)
            } else {
                Findings::of(std::iter::once(said))
            };
            trace.output_assessments = BTreeMap::from([(self.id.clone(), vec![findings.assessment()])]);
            trace.model_output = vec![said.to_owned()];
        }
        trace
    }
}
