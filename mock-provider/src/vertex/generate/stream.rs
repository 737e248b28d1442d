//! `:streamGenerateContent`: the same answer, chunk by chunk, as events or as a JSON array.

use std::ops::Range;

use bytes::BytesMut;
use http::{HeaderValue, Response, StatusCode};
use wire::vertex::generate_content::UsageMetadata;
use wire::vertex::stream::{ChunkHead, Framing, StreamWriter};
use world::Instant;
use world::http::Body;

use super::blocking::{self, Blocked};
use super::manner::{Delivery, Manner, finish_reason};
use super::whole::{Decided, Head, blocked_prompt};
use crate::call::{Call, Engine};
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Reply};
use crate::engine::text::Text;
use crate::vertex::Vertex;
use crate::vertex::front::{Failure, Request, Settlement, reply};

impl Vertex {
    pub(in crate::vertex) async fn stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let decided = self.decide(engine, call, request, model)?;
        let framing = request.query.framing();
        let head = Head::of(engine, call, model);
        let writer = StreamWriter::new(framing, &chunk_head(&head, &decided));
        // The head comes with the first token, as from the service.
        let mut timer = engine.sleep(call, decided.timing.first());
        (&mut timer).await;
        if let Blocked::Prompt(reason) = decided.blocked {
            let feedback = blocked_prompt(reason, &decided.usage, &head);
            return Ok(begun(engine, framing, one_chunk(writer, &feedback)));
        }
        let planned = Planned::of(&decided);
        let script = ChunkScript::new(decided, writer, call);
        Ok(engine.announce(begun(engine, framing, engine.play(script, timer)), &planned))
    }
}

/// How many tokens the whole answer has, thoughts that are not shown left out.
struct Planned(u32);

impl Planned {
    fn of(decided: &Decided<'_>) -> Self {
        let shown = |reply: &Reply| {
            reply.tokens() - if decided.manner.shows_thoughts { 0 } else { reply.thinking_tokens() }
        };
        Self(decided.replies.iter().map(shown).sum())
    }
}

impl crate::call::Length for Planned {
    fn tokens(&self) -> u32 {
        self.0
    }
}

fn begun(engine: &Engine, framing: Framing, body: Body) -> Response<Body> {
    reply::base(engine, StatusCode::OK, HeaderValue::from_static(framing.content_type()), body)
}

fn chunk_head<'h>(head: &'h Head<'_>, decided: &Decided<'_>) -> ChunkHead<'h> {
    ChunkHead {
        model_version: head.model.into(),
        create_time: head.create_time.as_str().into(),
        response_id: head.response_id.as_str().into(),
        traffic_type: Some(decided.traffic),
    }
}

fn one_chunk(
    mut writer: StreamWriter,
    chunk: &wire::vertex::generate_content::GenerateContentResponse<'_>,
) -> Body {
    let mut out = BytesMut::new();
    writer.chunk(chunk, &mut out);
    writer.end(&mut out);
    Body::full(out.freeze())
}

struct ChunkScript {
    writer: StreamWriter,
    pace: Pace,
    replies: Vec<Reply>,
    manner: Manner,
    blocked: Blocked,
    usage: UsageMetadata,
    settlement: Settlement,
    text: String,
}

impl ChunkScript {
    fn new(decided: Decided<'_>, writer: StreamWriter, call: &Call<'_>) -> Self {
        let coalescing = decided.profile.coalescing;
        let mut tokens = decided.longest();
        if decided.blocked.finish_reason().is_some() {
            // One frame of text, and one in which the rest is withheld.
            tokens = coalescing.frame_end(coalescing.frame_end(0, tokens), tokens);
        }
        Self {
            writer,
            pace: Pace::new(call.arrived, decided.timing, coalescing, tokens),
            replies: decided.replies,
            manner: decided.manner,
            blocked: decided.blocked,
            usage: decided.usage,
            settlement: decided.settlement,
            text: String::new(),
        }
    }

    /// The one text of an answer that is nothing else.
    fn plain(&self) -> Option<&Text> {
        match &*self.replies {
            [reply] if self.blocked == Blocked::Nothing && self.manner.is_plain() => match reply.blocks() {
                [Block::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn write_plain(&mut self, is_last: bool, out: &mut BytesMut) {
        if is_last {
            let reason = finish_reason(&self.replies[0]);
            self.writer.finish(&self.text, reason, &self.usage, out);
        } else {
            self.writer.text(&self.text, out);
        }
    }

    /// A chunk for each candidate that has something to show.
    fn write_candidates(&mut self, tokens: &Range<u32>, is_last: bool, out: &mut BytesMut) {
        let still_going = |(_, reply): &(usize, &Reply)| tokens.start < reply.tokens();
        let going: Vec<usize> =
            self.replies.iter().enumerate().filter(still_going).map(|(index, _)| index).collect();
        for index in &going {
            let reply = &self.replies[*index];
            let now = tokens.start..tokens.end.min(reply.tokens());
            let candidate = match self.blocked.finish_reason() {
                Some(reason) if is_last => blocking::withheld(*index as u32, reason),
                _ => self.manner.candidate((*index, reply), now, Delivery::Chunk),
            };
            if is_last && Some(index) == going.last() {
                self.writer.finish_with(&candidate, &self.usage, out);
            } else if candidate.finish_reason.is_some() || !candidate.parts().is_empty() {
                self.writer.candidate(&candidate, out);
            }
        }
    }
}

impl Script for ChunkScript {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        let is_last = self.pace.due().is_none();
        let made = self.replies.iter().map(|reply| reply.tokens().min(tokens.end));
        self.settlement.generated(made.fold(0, u32::saturating_add));
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let is_plain = self.plain().map(|plain| plain.write(tokens.clone(), &mut text)).is_some();
        self.text = text;
        if is_plain {
            self.write_plain(is_last, out);
        } else {
            self.write_candidates(&tokens, is_last, out);
        }
        if is_last {
            self.writer.end(out);
        }
    }
}
