//! How many tokens a prompt has.

use wire::vertex::generate_content::{Content, GenerateContentRequest, PartData};

use crate::engine::tokens;

/// What a picture or file counts as, in tokens: 258 a picture or page is Google's own figure.
const ATTACHMENT_TOKENS: u64 = 258;

/// What a prompt comes to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    text_bytes: usize,
    attachments: u64,
    /// Characters without white space, by which older models were billed.
    pub(super) billable_characters: u32,
}

impl Size {
    /// Of a whole request: texts by length, attachments at a flat rate.
    pub(super) fn of_request(request: &GenerateContentRequest<'_>) -> Self {
        let mut size = Self::default();
        request.contents.iter().chain(&request.system_instruction).for_each(|content| size.content(content));
        for declaration in request.tools.iter().flat_map(|tool| &tool.function_declarations) {
            size.text(&declaration.name);
        }
        size
    }

    /// Of one content.
    pub(super) fn of_content(content: &Content<'_>) -> Self {
        let mut size = Self::default();
        size.content(content);
        size
    }

    /// The estimate in tokens.
    pub(super) fn tokens(&self) -> u64 {
        tokens::estimate(self.text_bytes) + self.attachments * ATTACHMENT_TOKENS
    }

    fn content(&mut self, content: &Content<'_>) {
        for part in &content.parts {
            match &part.data {
                PartData::Text(text) => self.text(text),
                PartData::InlineData(_) | PartData::FileData(_) => self.attachments += 1,
                PartData::FunctionCall(call) => self.text(&call.name),
                PartData::FunctionResponse(response) => self.text(&response.name),
                PartData::ExecutableCode(raw) | PartData::CodeExecutionResult(raw) => self.text(raw.get()),
                PartData::Empty => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.text_bytes += text.len();
        self.billable_characters = self.billable_characters.saturating_add(billable_characters(text));
    }
}

/// Characters that are not white space.
pub(super) fn billable_characters(text: &str) -> u32 {
    u32::try_from(text.chars().filter(|c| !c.is_whitespace()).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_length_and_files_flat() {
        let body = r#"{"contents":[{"role":"user","parts":[{"text":"12 45 7"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"systemInstruction":{"parts":[{"text":"a"}]}}"#;
        let size = Size::of_request(&GenerateContentRequest::parse(body.as_bytes()).expect(body));
        assert_eq!((size.tokens(), size.billable_characters), (2 + 258, 6));
    }
}
