//! One answer, decided: what it says, what it costs, when it is there.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use wire::anthropic::catalogue::Thinking as Ways;
use wire::anthropic::messages::{
    CacheCreation, Display, MessagesResponse, OutputTokensDetails, ResponseBlock, StopDetails, StopReason,
    Thinking, Usage,
};
use wire::json::Raw;
use world::{Draws, Instant};

use super::cut::Cut;
use super::layout::{Layout, Shown};
use super::request::{Model, Request};
use super::served::Served;
use super::{Home, cited};
use crate::anthropic::id;
use crate::call::{Call, Engine, Length};
use crate::engine::ask::Ask;
use crate::engine::latency::Timing;
use crate::engine::prompt::Cached;
use crate::engine::reply::{Block, Reply, Stop, ToolCall};
use crate::engine::text::Text;
use crate::profile::{Coalescing, Profile};

/// Who is told how many tokens have been generated: what holds a home's quota.
pub(crate) trait Meter: Send + Unpin + 'static {
    /// Notes how many there are so far.
    fn generated(&mut self, tokens: u32);
}

/// One answer.
pub(crate) struct Turn<M> {
    pub(super) reply: Reply,
    pub(super) timing: Timing,
    pub(super) coalescing: Coalescing,
    pub(super) arrived: Instant,
    pub(super) meter: M,
    usage: Usage<'static>,
    home: Home,
    message_id: String,
    model: String,
    cut: Cut,
    thoughts: Thoughts,
    served: Served,
    /// Where the message has other blocks than the answer.
    layout: Option<Box<Layout>>,
}

/// How a caller gets to see thoughts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thoughts {
    /// Keys signatures.
    bits: u64,
    display: Display,
    /// Whether they come encrypted.
    are_redacted: bool,
}

/// In a prompt, asks for thoughts that come encrypted: the service's own way to test a client.
pub(crate) const REDACTED: &str = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_\
     46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";

