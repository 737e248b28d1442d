//! What an answer cites: documents and results of searches that the request gives, and what was found in the web.
//!
//! A model that may cite does: a sentence of plain text, a block of a document in blocks, a page of any other. It
//! cites three places at the most.

use serde_json::Value;
use wire::anthropic::messages::{Citation, CitationsConfig, Content, ContentBlock, MessagesRequest};
use wire::json::Text;
use world::Draws;

use super::Refusal;
use super::served::Served;
use crate::engine::text;

/// Places that an answer cites.
const CITED_MAX: usize = 3;
/// Tokens of what is cited of a page, which nobody here can read.
const PAGE_TOKENS: u32 = 12;

/// What the answer to `request` cites.
pub(super) fn places(
    request: &MessagesRequest<'_>,
    served: &Served,
    draws: &mut Draws,
) -> Vec<Citation<'static>> {
    if has_format(request) {
        return Vec::new();
    }
    let mut given = Given::default();
    for block in blocks(request) {
        given.read(block, draws);
    }
    let found = served.uses.iter().filter_map(|one| one.found.as_ref());
    given.places.into_iter().chain(found.map(super::found::Found::cited)).take(CITED_MAX).collect()
}

/// Refuses documents of which some are to be cited and some not, and citations in JSON of a schema. That they are
/// refused is documented; the words are our guess.
pub(super) fn check(request: &MessagesRequest<'_>) -> Result<(), Refusal> {
    let is_cited = |block: &ContentBlock<'_>| match block {
        ContentBlock::Document { citations, .. } => Some(is_enabled(*citations)),
        _ => None,
    };
    let mut cited = blocks(request).filter_map(is_cited);
    let Some(first) = cited.next() else { return Ok(()) };
    if cited.any(|one| one != first) {
        return Err(Refusal::new("messages: citations must be enabled on all or none of the documents"));
    }
    if first && has_format(request) {
        return Err(Refusal::new(
            "output_config.format: citations are not supported with structured outputs",
        ));
    }
    Ok(())
}

fn has_format(request: &MessagesRequest<'_>) -> bool {
    let config = request.output_config.as_ref();
    request.output_format.is_some() || config.is_some_and(|config| config.format.is_some())
}

fn is_enabled(citations: Option<CitationsConfig>) -> bool {
    citations.is_some_and(|config| config.enabled)
}

/// The blocks of all turns, and those that results of tools bring.
fn blocks<'r, 'b>(request: &'r MessagesRequest<'b>) -> impl Iterator<Item = &'r ContentBlock<'b>> {
    request.messages.iter().flat_map(|message| inner(&message.content)).flat_map(|block| {
        let within = match block {
            ContentBlock::ToolResult { content: Some(content), .. } => inner(content),
            _ => &[],
        };
        std::iter::once(block).chain(within)
    })
}

fn inner<'r, 'b>(content: &'r Content<'b>) -> &'r [ContentBlock<'b>] {
    match content {
        Content::Text(_) => &[],
        Content::Blocks(blocks) => blocks,
    }
}

/// What a request gives, as it is read.
#[derive(Default)]
struct Given {
    documents: u32,
    results: u32,
    places: Vec<Citation<'static>>,
}

impl Given {
    fn read(&mut self, block: &ContentBlock<'_>, draws: &mut Draws) {
        match block {
            ContentBlock::Document { source, title, citations, .. } => {
                if is_enabled(*citations) {
                    let source = serde_json::from_str(source.get()).unwrap_or_default();
                    let title = title.as_ref().map(|title| title.to_string().into());
                    self.places.extend(in_document(&source, self.documents, title, draws));
                }
                self.documents += 1;
            }
            ContentBlock::SearchResult { source, title, content, citations, .. } => {
                if is_enabled(*citations) {
                    self.places.extend(in_result(content, self.results, (source, title), draws));
                }
                self.results += 1;
            }
            _ => {}
        }
    }
}

fn in_document(
    source: &Value,
    document_index: u32,
    document_title: Option<Text<'static>>,
    draws: &mut Draws,
) -> Option<Citation<'static>> {
    match source["type"].as_str() {
        Some("text") => {
            let (start, sentence) = drawn_sentence(source["data"].as_str()?, draws)?;
            Some(Citation::CharLocation {
                end_char_index: start + length(sentence),
                start_char_index: start,
                cited_text: sentence.to_owned().into(),
                document_index,
                document_title,
            })
        }
        Some("content") => {
            let texts: Vec<&str> = match &source["content"] {
                Value::String(text) => vec![text],
                content => {
                    content.as_array()?.iter().map(|block| block["text"].as_str().unwrap_or("")).collect()
                }
            };
            let (start, text) = drawn_block(&texts, draws)?;
            Some(Citation::ContentBlockLocation {
                cited_text: text.into(),
                document_index,
                document_title,
                start_block_index: start,
                end_block_index: start + 1,
            })
        }
        _ => {
            let mut cited_text = String::new();
            text::Text::words(draws.next_u64(), PAGE_TOKENS, true).write_all(&mut cited_text);
            Some(Citation::PageLocation {
                cited_text: cited_text.into(),
                document_index,
                document_title,
                start_page_number: 1,
                end_page_number: 2,
            })
        }
    }
}

