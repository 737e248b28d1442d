//! Guardrails: ApplyGuardrail, and what a guardrail's trace says of a conversation. Members in the order of their
//! keys, in which the service writes them.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::{self, Raw, Text};

/// The body of ApplyGuardrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// What to judge.
    #[serde(borrow)]
    pub content: Vec<ContentBlock<'a>>,
    /// `INTERVENTIONS` (the default) or `FULL`: whether what was found harmless is told too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_scope: Option<Text<'a>>,
    /// Whose words these are.
    pub source: Source,
}

impl<'a> Request<'a> {
    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON or of another shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }
}

/// Whose words are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Source {
    /// The caller's.
    Input,
    /// The model's.
    Output,
}

/// Something to judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentBlock<'a> {
    /// Text.
    Text(#[serde(borrow)] TextBlock<'a>),
    /// `{"format":…,"source":…}`
    Image(Raw<'a>),
}

/// A text to judge; also the form of `guardContent` in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextBlock<'a> {
    /// `grounding_source`, `query` or `guard_content`.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub qualifiers: Vec<Text<'a>>,
    /// The text.
    pub text: Text<'a>,
}

/// The answer of ApplyGuardrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// What the guardrail did.
    pub action: Action,
    /// Why, in words.
    pub action_reason: String,
    /// What it found.
    pub assessments: Vec<Assessment>,
    /// How much it read.
    pub guardrail_coverage: Coverage,
    /// What is to be shown in place of the content; empty when it may stay.
    pub outputs: Vec<Output>,
    /// What it costs.
    pub usage: Usage,
}

impl Response {
    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

/// What a guardrail did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Nothing.
    None,
    /// It blocked or altered the content.
    GuardrailIntervened,
}

/// Text to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text.
    pub text: String,
}

/// What a guardrail found in one piece of content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// How much was read, and how fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_metrics: Option<InvocationMetrics>,
    /// What is nobody's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_information_policy: Option<SensitiveInformation>,
    /// Words that must not be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_policy: Option<Words>,
}

/// Words that must not be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    /// Those of the guardrail's own list.
    pub custom_words: Vec<Word>,
    /// Those of the service's lists.
    pub managed_word_lists: Vec<Word>,
}

/// A word that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// `BLOCKED` or `NONE`.
    pub action: String,
    /// Always.
    pub detected: bool,
    /// The word as it stood.
    pub r#match: String,
}

/// What is nobody's business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SensitiveInformation {
    /// Of known kinds.
    pub pii_entities: Vec<PiiEntity>,
    /// Of the guardrail's own patterns.
    pub regexes: Vec<PiiEntity>,
}

/// A piece of personal information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiiEntity {
    /// `ANONYMIZED`, `BLOCKED` or `NONE`.
    pub action: String,
    /// Always.
    pub detected: bool,
    /// The text as it stood.
    pub r#match: String,
    /// `EMAIL`, …
    pub r#type: String,
}

/// How much a guardrail read, and how fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationMetrics {
    /// How much it read.
    pub guardrail_coverage: Coverage,
    /// Milliseconds.
    pub guardrail_processing_latency: u64,
    /// What it costs.
    pub usage: Usage,
}

/// How much a guardrail read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Of text.
    pub text_characters: Characters,
}

/// Characters of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Characters {
    /// That were read.
    pub guarded: u64,
    /// That there were.
    pub total: u64,
}

/// Units, of up to 1,000 characters each, by policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the policies")]
pub struct Usage {
    pub automated_reasoning_policies: u64,
    pub automated_reasoning_policy_units: u64,
    pub content_policy_image_units: u64,
    pub content_policy_units: u64,
    pub contextual_grounding_policy_units: u64,
    pub sensitive_information_policy_free_units: u64,
    pub sensitive_information_policy_units: u64,
    pub topic_policy_units: u64,
    pub word_policy_units: u64,
}

/// What a guardrail's trace says of a conversation: `trace.guardrail`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Why it did something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_reason: Option<String>,
    /// What it found in the prompt, by guardrail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub input_assessment: BTreeMap<String, Assessment>,
    /// What the model said before the guardrail replaced it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_output: Vec<String>,
    /// What it found in the answer, by guardrail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub output_assessments: BTreeMap<String, Vec<Assessment>>,
}

