//! The body of an answer, and of every chunk of a stream. Defaults are left out, as proto JSON does.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::content::{Content, Part};
use super::logprobs::LogprobsResult;
use super::safety::SafetyRating;
use super::usage::UsageMetadata;
use crate::json::{self, Raw, Text, is_zero, null_as_default};

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateContentResponse<'a> {
    /// The answers; none when the prompt was blocked.
    #[serde(borrow, default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate<'a>>,
    /// Why the prompt was blocked.
    #[serde(default, alias = "prompt_feedback", skip_serializing_if = "Option::is_none")]
    pub prompt_feedback: Option<PromptFeedback<'a>>,
    /// What it cost.
    #[serde(default, alias = "usage_metadata", skip_serializing_if = "Option::is_none")]
    pub usage_metadata: Option<UsageMetadata>,
    /// The model that answered.
    #[serde(default, alias = "model_version", skip_serializing_if = "Option::is_none")]
    pub model_version: Option<Text<'a>>,
    /// RFC 3339 with microseconds.
    #[serde(default, alias = "create_time", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Text<'a>>,
    /// The same in every chunk of a stream.
    #[serde(default, alias = "response_id", skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Text<'a>>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate<'a> {
    /// Which, where there are several.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub index: u32,
    /// What the model said; none when it was withheld.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content<'a>>,
    /// Why the answer ended; in a stream, in the last chunk.
    #[serde(default, alias = "finish_reason", skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// Explains the odd reasons.
    #[serde(default, alias = "finish_message", skip_serializing_if = "Option::is_none")]
    pub finish_message: Option<Text<'a>>,
    /// How harmful it was found.
    #[serde(default, alias = "safety_ratings", deserialize_with = "null_as_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub safety_ratings: Vec<SafetyRating>,
    /// How sure the model was.
    #[serde(default, alias = "avg_logprobs", skip_serializing_if = "Option::is_none")]
    pub avg_logprobs: Option<f64>,
    /// The same for each token.
    #[serde(default, alias = "logprobs_result", skip_serializing_if = "Option::is_none")]
    pub logprobs_result: Option<LogprobsResult<'a>>,
    /// Sources quoted.
    #[serde(default, alias = "citation_metadata", skip_serializing_if = "Option::is_none")]
    pub citation_metadata: Option<Raw<'a>>,
    /// Sources searched.
    #[serde(default, alias = "grounding_metadata", skip_serializing_if = "Option::is_none")]
    pub grounding_metadata: Option<Raw<'a>>,
}

/// Why a prompt was blocked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptFeedback<'a> {
    /// The reason.
    #[serde(default, alias = "block_reason", skip_serializing_if = "Option::is_none")]
    pub block_reason: Option<BlockReason>,
    /// The same for a person.
    #[serde(borrow, default, alias = "block_reason_message", skip_serializing_if = "Option::is_none")]
    pub block_reason_message: Option<Text<'a>>,
    /// How harmful it was found.
    #[serde(default, alias = "safety_ratings", deserialize_with = "null_as_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub safety_ratings: Vec<SafetyRating>,
}

/// Why an answer ended. Calls of functions end in `STOP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the service's and say it all")]
pub enum FinishReason {
    Stop,
    MaxTokens,
    Safety,
    Recitation,
    Other,
    Blocklist,
    ProhibitedContent,
    Spii,
    MalformedFunctionCall,
    ModelArmor,
    Language,
    ImageSafety,
    ImageProhibitedContent,
    ImageRecitation,
    ImageOther,
    NoImage,
    UnexpectedToolCall,
    TooManyToolCalls,
    Continuation,
    #[serde(other, rename = "FINISH_REASON_UNSPECIFIED")]
    Unspecified,
}

/// Why a prompt was blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the service's and say it all")]
pub enum BlockReason {
    Safety,
    Other,
    Blocklist,
    ProhibitedContent,
    ModelArmor,
    Jailbreak,
    ImageSafety,
    #[serde(other, rename = "BLOCKED_REASON_UNSPECIFIED")]
    Unspecified,
}

impl FinishReason {
    /// Whether the answer was withheld or broken off for what it said.
    pub fn is_blocked(self) -> bool {
        use FinishReason as R;
        matches!(
            self,
            R::Safety
                | R::Recitation
                | R::Blocklist
                | R::ProhibitedContent
                | R::Spii
                | R::ModelArmor
                | R::ImageSafety
                | R::ImageProhibitedContent
                | R::ImageRecitation
        )
    }
}

impl<'a> Candidate<'a> {
    /// An answer of the model in `parts`.
    pub fn of_parts(parts: Vec<Part<'a>>, finish_reason: Option<FinishReason>) -> Self {
        let content = Content { role: Some("model".into()), parts };
        Candidate { content: Some(content), finish_reason, ..Candidate::default() }
    }

    /// The parts of the answer.
    pub fn parts(&self) -> &[Part<'a>] {
        self.content.as_ref().map_or(&[], |content| &content.parts)
    }
}

impl<'a> GenerateContentResponse<'a> {
    /// Reads a response body; what is missing is empty, as clients take it.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the proto's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the response body, compact as a chunk is.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The response body, compact.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// The first answer's parts.
    pub fn parts(&self) -> &[Part<'a>] {
        self.candidates.first().map_or(&[], Candidate::parts)
    }