fn in_result(
    content: &Content<'_>,
    search_result_index: u32,
    (source, title): (&str, &str),
    draws: &mut Draws,
) -> Option<Citation<'static>> {
    let texts: Vec<&str> = content.texts().collect();
    let (start, text) = drawn_block(&texts, draws)?;
    Some(Citation::SearchResultLocation {
        cited_text: text.into(),
        source: source.to_owned().into(),
        title: Some(title.to_owned().into()),
        search_result_index,
        start_block_index: start,
        end_block_index: start + 1,
    })
}

/// One of the blocks that say something, and its place.
fn drawn_block(texts: &[&str], draws: &mut Draws) -> Option<(u32, String)> {
    let said: Vec<(usize, &&str)> = texts.iter().enumerate().filter(|(_, text)| !text.is_empty()).collect();
    let (index, text) = said.get(draws.below(said.len().max(1) as u64) as usize)?;
    Some((*index as u32, (**text).to_owned()))
}

/// A sentence of `text` with what follows its full stop, and the characters before it.
fn drawn_sentence<'t>(text: &'t str, draws: &mut Draws) -> Option<(u32, &'t str)> {
    let sentences: Vec<&str> = text.split_inclusive(". ").collect();
    let drawn = draws.below(sentences.len().max(1) as u64) as usize;
    let sentence = sentences.get(drawn)?;
    Some((sentences[..drawn].iter().map(|before| length(before)).sum(), sentence))
}

fn length(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(content: &str, seed: u64) -> Vec<Citation<'static>> {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{content}]}}]}}"#);
        let request = MessagesRequest::parse(body.as_bytes()).expect(&body);
        check(&request).expect("sound");
        places(&request, &Served::default(), &mut Draws::from_hash(seed))
    }

    fn document(source: &str, more: &str) -> String {
        format!(r#"{{"type":"document","source":{source},"citations":{{"enabled":true}}{more}}}"#)
    }

    #[test]
    fn a_sentence_is_where_it_is_said_to_be() {
        let text = "The grass is grün. The sky is blue. Das Gras ist höher.";
        let letters: Vec<char> = text.chars().collect();
        let block = document(&format!(r#"{{"type":"text","media_type":"text/plain","data":"{text}"}}"#), "");
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let [Citation::CharLocation { cited_text, start_char_index: start, end_char_index: end, .. }] =
                &cited(&block, seed)[..]
            else {
                panic!("one place in plain text")
            };
            let there: String = letters[*start as usize..*end as usize].iter().collect();
            assert_eq!(*cited_text, *there);
            seen.insert(*start);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 19, 36], "each of the three");
    }

    #[test]
    fn each_kind_of_source_has_its_kind_of_place() {
        let blocks =
            r#"{"type":"content","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}"#;
        let pages =
            document(r#"{"type":"base64","media_type":"application/pdf","data":""}"#, r#","title":"A""#);
        let result = r#"{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}],"citations":{"enabled":true}}"#;
        let all = cited(&format!("{},{pages},{result},{pages}", document(blocks, "")), 3);
        let [
            Citation::ContentBlockLocation { cited_text, start_block_index, end_block_index, .. },
            Citation::PageLocation { document_index: 1, document_title: Some(title), .. },
            Citation::SearchResultLocation { search_result_index: 0, end_block_index: 1, .. },
        ] = &all[..]
        else {
            panic!("{all:?}")
        };
        assert_eq!(*cited_text, ["one", "two"][*start_block_index as usize]);
        assert_eq!((*end_block_index, &**title), (start_block_index + 1, "A"));
    }

    #[test]
    fn nothing_is_cited_unasked() {
        let silent = document(r#"{"type":"text","data":"x"}"#, "").replace("true", "false");
        assert_eq!(cited(&silent, 1), []);
        assert_eq!(cited(r#"{"type":"text","text":"hi"}"#, 1), []);
    }

    #[test]
    fn all_documents_are_cited_or_none() {
        let one = document(r#"{"type":"text","data":"x"}"#, "");
        let refused = |content: &str, more: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":[{content}]}}]{more}}}"#);
            check(&MessagesRequest::parse(body.as_bytes()).expect(&body)).is_err()
        };
        assert!(refused(&format!("{one},{}", one.replace("true", "false")), ""));
        assert!(!refused(&format!("{one},{one}"), ""));
        assert!(refused(&one, r#","output_config":{"format":{"type":"json_schema","schema":{}}}"#));
    }
}
