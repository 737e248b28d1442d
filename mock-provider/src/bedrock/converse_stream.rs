//! ConverseStream: the same answer, frame by frame.

use bytes::BytesMut;
use http::{Response, StatusCode};
use wire::bedrock::converse::{Metrics, Role, StopReason, Usage};
use wire::bedrock::converse_stream::StreamEvent;
use wire::bedrock::headers::EVENT_STREAM;
use wire::bedrock::stream_frame::Padding;
use world::http::Body;
use world::{Draws, Instant};

use super::converse::Decided;
use super::failure::Failure;
use super::settlement::Settlement;
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};
use crate::engine::Answer;
use crate::engine::paced::{Pace, Script};

impl Bedrock {
    pub(super) async fn converse_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let decided = self.decide_converse(engine, call, target)?;
        let script = ConverseScript::new(decided, engine, call);
        // The head comes with the first token, as from the service.
        let mut timer = engine.sleep(call, script.pace.first());
        (&mut timer).await;
        let answer = script.answer;
        let body = engine.play(script, timer);
        Ok(engine.announce(reply::base(engine, call, StatusCode::OK, EVENT_STREAM, body), &answer))
    }
}

struct ConverseScript {
    pace: Pace,
    answer: Answer,
    stop_reason: StopReason<'static>,
    usage: Usage,
    metrics: Metrics,
    paddings: Draws,
    settlement: Settlement,
    text: String,
}

impl ConverseScript {
    fn new(decided: Decided<'_>, engine: &Engine, call: &Call<'_>) -> Self {
        Self {
            pace: Pace::new(
                call.arrived,
                decided.timing,
                decided.profile.coalescing,
                decided.answer.tokens(),
            ),
            answer: decided.answer,
            stop_reason: decided.stop_reason(),
            usage: decided.usage,
            metrics: Metrics { latency_ms: decided.latency_ms() },
            paddings: Draws::from_hash(engine.request_bits(&call.identity).1),
            settlement: decided.settlement,
            text: String::new(),
        }
    }

    fn say(&mut self, event: &StreamEvent<'_>, out: &mut BytesMut) {
        event.encode(Padding::drawn(self.paddings.next_u64()), out);
    }

    fn close(&mut self, out: &mut BytesMut) {
        self.say(&StreamEvent::ContentBlockStop { index: 0 }, out);
        let stop_reason = self.stop_reason.clone();
        self.say(&StreamEvent::MessageStop { additional_model_response_fields: None, stop_reason }, out);
        self.say(&StreamEvent::Metadata { metrics: self.metrics, usage: self.usage }, out);
    }
}

impl Script for ConverseScript {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        if tokens.start == 0 {
            self.say(&StreamEvent::MessageStart { role: Role::Assistant }, out);
        }
        self.settlement.generated(tokens.end);
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        self.answer.write(tokens, &mut text);
        self.say(&StreamEvent::text(0, text.as_str()), out);
        self.text = text;
        if self.pace.due().is_none() {
            self.close(out);
        }
    }
}
