//! A streamed answer on its way through: the provider's events in, the client's events out.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use wire::openai::chat::{FinishReason, Usage};
use wire::openai::chat_stream::{ChunkHead, ChunkWriter, DONE};
use wire::splitter::{Format, Piece, Splitter, State};
use world::http::Body;

use super::{AnswerHead, bedrock, vertex};
use crate::failure::{Cause, Failure};
use crate::fleet::Speaker;

/// What one event of a provider adds to the answer.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// Text.
    Text(&'a str),
    /// A call of a function begins.
    ToolCall { block: u32, id: Option<&'a str>, name: &'a str },
    /// More arguments of the call in that block.
    ToolArguments { block: u32, piece: &'a str },
    /// A call of a function, whole.
    WholeToolCall { name: &'a str, arguments: &'a str },
    /// The answer ends.
    Finish(FinishReason),
    /// What it cost.
    Usage(Usage),
}

/// A provider's stream that is being read.
#[derive(Debug)]
pub(crate) struct LiveStream {
    body: Body,
    splitter: Splitter,
    pub(crate) renderer: Renderer,
}

/// What one look at a stream brought.
#[derive(Debug)]
pub(crate) enum Read {
    /// Some bytes.
    Progress,
    /// Its end; whether the answer was whole, [`Renderer::is_whole`] knows.
    End,
}

/// Writes the client's events.
#[derive(Debug)]
pub(crate) struct Renderer {
    writer: ChunkWriter,
    answer_id: String,
    include_usage: bool,
    /// Rendered and not yet passed on.
    pub(crate) out: BytesMut,
    /// What events have added so far.
    pub(crate) items: u32,
    /// Pieces of content so far.
    pub(crate) pieces: u32,
    /// Words so far: an estimate of tokens while the provider has not said.
    pub(crate) words: u32,
    pub(crate) usage: Option<Usage>,
    finish: Option<FinishReason>,
    /// The provider's block of the last call, and its index among the calls.
    calls: Vec<u32>,
}

impl LiveStream {
    pub(crate) fn new(body: Body, speaker: &Speaker, head: AnswerHead<'_>, model: &str) -> Self {
        let format = match speaker {
            Speaker::Bedrock(_) => Format::EventStream,
            Speaker::Vertex { .. } => Format::Sse,
        };
        Self { body, splitter: Splitter::new(format), renderer: Renderer::new(head, model) }
    }

    /// Reads until there is something to show, or the answer has ended without it.
    pub(crate) async fn read_to_content(&mut self) -> Result<(), Failure> {
        while !self.renderer.has_content() {
            match poll_fn(|context| self.poll_read(context)).await? {
                Read::Progress => {}
                Read::End if self.renderer.is_whole() => return Ok(()),
                Read::End => return Err(cut()),
            }
        }
        Ok(())
    }

    /// Reads one piece of the body and renders the events in it.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Read, Failure>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(match frame {
            None => Ok(Read::End),
            Some(Err(error)) => Err(Failure::new(Cause::Lost, error.to_string())),
            Some(Ok(frame)) => {
                frame.into_data().map_or(Ok(()), |chunk| self.render(chunk)).map(|()| Read::Progress)
            }
        })
    }

    /// Gives up the rest of the provider's answer.
    pub(crate) fn into_body(self) -> Body {
        self.body
    }

    fn render(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.splitter.push(chunk);
        while let Some(piece) = self.splitter.next_event() {
            let Piece::Event(event) = piece else { continue };
            let renderer = &mut self.renderer;
            match self.splitter.format() {
                Format::EventStream => bedrock::read_event(event, &mut |item| renderer.add(&item))?,
                Format::Sse | Format::JsonArray => {
                    vertex::read_event(&event, &mut |item| renderer.add(&item))?;
                }
            }
        }
        match self.splitter.state() {
            State::Splitting => Ok(()),
            State::Oversized | State::Malformed => {
                Err(Failure::new(Cause::Malformed, "the stream is not of its format"))
            }
        }
    }
}

/// A stream whose provider stopped without an end.
pub(crate) fn cut() -> Failure {
    Failure::new(Cause::Lost, "the provider's stream ended before the answer")
}

impl Renderer {
    fn new(head: AnswerHead<'_>, model: &str) -> Self {
        let writer = ChunkWriter::new(&ChunkHead {
            id: head.id.into(),
            created: head.created,
            model: model.into(),
            include_usage: head.include_usage,
            ..ChunkHead::default()
        });
        let mut out = BytesMut::with_capacity(1_024);
        writer.role(&mut out);
        Self {
            writer,
            answer_id: head.id.to_owned(),
            include_usage: head.include_usage,
            out,
            items: 0,
            pieces: 0,
            words: 0,
            usage: None,
            finish: None,
            calls: Vec::new(),
        }
    }

    /// Whether there is anything of the answer, or its end.
    pub(crate) fn has_content(&self) -> bool {
        self.pieces > 0 || self.finish.is_some()
    }

    /// Whether the provider has said why the answer ended: then nothing of it is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.finish.is_some()
    }

    /// Renders the end of a whole answer.
    pub(crate) fn end(&mut self) {
        if let Some(usage) = self.usage.as_ref().filter(|_| self.include_usage) {
            self.writer.usage(usage, &mut self.out);
        }
        self.out.extend_from_slice(DONE);
    }

    fn add(&mut self, item: &Item<'_>) {
        self.items = self.items.wrapping_add(1);
        match *item {
            Item::Text("") => return,
            Item::Text(text) => {
                self.words = self.words.saturating_add(words(text));
                self.writer.content(text, &mut self.out);
            }
            Item::ToolCall { block, id, name } => self.open_call(block, id, name),
            Item::ToolArguments { block, piece } => {
                let index = self.calls.iter().position(|known| *known == block).unwrap_or(0);
                self.words = self.words.saturating_add(1);
                self.writer.tool_arguments(index_u32(index), piece, &mut self.out);
            }
            Item::WholeToolCall { name, arguments } => {
                let block = index_u32(self.calls.len());
                self.open_call(block, None, name);
                self.writer.tool_arguments(block, arguments, &mut self.out);
            }
            Item::Finish(reason) => return self.finish(reason),
            Item::Usage(usage) => {
                self.usage = Some(usage);
                return;
            }
        }
        self.pieces = self.pieces.saturating_add(1);
    }

    fn open_call(&mut self, block: u32, id: Option<&str>, name: &str) {
        let index = self.calls.len();
        self.calls.push(block);
        let made_up = vertex::call_id(&self.answer_id, index);
        self.writer.tool_call(index_u32(index), id.unwrap_or(&made_up), name, &mut self.out);
    }

    fn finish(&mut self, reason: FinishReason) {
        let calls_only = reason == FinishReason::Stop && !self.calls.is_empty();
        let reason = if calls_only { FinishReason::ToolCalls } else { reason };
        if self.finish.replace(reason).is_none() {
            self.writer.finish(reason, &mut self.out);
        }
    }
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_ascii_whitespace().count()).unwrap_or(u32::MAX)
}
