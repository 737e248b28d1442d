//! How many tokens a prompt has.

use wire::vertex::cached_contents::CachedContent;
use wire::vertex::generate_content::{
    Content, GenerateContentRequest, Modality, ModalityTokenCount, PartData, Tool,
};

use crate::engine::tokens;

/// What a picture or file counts as, in tokens: 258 a picture or page is Google's own figure.
const ATTACHMENT_TOKENS: u64 = 258;
/// Kinds of attachments, in the order in which they are told.
const KINDS: [Modality; 4] = [Modality::Image, Modality::Video, Modality::Audio, Modality::Document];

/// What a prompt comes to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    text_bytes: usize,
    /// How many attachments of each of [`KINDS`].
    attachments: [u32; KINDS.len()],
    /// Characters without white space, by which older models were billed.
    pub(super) billable_characters: u32,
}

impl Size {
    /// Of a whole request: texts by length, attachments at a flat rate.
    pub(super) fn of_request(request: &GenerateContentRequest<'_>) -> Self {
        let mut size = Self::default();
        request.contents.iter().chain(&request.system_instruction).for_each(|content| size.content(content));
        size.tools(&request.tools);
        size
    }

    /// Of what a cache keeps.
    pub(super) fn of_cache(cache: &CachedContent<'_>) -> Self {
        let mut size = Self::default();
        cache.contents.iter().chain(&cache.system_instruction).for_each(|content| size.content(content));
        size.tools(&cache.tools);
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
        let attached: u64 = self.attachments.iter().copied().map(u64::from).sum();
        self.text_tokens() + attached * ATTACHMENT_TOKENS
    }

    /// The same by kind; text is always told, other kinds where there are any.
    pub(super) fn details(&self) -> Vec<ModalityTokenCount> {
        let count = |modality, tokens| ModalityTokenCount { modality, token_count: saturated(tokens) };
        let mut details = vec![count(Modality::Text, self.text_tokens())];
        let attached = KINDS.into_iter().zip(self.attachments).filter(|(_, number)| *number > 0);
        details.extend(
            attached.map(|(modality, number)| count(modality, u64::from(number) * ATTACHMENT_TOKENS)),
        );
        details
    }

    /// Pictures in it.
    pub(super) fn pictures(&self) -> u32 {
        self.attachments[0]
    }

    /// The two together, as a cache and what follows it.
    pub(super) fn with(self, other: Self) -> Self {
        let mut attachments = self.attachments;
        attachments.iter_mut().zip(other.attachments).for_each(|(sum, more)| *sum += more);
        Self {
            text_bytes: self.text_bytes + other.text_bytes,
            attachments,
            billable_characters: self.billable_characters.saturating_add(other.billable_characters),
        }
    }

    fn text_tokens(&self) -> u64 {
        tokens::estimate(self.text_bytes)
    }

    fn tools(&mut self, tools: &[Tool<'_>]) {
        for declaration in tools.iter().flat_map(|tool| &tool.function_declarations) {
            self.text(&declaration.name);
        }
    }

    fn content(&mut self, content: &Content<'_>) {
        for part in &content.parts {
            match &part.data {
                PartData::Text(text) => self.text(text),
                PartData::InlineData(blob) => self.attachment(&blob.mime_type),
                PartData::FileData(file) => self.attachment(&file.mime_type),
                PartData::FunctionCall(call) => self.text(&call.name),
                PartData::FunctionResponse(response) => {
                    self.text(&response.name);
                    self.text(response.response.map_or("", |response| response.get()));
                }
                PartData::ExecutableCode(raw) | PartData::CodeExecutionResult(raw) => self.text(raw.get()),
                PartData::Empty => {}
            }
        }
    }

    fn attachment(&mut self, mime_type: &str) {
        let kind = match mime_type.split('/').next() {
            Some("video") => 1,
            Some("audio") => 2,
            Some("application" | "text") => 3,
            _ => 0,
        };
        self.attachments[kind] += 1;
    }

    fn text(&mut self, text: &str) {
        self.text_bytes += text.len();
        self.billable_characters = self.billable_characters.saturating_add(billable_characters(text));
    }
}

/// A count as the service's 32-bit fields hold it.
pub(super) fn saturated(tokens: u64) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
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
        let body = r#"{"contents":[{"role":"user","parts":[{"text":"12 45 7"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/o"}}]}],"systemInstruction":{"parts":[{"text":"a"}]}}"#;
        let size = Size::of_request(&GenerateContentRequest::parse(body.as_bytes()).expect(body));
        assert_eq!((size.tokens(), size.billable_characters), (2 + 2 * 258, 6));
        let kinds: Vec<_> = size.details().iter().map(|one| (one.modality, one.token_count)).collect();
        assert_eq!(kinds, [(Modality::Text, 2), (Modality::Image, 258), (Modality::Document, 258)]);
        assert_eq!(size.with(size).tokens(), 4 + 4 * 258);
    }
}
