//! `cachedContents`: the beginning of a prompt, kept for a while under a name.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::generate_content::{Content, Tool, ToolConfig};
use super::proto_json::{message, messages, object};
use crate::json::{self, Raw, Text, is_zero};

/// A cache, as a caller makes or changes it and as the service tells of it.
///
/// The service keeps the contents to itself: its answers have none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedContent<'a> {
    /// `projects/…/cachedContents/{id}`, by the service.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// The model that may use it: the full name of a publisher's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text<'a>>,
    /// The caller's own name for it.
    #[serde(default, alias = "display_name", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Text<'a>>,
    /// What is kept.
    #[serde(default, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<Content<'a>>,
    /// Instructions.
    #[serde(default, alias = "system_instruction", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<Content<'a>>,
    /// Functions the model may call.
    #[serde(default, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Whether it does.
    #[serde(default, alias = "tool_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig<'a>>,
    /// How long to keep it, in seconds as in `3600s`; callers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Text<'a>>,
    /// When it was made, RFC 3339; the service only.
    #[serde(default, alias = "create_time", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Text<'a>>,
    /// When it was last changed, RFC 3339; the service only.
    #[serde(default, alias = "update_time", skip_serializing_if = "Option::is_none")]
    pub update_time: Option<Text<'a>>,
    /// When it ends, RFC 3339; from a caller instead of `ttl`.
    #[serde(default, alias = "expire_time", skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Text<'a>>,
    /// How much is kept; the service only.
    #[serde(default, alias = "usage_metadata", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_metadata: Option<CacheUsage>,
    /// The caller's own key; not used here.
    #[serde(default, alias = "encryption_spec", deserialize_with = "object")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_spec: Option<Raw<'a>>,
}

/// How much a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CacheUsage {
    /// Tokens.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_token_count: u32,
    /// Characters of text.
    #[serde(skip_serializing_if = "is_zero")]
    pub text_count: u32,
    /// Pictures.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_count: u32,
}

/// One page of a project's caches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedContentPage<'a> {
    /// The caches.
    #[serde(borrow, default, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub cached_contents: Vec<CachedContent<'a>>,
    /// Asks for the next page; none after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<Text<'a>>,
}

impl<'a> CachedContent<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the proto's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

impl CachedContentPage<'_> {
    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_was_read_and_an_answer_too() {
        for body in [
            concat!(
                r#"{"model":"projects/p/locations/l/publishers/google/models/m","displayName":"d","#,
                r#""contents":[{"role":"user","parts":[{"text":"x"}]}],"systemInstruction":{"parts":[{"text":"y"}]},"#,
                r#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{},"ttl":"3600s"}"#
            ),
            concat!(
                r#"{"name":"projects/p/locations/l/cachedContents/1","model":"m","createTime":"2026-01-01T00:00:00Z","#,
                r#""updateTime":"2026-01-01T00:00:00Z","expireTime":"2026-01-01T01:00:00Z","#,
                r#""usageMetadata":{"totalTokenCount":2048,"textCount":8192}}"#
            ),
        ] {
            assert_eq!(CachedContent::parse(body.as_bytes()).unwrap().to_bytes(), body);
        }
    }

    #[test]
    fn the_last_page_has_no_token() {
        assert_eq!(CachedContentPage::default().to_bytes(), "{}");
        let cached_contents = vec![CachedContent { name: Some("n".into()), ..CachedContent::default() }];
        let page = CachedContentPage { cached_contents, next_page_token: Some("2".into()) };
        assert_eq!(page.to_bytes(), r#"{"cachedContents":[{"name":"n"}],"nextPageToken":"2"}"#);
    }
}
