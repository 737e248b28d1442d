//! Where an answer has something from: a place in a document, or something found.

use serde::{Deserialize, Serialize};

use crate::json::Text;

/// Whether an answer cites what it is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitationsConfig {
    /// Whether.
    #[serde(default)]
    pub enabled: bool,
}

/// Where a text has something from. What is cited does not count as output. Ends are exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", bound(deserialize = "'de: 'a"))]
pub enum Citation<'a> {
    /// From a document of plain text.
    CharLocation {
        /// What stands there.
        cited_text: Text<'a>,
        /// Which of the request's documents, from 0.
        document_index: u32,
        /// What the request calls it.
        document_title: Option<Text<'a>>,
        /// The first character, from 0.
        start_char_index: u32,
        /// The character after the last.
        end_char_index: u32,
    },
    /// From a document of pages.
    PageLocation {
        /// What stands there.
        cited_text: Text<'a>,
        /// Which of the request's documents, from 0.
        document_index: u32,
        /// What the request calls it.
        document_title: Option<Text<'a>>,
        /// The first page, from 1.
        start_page_number: u32,
        /// The page after the last.
        end_page_number: u32,
    },
    /// From a document in blocks.
    ContentBlockLocation {
        /// What stands there.
        cited_text: Text<'a>,
        /// Which of the request's documents, from 0.
        document_index: u32,
        /// What the request calls it.
        document_title: Option<Text<'a>>,
        /// The first block, from 0.
        start_block_index: u32,
        /// The block after the last.
        end_block_index: u32,
    },
    /// From something that the caller found.
    SearchResultLocation {
        /// What stands there.
        cited_text: Text<'a>,
        /// Where it was found.
        source: Text<'a>,
        /// What it is called.
        title: Option<Text<'a>>,
        /// Which of what was found, from 0.
        search_result_index: u32,
        /// The first block, from 0.
        start_block_index: u32,
        /// The block after the last.
        end_block_index: u32,
    },
    /// From something that the service found in the web.
    WebSearchResultLocation {
        /// What stands there.
        cited_text: Text<'a>,
        /// Where it was found.
        url: Text<'a>,
        /// What it is called.
        title: Option<Text<'a>>,
        /// Of use to the service alone, which wants it back.
        encrypted_index: Text<'a>,
    },
    /// A kind that this crate does not know.
    #[serde(other)]
    Unknown,
}

impl Citation<'_> {
    /// What stands at the place.
    pub fn cited_text(&self) -> Option<&str> {
        match self {
            Self::CharLocation { cited_text, .. }
            | Self::PageLocation { cited_text, .. }
            | Self::ContentBlockLocation { cited_text, .. }
            | Self::SearchResultLocation { cited_text, .. }
            | Self::WebSearchResultLocation { cited_text, .. } => Some(cited_text),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_is_the_services_byte_by_byte() {
        let of_text = Citation::CharLocation {
            cited_text: "The grass is green. ".into(),
            document_index: 0,
            document_title: None,
            start_char_index: 0,
            end_char_index: 20,
        };
        let found = Citation::WebSearchResultLocation {
            cited_text: "up 2.8%".into(),
            url: "https://a.example/".into(),
            title: Some("A".into()),
            encrypted_index: "Eo8B".into(),
        };
        for (citation, expected) in [
            (
                of_text,
                r#"{"type":"char_location","cited_text":"The grass is green. ","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":20}"#,
            ),
            (
                found,
                r#"{"type":"web_search_result_location","cited_text":"up 2.8%","url":"https://a.example/","title":"A","encrypted_index":"Eo8B"}"#,
            ),
        ] {
            assert_eq!(crate::json::to_bytes(&citation), expected);
            assert_eq!(serde_json::from_str::<Citation<'_>>(expected).unwrap(), citation);
        }
        let unknown = r#"{"type":"dream_location","cited_text":"x"}"#;
        assert_eq!(serde_json::from_str::<Citation<'_>>(unknown).unwrap(), Citation::Unknown);
    }
}
