//! Constraints of the service model: ranges, lengths, patterns and sets of values.

use super::super::content::{ContentBlock, ToolResultBlock};
use super::super::request::{InferenceConfig, Request, ToolChoice};
use super::super::settings::{GuardrailConfig, OutputConfig};
use crate::json::Raw;
use serde::Deserialize;

/// All of them in one text; none when every constraint holds.
pub(super) fn violated(request: &Request<'_>) -> Option<String> {
    let mut found = Found::default();
    request.inference_config.iter().for_each(|config| found.inference(config));
    found.tools(request);
    found.contents(request);
    request.guardrail_config.iter().for_each(|config| found.guardrail(config));
    request.output_config.iter().for_each(|config| found.output(config));
    found.service(request);
    found.into_text()
}

#[derive(Default)]
struct Found(Vec<String>);

const IMAGE_FORMATS: &[&str] = &["png", "jpeg", "gif", "webp"];
const DOCUMENT_FORMATS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];
const VIDEO_FORMATS: &[&str] = &["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"];
const TOOL_NAME: &str = "[a-zA-Z0-9_-]+";
const TOOL_USE_ID: &str = "[a-zA-Z0-9_.:-]+";

impl Found {
    fn add(&mut self, value: &str, path: &str, constraint: &str) {
        let problem =
            format!("Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}");
        self.0.push(problem);
    }

    fn into_text(self) -> Option<String> {
        let noun = if self.0.len() == 1 { "error" } else { "errors" };
        (!self.0.is_empty())
            .then(|| format!("{} validation {noun} detected: {}", self.0.len(), self.0.join("; ")))
    }

    fn one_of(&mut self, value: &str, path: &str, accepted: &[&str]) {
        if !accepted.contains(&value) {
            self.add(value, path, &format!("satisfy enum value set: [{}]", accepted.join(", ")));
        }
    }

    fn at_most(&mut self, length: usize, limit: usize, path: &str) {
        if length > limit {
            self.add("[…]", path, &format!("have length less than or equal to {limit}"));
        }
    }

