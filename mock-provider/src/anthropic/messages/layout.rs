//! How the blocks of an answer become blocks of a message, where the two are not the same: a use of the service's own
//! tools is followed by its result, and a text comes in as many blocks as it cites places, and one before them.

use std::ops::Range;

use wire::anthropic::messages::Citation;

use super::served::Served;
use crate::engine::reply::{Block, Piece, Reply};

/// The blocks of a message.
#[derive(Debug)]
pub(super) struct Layout {
    parts: Vec<Part>,
}

/// A part of a block of the answer.
#[derive(Debug)]
pub(super) struct Part {
    /// Which block of the answer, from 0.
    pub(super) block: usize,
    /// Its tokens.
    pub(super) tokens: Range<u32>,
    /// Which block of the message, from 0.
    pub(super) index: u32,
    pub(super) shown: Shown,
}

/// What a part is in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// What it is in the answer.
    Plain,
    /// A text that has something from there.
    Cited(Citation<'static>),
    /// This use of one of the service's tools; the next block of the message is its result.
    Use(usize),
}

impl Layout {
    /// The layout of an answer that cites `places`; `None` where its blocks are those of the message.
    pub(super) fn of(reply: &Reply, served: &Served, places: Vec<Citation<'static>>) -> Option<Self> {
        if served.uses.is_empty() && places.is_empty() {
            return None;
        }
        let mut layout = Self { parts: Vec::new() };
        let (mut uses, mut places) = (0..served.uses.len(), Some(places));
        let mut index = 0;
        for (block, content) in reply.blocks().iter().enumerate() {
            let shown = match content {
                Block::Text(_) => split(content.tokens(), places.take().unwrap_or_default()),
                Block::ToolCall(_) => {
                    vec![(0..content.tokens(), uses.next().map_or(Shown::Plain, Shown::Use))]
                }
                Block::Thinking(_) => vec![(0..content.tokens(), Shown::Plain)],
            };
            for (tokens, shown) in shown {
                let blocks = if matches!(shown, Shown::Use(_)) { 2 } else { 1 };
                layout.parts.push(Part { block, tokens, index, shown });
                index += blocks;
            }
        }
        Some(layout)
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// A piece of the answer as pieces of the message's blocks.
    pub(super) fn pieces<'l, 'r>(
        &'l self,
        piece: &'l Piece<'r>,
    ) -> impl Iterator<Item = (&'l Part, Piece<'r>)> + use<'l, 'r> {
        self.parts.iter().filter(|part| part.block == piece.block).filter_map(|part| {
            let start = piece.tokens.start.max(part.tokens.start);
            let end = piece.tokens.end.min(part.tokens.end);
            (start < end).then(|| {
                let (starts, ends) = (start == part.tokens.start, end == part.tokens.end);
                (part, Piece { tokens: start..end, starts, ends, ..piece.clone() })
            })
        })
    }
}

/// A text in about equal parts, the first of which cites nothing. There are no more parts than tokens.
fn split(tokens: u32, places: Vec<Citation<'static>>) -> Vec<(Range<u32>, Shown)> {
    let cited = places.into_iter().map(Shown::Cited);
    let shown: Vec<Shown> = std::iter::once(Shown::Plain).chain(cited).collect();
    // What cannot be said before what is cited is not said.
    let skipped = usize::from(tokens == 1 && shown.len() > 1);
    let shown: Vec<Shown> = shown.into_iter().skip(skipped).take(tokens as usize).collect();
    let count = shown.len() as u32;
    let bound = |part: u32| (u64::from(tokens) * u64::from(part) / u64::from(count.max(1))) as u32;
    shown.into_iter().zip(0..).map(|(shown, part)| (bound(part)..bound(part + 1), shown)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::reply::{Stop, ToolCall};
    use crate::engine::text::Text;
    use wire::anthropic::messages::MessagesRequest;
    use world::Draws;

    fn place(index: u32) -> Citation<'static> {
        Citation::PageLocation {
            cited_text: "c".into(),
            document_index: index,
            document_title: None,
            start_page_number: 1,
            end_page_number: 2,
        }
    }

    fn searched() -> (Served, Reply) {
        let body = br#"{"tools":[{"type":"web_search_20250305","name":"web_search"}],"messages":[]}"#;
        let request = MessagesRequest::parse(body).expect("sound");
        let served = Served::plan(&request, 4_096, 0, &mut Draws::from_hash(1));
        let calls: Vec<ToolCall> = served.uses.iter().map(|one| one.call.clone()).collect();
        let reply = Reply::of_text(Text::words(1, 40, true), Stop::End).led_by(calls);
        (served, reply)
    }

    #[test]
    fn an_answer_of_its_own_blocks_needs_no_layout() {
        let reply = Reply::of_text(Text::words(1, 40, true), Stop::End);
        assert!(Layout::of(&reply, &Served::default(), Vec::new()).is_none());
    }

    #[test]
    fn a_result_follows_its_use_and_each_place_has_a_text() {
        let (served, reply) = searched();
        let layout = Layout::of(&reply, &served, vec![place(0), place(1)]).expect("a layout");
        let shown: Vec<(u32, &Shown)> = layout.parts().iter().map(|part| (part.index, &part.shown)).collect();
        let (first, second) = (Shown::Cited(place(0)), Shown::Cited(place(1)));
        assert_eq!(shown, [(0, &Shown::Use(0)), (2, &Shown::Plain), (3, &first), (4, &second)]);
    }

    #[test]
    fn pieces_of_any_size_make_the_parts() {
        let (served, reply) = searched();
        let layout = Layout::of(&reply, &served, vec![place(0), place(1)]).expect("a layout");
        for step in [1, 3, 7, 1_000] {
            let mut text = String::new();
            let (mut starts, mut ends) = ([0; 5], [0; 5]);
            for start in (0..reply.tokens()).step_by(step) {
                for piece in reply.pieces(start..start + step as u32) {
                    for (part, piece) in layout.pieces(&piece) {
                        if let Block::Text(said) = piece.content {
                            said.write(piece.tokens.clone(), &mut text);
                        }
                        starts[part.index as usize] += u32::from(piece.starts);
                        ends[part.index as usize] += u32::from(piece.ends);
                    }
                }
            }
            assert_eq!(text, reply.text());
            assert_eq!((starts, ends), ([1, 0, 1, 1, 1], [1, 0, 1, 1, 1]), "by {step}");
        }
    }

    #[test]
    fn a_text_has_no_more_parts_than_tokens() {
        let ranges = |tokens, places: u32| -> Vec<(Range<u32>, bool)> {
            let parts = split(tokens, (0..places).map(place).collect());
            parts.into_iter().map(|(range, shown)| (range, matches!(shown, Shown::Cited(_)))).collect()
        };
        assert_eq!(ranges(1, 0), [(0..1, false)]);
        assert_eq!(ranges(1, 3), [(0..1, true)]);
        assert_eq!(ranges(2, 3), [(0..1, false), (1..2, true)]);
        assert_eq!(ranges(9, 2), [(0..3, false), (3..6, true), (6..9, true)]);
    }
}