impl<M: Meter> Turn<M> {
    /// Decides what `model` answers to a request that was admitted; `key` keys the content, `meter` holds the quota.
    pub(crate) fn decide(
        (engine, call, profile): (&Engine, &Call<'_>, &Profile),
        (home, model, key): (Home, &Model<'_>, &str),
        request: &Request<'_>,
        meter: M,
    ) -> Self {
        let cut = Cut::of(request, model);
        let ask = request.ask(key, cut);
        let (served, mut draws) = serve(engine, call, request, ask.max_tokens, cut);
        let calls = served.uses.iter().map(|one| one.call.clone()).collect();
        let reply = if served.is_paused {
            Reply::of_calls(calls)
        } else {
            let ask = Ask { max_tokens: ask.max_tokens.saturating_sub(served.tokens()), ..ask };
            engine.reply(profile, &call.identity, &ask).led_by(calls)
        };
        let places =
            if cut == Cut::Refusal { Vec::new() } else { cited::places(&request.body, &served, &mut draws) };
        let layout = Layout::of(&reply, &served, places).map(Box::new);
        let timing = engine.timing_of(profile, &call.identity, request.prompt(), reply.tokens());
        request.keep(&engine.prompt_cache, call.arrived, timing.first());
        let usage = usage(home, request, &reply, &served);
        let said = Self::saying((engine, call, profile), (home, model, cut), request, reply, meter);
        Self { timing, usage, served, layout, ..said }
    }

    /// Others' words, where the model is never asked: they cost nothing, and nothing of the prompt is kept.
    pub(crate) fn unasked(
        (engine, call, profile): (&Engine, &Call<'_>, &Profile),
        (home, model): (Home, &Model<'_>),
        request: &Request<'_>,
        (reply, after): (Reply, Duration),
        meter: M,
    ) -> Self {
        let of = (home, model, Cut::of(request, model));
        let said = Self::saying((engine, call, profile), of, request, reply, meter);
        Self { timing: Timing::new(after, Duration::ZERO), ..said }
    }

    /// A message of these words, at once and for nothing.
    fn saying(
        (engine, call, profile): (&Engine, &Call<'_>, &Profile),
        (home, model, cut): (Home, &Model<'_>, Cut),
        request: &Request<'_>,
        reply: Reply,
        meter: M,
    ) -> Self {
        let bits = engine.request_bits(&call.identity);
        Self {
            timing: Timing::new(Duration::ZERO, Duration::ZERO),
            coalescing: profile.coalescing,
            arrived: call.arrived,
            meter,
            usage: Usage::plain(0, 0),
            home,
            message_id: id::of(home.id_prefixes().0, bits),
            model: model.name.to_owned(),
            cut,
            thoughts: Thoughts::of(request, model, bits.1),
            reply,
            served: Served::default(),
            layout: None,
        }
    }

    /// What it says.
    pub(crate) fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Puts others' words in the place of the answer, which costs what it did.
    pub(crate) fn replace(&mut self, reply: Reply) {
        self.reply = reply;
        self.served = Served::default();
        self.layout = None;
    }

    /// From the request to the end of the answer.
    pub(crate) fn complete(&self) -> Duration {
        self.timing.complete(self.reply.tokens())
    }

    /// From the request to the first token.
    pub(crate) fn first(&self) -> Duration {
        self.timing.first()
    }

    /// What it costs.
    pub(crate) fn usage(&self) -> &Usage<'static> {
        &self.usage
    }

    /// The whole message, which counts as generated.
    pub(crate) fn message(&mut self) -> Bytes {
        self.meter.generated(self.reply.tokens());
        let ids: Vec<String> = (0..self.served.uses.len()).map(|ordinal| self.use_id(ordinal)).collect();
        let content = self.content(&ids);
        let (stop_reason, stop_sequence) = self.stop();
        let message = MessagesResponse {
            content,
            stop_reason: Some(stop_reason),
            stop_sequence: stop_sequence.map(Into::into),
            stop_details: StopDetails::of(stop_reason),
            container: self.served.container.clone(),
            ..self.started()
        };
        message.to_bytes()
    }

    /// The message before anything is said.
    pub(super) fn started(&self) -> MessagesResponse<'_> {
        MessagesResponse {
            id: self.message_id.as_str().into(),
            model: self.model.as_str().into(),
            usage: self.usage.clone(),
            ..MessagesResponse::default()
        }
    }

    /// Why the answer ends, and before which text.
    pub(super) fn stop(&self) -> (StopReason, Option<&str>) {
        if let Some(reason) = self.cut.reason(self.reply.stop()) {
            return (reason, None);
        }
        if self.served.is_paused {
            return (StopReason::PauseTurn, None);
        }
        match self.reply.stop() {
            Stop::End => (StopReason::EndTurn, None),
            Stop::MaxTokens => (StopReason::MaxTokens, None),
            Stop::StopSequence(sequence) => (StopReason::StopSequence, Some(sequence)),
            Stop::ToolUse => (StopReason::ToolUse, None),
        }
    }

    /// All blocks of the message; `ids` are those of the uses of the service's tools.
    fn content<'r>(&'r self, ids: &'r [String]) -> Vec<ResponseBlock<'r>> {
        let blocks = self.reply.blocks();
        let Some(layout) = &self.layout else {
            return blocks.iter().map(|block| self.block(block)).collect();
        };
        let mut content = Vec::with_capacity(layout.parts().len() + ids.len());
        for part in layout.parts() {
            match (&part.shown, &blocks[part.block]) {
                (Shown::Use(ordinal), _) => content.extend(self.used(*ordinal, &ids[*ordinal])),
                (shown, Block::Text(text)) => {
                    let mut said = String::new();
                    text.write(part.tokens.clone(), &mut said);
                    let citations = match shown {
                        Shown::Cited(place) => Some(vec![place.clone()]),
                        _ => None,
                    };
                    content.push(ResponseBlock::Text { text: said.into(), citations });
                }
                (_, block) => content.push(self.block(block)),
            }
        }
        content
    }

    /// A use of one of the service's tools, and what it has brought.
    fn used<'r>(&'r self, ordinal: usize, id: &'r str) -> [ResponseBlock<'r>; 2] {
        let one = &self.served.uses[ordinal];
        let input = Raw::parse(&one.call.arguments).unwrap_or_else(|_| Raw::empty_object());
        let name = one.call.name.as_str().into();
        [ResponseBlock::ServerToolUse { id: id.into(), name, input }, one.result(id)]
    }

    fn block<'r>(&self, block: &'r Block) -> ResponseBlock<'r> {
        match block {
            Block::Text(text) => ResponseBlock::of_text(written(text)),
            Block::Thinking(text) => self.thoughts.block(text),
            Block::ToolCall(call) => ResponseBlock::ToolUse {
                id: self.tool_id(call).into(),
                name: call.name.as_str().into(),
                input: Raw::parse(&call.arguments).unwrap_or_else(|_| Raw::empty_object()),
            },
        }
    }

    pub(super) fn tool_id(&self, call: &ToolCall) -> String {
        id::of(self.home.id_prefixes().1, call.id_bits)
    }

    /// The id of a use of one of the service's tools.
    pub(super) fn use_id(&self, ordinal: usize) -> String {
        id::of(self.home.use_prefix(), self.served.uses[ordinal].call.id_bits)
    }

    pub(super) fn served(&self) -> &Served {
        &self.served
    }

    pub(super) fn layout(&self) -> Option<&Layout> {
        self.layout.as_deref()
    }

    pub(super) fn thoughts(&self) -> Thoughts {
        self.thoughts
    }
}

impl<M> Length for Turn<M> {
    fn tokens(&self) -> u32 {
        self.reply.tokens()
    }
}

impl Thoughts {
    fn of(request: &Request<'_>, model: &Model<'_>, bits: u64) -> Self {
        let wanted = request.body.thinking.as_ref().and_then(Thinking::wanted_display);
        let usual = if model.thinking == Ways::Adaptive { Display::Omitted } else { Display::Summarized };
        let mut texts = request.body.messages.iter().flat_map(|message| message.content.texts());
        let are_redacted = request.body.thinking.is_some() && texts.any(|text| text.contains(REDACTED));
        Self { bits, display: wanted.unwrap_or(usual), are_redacted }
    }