    /// Names and ids: up to 64 characters of an alphabet.
    fn label(&mut self, value: &str, path: &str, pattern: &str) {
        let more: &[u8] = if pattern == TOOL_NAME { b"_-" } else { b"_.:-" };
        if value.is_empty() {
            self.add(value, path, "have length greater than or equal to 1");
        } else if value.chars().count() > 64 {
            self.add(value, path, "have length less than or equal to 64");
        }
        if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte)) {
            self.add(value, path, &format!("satisfy regular expression pattern: {pattern}"));
        }
    }

    fn inference(&mut self, config: &InferenceConfig<'_>) {
        if let Some(tokens) = config.max_tokens.filter(|tokens| *tokens < 1) {
            let constraint = "have value greater than or equal to 1";
            self.add(&tokens.to_string(), "inferenceConfig.maxTokens", constraint);
        }
        let shares =
            [("inferenceConfig.temperature", config.temperature), ("inferenceConfig.topP", config.top_p)];
        for (path, value) in shares {
            let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) else { continue };
            let bound = if value > 1.0 { "less than or equal to 1" } else { "greater than or equal to 0" };
            self.add(&format!("{value:?}"), path, &format!("have value {bound}"));
        }
        self.at_most(config.stop_sequences.len(), 2500, "inferenceConfig.stopSequences");
        for (index, stop) in config.stop_sequences.iter().enumerate() {
            if stop.is_empty() {
                let path = format!("inferenceConfig.stopSequences.{}.member", index + 1);
                self.add("", &path, "have length greater than or equal to 1");
            }
        }
    }

    fn tools(&mut self, request: &Request<'_>) {
        let Some(config) = &request.tool_config else { return };
        if config.tools.is_empty() {
            self.add("[]", "toolConfig.tools", "have length greater than or equal to 1");
        }
        for (index, tool) in config.tools.iter().enumerate() {
            let super::super::request::Tool::ToolSpec(spec) = tool else { continue };
            let path = format!("toolConfig.tools.{}.member.toolSpec", index + 1);
            self.label(&spec.name, &format!("{path}.name"), TOOL_NAME);
            if spec.description.as_deref().is_some_and(str::is_empty) {
                self.add("", &format!("{path}.description"), "have length greater than or equal to 1");
            }
        }
        if let Some(ToolChoice::Tool(named)) = &config.tool_choice {
            self.label(&named.name, "toolConfig.toolChoice.tool.name", TOOL_NAME);
        }
    }

    fn contents(&mut self, request: &Request<'_>) {
        for (turn, message) in request.messages.iter().enumerate() {
            for (block, content) in message.content.iter().enumerate() {
                let path = || format!("messages.{}.member.content.{}.member", turn + 1, block + 1);
                match content {
                    // By far the most common, and free to say anything.
                    ContentBlock::Text(_) => {}
                    ContentBlock::ToolUse(call) => {
                        self.label(&call.tool_use_id, &format!("{}.toolUse.toolUseId", path()), TOOL_USE_ID);
                        self.label(&call.name, &format!("{}.toolUse.name", path()), TOOL_NAME);
                    }
                    ContentBlock::ToolResult(result) => {
                        let path = format!("{}.toolResult", path());
                        self.label(&result.tool_use_id, &format!("{path}.toolUseId"), TOOL_USE_ID);
                        self.tool_result(&result.content, &path);
                    }
                    ContentBlock::Image(raw) => self.media(raw, &format!("{}.image", path()), IMAGE_FORMATS),
                    ContentBlock::Video(raw) => self.media(raw, &format!("{}.video", path()), VIDEO_FORMATS),
                    ContentBlock::Document(raw) => self.document(raw, &format!("{}.document", path())),
                    ContentBlock::CachePoint(raw) => self.cache_point(raw, &path()),
                    _ => {}
                }
            }
        }
    }

    fn tool_result(&mut self, blocks: &[ToolResultBlock<'_>], path: &str) {
        for (index, block) in blocks.iter().enumerate() {
            let path = format!("{path}.content.{}.member", index + 1);
            match block {
                ToolResultBlock::Image(raw) => self.media(raw, &format!("{path}.image"), IMAGE_FORMATS),
                ToolResultBlock::Document(raw) => self.document(raw, &format!("{path}.document")),
                ToolResultBlock::Video(raw) => self.media(raw, &format!("{path}.video"), VIDEO_FORMATS),
                ToolResultBlock::Json(_) | ToolResultBlock::Text(_) | ToolResultBlock::SearchResult(_) => {}
            }
        }
    }

    fn media(&mut self, raw: &Raw<'_>, path: &str, formats: &[&str]) {
        let media: Media<'_> = raw.read().unwrap_or_default();
        match media.format {
            Some(format) => self.one_of(&format, &format!("{path}.format"), formats),
            None => self.missing(&format!("{path}.format")),
        }
        if media.source.is_none() {
            self.missing(&format!("{path}.source"));
        }
    }

    fn document(&mut self, raw: &Raw<'_>, path: &str) {
        let document: Media<'_> = raw.read().unwrap_or_default();
        if let Some(format) = document.format {
            self.one_of(&format, &format!("{path}.format"), DOCUMENT_FORMATS);
        }
        match document.name {
            Some(name) if (1..=200).contains(&name.chars().count()) => {}
            Some(name) => self.add(&name, &format!("{path}.name"), "have length 1 to 200"),
            None => self.missing(&format!("{path}.name")),
        }
        if document.source.is_none() {
            self.missing(&format!("{path}.source"));
        }
    }

    fn missing(&mut self, path: &str) {
        self.0.push(format!("Value at '{path}' failed to satisfy constraint: Member must not be null"));
    }

    fn cache_point(&mut self, raw: &Raw<'_>, path: &str) {
        let point: CachePoint<'_> = raw.read().unwrap_or_default();
        match point.r#type {
            Some(kind) => self.one_of(&kind, &format!("{path}.cachePoint.type"), &["default"]),
            None => self.missing(&format!("{path}.cachePoint.type")),
        }
        if let Some(ttl) = point.ttl {
            self.one_of(&ttl, &format!("{path}.cachePoint.ttl"), &["5m", "1h"]);
        }
    }

    fn guardrail(&mut self, config: &GuardrailConfig<'_>) {
        if let Some(id) = config.guardrail_identifier.as_deref().filter(|id| !is_guardrail(id)) {
            let pattern =
                "(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))";
            let constraint = format!("satisfy regular expression pattern: {pattern}");
            self.add(id, "guardrailConfig.guardrailIdentifier", &constraint);
        }
        if let Some(version) = config.guardrail_version.as_deref().filter(|version| !is_version(version)) {
            let constraint = "satisfy regular expression pattern: (|([1-9][0-9]{0,7})|(DRAFT))";
            self.add(version, "guardrailConfig.guardrailVersion", constraint);
        }
        if let Some(trace) = &config.trace {
            self.one_of(trace, "guardrailConfig.trace", &["enabled", "disabled", "enabled_full"]);
        }
        if let Some(mode) = &config.stream_processing_mode {
            self.one_of(mode, "guardrailConfig.streamProcessingMode", &["sync", "async"]);
        }
    }

    fn output(&mut self, config: &OutputConfig<'_>) {
        if let Some(format) = &config.text_format {
            self.one_of(&format.r#type, "outputConfig.textFormat.type", &["json_schema"]);
        }
        self.at_most(
            config.effort.as_ref().map_or(0, |text| text.chars().count()),
            16,
            "outputConfig.effort",
        );
    }

    fn service(&mut self, request: &Request<'_>) {
        if let Some(latency) = request.performance_config.as_ref().and_then(|config| config.latency.as_ref())
        {
            self.one_of(latency, "performanceConfig.latency", &["standard", "optimized"]);
        }
        if let Some(tier) = &request.service_tier {
            self.one_of(&tier.r#type, "serviceTier.type", &["priority", "default", "flex", "reserved"]);
        }
        let paths = &request.additional_model_response_field_paths;
        self.at_most(paths.len(), 10, "additionalModelResponseFieldPaths");
        for (index, path) in paths.iter().enumerate() {
            let place = format!("additionalModelResponseFieldPaths.{}.member", index + 1);
            match path.chars().count() {
                0 => self.add(path, &place, "have length greater than or equal to 1"),
                257.. => self.add(path, &place, "have length less than or equal to 256"),
                _ => {}
            }
        }
    }
}

/// Format, name and presence of a picture, film or document.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Media<'a> {
    #[serde(borrow)]
    format: Option<crate::json::Text<'a>>,
    name: Option<crate::json::Text<'a>>,
    source: Option<Raw<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CachePoint<'a> {
    #[serde(borrow)]
    r#type: Option<crate::json::Text<'a>>,
    ttl: Option<crate::json::Text<'a>>,
}

