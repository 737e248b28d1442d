//! How harmful a prompt or an answer was found.

use serde::{Deserialize, Serialize};

use crate::json::{Raw, is_false};
use crate::vertex::proto_json::scalar;

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SafetyRating {
    /// Of what.
    pub category: HarmCategory,
    /// How likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<HarmProbability>,
    /// The same, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_score: Option<f64>,
    /// How bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<HarmSeverity>,
    /// The same, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_score: Option<f64>,
    /// Whether it was the reason to withhold.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
}

/// What a caller wants withheld.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SafetySetting<'a> {
    /// Which harm, by name or number.
    #[serde(borrow, default, deserialize_with = "scalar", skip_serializing_if = "Option::is_none")]
    pub category: Option<Raw<'a>>,
    /// From which probability on, by name or number.
    #[serde(default, deserialize_with = "scalar", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Raw<'a>>,
    /// Whether probability or severity counts.
    #[serde(default, deserialize_with = "scalar", skip_serializing_if = "Option::is_none")]
    pub method: Option<Raw<'a>>,
}

impl SafetySetting<'_> {
    /// Which harm it is about.
    pub fn harm(&self) -> HarmCategory {
        const NUMBERED: [HarmCategory; 6] = [
            HarmCategory::HateSpeech,
            HarmCategory::DangerousContent,
            HarmCategory::Harassment,
            HarmCategory::SexuallyExplicit,
            HarmCategory::CivicIntegrity,
            HarmCategory::Jailbreak,
        ];
        let Some(category) = self.category else { return HarmCategory::Unspecified };
        let by_number = || NUMBERED.get(category.read::<usize>().ok()?.checked_sub(1)?).copied();
        by_number().or_else(|| category.read().ok()).unwrap_or(HarmCategory::Unspecified)
    }

    /// Whether nothing is withheld for this harm: `BLOCK_NONE` or `OFF`.
    pub fn lets_pass(&self) -> bool {
        self.threshold
            .is_some_and(|threshold| matches!(threshold.get(), "\"BLOCK_NONE\"" | "\"OFF\"" | "4" | "5"))
    }
}

/// What may harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the service's and say it all")]
pub enum HarmCategory {
    #[serde(rename = "HARM_CATEGORY_HATE_SPEECH")]
    HateSpeech,
    #[serde(rename = "HARM_CATEGORY_DANGEROUS_CONTENT")]
    DangerousContent,
    #[serde(rename = "HARM_CATEGORY_HARASSMENT")]
    Harassment,
    #[serde(rename = "HARM_CATEGORY_SEXUALLY_EXPLICIT")]
    SexuallyExplicit,
    #[serde(rename = "HARM_CATEGORY_CIVIC_INTEGRITY")]
    CivicIntegrity,
    #[serde(rename = "HARM_CATEGORY_JAILBREAK")]
    Jailbreak,
    #[serde(other, rename = "HARM_CATEGORY_UNSPECIFIED")]
    Unspecified,
}

/// How likely harm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the service's and say it all")]
pub enum HarmProbability {
    Negligible,
    Low,
    Medium,
    High,
    #[serde(other, rename = "HARM_PROBABILITY_UNSPECIFIED")]
    Unspecified,
}

/// How bad harm would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the service's and say it all")]
pub enum HarmSeverity {
    #[serde(rename = "HARM_SEVERITY_NEGLIGIBLE")]
    Negligible,
    #[serde(rename = "HARM_SEVERITY_LOW")]
    Low,
    #[serde(rename = "HARM_SEVERITY_MEDIUM")]
    Medium,
    #[serde(rename = "HARM_SEVERITY_HIGH")]
    High,
    #[serde(other, rename = "HARM_SEVERITY_UNSPECIFIED")]
    Unspecified,
}