    /// The first answer's texts, thoughts left out.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts().iter().filter(|part| !part.thought).filter_map(Part::text)
    }

    /// Why the first answer ended.
    pub fn finish_reason(&self) -> Option<FinishReason> {
        self.candidates.first()?.finish_reason
    }

    /// Why the prompt was blocked, if it was.
    pub fn block_reason(&self) -> Option<BlockReason> {
        self.prompt_feedback.as_ref()?.block_reason
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FunctionCall, HarmCategory, HarmProbability, HarmSeverity, PartData, TrafficType};
    use super::*;

    #[track_caller]
    fn check(response: &GenerateContentResponse<'_>, body: &str) {
        assert_eq!(std::str::from_utf8(&response.to_bytes()).unwrap(), body);
        assert_eq!(&GenerateContentResponse::parse(body.as_bytes()).unwrap(), response);
    }

    #[test]
    fn an_answer_is_the_services_byte_by_byte() {
        let mut candidate = Candidate::of_parts(vec![Part::of_text("ä \"b\"")], Some(FinishReason::Stop));
        candidate.avg_logprobs = Some(-0.12);
        let response = GenerateContentResponse {
            candidates: vec![candidate],
            usage_metadata: Some(UsageMetadata::of_text(5, 12, TrafficType::OnDemand)),
            model_version: Some("gemini-2.5-flash".into()),
            create_time: Some("2026-01-01T00:00:00.123456Z".into()),
            response_id: Some("id".into()),
            ..GenerateContentResponse::default()
        };
        check(
            &response,
            concat!(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"ä \"b\""}]},"finishReason":"STOP","avgLogprobs":-0.12}],"#,
                r#""usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":12,"totalTokenCount":17,"trafficType":"ON_DEMAND","#,
                r#""promptTokensDetails":[{"modality":"TEXT","tokenCount":5}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":12}]},"#,
                r#""modelVersion":"gemini-2.5-flash","createTime":"2026-01-01T00:00:00.123456Z","responseId":"id"}"#
            ),
        );
        assert_eq!(response.texts().collect::<String>(), "ä \"b\"");
    }

    #[test]
    fn a_blocked_prompt_has_no_candidates() {
        let feedback = PromptFeedback {
            block_reason: Some(BlockReason::ProhibitedContent),
            block_reason_message: None,
            safety_ratings: Vec::new(),
        };
        let usage = UsageMetadata { prompt_token_count: 5, total_token_count: 5, ..UsageMetadata::default() };
        let response = GenerateContentResponse {
            prompt_feedback: Some(feedback),
            usage_metadata: Some(usage),
            ..GenerateContentResponse::default()
        };
        check(
            &response,
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5}}"#,
        );
        assert_eq!(response.block_reason(), Some(BlockReason::ProhibitedContent));
    }

    #[test]
    fn a_blocked_answer_has_ratings_and_no_content() {
        let rating = SafetyRating {
            category: HarmCategory::HateSpeech,
            probability: Some(HarmProbability::High),
            probability_score: Some(0.9),
            severity: Some(HarmSeverity::Medium),
            severity_score: Some(0.5),
            blocked: true,
        };
        let candidate = Candidate {
            finish_reason: Some(FinishReason::Safety),
            safety_ratings: vec![rating],
            ..Candidate::default()
        };
        let response = GenerateContentResponse { candidates: vec![candidate], ..Default::default() };
        check(
            &response,
            concat!(
                r#"{"candidates":[{"finishReason":"SAFETY","safetyRatings":[{"category":"HARM_CATEGORY_HATE_SPEECH","#,
                r#""probability":"HIGH","probabilityScore":0.9,"severity":"HARM_SEVERITY_MEDIUM","severityScore":0.5,"blocked":true}]}]}"#
            ),
        );
        assert!(response.finish_reason().unwrap().is_blocked() && response.parts().is_empty());
    }

    #[test]
    fn a_call_with_its_signature_and_thoughts_come_back() {
        let args = Some(Raw::parse(r#"{"city":"Bonn"}"#).unwrap());
        let call =
            PartData::FunctionCall(FunctionCall { name: "look".into(), args, ..FunctionCall::default() });
        let call = Part { data: call, thought: false, thought_signature: Some("c2ln".into()) };
        let candidate = Candidate::of_parts(vec![Part::of_thought("hm"), call], Some(FinishReason::Stop));
        let usage = UsageMetadata::of_text(1, 2, TrafficType::ProvisionedThroughput).with_thoughts(4);
        assert_eq!((usage.total_token_count, usage.output_token_count()), (7, 6));
        let response = GenerateContentResponse {
            candidates: vec![Candidate { index: 1, ..candidate }],
            ..GenerateContentResponse::default()
        };
        check(
            &response,
            concat!(
                r#"{"candidates":[{"index":1,"content":{"role":"model","parts":[{"text":"hm","thought":true},"#,
                r#"{"functionCall":{"name":"look","args":{"city":"Bonn"}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}]}"#
            ),
        );
        assert_eq!(response.texts().count(), 0);
    }

    #[test]
    fn new_names_do_not_break_the_reader() {
        let body = br#"{"candidates":[{"finishReason":"BORED"}],"usageMetadata":{"trafficType":"X","promptTokenCount":"3"}}"#;
        let response = GenerateContentResponse::parse(body).unwrap();
        assert_eq!(response.finish_reason(), Some(FinishReason::Unspecified));
        let usage = response.usage_metadata.unwrap();
        assert_eq!((usage.traffic_type, usage.prompt_token_count), (Some(TrafficType::Unknown), 3));
        assert_eq!(GenerateContentResponse::parse(b"{}").unwrap(), GenerateContentResponse::default());
    }
}