fn is_guardrail(id: &str) -> bool {
    let name =
        if id.starts_with("arn:") { id.rsplit_once(":guardrail/").map_or("-", |(_, name)| name) } else { id };
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_version(version: &str) -> bool {
    let is_number =
        version.len() <= 8 && !version.starts_with('0') && version.bytes().all(|byte| byte.is_ascii_digit());
    version == "DRAFT" || is_number
}

#[cfg(test)]
mod tests {
    use super::super::problem;

    const TURN: &str = r#"[{"role":"user","content":[{"text":"Hi"}]}]"#;

    #[test]
    fn a_sound_request_has_no_problem() {
        let body = format!(
            r#"{{"messages":{TURN},"inferenceConfig":{{"maxTokens":1,"topP":1,"temperature":0}},"guardrailConfig":{{"guardrailIdentifier":"arn:aws:bedrock:us-east-1:123456789012:guardrail/abc1","guardrailVersion":"1","trace":"enabled"}},"performanceConfig":{{"latency":"optimized"}},"serviceTier":{{"type":"flex"}}}}"#
        );
        assert_eq!(problem(&body), None);
    }

    #[test]
    fn all_violated_constraints_are_named_at_once() {
        let body = r#"{"messages":[],"inferenceConfig":{"maxTokens":0,"temperature":1.5}}"#;
        assert_eq!(
            problem(body).unwrap(),
            "2 validation errors detected: Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1"
        );
    }

    #[test]
    fn every_member_has_its_constraint() {
        for (member, place) in [
            (r#""toolConfig":{"tools":[]}"#, "'[]' at 'toolConfig.tools'"),
            (
                r#""toolConfig":{"tools":[{"toolSpec":{"name":"a b","inputSchema":{"json":{}}}}]}"#,
                "'a b' at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
            ),
            (r#""guardrailConfig":{"guardrailVersion":"0"}"#, "'0' at 'guardrailConfig.guardrailVersion'"),
            (
                r#""guardrailConfig":{"guardrailIdentifier":"A"}"#,
                "'A' at 'guardrailConfig.guardrailIdentifier'",
            ),
            (r#""guardrailConfig":{"trace":"on"}"#, "set: [enabled, disabled, enabled_full]"),
            (r#""performanceConfig":{"latency":"fast"}"#, "'fast' at 'performanceConfig.latency'"),
            (r#""serviceTier":{"type":"gold"}"#, "'gold' at 'serviceTier.type'"),
            (
                r#""outputConfig":{"textFormat":{"type":"xml","structure":{"jsonSchema":{"schema":"{}"}}}}"#,
                "'xml' at 'outputConfig.textFormat.type'",
            ),
            (r#""inferenceConfig":{"stopSequences":[""]}"#, "'inferenceConfig.stopSequences.1.member'"),
            (
                r#""additionalModelResponseFieldPaths":["/a","","/b"]"#,
                "'additionalModelResponseFieldPaths.2.member'",
            ),
        ] {
            let found = problem(&format!(r#"{{"messages":{TURN},{member}}}"#)).unwrap();
            assert!(found.starts_with("1 validation error detected: ") && found.contains(place), "{found}");
        }
    }

    #[test]
    fn blocks_have_theirs() {
        for (block, place) in [
            (
                r#"{"image":{"format":"bmp","source":{"bytes":"aQ=="}}}"#,
                "'bmp' at 'messages.1.member.content.1.member.image.format' failed to satisfy constraint: Member must satisfy enum value set: [png, jpeg, gif, webp]",
            ),
            (r#"{"image":{"format":"png"}}"#, "at 'messages.1.member.content.1.member.image.source'"),
            (r#"{"document":{"source":{}}}"#, "content.1.member.document.name'"),
            (r#"{"cachePoint":{"type":"default","ttl":"1d"}}"#, "'1d' at "),
            (r#"{"toolResult":{"toolUseId":"a/b","content":[]}}"#, "'a/b' at "),
        ] {
            let found =
                problem(&format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#)).unwrap();
            assert!(found.starts_with("1 validation error detected: ") && found.contains(place), "{found}");
        }
    }
}
