//! Claude through InvokeModelWithResponseStream: the vendor's events, base64 in frames.

use bytes::BytesMut;
use http::{Response, StatusCode};
use wire::bedrock::headers::{self, EVENT_STREAM};
use wire::bedrock::invoke_claude::{Block, Response as Answered, StreamObject, Usage};
use wire::bedrock::invoke_stream::InvocationMetrics;
use wire::bedrock::model::claude_name;
use wire::bedrock::stream_frame::Padding;
use world::http::Body;
use world::{Draws, Instant};

use super::claude::{message_id, stop_reason, usage};
use super::decide::Decided;
use super::failure::Failure;
use super::settlement::Settlement;
use super::target::Target;
use super::{Bedrock, invoke, reply};
use crate::call::{Call, Engine};
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block as Spoken, Reply};

impl Bedrock {
    pub(super) async fn claude_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let decided = self.decide_claude(engine, call, target)?;
        let script = ClaudeScript::new(decided, engine, call, claude_name(target.id.base()));
        let mut timer = engine.sleep(call, script.pace.first());
        (&mut timer).await;
        let tokens = script.reply.tokens();
        let mut response =
            reply::base(engine, call, StatusCode::OK, EVENT_STREAM, engine.play(script, timer));
        response.headers_mut().insert(headers::CONTENT_TYPE, headers::JSON);
        invoke::echo(call, &mut response);
        Ok(engine.announce(response, &tokens))
    }
}

struct ClaudeScript {
    pace: Pace,
    reply: Reply,
    /// The first object, until it is sent.
    start: Option<Answered<'static>>,
    stop_reason: &'static str,
    metrics: InvocationMetrics,
    paddings: Draws,
    settlement: Settlement,
    text: String,
    scratch: BytesMut,
}

impl ClaudeScript {
    fn new(decided: Decided<'_>, engine: &Engine, call: &Call<'_>, model: &str) -> Self {
        // What the service says at the start of the output: a token or two.
        let started = Usage { output_tokens: 1, ..usage(&decided) };
        Self {
            pace: Pace::new(call.arrived, decided.timing, decided.profile.coalescing, decided.reply.tokens()),
            start: Some(Answered::started(message_id(engine, call), model.to_owned(), started)),
            stop_reason: stop_reason(&decided),
            metrics: decided.metrics(),
            paddings: Draws::from_hash(engine.request_bits(&call.identity).1),
            settlement: decided.settlement,
            reply: decided.reply,
            text: String::new(),
            scratch: BytesMut::new(),
        }
    }

    fn say(&mut self, object: &StreamObject<'_>, out: &mut BytesMut) {
        object.encode(Padding::drawn(self.paddings.next_u64()), &mut self.scratch, out);
    }

    fn close(&mut self, out: &mut BytesMut) {
        self.say(&StreamObject::ContentBlockStop { index: 0 }, out);
        let output_tokens = self.metrics.output_token_count;
        let stop_reason = self.stop_reason.into();
        self.say(&StreamObject::MessageDelta { stop_reason, stop_sequence: None, output_tokens }, out);
        self.say(&StreamObject::MessageStop { metrics: Some(self.metrics) }, out);
    }
}

impl Script for ClaudeScript {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        if let Some(start) = self.start.take() {
            self.say(&StreamObject::MessageStart(start), out);
            self.say(&StreamObject::ContentBlockStart { index: 0, block: Block::text("") }, out);
        }
        self.settlement.generated(tokens.end);
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for piece in self.reply.pieces(tokens) {
            if let Spoken::Text(content) = piece.content {
                content.write(piece.tokens, &mut text);
            }
        }
        self.say(&StreamObject::text(0, text.as_str()), out);
        self.text = text;
        if self.pace.due().is_none() {
            self.close(out);
        }
    }
}