    fn block(self, text: &Text) -> ResponseBlock<'static> {
        if let Some(block) = self.redacted() {
            return block;
        }
        let thinking = if self.are_shown() { written(text) } else { String::new() };
        ResponseBlock::Thinking { thinking: thinking.into(), signature: self.signature().into() }
    }

    /// Whether a caller reads them.
    pub(super) fn are_shown(self) -> bool {
        !self.are_redacted && self.display == Display::Summarized
    }

    /// The block that comes in their place when they are encrypted.
    pub(super) fn redacted(self) -> Option<ResponseBlock<'static>> {
        self.are_redacted.then(|| ResponseBlock::RedactedThinking { data: self.sealed("E").into() })
    }

    /// That they are the model's own: nobody but the service can tell, so any text of the form will do.
    pub(super) fn signature(self) -> String {
        self.sealed("Er")
    }

    fn sealed(self, opening: &str) -> String {
        let mut draws = Draws::from_hash(self.bits);
        let bytes: Vec<u8> = (0..24).flat_map(|_| draws.next_u64().to_be_bytes()).collect();
        // Both openings leave whole groups of four characters with what follows.
        let mut sealed = BASE64_STANDARD.encode(bytes);
        sealed.replace_range(..opening.len(), opening);
        sealed
    }
}

fn written(text: &Text) -> String {
    let mut out = String::new();
    text.write_all(&mut out);
    out
}

/// What a request has of the service's tools, and draws for what more is made up. An answer that is scripted or
/// broken off has none.
fn serve(engine: &Engine, call: &Call<'_>, request: &Request<'_>, allowed: u32, cut: Cut) -> (Served, Draws) {
    let mut draws = engine.content.draws(&[&call.identity.content.to_le_bytes(), b"served"]);
    if cut == Cut::Refusal || call.identity.scripted.is_some() {
        return (Served::default(), draws);
    }
    let now_s = (engine.clock.unix_start_micros() + call.arrived.as_micros()) / 1_000_000;
    let served = Served::plan(&request.body, allowed, now_s, &mut draws);
    (served, draws)
}

fn usage(home: Home, request: &Request<'_>, reply: &Reply, served: &Served) -> Usage<'static> {
    let counted = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let (input, cached) = (counted(request.uncached_tokens()), request.cached);
    if home == Home::Bedrock && cached == Cached::default() {
        return Usage::plain(input, reply.tokens());
    }
    let of_cache = Usage {
        cache_read_input_tokens: Some(counted(cached.read)),
        cache_creation_input_tokens: Some(counted(cached.written())),
        cache_creation: Some(CacheCreation {
            ephemeral_5m_input_tokens: counted(cached.written_5m),
            ephemeral_1h_input_tokens: counted(cached.written_1h),
        }),
        ..Usage::plain(input, reply.tokens())
    };
    if home == Home::Bedrock {
        return of_cache;
    }
    let thinking_tokens = reply.thinking_tokens();
    let output_tokens_details = (thinking_tokens > 0).then_some(OutputTokensDetails { thinking_tokens });
    let server_tool_use = served.usage();
    Usage { output_tokens_details, server_tool_use, service_tier: Some("standard".into()), ..of_cache }
}
