//! How many tokens a Converse prompt has.

use wire::bedrock::converse::{ContentBlock, Message, Request, SystemBlock, ToolConfig, ToolResultBlock};

use crate::engine::tokens;

/// What a picture, document, film or recording counts as, in tokens. Our assumption: the size of a file
/// says nothing about its tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;

/// The estimate for a whole request: its texts and tool definitions by length, attachments at a flat rate.
pub(super) fn tokens_of(request: &Request<'_>) -> u64 {
    let mut size = Size::default();
    request.messages.iter().for_each(|message| size.message(message));
    request.system.iter().for_each(|block| size.system(block));
    if let Some(config) = &request.tool_config {
        size.tools(config);
    }
    tokens::estimate(size.text_bytes) + size.attachments * ATTACHMENT_TOKENS
}

#[derive(Default)]
struct Size {
    text_bytes: usize,
    attachments: u64,
}

impl Size {
    fn message(&mut self, message: &Message<'_>) {
        message.content.iter().for_each(|block| self.block(block));
    }

    fn block(&mut self, block: &ContentBlock<'_>) {
        match block {
            ContentBlock::Text(text) => self.text_bytes += text.len(),
            ContentBlock::ToolUse(call) => self.text_bytes += call.name.len() + call.input.get().len(),
            ContentBlock::ToolResult(result) => {
                for block in &result.content {
                    self.tool_result(block);
                }
            }
            ContentBlock::GuardContent(raw)
            | ContentBlock::SearchResult(raw)
            | ContentBlock::CitationsContent(raw)
            | ContentBlock::ToolAddition(raw)
            | ContentBlock::ToolRemoval(raw) => self.text_bytes += raw.get().len(),
            ContentBlock::Image(_)
            | ContentBlock::Document(_)
            | ContentBlock::Video(_)
            | ContentBlock::Audio(_) => self.attachments += 1,
            // Thinking of earlier turns is not read again.
            ContentBlock::ReasoningContent(_) | ContentBlock::CachePoint(_) => {}
        }
    }

    fn tool_result(&mut self, block: &ToolResultBlock<'_>) {
        match block {
            ToolResultBlock::Text(text) => self.text_bytes += text.len(),
            ToolResultBlock::Json(raw) | ToolResultBlock::SearchResult(raw) => {
                self.text_bytes += raw.get().len();
            }
            ToolResultBlock::Image(_) | ToolResultBlock::Document(_) | ToolResultBlock::Video(_) => {
                self.attachments += 1;
            }
        }
    }

    fn system(&mut self, block: &SystemBlock<'_>) {
        match block {
            SystemBlock::Text(text) => self.text_bytes += text.len(),
            SystemBlock::GuardContent(raw) => self.text_bytes += raw.get().len(),
            SystemBlock::CachePoint(_) => {}
        }
    }

    fn tools(&mut self, config: &ToolConfig<'_>) {
        for tool in &config.tools {
            if let wire::bedrock::converse::Tool::ToolSpec(spec) = tool {
                let description = spec.description.as_ref().map_or(0, |text| text.len());
                self.text_bytes += spec.name.len() + description + spec.input_schema.json.get().len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_length_and_attachments_flat() {
        let tokens = |body: &str| tokens_of(&Request::parse(body.as_bytes()).expect(body));
        assert_eq!(tokens(r#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}]}"#), 2);
        assert_eq!(
            tokens(
                r#"{"messages":[{"role":"user","content":[{"text":"1234"},{"image":{"format":"png"}}]}],"system":[{"text":"1234"}]}"#
            ),
            2 + 1_500
        );
        let tool = r#"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"abcd","inputSchema":{"json":{}}}}]}}"#;
        assert_eq!(tokens(tool), 2);
    }
}