impl Trace {
    /// `{"guardrail":{…}}`
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("structs with text keys");
        format!(r#"{{"guardrail":{json}}}"#)
    }
}

/// What InvokeModel adds to a model's own answer as `amazon-bedrock-guardrailAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InvocationAction {
    /// The guardrail let everything pass.
    None,
    /// It replaced something.
    Intervened,
}

/// What InvokeModel adds as `amazon-bedrock-trace`: a [`Trace`] under other names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationTrace {
    /// Of the guardrail.
    pub guardrail: InvocationAssessments,
}

/// What a guardrail found in an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InvocationAssessments {
    /// Why it did something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_reason: Option<String>,
    /// What it found in the prompt, by guardrail.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub input: BTreeMap<String, Assessment>,
    /// What the model said before the guardrail replaced it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_output: Vec<String>,
    /// What it found in the answer, by guardrail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<BTreeMap<String, Assessment>>,
}

impl From<Trace> for InvocationTrace {
    fn from(trace: Trace) -> Self {
        let outputs = trace.output_assessments.into_iter().flat_map(|(guardrail, assessments)| {
            assessments.into_iter().map(move |assessment| BTreeMap::from([(guardrail.clone(), assessment)]))
        });
        Self {
            guardrail: InvocationAssessments {
                action_reason: trace.action_reason,
                input: trace.input_assessment,
                model_output: trace.model_output,
                outputs: outputs.collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let body =
            br#"{"source":"OUTPUT","content":[{"text":{"text":"Hi","qualifiers":["query"]}},{"image":{}}]}"#;
        let request = Request::parse(body).unwrap();
        assert_eq!(request.source, Source::Output);
        let ContentBlock::Text(block) = &request.content[0] else { panic!("no text") };
        assert_eq!((block.text.as_str(), block.qualifiers[0].as_str()), ("Hi", "query"));
        assert!(Request::parse(br#"{"source":"NOWHERE","content":[]}"#).is_err());
    }

    #[test]
    fn an_invocations_trace_has_its_own_names() {
        let of = |assessment: Assessment| BTreeMap::from([("g".to_owned(), assessment)]);
        let trace = Trace {
            input_assessment: of(Assessment::default()),
            output_assessments: BTreeMap::from([("g".to_owned(), vec![Assessment::default()])]),
            model_output: vec!["said".into()],
            ..Trace::default()
        };
        assert_eq!(
            serde_json::to_string(&InvocationTrace::from(trace)).unwrap(),
            r#"{"guardrail":{"input":{"g":{}},"modelOutput":["said"],"outputs":[{"g":{}}]}}"#
        );
        assert_eq!(serde_json::to_string(&InvocationAction::Intervened).unwrap(), r#""INTERVENED""#);
    }

    #[test]
    fn an_answer_is_written_with_sorted_keys() {
        let word = Word { action: "BLOCKED".into(), detected: true, r#match: "x".into() };
        let words = Words { custom_words: vec![word], managed_word_lists: Vec::new() };
        let response = Response {
            action: Action::GuardrailIntervened,
            action_reason: "Guardrail blocked.".into(),
            assessments: vec![Assessment { word_policy: Some(words), ..Assessment::default() }],
            guardrail_coverage: Coverage { text_characters: Characters { guarded: 1, total: 1 } },
            outputs: vec![Output { text: "No.".into() }],
            usage: Usage { word_policy_units: 1, ..Usage::default() },
        };
        assert_eq!(
            response.to_bytes(),
            r#"{"action":"GUARDRAIL_INTERVENED","actionReason":"Guardrail blocked.","assessments":[{"wordPolicy":{"customWords":[{"action":"BLOCKED","detected":true,"match":"x"}],"managedWordLists":[]}}],"guardrailCoverage":{"textCharacters":{"guarded":1,"total":1}},"outputs":[{"text":"No."}],"usage":{"automatedReasoningPolicies":0,"automatedReasoningPolicyUnits":0,"contentPolicyImageUnits":0,"contentPolicyUnits":0,"contextualGroundingPolicyUnits":0,"sensitiveInformationPolicyFreeUnits":0,"sensitiveInformationPolicyUnits":0,"topicPolicyUnits":0,"wordPolicyUnits":1}}"#
        );
    }
}
