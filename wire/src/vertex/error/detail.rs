//! The details of an error, `google.rpc.*`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One detail; kinds that nobody here uses read as [`Detail::Other`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type")]
pub enum Detail {
    /// The cause for a program.
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo {
        /// Such as `RATE_LIMIT_EXCEEDED`.
        #[serde(default)]
        reason: String,
        /// Whose reason it is.
        #[serde(default)]
        domain: String,
        /// What varies.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, String>,
    },
    /// When to try again; typical of the developer API, not of Vertex AI.
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo", rename_all = "camelCase")]
    RetryInfo {
        /// Seconds, as in `3s`.
        #[serde(default)]
        retry_delay: String,
    },
    /// Which quotas were exceeded; typical of the developer API, not of Vertex AI.
    #[serde(rename = "type.googleapis.com/google.rpc.QuotaFailure")]
    QuotaFailure {
        /// Each of them.
        #[serde(default)]
        violations: Vec<QuotaViolation>,
    },
    /// Where to read on.
    #[serde(rename = "type.googleapis.com/google.rpc.Help")]
    Help {
        /// Addresses.
        #[serde(default)]
        links: Vec<HelpLink>,
    },
    /// Which fields are at fault.
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest", rename_all = "camelCase")]
    BadRequest {
        /// Each of them.
        #[serde(default)]
        field_violations: Vec<FieldViolation>,
    },
    /// Any other.
    #[serde(other)]
    Other,
}

/// A quota that was exceeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaViolation {
    /// Whose.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// For a person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What is counted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quota_metric: String,
    /// Which limit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quota_id: String,
    /// For which model and place.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quota_dimensions: BTreeMap<String, String>,
    /// The limit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quota_value: String,
}

/// An address to read on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelpLink {
    /// What is there.
    pub description: String,
    /// The address.
    pub url: String,
}

/// A field at fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldViolation {
    /// Its path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What is wrong.
    pub description: String,
}

impl Detail {
    /// An [`Detail::ErrorInfo`].
    pub fn error_info<const N: usize>(reason: &str, domain: &str, metadata: [(&str, String); N]) -> Self {
        Detail::ErrorInfo {
            reason: reason.to_owned(),
            domain: domain.to_owned(),
            metadata: metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    /// A [`Detail::Help`] with one address.
    pub fn help(description: &str, url: String) -> Self {
        Detail::Help { links: vec![HelpLink { description: description.to_owned(), url }] }
    }

    /// A [`Detail::BadRequest`] with one field.
    pub fn bad_request(field: &str, description: String) -> Self {
        Detail::BadRequest { field_violations: vec![FieldViolation { field: field.to_owned(), description }] }
    }
}
