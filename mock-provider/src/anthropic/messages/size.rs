//! How many tokens a prompt has.

use wire::anthropic::messages::{Content, ContentBlock, MessagesRequest, Tool};

use crate::engine::tokens;

/// What a picture or document counts as, in tokens. Our assumption: the size of a file says nothing about
/// its tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;

/// The estimate for a whole request: texts, calls and definitions of tools by length, attachments flat.
pub(super) fn tokens_of(request: &MessagesRequest<'_>) -> u64 {
    let mut size = Size::default();
    request.messages.iter().for_each(|message| size.content(&message.content));
    request.system.iter().for_each(|system| size.content(system));
    request.tools.iter().for_each(|tool| size.tool(tool));
    size.tokens()
}

/// What a part of a prompt comes to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Size {
    bytes: usize,
    attachments: u64,
}

impl Size {
    /// The estimate in tokens.
    pub(super) fn tokens(&self) -> u64 {
        tokens::estimate(self.bytes) + self.attachments * ATTACHMENT_TOKENS
    }

    pub(super) fn tool(&mut self, tool: &Tool<'_>) {
        let description = tool.description.as_ref().map_or(0, |text| text.len());
        let schema = tool.input_schema.map_or(0, |schema| schema.get().len());
        self.bytes += tool.name.len() + description + schema;
    }

    pub(super) fn content(&mut self, content: &Content<'_>) {
        match content {
            Content::Text(text) => self.bytes += text.len(),
            Content::Blocks(blocks) => blocks.iter().for_each(|block| self.block(block)),
        }
    }

    pub(super) fn block(&mut self, block: &ContentBlock<'_>) {
        match block {
            ContentBlock::Text { text, .. } => self.bytes += text.len(),
            ContentBlock::ToolUse { name, input, .. } => self.bytes += name.len() + input.get().len(),
            ContentBlock::ToolResult { content, .. } => {
                content.iter().for_each(|content| self.content(content));
            }
            ContentBlock::SearchResult { content, .. } => self.content(content),
            ContentBlock::Image { .. } | ContentBlock::Document { .. } => self.attachments += 1,
            // Thinking of earlier turns is not read again.
            ContentBlock::Thinking { .. } | ContentBlock::RedactedThinking { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_length_and_attachments_flat() {
        let body = br#"{"max_tokens":1,"system":"1234","messages":[
            {"role":"user","content":[{"type":"text","text":"1234"},{"type":"image","source":{}}]}]}"#;
        assert_eq!(tokens_of(&MessagesRequest::parse(body).expect("sound")), 2 + 1_500);
    }
}
